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
  let env = { ...process.env, DATABASE_URL: 'sqlite:phr.sqlite', ...settings };
  const start = (listen) => {
    const stdio = ['ignore', 'ignore', 'pipe'];
    const server = spawn(PROGRAM, ['serve', '--listen', listen], { cwd: folder, env, stdio });
    return { server, ended: new Promise((resolve) => server.once('exit', resolve)) };
  };
  let running = start('127.0.0.1:0');
  const stop = async () => {
    running.server.kill();
    await running.ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const url = await ready(running.server);
  if (!url) {
    await stop();
    throw new Error(`${PROGRAM} serve did not start`);
  }
  /** Ends the server by a signal, and starts it again at the same address, with further settings. */
  const restart = async (signal, further = {}) => {
    running.server.kill(signal);
    await running.ended;
    env = { ...env, ...further };
    running = start(new URL(url).host);
    if (!(await ready(running.server))) throw new Error(`${PROGRAM} serve did not start again`);
  };
  /** Runs a command of the program beside the server, and returns what it prints. */
  const run = (words, input = '') => {
    const done = spawnSync(PROGRAM, words, { cwd: folder, env, input, encoding: 'utf8', timeout: 30_000 });
    if (done.status !== 0) throw new Error(`phr ${words.join(' ')}: ${done.error ?? done.stderr}`);
    return done.stdout.trim();
  };
  return { url, run, restart, stop };
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
