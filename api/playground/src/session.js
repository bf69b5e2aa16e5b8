// Who the page asks as. Requests carry what the tab Headers shows, and nothing else: in a demonstration it shows an access
// token from the start, elsewhere it says where to get one. The page that loads GraphiQL from a CDN uses this file too.

const DEMONSTRATION = '/playground/session';

const HINT = [
  'Every request wants an access token. `phr token`',
  'prints one at the server\'s machine; users get theirs',
  'from the mutation login. Put it behind Bearer, then',
  're-fetch the schema by the button at the left edge.',
  'It is forgotten when this page is closed.',
];

/** What a demonstration signs in whoever opens its page with; null where the server is none. */
async function obtain() {
  const response = await fetch(DEMONSTRATION).catch(() => null);
  return response?.ok ? `Bearer ${(await response.json()).accessToken}` : null;
}

/** Headers as the tab Headers takes them: JSON, with comments. */
function written(comments, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return ['{', ...comments.map((line) => `  // ${line}`), lines.join(',\n'), '}'].join('\n');
}

/** Whether the operation that is going to run is a subscription. */
function isSubscription({ definitions = [] } = {}, name) {
  const operations = definitions.filter(({ kind }) => kind === 'OperationDefinition');
  const chosen = operations.find((operation) => operation.name?.value === name) ?? operations[0];
  return chosen?.operation === 'subscription';
}

/** The answers in a stream of server-sent events, of which each is one line of JSON. */
async function* answers(response) {
  if (!response.ok) {
    yield await response.json();
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (text + read.value).split('\n');
    text = lines.pop();
    for (const line of lines) {
      if (line.startsWith('data: {')) yield JSON.parse(line.slice('data: '.length));
    }
  }
}

/** A subscription, as GraphiQL takes it: it asks for answers until it has enough of them. */
function subscription(send, operation, headers) {
  const stop = new AbortController();
  const accepted = { ...headers, 'content-type': 'application/json', accept: 'text/event-stream' };
  const body = JSON.stringify(operation);
  async function* told() {
    yield* answers(await send('/graphql', { method: 'POST', headers: accepted, body, signal: stop.signal }));
  }
  const iterator = told();
  const done = { done: true, value: undefined };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        return await iterator.next();
      } catch (error) {
        if (stop.signal.aborted) return done;
        throw error;
      }
    },
    // Not the generator's own, which would wait for the next answer first.
    async return() {
      stop.abort();
      return done;
    },
  };
}

/**
 * Signs in where that is possible, and says in comments how to where it is not. What comes back are properties of GraphiQL,
 * and what its fetcher is made of.
 */
export async function openSession(examples, hint = HINT) {
  let current = await obtain();
  const issued = new Set([current]);
  const isSignedIn = current !== null;
  const headers = (own) => written(isSignedIn ? [] : hint, { Authorization: current ?? 'Bearer ', ...own });

  function send(url, request) {
    const sent = new Headers(request.headers);
    // A token of this page's own that has expired since gives way to its successor; any other is the visitor's business.
    if (isSignedIn && issued.has(sent.get('authorization'))) sent.set('authorization', current);
    return fetch(url, { ...request, headers: sent });
  }

  async function sendSignedIn(url, request) {
    const answer = await send(url, request);
    if (answer.status !== 401 || !isSignedIn || !issued.has(new Headers(request.headers).get('authorization'))) return answer;
    const next = await obtain();
    if (next === null) return answer;
    issued.add(next);
    current = next;
    return send(url, request);
  }

  return {
    isSignedIn,
    defaultHeaders: headers({}),
    defaultTabs: examples.map((tab) => ({ ...tab, headers: headers(tab.headers ? JSON.parse(tab.headers) : {}) })),
    /** The schema is first asked for before there is a tab Headers to say as whom. */
    fetcher(ask) {
      const first = isSignedIn ? { Authorization: current } : {};
      return (operation, options) => {
        if (isSubscription(options?.documentAST, operation.operationName)) {
          return subscription(sendSignedIn, operation, options?.headers);
        }
        const isFirst = operation.operationName === 'IntrospectionQuery';
        return ask(operation, isFirst ? { ...options, headers: { ...first, ...options?.headers } } : options);
      };
    },
    fetch: sendSignedIn,
  };
}
