// An app of React, Apollo Client and graphql-codegen in Chromium: released at another origin than the server's, which lets it
// send the documents alone that it was built with; and as it is developed, behind Vite's proxy.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import * as app from '../app.js';
import { launch, open, picture } from '../browser.js';
import { ask } from '../environment.js';
import { startServer } from '../server.js';

const USER = { username: 'ada@example.com', password: 'correct horse battery' };
const REGISTER = {
  'First name': 'Grace',
  'Last name': 'Hopper',
  'Date of birth': '1986-12-09',
  Email: 'grace@example.com',
  Phone: '555-267-5674',
  Address: '7 Difference Street',
  'Emergency contact': 'Ada',
};

let browser;

before(async () => {
  browser = await launch();
  app.generate();
});

after(() => browser?.close());

test('the app compiles', () => app.compile());

async function signIn(page, { username, password } = USER, further = {}) {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  for (const [label, value] of Object.entries(further)) await page.getByLabel(label).fill(value);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const signedIn = (page) => page.locator('header strong').filter({ hasText: USER.username }).waitFor();
const refusedWith = (page, code) => page.locator(`[role=alert][data-code=${code}]`).waitFor();
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

/** Presses a button, and waits for the answer to the request that it makes. */
async function answerTo(page, name) {
  const answered = page.waitForResponse(isAnswer);
  await press(page, name);
  return answered;
}

const isAnswer = (response) => response.url().endsWith('/graphql') && response.request().method() === 'POST';

async function fill(page, fields) {
  const form = page.getByRole('form', { name: 'New register' });
  for (const [label, value] of Object.entries(fields)) await form.getByLabel(label, { exact: true }).fill(value);
  await form.getByRole('button', { name: 'Create' }).click();
}

describe('released at another origin', () => {
  let site;
  let server;
  let page;
  let other;
  const requests = [];
  const messages = [];

  before(async () => {
    site = await app.serve();
    server = await startServer({
      PHR_CORS_ORIGINS: site.origin,
      PHR_TRUSTED_DOCUMENTS: app.trustedDocuments,
      PHR_LOCKOUT_FAILURES: '2',
    });
    server.run(['user', 'create', '--username', USER.username, '--password-stdin'], USER.password);
    await app.release(server.url);
    page = await open(browser);
    page.context().on('request', (request) => requests.push(request));
    page.context().on('console', (message) => messages.push(message.text()));
    await page.goto(site.origin);
  });

  after(async () => {
    await page?.context().close();
    site?.stop();
    await server?.stop();
  });

  test('a wrong password and an unknown user are refused in the same words', async () => {
    const words = [];
    for (const username of [USER.username, 'nobody@example.com']) {
      await signIn(page, { username, password: 'wrong horse battery' });
      await refusedWith(page, 'INVALID_CREDENTIALS');
      words.push(await page.getByRole('alert').innerText());
    }
    assert.equal(words[0], words[1]);
  });

  test('too many attempts lock a name out, whoever has it, and the page says until when', async () => {
    const locked = { username: 'nobody@example.com', password: 'wrong horse battery' };
    await signIn(page, locked);
    await signIn(page, locked);
    await refusedWith(page, 'LOCKED_OUT');
    assert.match(await page.getByRole('alert').innerText(), /until \d{4}-\d\d-\d\dT/);
    await picture(page, 'app-locked-out');
  });

  test("the server lets Apollo's headers and those of tracing through", async () => {
    await signIn(page);
    await signedIn(page);
    const headers = requests.filter((request) => request.method() === 'POST').map((request) => request.headers());
    const apollo = headers.filter((sent) => sent['apollographql-client-name'] === 'registers' && sent.traceparent);
    assert.ok(apollo.length > 0, 'they were sent');
    assert.deepEqual(messages.filter((text) => text.includes('CORS')), []);
  });

  test('documents are named by the hashes of codegen, and never sent', async () => {
    const bodies = requests.filter((request) => request.method() === 'POST').map((request) => request.postDataJSON());
    for (const { query, documentId, extensions } of bodies) {
      assert.equal(query, undefined);
      assert.match(documentId ?? extensions.persistedQuery.sha256Hash, /^sha256:[0-9a-f]{64}$/);
    }
    const { code } = await ask(server.url, '{ viewer { role } }', {}, {});
    assert.equal(code, 'DOCUMENT_NOT_TRUSTED');
  });

  test('another tab goes on with the session', async () => {
    other = await page.context().newPage();
    await other.goto(site.origin);
    await signedIn(other);
    await other.getByText('following').waitFor();
  });

  test('two tabs that refresh at once both stay signed in', async () => {
    const [first, second] = await bothAtOnce(page.context(), () =>
      Promise.all([press(page, 'Refresh'), press(other, 'Refresh')]),
    );
    assert.equal(first.sent.variables.input.refreshToken, second.sent.variables.input.refreshToken, 'the same token twice');
    assert.equal(tokens(first).refreshToken, tokens(second).refreshToken, 'the same successor');
    for (const tab of [page, other, page]) {
      assert.equal((await answerTo(tab, 'Refresh')).status(), 200);
      assert.equal((await answerTo(tab, 'Ask who I am')).status(), 200);
      await signedIn(tab);
    }
  });

  test('a lost answer to a refresh costs no session', async () => {
    await page.context().route(`${server.url}/graphql`, async (route) => {
      if (!refreshes(route.request())) return route.fallback();
      await route.fetch();
      return route.abort();
    });
    const lost = page.waitForEvent('requestfailed');
    await press(page, 'Refresh');
    await lost;
    await page.context().unrouteAll({ behavior: 'wait' });
    assert.equal((await answerTo(page, 'Refresh')).status(), 200);
    await signedIn(page);
  });

  test('what is wrong with an input is told at its fields, in words of the page', async () => {
    const form = page.getByRole('form', { name: 'New register' });
    const problem = (label) => form.locator('div', { hasText: label }).locator('em');
    await fill(page, { ...REGISTER, 'Date of birth': '1986-13-09' });
    await problem('Date of birth').waitFor();
    assert.equal(await problem('Date of birth').getAttribute('data-code'), 'MALFORMED');
    await fill(page, { ...REGISTER, 'First name': 'x'.repeat(201), 'Date of birth': '1799-12-31', Address: '' });
    await problem('First name').waitFor();
    assert.match(await problem('First name').innerText(), /\b200\b/);
    assert.match(await problem('Date of birth').innerText(), /1900-01-01/);
    await problem('Address').waitFor();
    assert.equal(await form.locator('em').count(), 3);
    await picture(page, 'app-user-errors');
  });

  test('a change by one tab is an event in the other, with the id of its row and the patient', async () => {
    await fill(page, REGISTER);
    const row = page.locator('tr', { hasText: 'Grace Hopper' });
    await row.waitFor();
    const created = other.locator('li[data-operation=CREATED]');
    await created.waitFor();
    assert.equal(await created.getAttribute('data-id'), await row.getAttribute('data-id'));
    assert.match(await created.getAttribute('data-patient'), /^[0-9a-f-]{36}$/);
  });

  test('of two changes to one version the second is told what there is now, and overwrites it knowingly', async () => {
    await press(other, 'Reload');
    for (const tab of [page, other]) await tab.locator('tr', { hasText: 'Grace Hopper' }).getByRole('button', { name: 'Edit' }).click();
    const edit = (tab) => tab.getByRole('form', { name: 'Edit register' });
    await edit(page).getByLabel('Address').fill('8 Difference Street');
    // Not what others write: the form keeps what was there when it was opened.
    await edit(other).getByLabel('Address').fill('9 Difference Street');
    await edit(page).getByRole('button', { name: 'Save' }).click();
    await edit(page).waitFor({ state: 'detached' });
    await edit(other).getByRole('button', { name: 'Save' }).click();
    await refusedWith(other, 'VERSION_CONFLICT');
    assert.match(await other.locator('[data-code=VERSION_CONFLICT]').innerText(), /version 2.*address \(now 8 Difference Street\)/);
    await picture(other, 'app-version-conflict');
    await edit(other).getByRole('button', { name: 'Save anyway' }).click();
    await page.locator('tr', { hasText: '9 Difference Street' }).waitFor();
  });

  test('what one tab deletes the cache of the other forgets', async () => {
    const row = (tab) => tab.locator('tr', { hasText: 'Grace Hopper' });
    const id = await row(page).getAttribute('data-id');
    await row(page).getByRole('button', { name: 'Delete' }).click();
    await row(other).waitFor({ state: 'detached' });
    const deleted = other.locator('li[data-operation=DELETED]');
    assert.equal(await deleted.getAttribute('data-id'), id);
    assert.match(await deleted.getAttribute('data-patient'), /^[0-9a-f-]{36}$/);
    await picture(other, 'app-events');
  });

  test('signing out in one tab is told in the other', async () => {
    await press(page, 'Sign out');
    await page.getByLabel('User name').waitFor();
    await press(other, 'Ask who I am');
    await other.getByRole('status').filter({ hasText: 'ended' }).waitFor();
  });

  /** Holds requests that refresh until there are two; returns what they sent and were answered. */
  async function bothAtOnce(context, act) {
    const waiting = [];
    const done = new Promise((resolve, reject) => {
      context.route(`${server.url}/graphql`, async (route) => {
        if (!refreshes(route.request())) return route.fallback();
        waiting.push(route);
        if (waiting.length < 2) return undefined;
        const answer = async (one) => {
          const response = await one.fetch();
          await one.fulfill({ response });
          return { sent: one.request().postDataJSON(), answer: await response.json() };
        };
        return Promise.all(waiting.map(answer)).then(resolve, reject);
      });
    });
    await act();
    const bodies = await done;
    await context.unrouteAll({ behavior: 'wait' });
    return bodies;
  }
});

const tokens = ({ answer }) => answer.data.refreshSession.session;

/** Whether a request refreshes: a released page does not name its operations. */
const refreshes = (request) => request.postData()?.includes('"refreshToken"') ?? false;

describe('developed behind the proxy of Vite', () => {
  let server;
  let vite;
  let page;

  before(async () => {
    server = await startServer();
    server.run(['user', 'create', '--username', USER.username, '--password-stdin'], USER.password);
    vite = await app.develop(server.url);
    page = await open(browser);
  });

  after(async () => {
    await page?.context().close();
    await vite?.stop();
    await server?.stop();
  });

  test('a cookie that no page can read keeps the session', async () => {
    await page.goto(vite.origin);
    await page.getByLabel('Keep the session in a cookie').check();
    await signIn(page);
    await signedIn(page);
    const cookie = (await page.context().cookies()).find(({ name }) => name.includes('refresh'));
    assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, 'Strict']);
    const readable = await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage }));
    assert.ok(!readable.includes(cookie.value), 'no page can read it');
    await page.reload();
    await signedIn(page);
  });

  test('events come through the proxy', () => page.getByText('following').waitFor());

  test('a second factor is asked for, and told from a wrong one', async () => {
    const secret = await enrol();
    await press(page, 'Sign out');
    await signIn(page);
    await refusedWith(page, 'SECOND_FACTOR_REQUIRED');
    const right = code(secret);
    await signIn(page, USER, { Code: String((Number(right) + 1) % 1_000_000).padStart(6, '0') });
    await refusedWith(page, 'SECOND_FACTOR_INVALID');
    await picture(page, 'app-second-factor');
    await signIn(page, USER, { Code: code(secret, 1) });
    await signedIn(page);
  });

  test('a session that has expired is told from one that was ended', { timeout: 30_000 }, async () => {
    await press(page, 'Sign out');
    await page.getByLabel('User name').waitFor();
    await server.restart('SIGTERM', { PHR_SESSION_TTL: '3', PHR_ACCESS_TTL: '3' });
    const user = { username: 'grace@example.com', password: USER.password };
    server.run(['user', 'create', '--username', user.username, '--password-stdin'], user.password);
    await signIn(page, user);
    const expired = page.getByRole('status').filter({ hasText: 'has expired' });
    const refresh = page.getByRole('button', { name: 'Refresh' });
    while (!(await expired.isVisible())) {
      if (await refresh.isVisible()) await refresh.click();
      await page.waitForTimeout(100);
    }
  });

  /** Gives the user a second factor; returns its secret. */
  async function enrol() {
    const session = await ask(server.url, 'mutation($i: LoginInput!) { login(input: $i) { session { accessToken } } }', { i: USER }, {});
    const headers = { authorization: `Bearer ${session.data.login.session.accessToken}` };
    const made = await ask(server.url, 'mutation { enrolSecondFactor { enrolment { secret } userErrors { message } } }', {}, headers);
    const { secret } = made.data.enrolSecondFactor.enrolment;
    const confirm = 'mutation($c: String!) { confirmSecondFactor(input: { oneTimeCode: $c }) { userErrors { message } } }';
    const confirmed = await ask(server.url, confirm, { c: code(secret) }, headers);
    assert.deepEqual(confirmed.data.confirmSecondFactor.userErrors, []);
    return secret;
  }
});

/** The code of an authenticator (RFC 6238), so many steps ahead. */
function code(secret, ahead = 0) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const digest = createHmac('sha1', key).update(step).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}
