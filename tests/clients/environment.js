// Where the checks find what they check.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = import.meta.dirname ?? fileURLToPath(new URL('.', import.meta.url));
export const root = resolve(here, '../..');
export const generated = join(here, 'generated');
export const schemaFile = join(root, 'schema.graphql');
export const examplesFolder = join(root, 'api/playground/examples');

/** The example documents of the playground, in the order of its tabs. Never empty. */
export function exampleFiles() {
  const files = readdirSync(examplesFolder)
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map((name) => join(examplesFolder, name));
  assert.ok(files.length > 0, `no example in ${examplesFolder}`);
  return files;
}

/** The running server's base URL, without a slash at its end. */
export function serverUrl() {
  const url = process.env.PHR_URL;
  assert.ok(url, 'set PHR_URL to the base URL of a running server, such as http://127.0.0.1:8000');
  return url.replace(/\/+$/, '');
}

/** Headers that every request carries: the session in PHR_TOKEN, where there is one. */
export const sessionHeaders = process.env.PHR_TOKEN ? { authorization: `Bearer ${process.env.PHR_TOKEN}` } : {};

/** Sends an operation as a plain client does; `code` is that of the first error, or null. */
export async function ask(url, query, variables = {}, headers = sessionHeaders) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(10_000),
  });
  const { data, errors } = await response.json();
  return { status: response.status, data, errors, code: errors?.[0]?.extensions?.code ?? null };
}

/** Waits until the server refuses an access token. */
export async function untilRefused(url, authorization) {
  const deadline = Date.now() + 30_000;
  while ((await ask(url, '{ viewer { username } }', {}, { authorization })).code === null) {
    assert.ok(Date.now() < deadline, 'an access token ends in time');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Runs a tool of this project, and fails with all that it said when it does not succeed within two minutes. */
export function runTool(name, args, env = {}, cwd = here) {
  const done = spawnSync(join(here, 'node_modules/.bin', name), args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  assert.equal(done.status, 0, `${name} failed: ${done.error ?? ''}\n${done.stdout}\n${done.stderr}`);
  return done.stdout;
}
