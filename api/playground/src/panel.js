// The panel that signs in and out, for all tabs at once: a plugin of GraphiQL, made with the page's own React.

export const TITLE = 'Sign in';

const USERNAME = { name: 'username', label: 'User name', autoComplete: 'username' };
const CODE = { name: 'oneTimeCode', label: 'Code of the second factor', autoComplete: 'one-time-code' };

/** Ways to sign in, each with its fields. */
const WAYS = [
  {
    label: 'Password',
    fields: [USERNAME, { name: 'password', label: 'Password', type: 'password', autoComplete: 'current-password' }],
    run: (session, input) => session.signIn(input),
  },
  {
    label: 'One-time token',
    hint: 'An administrator gives it, or `phr user create` prints it. It sets the password.',
    fields: [
      USERNAME,
      { name: 'oneTimeToken', label: 'One-time token', autoComplete: 'off' },
      { name: 'newPassword', label: 'New password', type: 'password', autoComplete: 'new-password' },
    ],
    run: (session, input) => session.signIn(input),
  },
  {
    label: 'Access token',
    hint: "`phr token` prints one at the server's machine. It is not renewed.",
    fields: [{ name: 'accessToken', label: 'Access token', type: 'password', autoComplete: 'off' }],
    run: (session, { accessToken }) => session.useToken(accessToken.trim()),
  },
];

/** How the session goes on, by its source. */
const SOURCES = {
  demonstration: 'This server is a demonstration: whoever opens this page is signed in.',
  password: 'The session is kept in the memory of this page and renewed while it is used.',
  token: 'The access token is kept in the memory of this page until it expires.',
};

/** Makes the plugin; `React` is the page's. */
export function createPanel({ createElement: h, useState, useSyncExternalStore }, session) {
  function Form() {
    const [way, setWay] = useState(WAYS[0]);
    const [problem, setProblem] = useState(null);
    const [isBusy, setBusy] = useState(false);
    const needsCode = problem?.code?.startsWith('SECOND_FACTOR') ?? false;
    const fields = needsCode ? [...way.fields, CODE] : way.fields;

    async function submit(event) {
      event.preventDefault();
      const input = Object.fromEntries(new FormData(event.currentTarget));
      setBusy(true);
      try {
        await way.run(session, input);
      } catch (error) {
        setProblem({ code: error.code ?? null, message: error.message });
        setBusy(false);
      }
    }

    return h(
      'form',
      { onSubmit: submit },
      h(
        'div',
        { className: 'phr-ways', role: 'group', 'aria-label': 'Way to sign in' },
        WAYS.map((candidate) =>
          h(
            'button',
            {
              key: candidate.label,
              type: 'button',
              'aria-pressed': candidate === way,
              onClick: () => {
                setWay(candidate);
                setProblem(null);
              },
            },
            candidate.label,
          ),
        ),
      ),
      way.hint ? h('p', null, way.hint) : null,
      fields.map(({ name, label, type = 'text', autoComplete }) =>
        h(
          'label',
          { key: `${way.label} ${name}` },
          label,
          h('input', { name, type, autoComplete, required: true, spellCheck: false, autoFocus: name === CODE.name }),
        ),
      ),
      problem ? h('p', { className: 'phr-problem', role: 'alert' }, problem.message) : null,
      h('button', { className: 'phr-submit', type: 'submit', disabled: isBusy }, 'Sign in'),
    );
  }

  function SignedIn({ viewer, source }) {
    const name = viewer.username ?? 'The operator of this server';
    return h(
      'div',
      null,
      h('p', { role: 'status' }, 'Signed in: ', h('strong', null, name), `, ${viewer.role}`),
      h('p', null, SOURCES[source]),
      h(
        'p',
        null,
        'Every tab uses this session. A tab whose Headers name an ',
        h('code', null, 'Authorization'),
        ' of their own uses that instead.',
      ),
      h('button', { className: 'phr-submit', type: 'button', onClick: () => session.signOut() }, 'Sign out'),
    );
  }

  function Content() {
    const state = useSyncExternalStore(session.subscribe, session.getState);
    return h(
      'section',
      { className: 'phr-panel', 'aria-label': TITLE },
      h('h2', null, state.status === 'signedIn' ? 'Session' : TITLE),
      state.notice ? h('p', { className: 'phr-problem', role: 'alert' }, state.notice) : null,
      state.status === 'signedIn' ? h(SignedIn, state) : h(Form),
    );
  }

  function Icon(properties) {
    return h(
      'svg',
      { ...properties, viewBox: '0 0 16 16', fill: 'none', stroke: 'currentColor', strokeWidth: 1.2 },
      h('circle', { cx: 8, cy: 5, r: 3 }),
      h('path', { d: 'M2 15c0-3.5 2.7-5.5 6-5.5s6 2 6 5.5', strokeLinecap: 'round' }),
    );
  }

  return { title: TITLE, icon: Icon, content: Content };
}
