// Typed operations for TypeScript clients. A client of phr copies this file: above all the map of scalars.
export default {
  schema: '../../schema.graphql',
  documents: ['../../api/playground/examples/*.graphql', 'sample/*.ts'],
  // Imports as Node resolves them, with the extension.
  importExtension: '.js',
  generates: {
    'generated/gql/': {
      preset: 'client',
      config: {
        // A scalar that is missing from the map is an error, never a silent `any`.
        strictScalars: true,
        scalars: {
          UUID: 'string',
          Date: 'string',
          DateTime: 'string',
          JSON: 'unknown',
        },
        // Documents as plain strings: the program needs no GraphQL library when it runs.
        documentMode: 'string',
        enumType: 'string-literal',
        useTypeImports: true,
      },
      presetConfig: { fragmentMasking: { unmaskFunctionName: 'readFragment' } },
    },
  },
};
