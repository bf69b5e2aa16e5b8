// GraphQL over HTTP, to the letter: every audit of graphql-http's suite, the SHOULDs and MAYs as well as the MUSTs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { serverUrl, sessionHeaders } from '../environment.js';

const KNOWN_AUDITS = 61;

const audits = serverAudits({
  url: `${serverUrl()}/graphql`,
  fetchFn: (url, { headers, ...request } = {}) =>
    fetch(url, { ...request, headers: { ...headers, ...sessionHeaders }, signal: AbortSignal.timeout(10_000) }),
});

test('the suite is whole', () => assert.equal(audits.length, KNOWN_AUDITS));

for (const audit of audits) {
  test(`audit ${audit.id}: ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, 'ok', `${result.status}: ${result.reason}`);
  });
}
