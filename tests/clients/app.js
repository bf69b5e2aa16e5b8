// The app in `app/`: generated, built, and served to a browser.
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { extname, join } from 'node:path';
import { build, createServer } from 'vite';
import { generated, here, runTool } from './environment.js';

const configFile = join(here, 'app/vite.config.js');
const folder = join(generated, 'app');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** The documents that the app sends, as codegen writes them for the server. */
export const trustedDocuments = join(generated, 'app-gql/persisted-documents.json');

/** Typed documents of the app's operations. */
export function generate() {
  mkdirSync(generated, { recursive: true });
  runTool('graphql-codegen', ['--config', 'app/codegen.js']);
}

export const compile = () => runTool('tsc', ['--project', 'app']);

/** Serves what `release` builds, at an origin of its own. */
export async function serve() {
  const site = createHttpServer((request, response) => {
    const path = new URL(request.url, 'http://site').pathname;
    try {
      const body = readFileSync(join(folder, path === '/' ? 'index.html' : path));
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/html' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${site.address().port}`;
  return { origin, stop: () => site.close() };
}

/** Builds the page for the server at this address. */
export async function release(url) {
  process.env.PHR_URL = url;
  await build({ configFile, logLevel: 'warn' });
}

/** Starts Vite's development server, which hands /graphql to the server at this address. */
export async function develop(url) {
  process.env.PHR_URL = url;
  // A build before has left this at `production`.
  process.env.NODE_ENV = 'development';
  const vite = await createServer({ configFile, logLevel: 'warn', server: { host: '127.0.0.1', port: 0, strictPort: false } });
  await vite.listen();
  return { origin: `http://127.0.0.1:${vite.httpServer.address().port}`, stop: () => vite.close() };
}
