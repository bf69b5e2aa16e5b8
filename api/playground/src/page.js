// The page: GraphiQL with the panel that signs in. What differs between the embedded page and the one that loads GraphiQL
// from a CDN, they give: React, GraphiQL, and its toolkit.
import { createFetcher } from './fetcher.js';
import { TITLE, createPanel } from './panel.js';
import { createSession } from './session.js';

const NAMESPACE = 'phr';
/** What GraphiQL stores: the open panel, and how wide it is, or that it is closed. */
const OPEN_PANEL = 'graphiql:visiblePlugin';
const PANEL_WIDTH = 'graphiql:docExplorerFlex';

/** Shows the page in an element, signed in where the server is a demonstration. */
export async function showPage(element, { React, createRoot, GraphiQL, toolkit, plugins: given = [], examples }) {
  const { createElement: h, useMemo, useSyncExternalStore } = React;
  // A namespace of our own: other projects' GraphiQL on the same host and port keeps its tabs in the same storage.
  const storage = toolkit.createLocalStorage({ namespace: NAMESPACE });
  const session = createSession();
  await session.demonstrate().catch(() => {});
  const plugins = [...given, createPanel(React, session)];
  if (session.getState().status !== 'signedIn') {
    // Somebody who has to sign in sees the panel first, whatever was open when they left.
    storage.setItem(OPEN_PANEL, TITLE);
    storage.removeItem(PANEL_WIDTH);
  }

  function Page() {
    const state = useSyncExternalStore(session.subscribe, session.getState);
    const fetcher = useMemo(() => createFetcher(toolkit.createGraphiQLFetcher, session), [state]);
    return h(
      GraphiQL,
      {
        fetcher,
        storage,
        plugins,
        defaultTabs: examples.length > 0 ? examples : undefined,
        defaultEditorToolsVisibility: 'variables',
      },
      h(GraphiQL.Logo, null, 'phr', state.viewer ? h('span', { className: 'phr-who' }, state.viewer.username ?? state.viewer.role) : null),
    );
  }

  createRoot(element).render(h(Page));
}
