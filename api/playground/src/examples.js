// The tabs of a first visit, in the order of their file names. Later visits see what GraphiQL kept in local storage.
// `name.graphql` is the document; `name.json` its variables and `name.headers.json` its headers, where it has any.
const documents = import.meta.glob('../examples/*.graphql', { query: '?raw', import: 'default', eager: true });
const companions = import.meta.glob('../examples/*.json', { query: '?raw', import: 'default', eager: true });

export const examples = Object.keys(documents)
  .sort()
  .map((path) => {
    const stem = path.replace(/\.graphql$/, '');
    return {
      query: documents[path],
      variables: companions[`${stem}.json`] ?? null,
      headers: companions[`${stem}.headers.json`] ?? null,
    };
  });
