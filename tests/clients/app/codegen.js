// Typed documents for Apollo Client, and the file of trusted documents for the server (`persisted-documents.json`).
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';
import shared from '../codegen.js';

const { scalars } = shared.generates['generated/gql/'].config;

export default {
  schema: '../../schema.graphql',
  documents: ['app/src/**/*.{ts,tsx}'],
  generates: {
    'generated/app-gql/': {
      preset: 'client',
      // Apollo's cache needs the names of types, in the documents that the server knows too.
      documentTransforms: [addTypenameSelectionDocumentTransform],
      config: { strictScalars: true, scalars, enumType: 'string-literal', useTypeImports: true },
      presetConfig: { persistedDocuments: true, fragmentMasking: false },
    },
  },
};
