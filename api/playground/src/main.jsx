import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './main.css';
import { createGraphiQLFetcher, createLocalStorage } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { examples } from './examples.js';
import { openSession } from './session.js';

// A namespace of our own: other projects' GraphiQL on the same host and port keeps its tabs in the same storage.
const storage = createLocalStorage({ namespace: 'phr' });

function Page({ session }) {
  const ask = createGraphiQLFetcher({
    url: '/graphql',
    headers: { accept: 'application/graphql-response+json, application/json' },
    fetch: session.fetch,
    // The server answers in one piece; the multipart fetcher would announce a media type that it does not speak.
    enableIncrementalDelivery: false,
  });
  return (
    <GraphiQL
      fetcher={session.fetcher(ask)}
      storage={storage}
      defaultTabs={session.defaultTabs}
      defaultHeaders={session.defaultHeaders}
      defaultEditorToolsVisibility="headers"
    >
      <GraphiQL.Logo>phr</GraphiQL.Logo>
    </GraphiQL>
  );
}

openSession(examples).then((session) =>
  createRoot(document.getElementById('graphiql')).render(<Page session={session} />),
);
