// A session as a front end keeps it: urql signs in, and when the access token has expired refreshes it and goes on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, fetchExchange, gql } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import * as plain from '../environment.js';
import { startServer } from '../server.js';

const USER = { username: 'front.end@example.com', password: 'correct horse battery' };
const ACCESS_SECONDS = 2;

const LOGIN = gql`
  mutation Login($input: LoginInput!) {
    login(input: $input) {
      session {
        accessToken
        refreshToken
      }
      userErrors {
        message
      }
    }
  }
`;
const REFRESH = gql`
  mutation Refresh($input: RefreshSessionInput!) {
    refreshSession(input: $input) {
      session {
        accessToken
        refreshToken
      }
      userErrors {
        message
      }
    }
  }
`;
const VIEWER = gql`
  query Viewer {
    viewer {
      username
      role
    }
  }
`;

let server;

before(async () => {
  server = await startServer({ PHR_ACCESS_TTL: String(ACCESS_SECONDS) });
  server.run(['user', 'create', '--username', USER.username, '--password-stdin'], USER.password);
});

after(() => server?.stop());

test('nothing is told without a session', async () => {
  const { status, code } = await plain.ask(server.url, '{ viewer { username } }', {}, {});
  assert.deepEqual([status, code], [401, 'UNAUTHENTICATED']);
});

test('a client that refreshes its session outlives its access tokens', async () => {
  const { client, seen } = signedOut();
  assert.deepEqual(await ask(client), { username: USER.username, role: 'administrator' });
  assert.deepEqual({ ...seen, tokens: seen.tokens.length }, { logins: 1, refreshes: 0, tokens: 1 });
  for (const refreshes of [1, 2]) {
    await plain.untilRefused(server.url, `Bearer ${seen.tokens.at(-1)}`);
    assert.deepEqual(await ask(client), { username: USER.username, role: 'administrator' });
    assert.equal(seen.refreshes, refreshes);
  }
  assert.equal(seen.logins, 1, 'the password was sent once');
  assert.equal(new Set(seen.tokens).size, 3, 'each access token is another');
});

/** A client that has no session yet, and what it does to get one. */
function signedOut() {
  const seen = { logins: 0, refreshes: 0, tokens: [] };
  let session = null;
  const take = (payload) => {
    assert.deepEqual(payload.userErrors, []);
    session = payload.session;
    seen.tokens.push(session.accessToken);
  };
  const auth = authExchange(async (tools) => ({
    willAuthError: () => session === null,
    didAuthError: ({ graphQLErrors }) => graphQLErrors.some(({ extensions }) => extensions.code === 'SESSION_EXPIRED'),
    addAuthToOperation: (operation) =>
      session ? tools.appendHeaders(operation, { authorization: `Bearer ${session.accessToken}` }) : operation,
    async refreshAuth() {
      if (session === null) {
        seen.logins += 1;
        take((await tools.mutate(LOGIN, { input: USER })).data.login);
      } else {
        seen.refreshes += 1;
        const { refreshToken } = session;
        take((await tools.mutate(REFRESH, { input: { refreshToken } })).data.refreshSession);
      }
    },
  }));
  const client = new Client({ url: `${server.url}/graphql`, preferGetMethod: false, exchanges: [auth, fetchExchange] });
  return { client, seen };
}

async function ask(client) {
  const { data, error } = await client.query(VIEWER, {}).toPromise();
  assert.equal(error, undefined);
  const { username, role } = data.viewer;
  return { username, role };
}
