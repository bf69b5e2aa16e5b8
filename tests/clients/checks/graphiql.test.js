// GraphiQL in a real headless Chromium: as somebody who types a query, runs it and looks at the rows, and then
// goes through the example tabs. Nothing may go wrong behind the scenes either: see `watch`.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse, print } from 'graphql';
import { chromium } from 'playwright-core';
import { exampleFiles, root, serverUrl, sessionHeaders } from '../environment.js';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const ENDPOINT = `${serverUrl()}/graphql`;
// On one line, since the editor would take Enter as the choice of a suggestion.
const QUERY =
  'query TypedByHand { patientRegisters(filter: { lastName: { equal: "Smith" } }, page: { page: 1, perPage: 3 })' +
  ' { nodes { uuid lastName status } } }';
// GraphiQL reads a changed document after a pause in typing; only then does it know the names of its operations.
const EDITOR_PAUSE_MS = 1_000;

let browser;
let page;
let faults;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.PHR_CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
  const context = await browser.newContext({
    viewport: { width: 1400, height: 900 },
    extraHTTPHeaders: sessionHeaders,
  });
  context.setDefaultTimeout(20_000);
  page = await context.newPage();
  faults = await watch(context, page);
  // Without its editor, and the schema behind it, the page is of no use to any of the tests.
  const introspection = nextAnswer();
  introspection.catch(() => {});
  await page.goto(`${serverUrl()}/`);
  await page.locator('.graphiql-query-editor .monaco-editor').first().waitFor();
  const { operationName, answer } = await introspection;
  assert.equal(operationName, 'IntrospectionQuery');
  assert.equal(answer.errors, undefined);
});

after(() => browser?.close());

test('a typed query shows its rows', async () => {
  await page.getByRole('button', { name: /new tab/i }).first().click();
  await page.locator('.graphiql-query-editor .monaco-editor').first().click();
  await page.keyboard.press('Control+A');
  await page.keyboard.type(QUERY);
  const { query, answer } = await run('TypedByHand');
  assert.equal(print(parse(query)), print(parse(QUERY)));
  assert.ok(answer.data.patientRegisters.nodes.length > 0, 'the demo data has rows for it');
  for (const { uuid, lastName } of answer.data.patientRegisters.nodes) {
    assert.equal(lastName, 'Smith');
    await waitForPane(uuid);
  }
  mkdirSync(join(root, 'target'), { recursive: true });
  await page.screenshot({ path: join(root, 'target/graphiql.png') });
});

test('there is a tab for each example', async () => {
  assert.equal(await page.getByRole('tab').count(), exampleFiles().length + 1);
});

exampleFiles().forEach((file, index) => {
  test(`example ${basename(file, '.graphql')} runs without errors`, async () => {
    const text = readFileSync(file, 'utf8');
    const operations = parse(text).definitions.filter(({ kind }) => kind === 'OperationDefinition');
    await page.getByRole('tab').nth(index).click();
    for (const { name } of operations) {
      const { operationName, query, answer } = await run(name.value, operations.length > 1);
      assert.equal(print(parse(query)), print(parse(text)), 'the tab holds the example');
      assert.equal(operationName ?? name.value, name.value);
      assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
      for (const [field, value] of Object.entries(answer.data)) {
        assert.notEqual(value, null, `${field} is there`);
        assert.deepEqual(value.userErrors ?? [], []);
      }
      await waitForPane(`"${Object.keys(answer.data)[0]}"`);
    }
  });
});

test('nothing went wrong behind the scenes', () => assert.deepEqual(faults, []));

/** Collects what a person would not notice: console errors, refused content, failed requests, foreign origins. */
async function watch(context, watched) {
  const found = [];
  const listen = (source) =>
    source.on('console', (message) => {
      if (message.type() === 'error') found.push(`console: ${message.text()}`);
    });
  listen(watched);
  watched.on('worker', listen);
  watched.on('pageerror', (error) => found.push(`uncaught: ${error.stack ?? error}`));
  watched.on('crash', () => found.push('the page crashed'));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`content security policy: ${violatedDirective} refused ${blockedURI}`),
    );
  });
  const { origin } = new URL(serverUrl());
  context.on('request', (request) => {
    const url = new URL(request.url());
    const local = ['data:', 'blob:'].includes(url.protocol);
    if (!local && url.origin !== origin) found.push(`request to another origin: ${url.href}`);
  });
  context.on('requestfailed', (request) => found.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  context.on('response', (response) => {
    if (response.status() >= 400) found.push(`HTTP ${response.status()}: ${response.url()}`);
  });
  return found;
}

/** Presses the run button, chooses the operation where GraphiQL asks for it, and waits for the answer. */
async function run(operation, asks = false) {
  await page.waitForTimeout(EDITOR_PAUSE_MS);
  const answer = nextAnswer();
  answer.catch(() => {});
  await page.locator('button.graphiql-execute-button, button[aria-label^="Execute query"]').first().click();
  if (asks) await page.getByRole('menuitem', { name: operation, exact: true }).click();
  return answer;
}

/** What is sent to the endpoint next, and what the server says to it. */
async function nextAnswer() {
  const response = await page.waitForResponse((candidate) => candidate.url() === ENDPOINT);
  const { operationName, query } = response.request().postDataJSON();
  return { operationName, query, answer: await response.json() };
}

async function waitForPane(text) {
  await page.locator('.graphiql-response .view-lines').filter({ hasText: text }).waitFor();
}
