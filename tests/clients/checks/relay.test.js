// The Relay compiler on the fragments, queries and the mutation in relay/.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generated, runTool } from '../environment.js';

const EXPECTED = [
  'CreateRegisterMutation',
  'RegisterCardRefetchQuery',
  'RegisterCard_register',
  'RegisterListPaginationQuery',
  'RegisterListQuery',
  'RegisterList_registers',
];

test('the Relay compiler accepts the schema', () => {
  const artifacts = join(generated, 'relay');
  rmSync(artifacts, { recursive: true, force: true });
  mkdirSync(artifacts, { recursive: true });
  runTool('relay-compiler', ['--noWatchman', 'relay.config.json']);
  assert.deepEqual(readdirSync(artifacts).sort(), EXPECTED.map((name) => `${name}.graphql.ts`).sort());
  assert.match(readFileSync(join(artifacts, 'RegisterCardRefetchQuery.graphql.ts'), 'utf8'), /node\(id: \$id\)/);
});
