// The check of the pages says no: each promise is broken in a scratch copy.
import { afterAll, expect, test } from 'vitest';
import { type Files, node, Scratch } from '../support/scratch.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const sound: Files = {
  'README.md':
    '# Doozer\n\n## First `steps`\n\n[pages](docs/errors.md#err_a), [here](#first-steps)\n',
  'docs/errors.md': '# Errors\n\n## ERR_A\n',
  'docs/invariants.md':
    '# Invariants\n\n| N1 | turns never overlap | `src/node/loop.ts` |\n\n## W1\n\nChecked: `test/watch`\n',
  'src/base/errors.ts': 'export const errorCodes = {\n  ERR_A: { effect: 1 },\n};\n',
  'src/node/loop.ts': "export const claim = 'N1: turns never overlap';\n",
  'test/watch/hub.txt': '# W1: no gap.\n',
  'src/ports/clock.ts':
    '/** Time. */\nexport type Clock = {\n  /** Milliseconds. */\n  readonly now: () => number;\n};\n',
  'src/client/index.ts': "export { Client } from './client.ts';\n",
  'src/client/client.ts': '/** A guest. */\nexport class Client {}\n',
};

async function check(name: string, changes: Files): Promise<string[]> {
  const folder = scratch.build(name, { ...sound, ...changes });
  // Writes the room table, as `npm run docs` does.
  const printed = await node(folder, 'tools/print-house.mjs');
  expect(printed.err).toBe('');
  const { err } = await node(folder, 'tools/check-docs.mjs');
  return err.split('\n').filter(Boolean);
}

test('pages that tell the truth pass', async () => {
  expect(await check('sound', { 'docs/architecture.md': '# Architecture\n' })).toEqual([]);
});

test('every untruth is named, with its page', async () => {
  const untruths = await check('broken', {
    'docs/architecture.md': '# Architecture\n',
    'README.md':
      '[a](docs/none.md) `[b](none.md)`\n\n```\n[c](none.md)\n```\n\n[d](docs/errors.md#none)\n',
    'docs/errors.md': '# Errors\n\n## ERR_B\n\n## ERR_B\n',
    'docs/invariants.md':
      '# Invariants\n\n| W1 | no gap | `src/none.ts` |\n| W2 | old | `src/node/loop.ts` |\n| D3 | - | - |\n',
    'src/ports/clock.ts': 'export interface Clock {\n  now(): number;\n}\n',
    'src/client/client.ts': 'export class Client {}\n',
  });
  expect(untruths).toEqual([
    'README.md:1: "docs/none.md" leads nowhere',
    'README.md:7: docs/errors.md has no heading "#none"',
    'src/client/index.ts: "Client" has no docstring',
    'src/ports/clock.ts:1: "Clock" has no docstring',
    'src/ports/clock.ts:2: "Clock.now" has no docstring',
    'docs/errors.md: no section for ERR_A',
    'docs/errors.md: ERR_B is not in src/base/errors.ts',
    'docs/errors.md: ERR_B has two sections',
    'src/node/loop.ts: asserts N1, which docs/invariants.md does not list',
    'docs/invariants.md: W1: src/none.ts does not exist',
    'docs/invariants.md: W2: src/node/loop.ts does not mention it',
    'docs/invariants.md: D3 names no file where it is checked',
  ]);
});

test('a page may not be missing, nor the room table be old', async () => {
  const folder = scratch.build('missing', {
    'docs/architecture.md': '# Architecture\n',
    'src/base/errors.ts': '',
  });
  const { code, err } = await node(folder, 'tools/check-docs.mjs');
  expect(code).toBe(1);
  expect(err.trimEnd().split('\n')).toEqual([
    'docs/architecture.md: does not show the rooms as they are: npm run docs',
    'docs/errors.md: is missing',
    'docs/invariants.md: is missing',
  ]);
});
