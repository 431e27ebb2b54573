import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { doozerErrors, doozerVerbs } from '../../src/protocol/doozer/index.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = read('docs/protocol.md');
const story = (name: string) => read(`test/scenarios/protocol/${name}.txt`);

/** Every `kind` that stands in a golden scenario. */
const kindsIn = (name: string) => [
  ...new Set([...story(name).matchAll(/"kind":"(\w+)"/g)].map(([, kind]) => kind ?? '')),
];

test.each(['native-replies', 'peer', 'entries', 'commands'])(
  'docs/protocol.md has a row for every kind in the golden bytes of %s',
  (name) => {
    // Changes and events are named in the rows of the messages that carry them.
    const carried = ['set', 'delete', 'nop', 'file', 'written', 'read'];
    for (const kind of kindsIn(name).filter((it) => !carried.includes(it))) {
      expect(page).toContain(`\`${kind}\``);
    }
  },
);

test('docs/protocol.md numbers every request as the golden bytes do', () => {
  // [[verb, ...: a list of one list, then the verb in one byte.
  const seen = story('native-requests').matchAll(/^\[\{"kind":"(\w+)".*\}\]\n----\n91\w\w(\w\w)/gm);
  const rows = new Set<string>();
  for (const [, kind, verb] of seen) rows.add(`| \`${kind}\` ${Number.parseInt(verb ?? '', 16)} |`);
  expect(rows.size).toBe(28);
  for (const row of rows) expect(page).toContain(row);
});

test("docs/protocol.md has doozer's verbs and errors with their numbers", () => {
  for (const [verb, number] of Object.entries(doozerVerbs)) {
    expect(page).toContain(`| ${verb} ${number} |`);
  }
  for (const [error, number] of Object.entries(doozerErrors)) {
    expect(page).toMatch(new RegExp(`\\b${error} ${number}\\b`));
  }
});
