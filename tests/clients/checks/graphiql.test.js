// GraphiQL in a real headless Chromium: as somebody who opens the page of a demonstration, which signs them in, types a
// query, runs it and looks at the rows, and then goes through the example tabs. Nothing may go wrong behind the scenes
// either: see `watch`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'graphql';
import { launch, open, picture, watch } from '../browser.js';
import { exampleFiles, serverUrl } from '../environment.js';
import * as graphiql from '../graphiql.js';

const TOKEN = /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/;
const NEXT_SECOND_MS = 1_100;
// On one line, since the editor would take Enter as the choice of a suggestion.
const QUERY =
  'query TypedByHand { patientRegisters(filter: { lastName: { equal: "Smith" } }, page: { page: 1, perPage: 3 })' +
  ' { nodes { uuid lastName status } } }';
const SUBSCRIPTION =
  'subscription Heard { changes(entities: [DOCTOR_SPECIALTY]) { ... on RecordChange { record { ... on DoctorSpecialty' +
  ' { name } } } ... on ChangeGap { reason } } }';

let browser;
let page;
let faults;
let introspected;

before(async () => {
  browser = await launch();
  page = await open(browser);
  faults = await watch(page, serverUrl());
  introspected = await graphiql.visitSignedIn(page, serverUrl());
});

after(() => browser?.close());

test('the page of a demonstration is signed in, and says so', async () => {
  assert.equal(introspected.answer.errors, undefined);
  assert.match(introspected.authorization, TOKEN);
  const { authorization, answer } = await graphiql.run(page, 'WhoAmI', true);
  assert.equal(authorization, introspected.authorization);
  assert.equal(answer.data.viewer.role, 'administrator');
  await graphiql.waitForPane(page, '"administrator"');
  await page.getByRole('button', { name: 'Show Sign in' }).click();
  assert.match(await graphiql.panel(page).innerText(), /administrator[^]*demonstration/);
  await picture(page, 'graphiql-signed-in');
  await page.getByRole('button', { name: 'Hide Sign in' }).click();
});

test('a typed query shows its rows', async () => {
  await graphiql.type(page, QUERY);
  const { query, answer } = await graphiql.run(page, 'TypedByHand');
  graphiql.assertSameDocument(query, QUERY);
  assert.ok(answer.data.patientRegisters.nodes.length > 0, 'the demo data has rows for it');
  for (const { uuid, lastName } of answer.data.patientRegisters.nodes) {
    assert.equal(lastName, 'Smith');
    await graphiql.waitForPane(page, uuid);
  }
});

test('there is a tab for each example, and all of them are seen', async () => {
  const tabs = page.getByRole('tab');
  assert.equal(await tabs.count(), exampleFiles().length + 1);
  const area = await page.locator('.graphiql-session-header').boundingBox();
  const editors = await page.locator('#graphiql-session').boundingBox();
  assert.ok(area.y + area.height <= editors.y + 1, 'tabs cover no editor');
  for (const tab of await tabs.all()) {
    const { x, y, width, height } = await tab.boundingBox();
    const name = await tab.innerText();
    assert.ok(x >= area.x && x + width <= area.x + area.width, `${name} is within the page`);
    assert.ok(y >= area.y && y + height <= area.y + area.height + 1, `${name} is within the bar`);
  }
  await picture(page, 'graphiql');
});

test('the variables of an example are visible', async () => {
  await page.getByRole('tab', { name: 'CreatePatient', exact: true }).click();
  const variables = page.locator('.graphiql-editor-tool .view-lines').filter({ hasText: 'Analytical' });
  await variables.waitFor();
  const editor = page.locator('.graphiql-editor-tools');
  assert.ok((await editor.boundingBox()).y < 900, 'within the window');
  await picture(page, 'graphiql-variables');
});

exampleFiles().forEach((file, index) => {
  test(`example ${basename(file, '.graphql')} runs without errors`, async () => {
    const text = readFileSync(file, 'utf8');
    const operations = parse(text).definitions.filter(({ kind }) => kind === 'OperationDefinition');
    await page.getByRole('tab').nth(index).click();
    for (const { name, operation } of operations) {
      if (operation === 'subscription') {
        const asked = await graphiql.subscribe(page);
        graphiql.assertSameDocument(asked.postDataJSON().query, text);
        await graphiql.waitForPane(page, '"BEGINNING"');
        await graphiql.stop(page);
        continue;
      }
      const { operationName, query, answer } = await graphiql.run(page, name.value, operations.length > 1);
      graphiql.assertSameDocument(query, text);
      assert.equal(operationName ?? name.value, name.value);
      assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
      for (const [field, value] of Object.entries(answer.data)) {
        assert.notEqual(value, null, `${field} is there`);
        assert.deepEqual(value.userErrors ?? [], []);
      }
      await graphiql.waitForPane(page, `"${Object.keys(answer.data)[0]}"`);
    }
  });
});

test('nothing went wrong behind the scenes', () => assert.deepEqual(faults, []));

test('an access token that is refused gives way to a new one', async () => {
  const other = await open(browser);
  const first = await graphiql.visitSignedIn(other, serverUrl());
  let refused = 0;
  await other.route(`${serverUrl()}/graphql`, (route) => {
    const isFirst = route.request().headers().authorization === first.authorization;
    refused += isFirst ? 1 : 0;
    return isFirst ? route.fulfill({ status: 401, json: { errors: [{ message: 'expired' }] } }) : route.continue();
  });
  // A token of the same second would be the same token.
  await other.waitForTimeout(NEXT_SECOND_MS);
  const answered = other.waitForResponse((response) => response.url().endsWith('/graphql') && response.status() === 200);
  await graphiql.run(other, 'WhoAmI', true);
  const response = await answered;
  assert.equal(refused, 1);
  assert.match(response.request().headers().authorization, TOKEN);
  assert.equal((await response.json()).data.viewer.role, 'administrator');
  await other.context().close();
});

test('a subscription is heard until it is stopped', async () => {
  const other = await open(browser);
  const { authorization } = await graphiql.visitSignedIn(other, serverUrl());
  await graphiql.type(other, SUBSCRIPTION);
  const asked = await graphiql.subscribe(other);
  assert.equal(asked.headers().authorization, authorization);
  await graphiql.waitForPane(other, '"BEGINNING"');
  const create = 'mutation($name: String!) { createDoctorSpecialty(input: { name: $name }) { userErrors { code } } }';
  for (const number of [1, 2]) {
    const name = `Heard ${Date.now()} ${number}`;
    const response = await fetch(`${serverUrl()}/graphql`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ query: create, variables: { name } }),
    });
    assert.deepEqual((await response.json()).data.createDoctorSpecialty.userErrors, []);
    await graphiql.waitForPane(other, name);
  }
  await picture(other, 'graphiql-subscribed');
  await graphiql.stop(other);
  await other.context().close();
});
