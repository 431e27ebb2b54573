// `npm run sim`: a made-up cluster from one number; docs/simulator.md tells what its lines mean.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './ensure.mjs';
import { top } from './files.mjs';
import { batch } from './sim/batch.mjs';
import { load, runSeed } from './sim/drive.mjs';

const usage = `usage: npm run sim -- [options]
  --seed N       one run, a line for each thing that happens
  --quiet        with --seed: only how it ended
  --shrink       with --seed: leaves out what the failure does not need, and tells what is left
  --runs N       so many runs (default 200)
  --minutes M    as many runs as fit
  --from N       the first seed; "random" draws one and says it (default 1)
  --resume       go on where the last batch with --resume ended, and add to its counts
  --workers N    processes (default: one a core)
  --no-floors    few runs may miss what is rare
  --json         the report as one line of JSON
  --dist FOLDER  another build of this project (default dist)`;

/** Runs the shrinker may take. */
const triesMax = 400;

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    runs: { type: 'string' },
    minutes: { type: 'string' },
    from: { type: 'string', default: '1' },
    resume: { type: 'boolean', default: false },
    workers: { type: 'string' },
    'no-floors': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    dist: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(usage);
  process.exit(0);
}
if (options.dist === undefined) await ensureBuilt();
const dist = options.dist ?? 'dist';
process.exitCode = options.seed === undefined ? await many() : await one(whole('seed'));

function whole(name) {
  const number = Number(options[name]);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`--${name} is "${options[name]}"; it must be a whole number, 0 or more`);
  process.exit(2);
}

// --- one ------------------------------------------------------------------------------------------

async function one(seed) {
  const rooms = await load(dist);
  const listener = options.quiet || options.shrink ? undefined : (line) => console.log(line);
  const outcome = await runSeed(rooms, seed, { listener });
  if (outcome.violation !== null && options.shrink) return shrunk(rooms, seed, outcome.violation);
  tell(outcome);
  return outcome.violation === null ? 0 : 1;
}

function tell({ seed, violation, happenings, madeUpMs, fingerprint }) {
  const how = violation === null ? 'clean' : `FAILED ${violation.message}`;
  const size = `${happenings} happenings, ${(madeUpMs / 1000).toFixed(1)} made-up s, ${fingerprint}`;
  console.log(`seed ${seed}: ${how}\n${size}`);
}

async function shrunk(rooms, seed, { checker }) {
  const plan = rooms.sim.drawPlan(seed);
  const fails = async (left) =>
    (await runSeed(rooms, seed, { left })).violation?.checker === checker;
  const left = await rooms.sim.shrink(plan, fails, triesMax);
  const outcome = await runSeed(rooms, seed, { left, listener: (line) => console.log(line) });
  tell(outcome);
  console.log(`${JSON.stringify(plan.shape)}`);
  for (const at of left.steps) console.log(`step ${at}: ${JSON.stringify(plan.steps[at])}`);
  console.log(`errands: ${[...left.errands].join(' ') || 'none'}`);
  return 1;
}

// --- many -----------------------------------------------------------------------------------------

function fresh() {
  const from = options.from === 'random' ? Math.floor(Math.random() * 2 ** 31) : whole('from');
  return {
    from,
    next: from,
    runs: 0,
    seconds: 0,
    counts: {},
    failures: [],
    happenings: 0,
    madeUpMs: 0,
  };
}

function kept(file) {
  return options.resume && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : fresh();
}

function keep(file, state) {
  if (!options.resume) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, JSON.stringify(state));
  renameSync(`${file}.part`, file);
}

async function many() {
  const file = join(top, 'tmp', 'sim.json');
  const { sim } = await load(dist);
  const state = kept(file);
  const before = state.seconds;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const endSeconds = options.minutes === undefined ? Infinity : Number(options.minutes) * 60;
  const end =
    options.minutes === undefined
      ? state.next + (options.runs === undefined ? 200 : whole('runs'))
      : Infinity;
  let saidAt = 0;
  await batch({
    dist,
    from: state.next,
    ...(options.workers !== undefined && { workers: whole('workers') }),
    mayGoOn: (next) => (seconds() < endSeconds ? end - next : 0),
    told: ({ from, runs, counts, failures, happenings, madeUpMs }) => {
      state.next = Math.max(state.next, from + runs);
      state.runs += runs;
      state.happenings += happenings;
      state.madeUpMs += madeUpMs;
      state.seconds = before + seconds();
      sim.addCounts(state.counts, counts);
      for (const failure of failures) {
        state.failures.push(failure);
        console.log(`seed ${failure.seed}: FAILED ${failure.message}`);
      }
      if (seconds() - saidAt < 15) return;
      saidAt = seconds();
      keep(file, state);
      if (!options.json)
        console.log(
          `${state.runs} runs, ${state.failures.length} failed, ${(state.runs / state.seconds).toFixed(1)} a second`,
        );
    },
  });
  keep(file, state);
  return report(sim, state);
}

function report(sim, state) {
  const blind = options['no-floors'] ? [] : sim.blindSpots(state.counts, state.runs);
  const perSecond = state.runs / state.seconds;
  if (options.json) {
    console.log(JSON.stringify({ ...state, perSecond, blind }));
  } else {
    console.log(
      `\n${state.runs} runs from seed ${state.from}: ${state.failures.length} failed; ${perSecond.toFixed(1)} a second, ${(state.madeUpMs / 1000 / state.seconds).toFixed(0)} times real time, ${Math.round(state.happenings / state.seconds)} happenings a second`,
    );
    const names = Object.keys(state.counts).sort();
    for (const name of names) {
      const count = state.counts[name];
      console.log(
        `${name.padEnd(24)} ${String(count).padStart(10)}  ${((count * 1e6) / state.runs).toFixed(0).padStart(12)} per million runs`,
      );
    }
  }
  for (const spot of blind) console.error(`blind: ${spot}`);
  for (const { seed, message } of state.failures.slice(0, 20)) {
    console.error(`npm run sim -- --seed ${seed}   # ${message.split('\n')[0]}`);
  }
  return state.failures.length > 0 || blind.length > 0 ? 1 : 0;
}
