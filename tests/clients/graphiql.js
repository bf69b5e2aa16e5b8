// GraphiQL's page as a person uses it: tabs, the run button, the panes, the panel that signs in.
import assert from 'node:assert/strict';
import { parse, print } from 'graphql';

// GraphiQL reads a changed document after a pause in typing; only then does it know the names of its operations.
const EDITOR_PAUSE_MS = 1_000;
const RUN = 'button.graphiql-execute-button, button[aria-label^="Execute query"]';
const STOP = 'button.graphiql-execute-button, button[aria-label^="Stop"]';

/** Opens the page and waits for its editor, without which it is of no use. */
export async function visit(visited, url) {
  await visited.goto(`${url}/`);
  await visited.locator('.graphiql-query-editor .monaco-editor').first().waitFor();
}

/** Opens the page where it is signed in from the start; returns the answer about the schema. */
export async function visitSignedIn(visited, url) {
  const introspection = nextAnswer(visited, 'IntrospectionQuery');
  introspection.catch(() => {});
  await visit(visited, url);
  return introspection;
}

/** Types a document into a new tab. */
export async function type(shown, text) {
  await shown.getByRole('button', { name: /new tab/i }).first().click();
  await shown.locator('.graphiql-query-editor .monaco-editor').first().click();
  await shown.keyboard.press('Control+A');
  await shown.keyboard.type(text);
}

/** Presses the run button, chooses the operation where GraphiQL asks for it, and waits for the answer. */
export async function run(shown, operation, asks = false) {
  await shown.waitForTimeout(EDITOR_PAUSE_MS);
  const answer = nextAnswer(shown, operation);
  answer.catch(() => {});
  await shown.locator(RUN).first().click();
  if (asks) await shown.getByRole('menuitem', { name: operation, exact: true }).click();
  return answer;
}

/** Runs the tab's subscription, and returns its request. */
export async function subscribe(shown) {
  await shown.waitForTimeout(EDITOR_PAUSE_MS);
  const asked = shown.waitForRequest(isStream);
  await shown.locator(RUN).first().click();
  return asked;
}

/** Stops the subscription that runs. */
export async function stop(shown) {
  const stopped = shown.waitForEvent('requestfailed', isStream);
  await shown.locator(STOP).first().click();
  await stopped;
}

const isStream = (request) => request.headers().accept === 'text/event-stream';

/** The next request that holds an operation, and what the server says to it. */
export async function nextAnswer(shown, operation) {
  const holds = (text) => text?.includes(operation) ?? false;
  const response = await shown.waitForResponse(
    (candidate) => candidate.url().endsWith('/graphql') && holds(candidate.request().postData()),
  );
  const { operationName, query } = response.request().postDataJSON();
  const { authorization } = response.request().headers();
  return { operationName, query, authorization, status: response.status(), answer: await response.json() };
}

export async function waitForPane(shown, text) {
  await shown.locator('.graphiql-response .view-lines').filter({ hasText: text }).waitFor();
}

export function assertSameDocument(sent, text) {
  assert.equal(print(parse(sent)), print(parse(text)), 'the tab holds the document');
}

/** The panel that signs in; it has to be open. */
export const panel = (shown) => shown.locator('.phr-panel');

/** Fills the form of the panel, and sends it. */
export async function submit(shown, way, fields) {
  await panel(shown).getByRole('button', { name: way, exact: true }).click();
  for (const [label, value] of Object.entries(fields)) await panel(shown).getByLabel(label, { exact: true }).fill(value);
  await panel(shown).locator('button[type=submit]').click();
}
