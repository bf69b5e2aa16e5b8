// The smallest typed client: a document knows the types of its variables and of its result.
import type { TypedDocumentString } from '../generated/gql/graphql.js';

interface Answer<Result> {
  data?: Result | null;
  errors?: readonly { message: string; extensions?: { code?: string } }[];
}

export async function request<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
): Promise<Result> {
  const token = process.env['PHR_TOKEN'];
  const response = await fetch(`${process.env['PHR_URL'] ?? 'http://127.0.0.1:8000'}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify({ query: document.toString(), variables }),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = (await response.json()) as Answer<Result>;
  if (answer.errors || !answer.data) throw new Error(`HTTP ${response.status}: ${JSON.stringify(answer.errors)}`);
  return answer.data;
}
