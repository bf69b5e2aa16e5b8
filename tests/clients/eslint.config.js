// The rules for schema.graphql and for the operations in the playground's examples. Run by checks/schema-lint.test.js.
import graphql from '@graphql-eslint/eslint-plugin';
import { examplesFolder, schemaFile } from './environment.js';

const parserOptions = { graphQLConfig: { schema: schemaFile, documents: `${examplesFolder}/*.graphql` } };
const language = { languageOptions: { parser: graphql.parser, parserOptions }, plugins: { '@graphql-eslint': graphql } };

const rules = (settings) =>
  Object.fromEntries(Object.entries(settings).map(([name, options]) => [`@graphql-eslint/${name}`, options]));

export default [
  {
    ...language,
    files: ['schema.graphql'],
    linterOptions: { noInlineConfig: true },
    rules: rules({
      'relay-arguments': ['error', { includeBoth: true }],
      'relay-connection-types': 'error',
      'relay-edge-types': ['error', { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false }],
      'relay-page-info': 'error',

      'description-style': ['error', { style: 'block' }],
      'naming-convention': [
        'error',
        {
          types: 'PascalCase',
          FieldDefinition: 'camelCase',
          InputValueDefinition: 'camelCase',
          Argument: 'camelCase',
          DirectiveDefinition: 'camelCase',
          EnumValueDefinition: 'UPPER_CASE',
          'FieldDefinition[parent.name.value=Query]': { style: 'camelCase', forbiddenPrefixes: ['query', 'get', 'list'] },
          'FieldDefinition[parent.name.value=Mutation]': { style: 'camelCase', forbiddenPrefixes: ['mutation'] },
        },
      ],
      'no-hashtag-description': 'error',
      'no-scalar-result-type-on-mutation': 'error',
      'no-unreachable-types': 'error',
      'require-deprecation-reason': 'error',
      'require-description': [
        'error',
        {
          types: true,
          DirectiveDefinition: true,
          EnumValueDefinition: true,
          FieldDefinition: true,
          InputValueDefinition: true,
        },
      ],
      'require-nullable-fields-with-oneof': 'error',
      'unique-enum-value-names': 'error',
      'unique-field-definition-names': 'error',
      'unique-type-names': 'error',
      'known-type-names': 'error',
      'known-directives': 'error',
      'known-argument-names': 'error',
      'provided-required-arguments': 'error',
      'possible-type-extension': 'error',
      'lone-schema-definition': 'error',
      'unique-operation-types': 'error',
      'unique-directive-names': 'error',
      'unique-directive-names-per-location': 'error',
    }),
  },
  {
    ...language,
    files: ['api/playground/examples/*.graphql'],
    linterOptions: { noInlineConfig: true },
    rules: {
      // Validation against the schema (known-*, fields-on-correct-type, no-unused-variables ...) and names of operations.
      ...graphql.configs['flat/operations-recommended'].rules,
      ...rules({
        'require-import-fragment': 'off',
        // An example shows what it is about; it need not select every key.
        'require-selections': 'off',
      }),
    },
  },
];
