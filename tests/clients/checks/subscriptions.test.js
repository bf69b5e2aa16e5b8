// Subscriptions as front ends use them: graphql-ws, graphql-sse and Apollo Client, each of which goes on by itself where it
// left off when its connection breaks, and the server that is stopped in the middle.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import WebSocket from 'ws';
import { startServer } from '../server.js';

const DEADLINE_MS = 30_000;
const CREATE = `mutation($input: CreateDoctorSpecialtyInput!) {
  createDoctorSpecialty(input: $input) { doctorSpecialty { uuid } userErrors { message } }
}`;
const CHANGES = `subscription Changes($after: String) {
  changes(entities: [DOCTOR_SPECIALTY], after: $after) {
    ... on RecordChange { cursor operation record { ... on DoctorSpecialty { name } } }
    ... on ChangeGap { cursor reason }
  }
}`;

let server;
let token;

before(async () => {
  server = await startServer();
  token = server.run(['token', '--ttl', '1h']);
});

after(() => server?.stop());

async function create(name) {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: CREATE, variables: { input: { name } } }),
  });
  const { data } = await response.json();
  assert.deepEqual(data.createDoctorSpecialty.userErrors, []);
}

const socketUrl = () => `${server.url.replace('http', 'ws')}/graphql`;

function wsClient(options = {}) {
  return createWsClient({
    url: socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ Authorization: `Bearer ${token}` }),
    retryAttempts: 50,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 200)),
    shouldRetry: () => true,
    ...options,
  });
}

function sseClient() {
  return createSseClient({
    url: () => `${server.url}/graphql`,
    headers: () => ({ Authorization: `Bearer ${token}` }),
    retryAttempts: 50,
    retry: () => new Promise((resolve) => setTimeout(resolve, 200)),
  });
}

/** Events of a subscription, one after the other; a failure ends them. */
function heard(subscribe) {
  const events = [];
  const waiting = [];
  const give = (event) => (waiting.length > 0 ? waiting.shift()(event) : events.push(event));
  const stop = subscribe({
    next: (result) => give(result),
    error: (error) => give({ failure: error }),
    complete: () => give({ failure: 'complete' }),
  });
  const next = async () => {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('nothing was heard')), DEADLINE_MS).unref());
    const event = events.shift() ?? (await Promise.race([new Promise((resolve) => waiting.push(resolve)), late]));
    assert.equal(event.failure, undefined, String(event.failure?.message ?? event.failure?.reason ?? event.failure));
    assert.equal(event.errors, undefined, JSON.stringify(event.errors));
    return event.data.changes;
  };
  return { next, stop };
}

/** As the README has it: whatever the client sends when it comes back, it asks for what came after the last event. */
function following(client) {
  const variables = {};
  const told = heard((sink) => client.subscribe({ query: CHANGES, variables }, sink));
  const next = async () => {
    const event = await told.next();
    variables.after = event.cursor;
    return event;
  };
  return { next, stop: told.stop };
}

for (const [name, client] of [
  ['graphql-ws', wsClient],
  ['graphql-sse', sseClient],
]) {
  test(`${name} goes on where it left off when the server is restarted`, async () => {
    const { next, stop } = following(client());
    assert.equal((await next()).reason, 'BEGINNING');
    await create(`${name} first`);
    assert.deepEqual((await next()).record, { name: `${name} first` });
    await server.restart('SIGKILL');
    await create(`${name} second`);
    await create(`${name} third`);
    assert.deepEqual((await next()).record, { name: `${name} second` });
    assert.deepEqual((await next()).record, { name: `${name} third` });
    await server.restart('SIGTERM');
    await create(`${name} fourth`);
    assert.deepEqual((await next()).record, { name: `${name} fourth` });
    stop();
  });
}

test('Apollo Client subscribes by graphql-ws', async () => {
  const link = new GraphQLWsLink(wsClient());
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  const told = heard((sink) => {
    const subscription = client.subscribe({ query: gql(CHANGES), fetchPolicy: 'no-cache' }).subscribe(sink);
    return () => subscription.unsubscribe();
  });
  assert.equal((await told.next()).reason, 'BEGINNING');
  await create('Apollo');
  const event = await told.next();
  assert.equal(event.operation, 'CREATED');
  assert.equal(event.record.name, 'Apollo');
  told.stop();
  client.stop();
  assert.ok(HttpLink, 'queries and mutations go by HTTP as ever');
});

test('a client without a session is told so by the codes of the protocol', async () => {
  const closed = (client) =>
    new Promise((resolve) => client.subscribe({ query: CHANGES }, { next: resolve, error: resolve, complete: resolve }));
  const nobody = wsClient({ connectionParams: undefined, shouldRetry: undefined, retryAttempts: 0 });
  assert.equal((await closed(nobody)).code, 4401);
  const connectionParams = { Authorization: 'Bearer nonsense' };
  const forged = wsClient({ connectionParams, shouldRetry: () => false, retryAttempts: 0 });
  assert.equal((await closed(forged)).code, 4403);
});
