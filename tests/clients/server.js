// Servers of the checks' own: the program, in an empty folder, on a free port.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './environment.js';

const PROGRAM = process.env.PHR_PROGRAM ?? join(root, 'target/debug/phr');
const READY = /phr is ready: (http:\/\/[^/]+)\//;

/** Starts a server that has no records and no users; `stop` ends it. */
export async function startServer(settings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'phr-clients-'));
  const env = { ...process.env, DATABASE_URL: 'sqlite:phr.sqlite', ...settings };
  const server = spawn(PROGRAM, ['serve', '--listen', '127.0.0.1:0'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  const stop = async () => {
    server.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const url = await ready(server);
  if (!url) {
    await stop();
    throw new Error(`${PROGRAM} serve did not start`);
  }
  /** Runs a command of the program beside the server, and returns what it prints. */
  const run = (words, input = '') => {
    const done = spawnSync(PROGRAM, words, { cwd: folder, env, input, encoding: 'utf8', timeout: 30_000 });
    if (done.status !== 0) throw new Error(`phr ${words.join(' ')}: ${done.error ?? done.stderr}`);
    return done.stdout.trim();
  };
  return { url, run, stop };
}

/** Where the server listens, as soon as it says so; nothing when it ends before. */
async function ready(server) {
  const lines = createInterface({ input: server.stderr });
  for await (const line of lines) {
    const found = READY.exec(line)?.[1];
    if (found) {
      // Whatever else it says must not fill the pipe.
      server.stderr.resume();
      return found;
    }
  }
}
