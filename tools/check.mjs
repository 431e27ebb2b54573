// The one answer to "may this go in?": every script of package.json whose name starts with `check:`,
// side by side, then the tests. Verifies and never mends: a reviewed diff stays as it was reviewed.
// `--no-tests` leaves the tests out, for a pipeline that has just run them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from './files.mjs';
import { runAll } from './run-all.mjs';

const unknown = process.argv.slice(2).filter((word) => word !== '--no-tests');
if (unknown.length > 0) {
  console.error(`check: unknown option "${unknown[0]}"; there is only --no-tests`);
  process.exit(2);
}

const { scripts } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
const jobs = Object.entries(scripts)
  .filter(([name]) => name.startsWith('check:'))
  .map(([name, command]) => ({ name, command }));

const began = performance.now();
process.env.CHECK_BRIEF = '1';
const failed = await runAll(jobs);
delete process.env.CHECK_BRIEF;

if (!process.argv.includes('--no-tests')) {
  const vitest = join(top, 'node_modules', 'vitest', 'vitest.mjs');
  const tests = spawnSync(process.execPath, [vitest, 'run'], { cwd: top, stdio: 'inherit' });
  if (tests.status !== 0) failed.push('test:run');
}

const seconds = ((performance.now() - began) / 1000).toFixed(1);
const verdict = failed.length > 0 ? `failed: ${failed.join(', ')}` : 'all well';
console.log(`check: ${verdict} (${seconds} s)`);
process.exitCode = failed.length > 0 ? 1 : 0;
