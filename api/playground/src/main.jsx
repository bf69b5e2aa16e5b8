import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './main.css';
import { createGraphiQLFetcher, createLocalStorage } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { examples } from './examples.js';

const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  headers: { accept: 'application/graphql-response+json, application/json' },
  // The server answers in one piece; the multipart fetcher would announce a media type that it does not speak.
  enableIncrementalDelivery: false,
});

// A namespace of our own: other projects' GraphiQL on the same host and port keeps its tabs in the same storage.
const storage = createLocalStorage({ namespace: 'phr' });

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL fetcher={fetcher} storage={storage} defaultTabs={examples} defaultEditorToolsVisibility={true}>
    <GraphiQL.Logo>phr</GraphiQL.Logo>
  </GraphiQL>,
);
