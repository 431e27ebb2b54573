// Only what needs types or knows the house; formatting and the common lint rules are biome's.
import tseslint from 'typescript-eslint';
import { roomsOfKind } from './tools/house.mjs';

const filesOfKind = (...kinds) => roomsOfKind(...kinds).map((name) => `src/${name}/**/*.ts`);

const worldly = [
  ['Date', 'Use ticks, ClusterTime or the Clock port.'],
  ['performance', 'Use the Clock port.'],
  ['setTimeout', 'Use ticks or the Clock port.'],
  ['setInterval', 'Use ticks or the Clock port.'],
  ['setImmediate', 'Use the Clock port.'],
  ['clearTimeout', 'Use the Clock port.'],
  ['clearInterval', 'Use the Clock port.'],
  ['queueMicrotask', 'A room with a driver does not schedule itself.'],
  ['process', 'Plain values come through the constructor.'],
  ['Buffer', 'Bytes are Uint8Array.'],
  ['crypto', 'Take a Prng, or the Random port.'],
  ['fetch', 'Go through a port.'],
  ['WebSocket', 'Go through a port.'],
  ['Intl', 'Its answers depend on the machine.'],
  ['console', 'Return what happened, or use the Logger port.'],
  ['globalThis', 'It hides all of the above.'],
].map(([name, message]) => ({ name, message }));

const noWaiting = 'Pure rooms do not wait: return a wish and be stepped again.';
const typesOnly = 'This room holds types only: no running line.';
const noRunningLine = [
  { selector: "Program > ExportNamedDeclaration[exportKind!='type']", message: typesOnly },
  { selector: "ImportDeclaration[importKind!='type']", message: typesOnly },
  {
    selector:
      'Program > :not(ImportDeclaration, ExportNamedDeclaration, TSTypeAliasDeclaration, TSInterfaceDeclaration)',
    message: typesOnly,
  },
];
const list = 'A door is a list: it re-exports by name and holds nothing of its own.';
const doorIsAList = [
  { selector: 'Program > :not(ExportNamedDeclaration)', message: list },
  { selector: 'ExportNamedDeclaration[source=null]', message: list },
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**', 'tmp/**', '**/*.js', '**/*.mjs'] },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'firedrills/**/*.ts', 'tools/**/*.ts'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: 'error',
      'no-console': ['error'],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
    },
  },
  {
    files: ['firedrills/**/*.ts', 'tools/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: filesOfKind('types'),
    rules: {
      'no-restricted-syntax': ['error', ...noRunningLine],
    },
  },
  {
    files: filesOfKind('pure', 'ported'),
    rules: {
      'no-restricted-globals': ['error', ...worldly],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Take a Prng.' },
        {
          property: 'localeCompare',
          message: 'Order depends on the machine; compare bytes.',
        },
        { property: 'toLocaleString', message: 'Output depends on the machine.' },
      ],
    },
  },
  {
    files: filesOfKind('pure'),
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: ':function[async=true]', message: noWaiting },
        { selector: 'AwaitExpression', message: noWaiting },
        { selector: 'ForOfStatement[await=true]', message: noWaiting },
        { selector: "Identifier[name='Promise']", message: noWaiting },
        {
          selector: 'ForInStatement',
          message: 'Key order is not a contract; iterate an array or a Map.',
        },
      ],
    },
  },
  {
    files: ['src/*/index.ts', 'src/protocol/*/index.ts'],
    rules: { 'no-restricted-syntax': ['error', ...doorIsAList] },
  },
  {
    files: roomsOfKind('types').map((name) => `src/${name}/index.ts`),
    rules: { 'no-restricted-syntax': ['error', ...doorIsAList, ...noRunningLine] },
  },
);
