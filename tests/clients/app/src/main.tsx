import { ApolloProvider, useQuery } from '@apollo/client/react';
import { useSyncExternalStore } from 'react';
import { createRoot } from 'react-dom/client';
import { graphql } from '../../generated/app-gql';
import { Events } from './Events';
import { Registers } from './Registers';
import { SignIn } from './SignIn';
import { client } from './client';
import { session } from './session';

const VIEWER = graphql(`
  query Viewer {
    viewer {
      username
      role
    }
  }
`);

function Bar() {
  const { data, refetch } = useQuery(VIEWER);
  return (
    <header>
      <strong>{data?.viewer?.username}</strong> {data?.viewer?.role}
      <button type="button" onClick={() => refetch()}>
        Ask who I am
      </button>
      <button type="button" onClick={() => session.refresh(null)}>
        Refresh
      </button>
      <button type="button" onClick={() => session.signOut()}>
        Sign out
      </button>
    </header>
  );
}

function App() {
  const { isSignedIn, ended } = useSyncExternalStore(session.subscribe, session.state);
  if (!isSignedIn) return <SignIn ended={ended} />;
  return (
    <ApolloProvider client={client}>
      <Bar />
      <main>
        <Registers />
        <Events />
      </main>
    </ApolloProvider>
  );
}

const root = createRoot(document.getElementById('app')!);
session.resume().finally(() => root.render(<App />));
