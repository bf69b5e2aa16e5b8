// Apollo Client: documents by their hash, the session's token, one refresh when that has expired, and events over a
// WebSocket.
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { Observable } from 'rxjs';
import { hashOf, requestOf, sha256 } from './documents';
import { ENDPOINT, isOver, session } from './session';

/** Trusted documents in a released page; automatic persisted queries while it is developed. */
const persisted = new PersistedQueryLink(
  // A document that the server does not trust is not sent in full: it would be refused as well.
  import.meta.env.PROD ? { generateHash: hashOf, retry: () => false, disable: () => false } : { sha256 },
);

const authorized = new SetContextLink(({ headers }) => {
  const token = session.accessToken();
  return {
    headers: {
      ...headers,
      // As OpenTelemetry's instrumentation of `fetch` sends it.
      traceparent: `00-${crypto.randomUUID().replaceAll('-', '')}-00f067aa0ba902b7-01`,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
  };
});

/** Refreshes the session once, and asks again. */
const renewing = new ErrorLink(({ error, operation, forward }) => {
  if (!CombinedGraphQLErrors.is(error) || operation.getContext()['isRenewed']) return;
  const code = error.errors.map(({ extensions }) => extensions?.['code']).find(isOver);
  if (!code) return;
  operation.setContext({ isRenewed: true });
  return new Observable((observer) => {
    session.refresh(code).then((isRenewed) => {
      if (isRenewed) forward(operation).subscribe(observer);
      else observer.error(error);
    });
  });
});

const http = new HttpLink({
  uri: ENDPOINT,
  credentials: 'include',
  headers: { accept: 'application/graphql-response+json' },
});

const socketClient = createClient({
  url: new URL(ENDPOINT, location.href).href.replace(/^http/, 'ws'),
  connectionParams: async () => ({ Authorization: `Bearer ${await session.freshToken()}` }),
  retryAttempts: 20,
  // The library sends nothing without a text: an empty one stands for none.
  jsonMessageReplacer: (key, value) => (key === 'query' && value === '' ? undefined : value),
});

/** `GraphQLWsLink` would send a document's text besides its hash. */
const socket = new ApolloLink(
  ({ query, variables }) =>
    new Observable((observer) =>
      socketClient.subscribe({ query: '', ...requestOf(query, variables) }, {
        next: (result) => observer.next(result as ApolloLink.Result),
        error: (error) => observer.error(error),
        complete: () => observer.complete(),
      }),
    ),
);

export const client = new ApolloClient({
  clientAwareness: { name: 'registers', version: '1.0' },
  cache: new InMemoryCache({
    // What the app reads of the schema's abstract types.
    possibleTypes: { RecordEvent: ['RecordChange', 'ChangeGap'], Node: ['PatientRegister', 'PatientAllergy'] },
  }),
  link: ApolloLink.from([
    renewing,
    authorized,
    persisted,
    ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, socket, http),
  ]),
});
