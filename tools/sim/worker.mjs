// One process of a batch: takes lots of seeds from its parent, and tells what came of them.
import { load, runSeed } from './drive.mjs';

// Refusals are everyday here, and their stacks cost more than they do.
Error.stackTraceLimit = 0;
const rooms = await load(process.argv[2] ?? 'dist');
const { addCounts } = rooms.sim;

process.on('message', async ({ from, count, stopAtFirst }) => {
  const counts = {};
  const failures = [];
  let happenings = 0;
  let madeUpMs = 0;
  let runs = 0;
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await runSeed(rooms, seed);
    runs++;
    addCounts(counts, outcome.happened);
    happenings += outcome.happenings;
    madeUpMs += outcome.madeUpMs;
    if (outcome.violation === null) continue;
    failures.push({ seed, ...outcome.violation });
    if (stopAtFirst) break;
  }
  process.send({ from, runs, counts, failures, happenings, madeUpMs });
});
process.on('disconnect', () => process.exit(0));
process.send('ready');
