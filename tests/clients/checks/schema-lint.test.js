// graphql-eslint on the published schema (its Relay rules among others) and on the playground's example operations.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ESLint } from 'eslint';
import { exampleFiles, here, root, schemaFile } from '../environment.js';

async function assertLintsClean(files) {
  const eslint = new ESLint({ cwd: root, overrideConfigFile: join(here, 'eslint.config.js'), warnIgnored: true });
  const results = await eslint.lintFiles(files);
  assert.equal(results.length, files.length, 'every file is looked at');
  const faults = results.reduce((sum, { errorCount, warningCount }) => sum + errorCount + warningCount, 0);
  const report = await (await eslint.loadFormatter('stylish')).format(results);
  assert.equal(faults, 0, report);
}

test('the schema follows its conventions', () => assertLintsClean([schemaFile]));
test('the example operations fit the schema', () => assertLintsClean(exampleFiles()));
