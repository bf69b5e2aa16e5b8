// Sends what GraphiQL runs: a subscription as a stream of server-sent events, anything else as GraphiQL itself does.

/** Whether the operation that runs is a subscription. */
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
  async function* heard() {
    yield* answers(await send('/graphql', { method: 'POST', headers: accepted, body, signal: stop.signal }));
  }
  const iterator = heard();
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

const isAuthorization = (name) => name.toLowerCase() === 'authorization';

/**
 * GraphiQL's fetcher for a session. GraphiQL fetches the schema anew for each new fetcher, so a page makes one whenever
 * somebody has signed in or out.
 */
export function createFetcher(createGraphiQLFetcher, session) {
  const ask = createGraphiQLFetcher({
    url: '/graphql',
    headers: { accept: 'application/graphql-response+json, application/json' },
    fetch: session.fetch,
    // The server answers in one piece; the multipart fetcher would announce a media type that it does not speak.
    enableIncrementalDelivery: false,
  });
  return (operation, options) => {
    const headers = options?.headers ?? {};
    const isSignedIn = session.getState().status === 'signedIn' || Object.keys(headers).some(isAuthorization);
    if (operation.operationName === 'IntrospectionQuery' && !isSignedIn) {
      return Promise.resolve({ errors: [{ message: 'Sign in, at the left edge, to see the documentation.' }] });
    }
    if (isSubscription(options?.documentAST, operation.operationName)) {
      return subscription(session.fetch, operation, headers);
    }
    return ask(operation, options);
  };
}
