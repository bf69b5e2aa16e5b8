// Starts the GraphiQL that the page has loaded from the CDN; src/main.jsx is its embedded counterpart.
const root = document.getElementById('graphiql');

async function start() {
  const { React, ReactDOM, GraphiQL } = globalThis;
  if (!React || !ReactDOM || !GraphiQL) {
    root.firstElementChild.textContent =
      'GraphiQL could not be loaded from the CDN. The API itself works: POST your operations to /graphql.';
    return;
  }
  const response = await fetch('/playground/examples.json');
  const { openSession } = await import('/playground/session.js');
  // This GraphiQL takes no comments among headers: the page itself says what they would.
  const session = await openSession(response.ok ? await response.json() : [], []);
  document.getElementById('hint').hidden = session.isSignedIn;
  const ask = GraphiQL.createFetcher({
    url: '/graphql',
    headers: { accept: 'application/graphql-response+json, application/json' },
    fetch: session.fetch,
    enableIncrementalDelivery: false,
  });
  ReactDOM.createRoot(root).render(
    React.createElement(
      GraphiQL,
      {
        fetcher: session.fetcher(ask),
        storage: GraphiQL.createLocalStorage({ namespace: 'phr' }),
        defaultTabs: session.defaultTabs.length > 0 ? session.defaultTabs : undefined,
        defaultHeaders: session.defaultHeaders,
        defaultEditorToolsVisibility: 'headers',
      },
      React.createElement(GraphiQL.Logo, null, 'phr'),
    ),
  );
}

start();
