// Watchers that stall for good, and watchers of what never changes: what they cost others, against none. Each figure is
// taken with and without, in turns. See docs/performance.md.
//
//   node tools/bench/stalled-watchers.mjs [--watches 1000] [--many 10000] [--seconds 5] [--turns 3]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { memoryOf, pause } from './nodes.mjs';
import { leaderOf, putsFor, startHelper, startVoters } from './three.mjs';

const { values } = parseArgs({
  options: {
    watches: { type: 'string', default: '1000' },
    many: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '5' },
    turns: { type: 'string', default: '3' },
  },
});
const [watches, many, seconds, turns] = ['watches', 'many', 'seconds', 'turns'].map((name) =>
  Number(values[name]),
);
const clients = 20;

/** What is watched by whom, and what is written meanwhile. */
const cases = [
  /** The program never asks for the next event: the node runs out of credits. */
  { name: 'a loop that never goes on', words: [watches, clients, 'all'], files: 1000 },
  /** The process stands still: nothing is read off its connections any more. */
  {
    name: 'a process that stands still',
    words: [watches, clients, 'all'],
    files: 1000,
    stop: true,
  },
  { name: 'files of which one changes', words: [many, clients, 'own'], files: 1 },
];

for (const one of cases) await measure(one);

async function measure({ name, words, files, stop = false }) {
  const scratch = mkdtempSync(join(tmpdir(), 'doozer-bench-'));
  const nodes = [];
  const helpers = [];
  try {
    nodes.push(...(await startVoters(scratch)));
    const addresses = nodes.map(({ address }) => address);
    const leader = await leaderOf(nodes);
    const rows = { without: [], with: [] };
    for (let turn = 0; turn < turns; turn++) {
      rows.without.push(await row(addresses, leader, files));
      const helper = await startHelper('./watchers.mjs', ...words, leader.address);
      helpers.push(helper);
      if (stop) helper.signal('SIGSTOP');
      rows.with.push(await row(addresses, leader, files));
      await helper.kill();
      await pause(500);
    }
    const of = (which, what) => median(rows[which].map((taken) => taken[what]));
    const ratio = (what) => Math.round((of('with', what) / of('without', what)) * 100) / 100;
    console.log(JSON.stringify({ watchers: words[0], of: name, ...rows }));
    console.log(
      JSON.stringify({
        watchers: words[0],
        of: name,
        puts: ratio('perSecond'),
        p99: ratio('p99Ms'),
        leaderMemory: ratio('leaderRssMb'),
      }),
    );
  } finally {
    await Promise.all(helpers.map((helper) => helper.kill()));
    await Promise.all(nodes.map((node) => node.end()));
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function row(addresses, leader, files) {
  const { perSecond, p99Ms } = await putsFor(addresses, seconds * 1000, { clients: 16, files });
  return { perSecond, p99Ms, leaderRssMb: memoryOf(leader.pid).rssMb };
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
