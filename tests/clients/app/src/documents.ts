// How documents are named to the server. A released page names those that the server trusts, by the hash that codegen has
// kept with each; while it is developed, the server is told their text.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type DocumentNode, print } from 'graphql';

/** What codegen adds to a document. */
interface WithHash {
  readonly __meta__?: { readonly hash?: string };
}

/** The document's hash, such as `sha256:0a1b..`. */
export function hashOf(document: DocumentNode): string {
  const hash = (document as WithHash).__meta__?.hash;
  if (!hash) throw new Error('a document that codegen did not make');
  return hash;
}

/** A request as it is sent without Apollo Client's links. */
export function requestOf<Result, Variables>(document: TypedDocumentNode<Result, Variables>, variables: Variables) {
  const named = import.meta.env.PROD ? { documentId: hashOf(document) } : { query: print(document) };
  return { ...named, variables };
}

/** SHA-256 in hexadecimal. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
