// The page's session: one for all tabs, kept in memory, renewed before its access token expires. The embedded page and the
// one that loads GraphiQL from a CDN both use this file.

const DEMONSTRATION = '/playground/session';
/** Part of a token's life that is left when it is renewed, and the most that it may be. */
const MARGIN = 0.2;
const LONGEST_MARGIN_MS = 60_000;

const SESSION = 'session { accessToken refreshToken } userErrors { message }';
const LOGIN = `mutation SignIn($input: LoginInput!) { login(input: $input) { ${SESSION} } }`;
const REFRESH = `mutation Refresh($input: RefreshSessionInput!) { refreshSession(input: $input) { ${SESSION} } }`;
const LOGOUT = 'mutation SignOut { logout { userErrors { message } } }';
const VIEWER = 'query Viewer { viewer { username role } }';

const SIGNED_OUT = { status: 'signedOut', source: null, viewer: null, notice: null };

/** A refusal by the server, with the error's code. */
class Refusal extends Error {
  constructor({ message, extensions }) {
    super(message);
    this.code = extensions?.code ?? null;
  }
}

/** Sends an operation of the page's own, and returns its data. */
async function ask(query, variables, accessToken) {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...(accessToken ? { authorization: `Bearer ${accessToken}` } : {}),
    },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Refusal(errors[0]);
  return data;
}

/** Signs in or refreshes: an operation whose only field returns a session. */
async function sessionOf(query, input) {
  const [{ session, userErrors }] = Object.values(await ask(query, { input }));
  if (!session) throw new Refusal({ message: userErrors.map(({ message }) => message).join('\n') });
  return session;
}

async function demonstrate() {
  const response = await fetch(DEMONSTRATION).catch(() => null);
  return response?.ok ? response.json() : null;
}

/** When to renew a token that has just come: by the server's clock it says how long it is good for. */
function renewalTime(accessToken) {
  try {
    const payload = accessToken.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const { exp, iat } = JSON.parse(atob(payload));
    const life = (exp - iat) * 1000;
    return Date.now() + life - Math.min(life * MARGIN, LONGEST_MARGIN_MS);
  } catch {
    return Infinity;
  }
}

/**
 * Makes the session of a page that is signed out. `state` is replaced, and listeners are called, whenever somebody signs in
 * or out. A session's source is `demonstration`, `password` (renewed by its refresh token) or `token` (never renewed).
 */
export function createSession() {
  const listeners = new Set();
  let state = SIGNED_OUT;
  let tokens = null;
  let renewing = null;

  function become(next) {
    state = next;
    listeners.forEach((listener) => listener());
  }

  function keep({ accessToken, refreshToken }) {
    tokens = { accessToken, refreshToken, renewAt: renewalTime(accessToken) };
  }

  async function begin(source, given) {
    const { viewer } = await ask(VIEWER, {}, given.accessToken);
    keep(given);
    become({ status: 'signedIn', source, viewer, notice: null });
  }

  function end(notice = null) {
    tokens = null;
    become({ ...SIGNED_OUT, notice });
  }

  async function next() {
    if (state.source === 'demonstration') return demonstrate();
    return tokens.refreshToken ? sessionOf(REFRESH, { refreshToken: tokens.refreshToken }) : null;
  }

  /** Gets the next token; returns whether there is one. Requests at the same time share it. */
  function renew() {
    const former = tokens;
    renewing ??= next()
      .then((given) => {
        if (tokens !== former) return tokens !== null;
        if (given) keep(given);
        return given !== null;
      })
      .catch((error) => {
        // Without an answer the session may well go on.
        if (error instanceof Refusal && tokens === former) end(`Signed out: ${error.message}`);
        return false;
      })
      .finally(() => {
        renewing = null;
      });
    return renewing;
  }

  function send(url, request, headers) {
    if (tokens) headers.set('authorization', `Bearer ${tokens.accessToken}`);
    return fetch(url, { ...request, headers });
  }

  return {
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** Signs in where the server is a demonstration; elsewhere nothing changes. */
    async demonstrate() {
      const given = await demonstrate();
      if (given) await begin('demonstration', given);
    },
    /** Signs in with the input of `login`. */
    signIn: async (input) => begin('password', await sessionOf(LOGIN, input)),
    /** Signs in with an access token from elsewhere, such as `phr token`. */
    useToken: (accessToken) => begin('token', { accessToken }),
    /** Signs out; a session that the page began ends at the server too. */
    async signOut() {
      const { source } = state;
      const accessToken = tokens?.accessToken;
      end();
      if (source === 'password') await ask(LOGOUT, {}, accessToken).catch(() => {});
    },
    /** `fetch` as whoever is signed in, unless the request's own headers say as whom. */
    async fetch(url, request = {}) {
      const headers = new Headers(request.headers);
      if (headers.has('authorization') || !tokens) return fetch(url, { ...request, headers });
      if (Date.now() >= tokens.renewAt) await renew();
      const response = await send(url, request, headers);
      if (response.status !== 401 || !tokens || !(await renew())) return response;
      return send(url, request, headers);
    },
  };
}
