// `npm start`: a cluster on this machine, to look at. Installs and builds first if needed.
import { ensureBuilt } from './ensure.mjs';

await ensureBuilt();
process.exitCode = await runCluster(process.argv.slice(2));

/** Starts the nodes, stays until told to stop, and returns the exit code. */
async function runCluster(_args) {
  console.error('The cluster runner is missing.');
  return 1;
}
