// One law per room, made from tools/house.mjs, and a few for the house as a whole. Each comment
// speaks to the person who just broke it. docs/architecture.md tells why the rooms are as they are.
import { protocolDoors, rooms, roomsOfKind } from './tools/house.mjs';

const pathsOf = (names) => names.map((name) => `^src/${name}/`);
const literal = (text) => text.replaceAll('.', '\\.');
const npmTypes = [
  'npm',
  'npm-dev',
  'npm-optional',
  'npm-peer',
  'npm-no-pkg',
  'npm-unknown',
  'npm-bundled',
];
const subDoors = `^src/protocol/(${protocolDoors.join('|')})/index\\.ts$`;
const law = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

const roomLaws = Object.entries(rooms).map(([room, { may }]) =>
  law(
    `room-${room}`,
    `src/${room} may import only: ${may.join(', ') || 'nothing'}. To change that, change tools/house.mjs and say why.`,
    { path: `^src/${room}/` },
    { path: '^src/', pathNot: [`^src/${room}/`, ...pathsOf(may)] },
  ),
);

const npmLaws = Object.entries(rooms).map(([room, { npm }]) =>
  law(
    `npm-${room}`,
    `src/${room} may use these packages: ${npm.join(', ') || 'none'}.`,
    { path: `^src/${room}/` },
    {
      dependencyTypes: npmTypes,
      ...(npm.length > 0 && {
        pathNot: npm.map((name) => `node_modules/(@types/)?${literal(name)}/`),
      }),
    },
  ),
);

const houseLaws = [
  law(
    'no-cycles',
    'Imports, also those of types alone, form a tree of rooms and a tree of files.',
    {},
    { circular: true },
  ),
  law(
    'enter-by-the-door',
    'Import another room through its index.ts, never a file inside it.',
    { path: '^src/([^/]+)/' },
    { path: '^src/[^/]+/.+', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', subDoors] },
  ),
  law(
    'guests-enter-by-the-door',
    'Firedrills and tools use rooms through their index.ts.',
    { path: '^(firedrills|tools)/' },
    { path: '^src/', pathNot: ['^src/[^/]+/index\\.ts$', subDoors] },
  ),
  law(
    'not-your-own-door',
    "Inside a room import the file, not the room's index.ts: that is how cycles begin.",
    { path: '^src/([^/]+)/.+', pathNot: '^src/[^/]+/index\\.ts$' },
    { path: '^src/$1/index\\.ts$' },
  ),
  law(
    'not-your-own-sub-door',
    "Inside a part of protocol import the file, not the part's index.ts.",
    { path: '^src/protocol/([^/]+)/.+' },
    { path: '^src/protocol/$1/index\\.ts$' },
  ),
  law(
    'only-world-rooms-touch-node-builtins',
    'Pure, types and ported rooms have no disk, socket, clock or process of their own: use a port.',
    { path: pathsOf(roomsOfKind('pure', 'types', 'ported')) },
    { dependencyTypes: ['core'] },
  ),
  law(
    'client-speaks-client-protocol-only',
    'The client library must not pull in the peer codecs, and with them the types of raft.',
    { path: '^src/(client|connect)/' },
    { path: '^src/protocol/', pathNot: '^src/protocol/client/' },
  ),
  law(
    'bin-is-a-doormat',
    'bin/ only calls cli, as it was built.',
    { path: '^bin/' },
    { path: '(^|/)(src|dist)/', pathNot: '(^|/)dist/src/cli/index\\.js$' },
  ),
  law(
    'src-never-imports-tests',
    'What is shipped knows nothing of tests, drills and tools.',
    { path: '^src/' },
    { path: '^(test|firedrills|tools|bin)/' },
  ),
  law(
    'no-dev-deps-in-src',
    'A development package is not there when doozer is installed: make it a dependency, or do without.',
    { path: '^src/' },
    {
      dependencyTypes: ['npm-dev'],
      dependencyTypesNot: ['type-only'],
      pathNot: 'node_modules/@types/',
    },
  ),
  law(
    'not-to-unresolvable',
    'The imported file or package does not exist.',
    {},
    { couldNotResolve: true, pathNot: '(^|/)dist/' },
  ),
  {
    name: 'no-orphans',
    comment: 'Nobody imports this file: it is dead, or its door forgot it.',
    severity: 'error',
    from: { path: '^src/' },
    module: {
      path: '^src/',
      pathNot: ['/index\\.ts$', '\\.d\\.ts$', '^src/doors/web/'],
      numberOfDependentsLessThan: 1,
    },
  },
];

export default {
  forbidden: [...houseLaws, ...roomLaws, ...npmLaws],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules', '^dist/'] },
    exclude: { path: '^src/doors/web/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.mjs'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
