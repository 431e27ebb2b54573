// `npm test`: what the README tells a newcomer. Installs if needed, builds, runs the tests.
// Arguments are handed to the runner: `npm test -- test/tree`.
import { join } from 'node:path';
import { ensureBuilt, runNode } from './ensure.mjs';

await ensureBuilt();
const vitest = join('node_modules', 'vitest', 'vitest.mjs');
process.exitCode = await runNode(vitest, 'run', ...process.argv.slice(2));
