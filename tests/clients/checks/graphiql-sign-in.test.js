// GraphiQL at a server that is no demonstration: one sign-in, in the panel, for all tabs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, picture } from '../browser.js';
import { untilRefused } from '../environment.js';
import * as graphiql from '../graphiql.js';
import { startServer } from '../server.js';

const USER = { username: 'ada@example.com', password: 'correct horse battery' };
const ACCESS_SECONDS = 3;

let server;
let browser;
let page;

before(async () => {
  server = await startServer({ PHR_ACCESS_TTL: String(ACCESS_SECONDS) });
  server.run(['user', 'create', '--username', USER.username, '--password-stdin'], USER.password);
  browser = await launch();
  page = await open(browser);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const signIn = (password) => graphiql.submit(page, 'Password', { 'User name': USER.username, Password: password });
const status = () => graphiql.panel(page).getByRole('status');

test('the panel is open, and nothing is asked before somebody signs in', async () => {
  const asked = [];
  const note = (request) => asked.push(request.url());
  page.on('request', note);
  await graphiql.visit(page, server.url);
  await graphiql.panel(page).waitFor();
  await graphiql.waitForPane(page, 'Sign in');
  page.off('request', note);
  assert.deepEqual(asked.filter((url) => url.endsWith('/graphql')), []);
  await picture(page, 'graphiql-signed-out');
  await page.getByRole('button', { name: 'Hide Sign in' }).click();
  await graphiql.visit(page, server.url);
  await graphiql.panel(page).getByLabel('Password', { exact: true }).click();
});

test('a wrong password is refused where it was given', async () => {
  await signIn('wrong horse battery');
  await graphiql.panel(page).getByRole('alert').waitFor();
  assert.equal(await status().count(), 0);
});

test('after signing in the documentation is there', async () => {
  const introspected = graphiql.nextAnswer(page, 'IntrospectionQuery');
  await signIn(USER.password);
  await status().filter({ hasText: USER.username }).waitFor();
  assert.equal((await introspected).answer.errors, undefined);
  await picture(page, 'graphiql-session');
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.locator('.graphiql-doc-explorer').getByText('Mutation', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
});

test('every tab is signed in, and the token is renewed before it expires', async () => {
  const first = await graphiql.run(page, 'WhoAmI', true);
  assert.equal(first.answer.data.viewer.username, USER.username);
  await untilRefused(server.url, first.authorization);
  const statuses = [];
  page.on('response', (response) => statuses.push(response.status()));
  await graphiql.type(page, 'query InAnotherTab { viewer { username role } }');
  const second = await graphiql.run(page, 'InAnotherTab');
  assert.equal(second.answer.data.viewer.username, USER.username);
  assert.notEqual(second.authorization, first.authorization);
  assert.deepEqual([...new Set(statuses)], [200], 'no expired token was sent');
});

test('nothing of the session is stored', async () => {
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.ok(!/eyJ|Bearer|refreshToken":/.test(stored), 'no token');
});

test('signing out ends the session at the server', async () => {
  const { authorization } = await graphiql.run(page, 'InAnotherTab');
  await page.getByRole('button', { name: 'Show Sign in' }).click();
  await graphiql.panel(page).getByRole('button', { name: 'Sign out' }).click();
  await graphiql.panel(page).getByLabel('Password', { exact: true }).waitFor();
  await untilRefused(server.url, authorization);
  const { authorization: none, status: code } = await graphiql.run(page, 'InAnotherTab');
  assert.deepEqual([none, code], [undefined, 401]);
});

test('a one-time token sets the password, and signs in', async () => {
  const printed = server.run(['user', 'create', '--username', 'grace@example.com']);
  const token = printed.split(/\s+/).findLast((word) => word.length >= 20);
  await graphiql.submit(page, 'One-time token', {
    'User name': 'grace@example.com',
    'One-time token': token,
    'New password': USER.password,
  });
  await status().filter({ hasText: 'grace@example.com' }).waitFor();
  await graphiql.panel(page).getByRole('button', { name: 'Sign out' }).click();
});

test('an access token of the command line signs in', async () => {
  const token = server.run(['token']);
  await graphiql.submit(page, 'Access token', { 'Access token': token });
  await status().filter({ hasText: 'administrator' }).waitFor();
  const { authorization } = await graphiql.run(page, 'InAnotherTab');
  assert.equal(authorization, `Bearer ${token}`);
});
