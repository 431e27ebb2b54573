import { readdirSync } from 'node:fs';
import { CannotRun } from './support/cannot-run.ts';
import { UsageError } from './support/options.ts';
import { Scratch } from './support/processes.ts';
import { type Row, Story } from './support/story.ts';
import { nowMs } from './support/wait.ts';

/** What a drill's file exports. */
export type Drill = (scratch: Scratch, story: Story, words: readonly string[]) => Promise<void>;

type Ending = 'ok' | 'failed' | 'left out';

/** A drill that takes this much longer than it was told to has hung. */
const drillMsMax = 10 * 60_000;
/** One round of a drill that has rounds, all its ways together. */
const roundMsMax = 180_000;
/** A drill that this machine or this user cannot run, as the test runners of GNU say it. */
const leftOutStatus = 77;

const folder = new URL('.', import.meta.url);
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'support')
  .map((entry) => entry.name)
  .sort();
/** Not among `all`: they take minutes, and what they judge is memory and time, on a machine of their own. */
const onlyByName: ReadonlySet<string> = new Set(['hostile', 'sizes']);
const rows: Row[] = [];
/** A drill that needs a process elsewhere runs itself there, and tells what comes of it. */
const isInner = process.send !== undefined;

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function patienceMs(words: readonly string[]): number {
  const given = (name: string): number => {
    const at = words.indexOf(name);
    const value = at < 0 ? 0 : Number(words[at + 1]);
    return value >= 1 ? value : 0;
  };
  return drillMsMax + given('--seconds') * 2000 + given('--rounds') * roundMsMax;
}

async function runDrill(name: string, words: readonly string[]): Promise<Ending> {
  if (!isInner) process.stdout.write(`\n# ${name}\n`);
  const scratch = new Scratch();
  const story = new Story();
  let keep = false;
  let stopping = false;
  // Ctrl-C comes twice, from the terminal and from npm.
  const stop = () => {
    if (!stopping) void scratch.tidy().finally(() => process.exit(130));
    stopping = true;
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  const hung = setTimeout(() => {
    process.stdout.write(`not ok: ${name} hangs; its folder is ${scratch.folder}\n`);
    void scratch.tidy(true).finally(() => process.exit(1));
  }, patienceMs(words));
  try {
    const module: { drill: Drill } = await import(new URL(`${name}/drill.js`, folder).href);
    await module.drill(scratch, story, words);
    for (const figure of story.figures) process.stdout.write(`${name}: ${figure}\n`);
    if (!isInner) process.stdout.write(`ok: ${name}\n`);
    return 'ok';
  } catch (error) {
    if (stopping) return await new Promise<never>(() => {});
    if (error instanceof UsageError) throw error;
    if (error instanceof CannotRun) {
      process.stdout.write(`left out: ${name}: ${error.message}\n`);
      return 'left out';
    }
    keep = true;
    const again = story.seed === null ? '' : ` (--seed ${story.seed})`;
    process.stdout.write(`not ok: ${name}: ${messageOf(error)}${again}\n`);
    for (const node of scratch.nodes.slice(-10)) {
      process.stdout.write(`--- the log of ${node.address} (pid ${node.pid})\n${node.tail()}\n`);
    }
    process.stdout.write(`its folder is kept: ${scratch.folder}\n`);
    return 'failed';
  } finally {
    clearTimeout(hung);
    for (const signal of signals) process.off(signal, stop);
    await scratch.tidy(keep);
    if (story.row !== null) {
      rows.push(story.row);
      process.send?.(story.row);
    }
  }
}

function printTable(): void {
  const head = ['drill', 'operations', 'faults', 'unknown', 'violations', 'longest silence'];
  const lines = rows.map((row) => [
    row.drill,
    String(row.operations),
    String(row.faults),
    String(row.unknown),
    String(row.violations),
    `${row.longestSilenceMs} ms`,
  ]);
  process.stdout.write('\n');
  for (const line of [head, ...lines]) {
    const cells = line.map((cell, i) => (i === 0 ? cell.padEnd(14) : cell.padStart(16)));
    process.stdout.write(`${cells.join('')}\n`);
  }
}

async function main(wanted: string, words: readonly string[]): Promise<number> {
  const chosen = wanted === 'all' ? names.filter((name) => !onlyByName.has(name)) : [wanted];
  const startMs = nowMs();
  const endings: Record<Ending, number> = { ok: 0, failed: 0, 'left out': 0 };
  for (const name of chosen) endings[await runDrill(name, words)]++;
  const { ok, failed, 'left out': leftOut } = endings;
  if (!isInner) {
    if (rows.length > 0) printTable();
    const seconds = Math.round((nowMs() - startMs) / 1000);
    process.stdout.write(
      `\n${ok} passed, ${failed} failed, ${leftOut} left out, in ${seconds} s\n`,
    );
  }
  return failed > 0 ? 1 : leftOut > 0 ? leftOutStatus : 0;
}

const [wanted = '', ...words] = process.argv.slice(2);
if (wanted !== 'all' && !names.includes(wanted)) {
  process.stderr.write(
    `usage: npm run drill -- NAME|all [--seconds N] [--seed N]\n  drills: ${names.join(' ')}\n`,
  );
  process.exitCode = 2;
} else {
  try {
    // Clients of a drill that failed half way may still be looking for their nodes.
    process.exit(await main(wanted, words));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
