// graphql-codegen's client preset with strict scalars, the TypeScript compiler on what it writes and on a sample
// program, and that program at work against the server.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildSchema, isScalarType, specifiedScalarTypes } from 'graphql';
import codegen from '../codegen.js';
import { generated, runTool, schemaFile, serverUrl } from '../environment.js';

const published = codegen.generates['generated/gql/'].config.scalars;

test('the map of scalars is that of the schema, and each scalar says what specifies it', () => {
  const builtIn = new Set(specifiedScalarTypes.map(({ name }) => name));
  const scalars = Object.values(buildSchema(readFileSync(schemaFile, 'utf8')).getTypeMap())
    .filter(isScalarType)
    .filter(({ name }) => !builtIn.has(name));
  assert.deepEqual(scalars.map(({ name }) => name).sort(), Object.keys(published).sort());
  assert.deepEqual(scalars.filter(({ specifiedByURL }) => !specifiedByURL).map(({ name }) => name), []);
});

test('operations and a sample program become a typed client that compiles', () => {
  rmSync(join(generated, 'gql'), { recursive: true, force: true });
  rmSync(join(generated, 'program'), { recursive: true, force: true });
  runTool('graphql-codegen', ['--config', 'codegen.js']);
  runTool('tsc', ['--project', '.']);
});

test('the typed client reads rows from the server', () => {
  const { totalCount, rows } = runSample('Smith');
  assert.ok(rows.length > 0, 'rows');
  assert.ok(totalCount >= rows.length, `${totalCount} in all`);
  for (const row of rows) {
    assert.equal(row.lastName, 'Smith');
    assert.match(row.uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.match(row.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/);
  }
});

test('the typed client reads no row where none fits', () => {
  assert.deepEqual(runSample('Nobody of this name'), { totalCount: 0, rows: [] });
});

function runSample(lastName) {
  const program = join(generated, 'program/sample/list-registers.js');
  const done = spawnSync(process.execPath, [program, lastName], {
    encoding: 'utf8',
    env: { ...process.env, PHR_URL: serverUrl() },
    timeout: 30_000,
  });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}
