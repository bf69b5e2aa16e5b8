import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './page.css';
import { createGraphiQLFetcher, createLocalStorage } from '@graphiql/toolkit';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { examples } from './examples.js';
import { showPage } from './page.js';

showPage(document.getElementById('graphiql'), {
  React,
  createRoot,
  GraphiQL,
  toolkit: { createGraphiQLFetcher, createLocalStorage },
  plugins: [HISTORY_PLUGIN],
  examples,
});
