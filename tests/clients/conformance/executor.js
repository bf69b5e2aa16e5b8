// The example program that executes documents as the server does: a line for each request, and one for each answer.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSchema } from 'graphql';
import { root } from '../environment.js';

const PROGRAM = join(process.env.PHR_EXAMPLES ?? join(root, 'target/debug/examples'), 'conformance');

export class Executor {
  static async start() {
    const program = spawn(PROGRAM, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    const failed = new Promise((_, reject) => program.once('error', reject));
    const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    const { value } = await Promise.race([lines.next(), failed]);
    if (!value) throw new Error(`${PROGRAM} has ended`);
    return new Executor(program, lines, buildSchema(JSON.parse(value)));
  }

  constructor(program, lines, schema) {
    Object.assign(this, { program, lines, schema });
  }

  async execute(request) {
    this.program.stdin.write(`${JSON.stringify(request)}\n`);
    const { value } = await this.lines.next();
    if (!value) throw new Error(`the program ended at ${JSON.stringify(request)}`);
    return JSON.parse(value);
  }

  stop() {
    this.program.stdin.end();
  }
}
