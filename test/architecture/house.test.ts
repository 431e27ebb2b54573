// The laws of the house say no: each is broken on purpose in a scratch copy, and the check that holds
// it must name the law and the file. Everything is broken at once, so that each check runs once.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Files, node, type Said, Scratch } from '../support/scratch.ts';

/** A small house in which nothing is wrong. */
const sound: Files = {
  'bin/doozer.js': "import { runDoozer } from '../dist/src/cli/index.js';\nawait runDoozer([]);\n",
  'src/base/assert.ts':
    'export function assert(claim: boolean): void {\n  if (!claim) throw new Error();\n}\n',
  'src/base/index.ts': "export { assert } from './assert.ts';\n",
  'src/paths/index.ts': "export { parse } from './parse.ts';\n",
  'src/paths/parse.ts':
    "import { assert } from '../base/index.ts';\n\nexport const parse = (s: string): void => assert(s !== '');\n",
  'src/raft/index.ts': "export type { Term } from './types.ts';\n",
  'src/raft/types.ts': 'export type Term = number;\n',
  'src/tree/index.ts': "export { Tree } from './tree.ts';\n",
  'src/tree/tree.ts':
    "import { parse } from '../paths/index.ts';\n\nexport class Tree {\n  readonly parse = parse;\n}\n",
  'src/protocol/index.ts': "export type { Frame } from './frame.ts';\n",
  'src/protocol/frame.ts': 'export type Frame = Uint8Array;\n',
  'src/protocol/client/index.ts': "export type { Hello } from './hello.ts';\n",
  'src/protocol/client/hello.ts': 'export type Hello = 1;\n',
  'src/protocol/peer/index.ts': "export type { Vote } from './vote.ts';\n",
  'src/protocol/peer/vote.ts': 'export type Vote = 1;\n',
  'src/ports/index.ts': "export type { Clock } from './clock.ts';\n",
  'src/ports/clock.ts': 'export type Clock = { readonly now: () => number };\n',
  'src/client/index.ts': "export type { Session } from './session.ts';\n",
  'src/client/session.ts':
    "import type { Hello } from '../protocol/client/index.ts';\n\nexport type Session = Hello;\n",
  'src/wal/index.ts': "export { Wal } from './wal.ts';\n",
  'src/wal/wal.ts':
    "import type { Clock } from '../ports/index.ts';\n\nexport class Wal {\n  async save(clock: Clock): Promise<number> {\n    return await Promise.resolve(clock.now());\n  }\n}\n",
  'src/transport/index.ts': "export { open } from './links.ts';\n",
  'src/transport/links.ts':
    "import { connect } from 'node:net';\nimport { WebSocket } from 'ws';\n\nexport const open = (): unknown => [connect, WebSocket];\n",
};

/** What the broken house has besides: nothing of it is to be named. */
const besides: Files = {
  'test/help.ts': 'export const help = 1;',
  'src/paths/ring-b.ts': "import { a } from './ring-a.ts';\n\nexport const b = (): unknown => a;",
  'src/raft/ring-b.ts': "import type { A } from './ring-a.ts';\n\nexport type B = { a: A };",
  'src/doors/listen.ts': 'export const listen = 1;',
};

type Break = {
  readonly what: string;
  readonly file: string;
  readonly text: string;
  /** Laws of `.dependency-cruiser.mjs` that this breaks. */
  readonly laws?: readonly string[];
  /** Rules of `eslint.config.mjs` that this breaks. */
  readonly rules?: readonly string[];
  /** What the compiler run without Node types says. */
  readonly compiler?: RegExp;
};

const builtin = 'only-world-rooms-touch-node-builtins';
const breaks: readonly Break[] = [
  {
    what: 'a sideways import',
    file: 'src/raft/sideways.ts',
    text: "export { parse } from '../paths/index.ts';",
    laws: ['room-raft'],
  },
  {
    what: 'an upward import of a type',
    file: 'src/base/upward.ts',
    text: "export type { Term } from '../raft/index.ts';",
    laws: ['room-base'],
  },
  {
    what: 'a Node builtin in a pure room',
    file: 'src/tree/builtin.ts',
    text: "export { readFileSync } from 'node:fs';",
    laws: [builtin],
    compiler: /node:fs/,
  },
  {
    what: 'a Node builtin in a ported room',
    file: 'src/wal/builtin.ts',
    text: "export { open } from 'fs/promises';",
    laws: [builtin],
  },
  {
    what: 'the type of a Node builtin in a ported room',
    file: 'src/wal/builtin-type.ts',
    text: "export type { Socket } from 'node:net';",
    laws: [builtin],
  },
  {
    what: 'a package outside its room',
    file: 'src/wal/package.ts',
    text: "export { WebSocket } from 'ws';",
    laws: ['npm-wal'],
  },
  {
    what: 'an import past a door',
    file: 'src/paths/past.ts',
    text: "export { assert } from '../base/assert.ts';",
    laws: ['enter-by-the-door'],
  },
  {
    what: "one's own door",
    file: 'src/tree/own.ts',
    text: "export { Tree } from './index.ts';",
    laws: ['not-your-own-door'],
  },
  {
    what: "the door of one's own part of protocol",
    file: 'src/protocol/peer/own.ts',
    text: "export type { Vote } from './index.ts';",
    laws: ['not-your-own-sub-door'],
  },
  {
    what: 'a cycle',
    file: 'src/paths/ring-a.ts',
    text: "import { b } from './ring-b.ts';\n\nexport const a = (): unknown => b;",
    laws: ['no-cycles'],
  },
  {
    what: 'a cycle of types alone',
    file: 'src/raft/ring-a.ts',
    text: "import type { B } from './ring-b.ts';\n\nexport type A = B | 1;",
    laws: ['no-cycles'],
  },
  {
    what: 'an orphan',
    file: 'src/tree/orphan.ts',
    text: 'export const nobody = 1;',
    laws: ['no-orphans'],
  },
  {
    what: 'a development package',
    file: 'src/transport/dev.ts',
    text: "export { assert } from 'fast-check';",
    laws: ['no-dev-deps-in-src', 'npm-transport'],
  },
  {
    what: 'a file that is not there',
    file: 'src/paths/gone.ts',
    text: "export { gone } from './not-there.ts';",
    laws: ['not-to-unresolvable'],
    compiler: /not-there/,
  },
  {
    what: 'the peer protocol in the client',
    file: 'src/client/vote.ts',
    text: "export type { Vote } from '../protocol/peer/index.ts';",
    laws: ['client-speaks-client-protocol-only'],
  },
  {
    what: 'a test in the source',
    file: 'src/transport/test.ts',
    text: "export { help } from '../../test/help.ts';",
    laws: ['src-never-imports-tests'],
  },
  {
    what: 'more than a doormat',
    file: 'bin/doozerd.js',
    text: "import '../dist/src/daemon/index.js';",
    laws: ['bin-is-a-doormat'],
  },
  {
    what: 'a drill that enters past a door',
    file: 'firedrills/past.ts',
    text: "export { open } from '../src/transport/links.ts';",
    laws: ['guests-enter-by-the-door'],
  },
  {
    what: 'waiting in a pure room',
    file: 'src/tree/waits.ts',
    text: 'export async function wait(): Promise<void> {\n  await Promise.resolve();\n}',
    rules: ['no-restricted-syntax'],
  },
  {
    what: 'Date in a ported room',
    file: 'src/wal/date.ts',
    text: 'export const now = (): number => Date.now();',
    rules: ['no-restricted-globals'],
  },
  {
    what: 'chance in a pure room',
    file: 'src/tree/chance.ts',
    text: 'export const chance = (): number => Math.random();',
    rules: ['no-restricted-properties'],
  },
  {
    what: 'a running line in a types room',
    file: 'src/ports/runs.ts',
    text: 'export const now = (): number => 0;',
    rules: ['no-restricted-syntax'],
  },
  {
    what: 'a silent running line in a types room',
    file: 'src/ports/runs-alone.ts',
    text: "if ('a'.length > 1) throw new Error();\nexport type A = 1;",
    rules: ['no-restricted-syntax'],
  },
  {
    what: 'a door with code in it',
    file: 'src/connect/index.ts',
    text: 'export const code = 1;',
    rules: ['no-restricted-syntax'],
  },
  {
    what: 'a forgotten case',
    file: 'src/tree/cases.ts',
    text: "export function say(kind: 'a' | 'b'): string {\n  let said = '';\n  switch (kind) {\n    case 'a':\n      said = 'a';\n  }\n  return said;\n}",
    rules: ['@typescript-eslint/switch-exhaustiveness-check'],
  },
  {
    what: 'process in a pure room',
    file: 'src/raft/process.ts',
    text: 'export const home = (): unknown => process.env;',
    rules: ['no-restricted-globals'],
    compiler: /Cannot find name 'process'/,
  },
  {
    what: 'a timer in a pure room',
    file: 'src/raft/timer.ts',
    text: 'export const later = (f: () => void): unknown => setTimeout(f, 1);',
    rules: ['no-restricted-globals'],
    compiler: /Cannot find name 'setTimeout'/,
  },
];

const scratch = new Scratch();
afterAll(() => scratch.remove());

describe('a house in which every law is broken', () => {
  type Violation = { readonly rule: { readonly name: string }; readonly from: string };
  type Linted = {
    readonly filePath: string;
    readonly messages: readonly { readonly ruleId: string | null }[];
  };
  let violations: readonly Violation[] = [];
  let linted: readonly Linted[] = [];
  let compiled: Said;

  beforeAll(async () => {
    const files = { ...sound, ...besides };
    for (const { file, text } of breaks) Object.assign(files, { [file]: text });
    const folder = scratch.build('broken', files);
    const [cruised, lint, pure] = await Promise.all([
      node(folder, 'tools/check-architecture.mjs', '--json'),
      node(folder, 'node_modules/eslint/bin/eslint.js', '--format', 'json', 'src'),
      node(
        folder,
        ...'node_modules/typescript/bin/tsc -p tsconfig.pure.json --pretty false'.split(' '),
      ),
    ]);
    expect(cruised.err + lint.err + pure.err).toBe('');
    expect([cruised.code, lint.code, pure.code]).toEqual([1, 1, 2]);
    violations = JSON.parse(cruised.out) as Violation[];
    linted = JSON.parse(lint.out) as Linted[];
    compiled = pure;
    // Three whole tools at once, on a machine that may have other work.
  }, 120_000);

  const lawsBrokenBy = (file: string): string[] => {
    const names = violations.filter(({ from }) => from === file).map(({ rule }) => rule.name);
    return [...new Set(names)].sort();
  };
  const rulesBrokenBy = (file: string): string[] => {
    const messages = linted
      .filter(({ filePath }) => filePath.endsWith(`/broken/${file}`))
      .flatMap((found) => found.messages);
    return [...new Set(messages.map(({ ruleId }) => ruleId ?? 'unread'))].sort();
  };
  const compilerOn = (file: string): string => {
    const lines = compiled.out.split('\n');
    return lines.filter((line) => line.startsWith(`${file}(`)).join('\n');
  };

  for (const { what, file, laws = [], rules = [], compiler } of breaks) {
    test(`says no to ${what} (${file})`, () => {
      // Nobody imports the broken files, so each is an orphan besides what it is here for.
      const broken = lawsBrokenBy(file).filter((law) => law !== 'no-orphans' || laws.includes(law));
      expect(broken).toEqual(laws);
      expect(rulesBrokenBy(file)).toEqual(rules);
      if (compiler !== undefined) expect(compilerOn(file)).toMatch(compiler);
    });
  }

  test('has nothing against what is sound', () => {
    for (const file of Object.keys(sound)) {
      expect([file, ...lawsBrokenBy(file), ...rulesBrokenBy(file)]).toEqual([file]);
      expect(compilerOn(file)).toBe('');
    }
  });
});

describe('the checks themselves', () => {
  test('let a sound house pass', async () => {
    const folder = scratch.build('sound', sound);
    const [cruised, table] = await Promise.all([
      node(folder, 'tools/check-architecture.mjs'),
      node(folder, 'tools/check-house.mjs'),
    ]);
    expect(cruised.err + table.err).toBe('');
    expect([cruised.code, table.code]).toEqual([0, 0]);
  });

  test('refuse a room table whose imports do not point down, and folders it does not know', async () => {
    const folder = scratch.build('table', {
      ...sound,
      'src/attic/index.ts': "export { parse } from '../paths/index.ts';",
      'src/loose.ts': 'export const loose = 1;',
      'src/node/loop.ts': 'export const loop = 1;',
      'src/protocol/gossip/index.ts': "export type { Frame } from '../frame.ts';",
      'package.json': JSON.stringify({ type: 'module', dependencies: { 'left-pad': '1.0.0' } }),
    });
    const file = join(folder, 'tools/house.mjs');
    const more =
      "\nrooms.base.may.push('tree');\nrooms.wal.may.push('paths', 'cellar');\nrooms.server.may.push('platform');\n";
    writeFileSync(file, readFileSync(file, 'utf8') + more);
    const { code, err } = await node(folder, 'tools/check-house.mjs');
    expect(code).toBe(1);
    expect(err.trimEnd().split('\n')).toEqual([
      'base (storey 0) may not import tree (storey 2): imports point down',
      'wal: unknown room "cellar"',
      'server (ported) may not rest on platform (world)',
      'src/attic is not in the room table (tools/house.mjs)',
      'src/node has no door: write src/node/index.ts',
      'src/loose.ts stands in no room',
      'src/protocol/gossip is not a part of protocol',
      'package "left-pad" is a dependency but no room may use it',
    ]);
  });

  test('refuse to vouch for files that were not read', async () => {
    const folder = scratch.build('unread', sound);
    const file = join(folder, '.dependency-cruiser.mjs');
    writeFileSync(file, readFileSync(file, 'utf8').replace("'^src/doors/web/' }", "'^src/wal/' }"));
    const { code, err } = await node(folder, 'tools/check-architecture.mjs');
    expect(code).toBe(1);
    expect(err).toMatch(/saw too little to vouch[\s\S]*not read: src\/wal\/index\.ts/);
  });
});
