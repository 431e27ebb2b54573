// Drives made-up worlds: one happening, then every promise that can go on goes on, then the next.
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { top } from '../files.mjs';

/** Rooms of a build: the project's own, or a changed copy of it. */
export async function load(dist) {
  const from = (room) =>
    import(pathToFileURL(join(resolve(top, dist), 'src', room, 'index.js')).href);
  const [sim, platform] = await Promise.all([from('sim'), from('platform')]);
  return { sim, checksum: platform.checksum };
}

// Node drains promises between two immediates of one lot, so a lot costs the event loop one turn.
const lot = 64;

/** Steps until the run is over. */
export function drive(run) {
  return new Promise((done) => {
    let over = false;
    const step = () => {
      if (!over && !run.step()) over = true;
    };
    const turn = () => {
      if (over) return done();
      for (let i = 0; i < lot; i++) setImmediate(step);
      setImmediate(turn);
    };
    turn();
  });
}

/**
 * One run from its seed. A promise that is rejected with nobody to hear of it is a failure of the run too.
 */
export async function runSeed({ sim, checksum }, seed, options = {}) {
  const plan = sim.drawPlan(seed);
  const run = new sim.Run(plan, { checksum, ...options });
  const unheard = (error) => run.fail(error);
  process.on('unhandledRejection', unheard);
  try {
    await drive(run);
  } finally {
    process.off('unhandledRejection', unheard);
  }
  return run.outcome();
}
