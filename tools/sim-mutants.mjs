// `npm run sim:mutants`: puts known bugs back, one at a time, into a copy of the build, and counts the seeds
// until the simulator notices. Nothing of a mutant can reach a user: the copy is thrown away.
import { cpSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './ensure.mjs';
import { top } from './files.mjs';
import { batch } from './sim/batch.mjs';
import { load, runSeed } from './sim/drive.mjs';
import { later, mutants } from './sim/mutants/index.mjs';

const usage = `usage: npm run sim:mutants -- [options] [ID ...]
  --seeds N      at most so many runs a mutant (default 10000)
  --from N       the first seed (default 1)
  --workers N    processes (default: one a core)
  --check        only whether each mutant still fits the build
  --later        those that the simulator cannot catch yet, too
  --json FILE    the table, also as JSON
  --dist FOLDER  another build`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string' },
    check: { type: 'boolean', default: false },
    later: { type: 'boolean', default: false },
    json: { type: 'string' },
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
const all = options.later || positionals.length > 0 ? [...mutants, ...later] : mutants;
const chosen = all.filter(({ id }) => positionals.length === 0 || positionals.includes(id));
const unknown = positionals.filter((id) => !all.some((mutant) => mutant.id === id));
if (unknown.length > 0) {
  console.error(`There is no mutant ${unknown.join(', ')}.`);
  process.exit(2);
}

/** A bug may need the mechanism broken, too, that would hide it: then it has edits in several files. */
const patchesOf = ({ file, edits, also = [] }) => [{ file, edits }, ...also];

/** The files with the bug in them. Each edit must fit exactly once, or the mutant is of another time. */
function mutated(mutant) {
  return patchesOf(mutant).map(({ file, edits }) => {
    let text = readFileSync(join(top, dist, file), 'utf8');
    if (edits.length === 0) throw new Error(`${mutant.id} changes nothing`);
    for (const [find, replace] of edits) {
      const count = text.split(find).length - 1;
      if (count !== 1) throw new Error(`${mutant.id} fits ${file} ${count} times: ${find}`);
      text = text.replace(find, () => replace);
    }
    return { file, text };
  });
}

function copyWith({ id }, files) {
  const folder = join('tmp', 'mutants', `${id}-${process.pid}`);
  rmSync(join(top, folder), { recursive: true, force: true });
  mkdirSync(join(top, folder), { recursive: true });
  cpSync(join(top, dist, 'src'), join(top, folder, 'src'), { recursive: true });
  for (const { file, text } of files) {
    unlinkSync(join(top, folder, file));
    writeFileSync(join(top, folder, file), text);
  }
  return folder;
}

/** The first seed from `from` on that fails, or `null`. */
async function firstFailure(folder, from, end) {
  let caught = null;
  await batch({
    dist: folder,
    from,
    lot: 10,
    stopAtFirst: true,
    ...(options.workers !== undefined && { workers: Number(options.workers) }),
    mayGoOn: (next) => (caught === null ? end - next : 0),
    told: ({ failures: [first] }) => {
      if (first !== undefined && (caught === null || first.seed < caught.seed)) caught = first;
    },
  });
  return caught;
}

/** What the build itself does with a seed: one that fails without the bug says nothing about it. */
const unmutated = await load(dist);
const isClean = async (seed) => (await runSeed(unmutated, seed)).violation === null;

async function hunt(mutant) {
  const folder = copyWith(mutant, mutated(mutant));
  const from = Number(options.from);
  const end = from + Number(options.seeds);
  const passedOver = [];
  let caught = null;
  try {
    for (let next = from; next < end; next = caught.seed + 1) {
      caught = await firstFailure(folder, next, end);
      if (caught === null || (await isClean(caught.seed))) break;
      passedOver.push(caught.seed);
    }
  } finally {
    rmSync(join(top, folder), { recursive: true, force: true });
  }
  if (caught !== null && passedOver.includes(caught.seed)) caught = null;
  return {
    id: mutant.id,
    bug: mutant.bug,
    source: mutant.source,
    seeds: caught === null ? null : caught.seed - from + 1,
    seed: caught?.seed ?? null,
    checker: caught?.checker ?? null,
    message: caught?.message.split('\n')[0] ?? null,
    runs: (caught?.seed ?? end - 1) - from + 1,
    passedOver,
  };
}

let misfits = 0;
for (const mutant of chosen) {
  try {
    mutated(mutant);
  } catch (error) {
    misfits++;
    console.error(error.message);
  }
}
if (options.check || misfits > 0) {
  console.log(`${chosen.length} mutants, ${misfits} do not fit`);
  process.exit(misfits === 0 ? 0 : 1);
}

const table = [];
for (const mutant of chosen) {
  const result = await hunt(mutant);
  table.push(result);
  const how =
    result.seeds === null
      ? `SURVIVED ${result.runs} runs`
      : `${result.seeds} seeds, ${result.checker}`;
  console.log(
    `${result.id.padEnd(28)} ${how}${result.message === null ? '' : `: ${result.message.slice(0, 140)}`}`,
  );
}
const taken = table.flatMap(({ seeds }) => (seeds === null ? [] : [seeds])).sort((a, b) => a - b);
const median = taken[Math.floor((taken.length - 1) / 2)] ?? 0;
console.log(
  `\n${taken.length} of ${table.length} caught; seeds: median ${median}, most ${taken.at(-1) ?? 0}`,
);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(table, null, 1)}\n`);
process.exitCode = taken.length === table.length ? 0 : 1;
