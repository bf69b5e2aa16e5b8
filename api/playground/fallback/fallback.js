// Starts the GraphiQL that the page has loaded from the CDN; src/main.js is its embedded counterpart.
const root = document.getElementById('graphiql');

async function start() {
  const { React, ReactDOM, GraphiQL } = globalThis;
  if (!React || !ReactDOM || !GraphiQL) {
    root.firstElementChild.textContent =
      'GraphiQL could not be loaded from the CDN. The API itself works: POST your operations to /graphql.';
    return;
  }
  const response = await fetch('/playground/examples.json');
  const { showPage } = await import('/playground/page.js');
  await showPage(root, {
    React,
    createRoot: ReactDOM.createRoot,
    GraphiQL,
    toolkit: { createGraphiQLFetcher: GraphiQL.createFetcher, createLocalStorage: GraphiQL.createLocalStorage },
    examples: response.ok ? await response.json() : [],
  });
}

start();
