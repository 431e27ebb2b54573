// Writes the room table and its drawing into docs/architecture.md, between the two markers, from
// tools/house.mjs. With --check it only says whether they are up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { top } from './files.mjs';
import { rooms } from './house.mjs';

export const page = 'docs/architecture.md';
const begin = '<!-- rooms: written by `npm run docs` from tools/house.mjs -->';
const end = '<!-- /rooms -->';

function table() {
  const ticked = (names) => names.map((name) => `\`${name}\``).join(' ') || '-';
  const rows = Object.entries(rooms).map(
    ([name, { storey, kind, may, npm }]) =>
      `| ${storey} | \`${name}\` | ${kind} | ${ticked(may)} | ${npm.join(', ') || '-'} |`,
  );
  return ['| Storey | Room | Kind | May import | npm |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

/** The rooms by storey, highest first: imports point down. */
function drawing() {
  const storeys = new Map();
  for (const [name, { storey, kind }] of Object.entries(rooms)) {
    storeys.set(storey, [...(storeys.get(storey) ?? []), `${name} (${kind})`]);
  }
  const lines = [...storeys]
    .sort(([a], [b]) => b - a)
    .map(([storey, names]) => `${String(storey).padStart(2)}  ${names.join('   ')}`);
  return ['```text', ...lines, '```'].join('\n');
}

/** What the page should hold, given what it holds now. */
export function withHouse(text) {
  const block = `${begin}\n\n${table()}\n\n${drawing()}\n\n${end}`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) {
    return `${text.trimEnd()}\n\n${block}\n`.trimStart();
  }
  return text.slice(0, from) + block + text.slice(to + end.length);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = join(top, page);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const after = withHouse(before);
  if (after === before) console.log(`${page} is up to date`);
  else if (process.argv.includes('--check')) {
    console.error(`${page} does not show the room table as it is: npm run docs`);
    process.exitCode = 1;
  } else if (before === '') {
    console.log(after);
    console.error(`${page} does not exist yet; this is what it will hold`);
  } else {
    writeFileSync(file, after);
    console.log(`${page} written`);
  }
}
