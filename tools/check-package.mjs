// The package as others get it. Builds it, compares docs/client-api.md with its public surface, packs it
// as `npm publish` would, and has publint and attw look at the archive: every path of package.json is
// there, and its types are found and true. ESM only is what it is, so attw looks at nothing else.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differences, page } from './api-report.mjs';
import { top } from './files.mjs';
import { pack } from './pack.mjs';
import { runAll } from './run-all.mjs';

/** Lines of a difference that are shown; all of them are in the diff after a rewrite. */
const shownLines = 40;

const built = spawnSync(process.execPath, [join(top, 'tools', 'build.mjs')], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);

const lines = differences();
const count = (sign) => lines.filter((line) => line.startsWith(sign)).length;
if (lines.length > 0) {
  console.error(`${page} is not what was built; ${count('-')} lines go, ${count('+')} come:`);
  for (const line of lines.slice(0, shownLines)) console.error(`  ${line}`);
  if (lines.length > shownLines) console.error(`  and ${lines.length - shownLines} lines more`);
  console.error(
    'If the public surface is to change, `npm run api` writes the page anew; commit it too.',
  );
}

// What they say is of interest when it is bad.
process.env.CHECK_BRIEF = '1';
const folder = mkdtempSync(join(tmpdir(), 'doozer-pack-'));
try {
  const archive = pack(folder);
  const failed = await runAll([
    { name: 'publint', command: `publint run "${archive}" --strict` },
    { name: 'attw', command: `attw "${archive}" --profile esm-only --no-emoji --no-color` },
  ]);
  process.exitCode = failed.length + lines.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
