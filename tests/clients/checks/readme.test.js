// The README's example for graphql-codegen, as it stands there: it compiles, writes a client that compiles, and the file of
// documents that it writes is taken as it is; so is Relay's.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { generated, here, root, runTool, schemaFile } from '../environment.js';
import { startServer } from '../server.js';

const folder = join(generated, 'readme');
const compilerOptions = {
  target: 'es2023',
  module: 'preserve',
  moduleResolution: 'bundler',
  types: ['node'],
  strict: true,
  verbatimModuleSyntax: true,
  noEmit: true,
  skipLibCheck: true,
};
const LIST = `
import { graphql } from './gql';

export const List = graphql(\`
  query List($filter: PatientRegisterFilter) {
    patientRegisters(filter: $filter) {
      nodes {
        uuid
        status
        emails {
          totalCount
        }
      }
    }
  }
\`);
`;

before(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'src'), { recursive: true });
  const example = /```ts\n(\/\/ codegen\.ts[\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'));
  assert.ok(example, 'the README has an example of codegen.ts');
  writeFileSync(join(folder, 'codegen.ts'), example[1]);
  writeFileSync(join(folder, 'src/list.ts'), LIST);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['codegen.ts', 'src'] }));
  cpSync(schemaFile, join(folder, 'schema.graphql'));
  runTool('graphql-codegen', ['--config', 'codegen.ts'], {}, folder);
});

test('the example and what it writes compile under verbatimModuleSyntax', () => {
  runTool('tsc', ['--project', folder]);
});

test('the documents that graphql-codegen writes are trusted as they are', async () => {
  const file = join(folder, 'src/gql/persisted-documents.json');
  const ids = Object.keys(JSON.parse(readFileSync(file, 'utf8')));
  assert.equal(ids.length, 1);
  assert.match(ids[0], /^sha256:[0-9a-f]{64}$/);
  const bare = ids[0].replace('sha256:', '');
  const persisted = (sha256Hash) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });
  await runs(file, [{ documentId: ids[0] }, { documentId: bare }, persisted(ids[0]), persisted(bare)]);
});

test("the documents that Relay's compiler writes are trusted as they are", async () => {
  const file = join(folder, 'relay.json');
  const config = JSON.parse(readFileSync(join(here, 'relay.config.json'), 'utf8'));
  const own = join(here, 'relay.persisted.tmp.json');
  const persistConfig = { file: './generated/readme/relay.json', algorithm: 'SHA256' };
  writeFileSync(file, '{}');
  try {
    mkdirSync(join(folder, 'artifacts'), { recursive: true });
    writeFileSync(own, JSON.stringify({ ...config, artifactDirectory: './generated/readme/artifacts', persistConfig }));
    runTool('relay-compiler', ['--noWatchman', own]);
  } finally {
    rmSync(own, { force: true });
  }
  const documents = Object.entries(JSON.parse(readFileSync(file, 'utf8')));
  const [id, text] = documents.find(([, text]) => text.startsWith('query RegisterListQuery'));
  assert.equal(id, createHash('sha256').update(text).digest('hex'));
  await runs(file, [{ documentId: id, variables: { first: 1 } }]);
});

/** Starts a server that trusts a file of documents, and sends it requests that name one of them. */
async function runs(file, requests) {
  const server = await startServer({ PHR_TRUSTED_DOCUMENTS: file });
  try {
    const authorization = `Bearer ${server.run(['token'])}`;
    for (const request of requests) {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify(request),
      });
      const { data, errors } = await response.json();
      assert.ok(data?.patientRegisters && !errors, `${JSON.stringify(request)}: ${JSON.stringify(errors)}`);
    }
  } finally {
    await server.stop();
  }
}
