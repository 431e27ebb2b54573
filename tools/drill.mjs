// `npm run drill -- <name>`: one firedrill with real processes; `all` runs every one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, runNode } from './ensure.mjs';
import { top } from './files.mjs';

if (!existsSync(join(top, 'firedrills', 'run.ts'))) {
  console.error('There is no firedrills/run.ts to run drills with.');
  process.exit(1);
}
await ensureBuilt();
process.exitCode = await runNode(join('dist', 'firedrills', 'run.js'), ...process.argv.slice(2));
