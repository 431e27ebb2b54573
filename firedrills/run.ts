import { readdirSync } from 'node:fs';
import { Scratch } from './support/processes.ts';
import { Story } from './support/story.ts';

/** What a drill's file exports. */
export type Drill = (scratch: Scratch, story: Story, words: readonly string[]) => Promise<void>;

/** A drill that takes longer has hung. */
const drillMsMax = 10 * 60_000;

const folder = new URL('.', import.meta.url);
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'support')
  .map((entry) => entry.name)
  .sort();

async function runDrill(name: string, words: readonly string[]): Promise<boolean> {
  process.stdout.write(`\n# ${name}\n`);
  const scratch = new Scratch();
  const story = new Story();
  const stop = () => void scratch.tidy().then(() => process.exit(130));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const hung = setTimeout(() => {
    process.stdout.write(`not ok: ${name} took longer than ${drillMsMax} ms\n`);
    void scratch.tidy().then(() => process.exit(1));
  }, drillMsMax);
  try {
    const module: { drill: Drill } = await import(new URL(`${name}/drill.js`, folder).href);
    await module.drill(scratch, story, words);
    for (const figure of story.figures) process.stdout.write(`${name}: ${figure}\n`);
    process.stdout.write(`ok: ${name}\n`);
    return true;
  } catch (error) {
    process.stdout.write(`not ok: ${name}: ${error instanceof Error ? error.message : error}\n`);
    for (const node of scratch.nodes) {
      process.stdout.write(`--- the log of ${node.address} (pid ${node.pid})\n${node.tail()}\n`);
    }
    return false;
  } finally {
    clearTimeout(hung);
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    await scratch.tidy();
  }
}

const [wanted = '', ...words] = process.argv.slice(2);
if (wanted !== 'all' && !names.includes(wanted)) {
  process.stderr.write(`usage: npm run drill -- NAME|all\n  drills: ${names.join(' ')}\n`);
  process.exit(2);
}
let failed = 0;
const chosen = wanted === 'all' ? names : [wanted];
for (const name of chosen) if (!(await runDrill(name, words))) failed++;
process.stdout.write(`\n${chosen.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
