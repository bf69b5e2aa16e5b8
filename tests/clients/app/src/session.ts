// The session of the app. The access token is in the memory of each tab. The refresh token is shared by all tabs: in a cookie
// that no page can read, or in local storage.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { graphql } from '../../generated/app-gql';
import type { LoginInput } from '../../generated/app-gql/graphql';
import { requestOf } from './documents';

declare const __SERVER__: string;
export const ENDPOINT = `${__SERVER__}/graphql`;

const LOGIN = graphql(`
  mutation SignIn($input: LoginInput!) {
    login(input: $input) {
      session {
        accessToken
        accessTokenExpiresAt
        refreshToken
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const REFRESH = graphql(`
  mutation Refresh($input: RefreshSessionInput) {
    refreshSession(input: $input) {
      session {
        accessToken
        accessTokenExpiresAt
        refreshToken
      }
      userErrors {
        message
      }
    }
  }
`);

const LOGOUT = graphql(`
  mutation SignOut {
    logout {
      endedSessions
    }
  }
`);

/** A key of local storage: `cookie`, or the refresh token itself. */
const STORED = 'phr-app-session';
const IN_COOKIE = 'cookie';

/** An error that the server answers instead of data. */
export class ServerError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, details: Readonly<Record<string, unknown>>) {
    super(message);
    this.code = String(details['code']);
    this.details = details;
  }
}

interface Tokens {
  accessToken: string;
  accessTokenExpiresAt: string;
  refreshToken?: string | null;
}

/** Codes by which the server says that an access token is good no longer, or never was. */
const OVER = new Set(['UNAUTHENTICATED', 'SESSION_EXPIRED', 'SESSION_ENDED']);
export const isOver = (code: unknown): code is string => typeof code === 'string' && OVER.has(code);

let accessToken: string | null = null;
let expiresAt = 0;
let ended: string | null = null;
let refreshing: Promise<boolean> | null = null;
const listeners = new Set<() => void>();

/** A person is signed in, or nobody is; `ended` is the code by which the last session ended. */
export interface State {
  readonly isSignedIn: boolean;
  readonly ended: string | null;
}
let state: State = { isSignedIn: false, ended };

function publish(): void {
  state = { isSignedIn: accessToken !== null, ended };
  listeners.forEach((listener) => listener());
}

function keep(tokens: Tokens): void {
  accessToken = tokens.accessToken;
  expiresAt = Date.parse(tokens.accessTokenExpiresAt);
  ended = null;
  localStorage.setItem(STORED, tokens.refreshToken ?? IN_COOKIE);
  publish();
}

function end(code: string | null): void {
  accessToken = null;
  ended = code;
  localStorage.removeItem(STORED);
  publish();
}

/** Sends an operation without Apollo Client, whose requests wait for the session. */
async function send<Result, Variables>(
  document: TypedDocumentNode<Result, Variables>,
  variables: Variables,
): Promise<Result> {
  const response = await fetch(ENDPOINT, {
    method: 'POST',
    credentials: 'include',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(accessToken ? { authorization: `Bearer ${accessToken}` } : {}),
    },
    body: JSON.stringify(requestOf(document, variables)),
  });
  const { data, errors } = await response.json();
  if (errors) throw new ServerError(errors[0].message, errors[0].extensions);
  return data;
}

export const session = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  state: (): State => state,
  accessToken: (): string | null => accessToken,

  /** The access token for a connection that stays open, refreshed when it has expired. */
  async freshToken(): Promise<string | null> {
    if (Date.now() >= expiresAt) await session.refresh('SESSION_EXPIRED');
    return accessToken;
  },

  /** Signs in; a refusal is thrown as a `ServerError`. */
  async signIn(input: LoginInput): Promise<void> {
    const { login } = await send(LOGIN, { input });
    const fault = login?.userErrors[0];
    if (!login?.session) throw new ServerError(fault?.message ?? '', { code: fault?.code });
    keep(login.session);
  },

  /** Goes on with the session that another tab or an earlier visit began, if there is one. */
  async resume(): Promise<void> {
    if (localStorage.getItem(STORED) !== null) await session.refresh(null);
  },

  /**
   * Gets the next tokens; whether there are any. Requests of this tab that come at once share them. Where another tab has
   * signed out meanwhile, the session ends here too, by the code that the server gave as the reason to refresh.
   */
  refresh(reason: string | null): Promise<boolean> {
    const stored = localStorage.getItem(STORED);
    if (stored === null) {
      end(reason);
      return Promise.resolve(false);
    }
    refreshing ??= send(REFRESH, { input: stored === IN_COOKIE ? null : { refreshToken: stored } })
      .then(({ refreshSession }) => {
        const next = refreshSession?.session;
        if (next) keep(next);
        return Boolean(next);
      })
      .catch((error: unknown) => {
        // Without an answer the session may well go on.
        if (error instanceof ServerError) end(error.code);
        return false;
      })
      .finally(() => {
        refreshing = null;
      });
    return refreshing;
  },

  async signOut(): Promise<void> {
    await send(LOGOUT, {}).catch(() => {});
    end(null);
  },
};
