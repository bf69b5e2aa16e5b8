// GraphiQL in a real headless Chromium: as somebody who opens the page of a demonstration, which signs them in, types a
// query, runs it and looks at the rows, and then goes through the example tabs. Nothing may go wrong behind the scenes
// either: see `watch`. At a server that is no demonstration they are told how to sign in.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse, print } from 'graphql';
import { chromium } from 'playwright-core';
import { exampleFiles, root, serverUrl } from '../environment.js';
import { startServer } from '../server.js';

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
const TOKEN = /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/;
const NEXT_SECOND_MS = 1_100;
// On one line, since the editor would take Enter as the choice of a suggestion.
const QUERY =
  'query TypedByHand { patientRegisters(filter: { lastName: { equal: "Smith" } }, page: { page: 1, perPage: 3 })' +
  ' { nodes { uuid lastName status } } }';
const SUBSCRIPTION =
  'subscription Heard { changes(entities: [DOCTOR_SPECIALTY]) { ... on RecordChange { record { ... on DoctorSpecialty' +
  ' { name } } } ... on ChangeGap { reason } } }';
// GraphiQL reads a changed document after a pause in typing; only then does it know the names of its operations.
const EDITOR_PAUSE_MS = 1_000;

let browser;
let page;
let faults;
let introspected;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.PHR_CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
  page = await open();
  faults = await watch(page, serverUrl());
  introspected = await visit(page, serverUrl());
});

after(() => browser?.close());

test('the page of a demonstration is signed in, and shows with what', async () => {
  assert.equal(introspected.operationName, 'IntrospectionQuery');
  assert.equal(introspected.answer.errors, undefined);
  assert.match(introspected.authorization, TOKEN);
  assert.equal(await shownHeader(page), introspected.authorization);
  const { authorization, answer } = await run(page, 'WhoAmI', true);
  assert.equal(authorization, introspected.authorization);
  assert.equal(answer.data.viewer.role, 'administrator');
  await waitForPane(page, '"administrator"');
  await picture(page, 'graphiql-signed-in');
});

test('a typed query shows its rows', async () => {
  await page.getByRole('button', { name: /new tab/i }).first().click();
  await page.locator('.graphiql-query-editor .monaco-editor').first().click();
  await page.keyboard.press('Control+A');
  await page.keyboard.type(QUERY);
  const { query, answer } = await run(page, 'TypedByHand');
  assert.equal(print(parse(query)), print(parse(QUERY)));
  assert.ok(answer.data.patientRegisters.nodes.length > 0, 'the demo data has rows for it');
  for (const { uuid, lastName } of answer.data.patientRegisters.nodes) {
    assert.equal(lastName, 'Smith');
    await waitForPane(page, uuid);
  }
  await picture(page, 'graphiql');
});

test('there is a tab for each example', async () => {
  assert.equal(await page.getByRole('tab').count(), exampleFiles().length + 1);
});

exampleFiles().forEach((file, index) => {
  test(`example ${basename(file, '.graphql')} runs without errors`, async () => {
    const text = readFileSync(file, 'utf8');
    const operations = parse(text).definitions.filter(({ kind }) => kind === 'OperationDefinition');
    await page.getByRole('tab').nth(index).click();
    for (const { name, operation } of operations) {
      if (operation === 'subscription') {
        await hear(page, text);
        continue;
      }
      const { operationName, query, answer } = await run(page, name.value, operations.length > 1);
      assert.equal(print(parse(query)), print(parse(text)), 'the tab holds the example');
      assert.equal(operationName ?? name.value, name.value);
      assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
      for (const [field, value] of Object.entries(answer.data)) {
        assert.notEqual(value, null, `${field} is there`);
        assert.deepEqual(value.userErrors ?? [], []);
      }
      await waitForPane(page, `"${Object.keys(answer.data)[0]}"`);
    }
  });
});

test('nothing went wrong behind the scenes', () => assert.deepEqual(faults, []));

test('an access token that is refused gives way to a new one', async () => {
  const other = await open();
  const first = await visit(other, serverUrl());
  let refused = 0;
  await other.route(`${serverUrl()}/graphql`, (route) => {
    const isFirst = route.request().headers().authorization === first.authorization;
    refused += isFirst ? 1 : 0;
    return isFirst ? route.fulfill({ status: 401, json: { errors: [{ message: 'expired' }] } }) : route.continue();
  });
  // A token of the same second would be the same token.
  await other.waitForTimeout(NEXT_SECOND_MS);
  const answered = other.waitForResponse((response) => response.url().endsWith('/graphql') && response.status() === 200);
  await run(other, 'WhoAmI', true);
  const response = await answered;
  assert.equal(refused, 1);
  assert.match(response.request().headers().authorization, TOKEN);
  assert.equal((await response.json()).data.viewer.role, 'administrator');
  await other.context().close();
});

test('a subscription is heard until it is stopped', async () => {
  const other = await open();
  const { authorization } = await visit(other, serverUrl());
  await other.getByRole('button', { name: /new tab/i }).first().click();
  await other.locator('.graphiql-query-editor .monaco-editor').first().click();
  await other.keyboard.press('Control+A');
  await other.keyboard.type(SUBSCRIPTION);
  await other.waitForTimeout(EDITOR_PAUSE_MS);
  const asked = other.waitForRequest((request) => request.headers().accept === 'text/event-stream');
  await other.locator('button.graphiql-execute-button, button[aria-label^="Execute query"]').first().click();
  assert.equal((await asked).headers().authorization, authorization);
  await waitForPane(other, '"BEGINNING"');
  const create = 'mutation($name: String!) { createDoctorSpecialty(input: { name: $name }) { userErrors { code } } }';
  for (const number of [1, 2]) {
    const name = `Heard ${Date.now()} ${number}`;
    const response = await fetch(`${serverUrl()}/graphql`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ query: create, variables: { name } }),
    });
    assert.deepEqual((await response.json()).data.createDoctorSpecialty.userErrors, []);
    await waitForPane(other, name);
  }
  await picture(other, 'graphiql-subscribed');
  const stopped = other.waitForEvent('requestfailed', (request) => request.headers().accept === 'text/event-stream');
  await other.locator('button.graphiql-execute-button, button[aria-label^="Stop"]').first().click();
  await stopped;
  await other.context().close();
});

test('elsewhere the page says how to sign in, and does so with the token that it is given', async () => {
  const server = await startServer();
  try {
    const other = await open();
    const { status, answer } = await visit(other, server.url);
    assert.equal(status, 401);
    assert.equal(answer.errors[0].extensions.code, 'UNAUTHENTICATED');
    const headers = other.locator('.graphiql-editor-tool .view-lines').filter({ hasText: 'Authorization' });
    assert.match((await headers.innerText()).replaceAll('\u00a0', ' '), /`phr token`/);
    const refused = await run(other, 'WhoAmI', true);
    assert.equal(refused.status, 401);
    await waitForPane(other, '"UNAUTHENTICATED"');
    await picture(other, 'graphiql-signed-out');
    await headers.click();
    // The last line is the closing brace; the token belongs before the quotation mark that ends the line above.
    for (const key of ['Control+End', 'ArrowUp', 'End', 'ArrowLeft']) await other.keyboard.press(key);
    await other.keyboard.insertText(server.run(['token']));
    const allowed = await run(other, 'WhoAmI', true);
    assert.equal(allowed.answer.data.viewer.role, 'administrator');
    await other.context().close();
  } finally {
    await server.stop();
  }
});

/** Collects what a person would not notice: console errors, refused content, failed requests, foreign origins. */
async function watch(watched, url) {
  const found = [];
  const context = watched.context();
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
  const { origin } = new URL(url);
  context.on('request', (request) => {
    const asked = new URL(request.url());
    const local = ['data:', 'blob:'].includes(asked.protocol);
    if (!local && asked.origin !== origin) found.push(`request to another origin: ${asked.href}`);
  });
  context.on('requestfailed', (request) => {
    // A subscription ends by being stopped.
    const isStopped = request.headers().accept === 'text/event-stream' && request.failure()?.errorText === 'net::ERR_ABORTED';
    if (!isStopped) found.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  context.on('response', (response) => {
    if (response.status() >= 400) found.push(`HTTP ${response.status()}: ${response.url()}`);
  });
  return found;
}

async function open() {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  context.setDefaultTimeout(20_000);
  return context.newPage();
}

/** Opens the page. Without its editor, and the schema behind it, it is of no use: returns the answer about the schema. */
async function visit(visited, url) {
  const introspection = nextAnswer(visited);
  introspection.catch(() => {});
  await visited.goto(`${url}/`);
  await visited.locator('.graphiql-query-editor .monaco-editor').first().waitFor();
  return introspection;
}

/** What the tab Headers says that requests are authorized by. */
async function shownHeader(shown) {
  const lines = shown.locator('.graphiql-editor-tool .view-lines').filter({ hasText: 'Authorization' });
  const text = (await lines.innerText()).replaceAll('\u00a0', ' ').replaceAll('\n', '');
  return /"Authorization": "([^"]*)"/.exec(text)?.[1];
}

/** Presses the run button, chooses the operation where GraphiQL asks for it, and waits for the answer. */
async function run(shown, operation, asks = false) {
  await shown.waitForTimeout(EDITOR_PAUSE_MS);
  const answer = nextAnswer(shown);
  answer.catch(() => {});
  await shown.locator('button.graphiql-execute-button, button[aria-label^="Execute query"]').first().click();
  if (asks) await shown.getByRole('menuitem', { name: operation, exact: true }).click();
  return answer;
}

/** Runs the tab's subscription until it has told of something, and stops it. */
async function hear(shown, text) {
  await shown.waitForTimeout(EDITOR_PAUSE_MS);
  const isStream = (request) => request.headers().accept === 'text/event-stream';
  const asked = shown.waitForRequest(isStream);
  await shown.locator('button.graphiql-execute-button, button[aria-label^="Execute query"]').first().click();
  assert.equal(print(parse((await asked).postDataJSON().query)), print(parse(text)), 'the tab holds the example');
  await waitForPane(shown, '"BEGINNING"');
  const stopped = shown.waitForEvent('requestfailed', isStream);
  await shown.locator('button.graphiql-execute-button, button[aria-label^="Stop"]').first().click();
  await stopped;
}

/** What is sent to the endpoint next, as whom, and what the server says to it. */
async function nextAnswer(shown) {
  const response = await shown.waitForResponse((candidate) => candidate.url().endsWith('/graphql'));
  const { operationName, query } = response.request().postDataJSON();
  const { authorization } = response.request().headers();
  return { operationName, query, authorization, status: response.status(), answer: await response.json() };
}

async function waitForPane(shown, text) {
  await shown.locator('.graphiql-response .view-lines').filter({ hasText: text }).waitFor();
}

async function picture(shown, name) {
  mkdirSync(join(root, 'target'), { recursive: true });
  await shown.screenshot({ path: join(root, `target/${name}.png`) });
}
