import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Campaign } from '../support/campaign.ts';
import { runChecked } from '../support/checked-drill.ts';
import { drillOptions } from '../support/options.ts';
import type { Scratch } from '../support/processes.ts';
import type { Row, Story } from '../support/story.ts';
import { pause } from '../support/wait.ts';
import { Network, type Reach } from './network.ts';

/** Names the network that this process was started in. */
const insideVariable = 'DOOZER_DRILL_NETWORK';
const runFile = fileURLToPath(new URL('../run.js', import.meta.url));
const shortestMs = 200;
const longestMs = 5000;

/**
 * Twice the same process: the outer one makes the networks and removes them whatever happens, the inner one
 * runs in the network of the clients.
 */
export async function drill(
  scratch: Scratch,
  story: Story,
  words: readonly string[],
): Promise<void> {
  const options = drillOptions(words);
  // Three have the simplest cuts; only five have two on one side and three on the other.
  const voters = options.seed % 2 === 0 ? 3 : 5;
  const inside = process.env[insideVariable];
  if (inside === undefined) {
    const given = ['--seconds', String(options.seconds), '--seed', String(options.seed)];
    await outside(scratch, story, given, voters);
    return;
  }
  // Without the outer process nobody would tidy up.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  const network = new Network(inside, voters);
  await runChecked(scratch, story, words, {
    name: 'partition',
    voters,
    addresses: network.addresses,
    prepare: (cluster) => {
      for (let place = 0; place < voters; place++) cluster.viaAt.set(place, network.via(place));
    },
    faults: (campaign) => faults(campaign, network),
  });
}

async function outside(
  scratch: Scratch,
  story: Story,
  words: readonly string[],
  voters: number,
): Promise<void> {
  const network = Network.make(voters);
  scratch.atEnd(async () => network.remove());
  const [command = '', ...via] = ['ip', 'netns', 'exec', network.hub];
  const child = spawn(command, [...via, process.execPath, runFile, 'partition', ...words], {
    env: { ...process.env, [insideVariable]: network.name },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  scratch.atEnd(async () => {
    child.kill('SIGTERM');
    await Promise.race([ended, pause(5000)]);
    child.kill('SIGKILL');
  });
  child.on('message', (row: Row) => {
    story.row = row;
  });
  const status = await ended;
  if (status !== 0) throw new Error(`the drill inside ended with ${status}; see above`);
}

type Cut = { readonly kind: string; readonly reach: Reach };

async function faults(campaign: Campaign, network: Network): Promise<void> {
  const doublings = Math.log2(longestMs / shortestMs);
  while (!campaign.isOver) {
    const { kind, reach } = await cut(campaign);
    const ms = Math.round(shortestMs * 2 ** ((campaign.random.below(1000) / 1000) * doublings));
    network.set(reach);
    campaign.fault(kind, `${kind}, ${ms} ms: ${describe(campaign.places, reach)}`);
    await pause(ms);
    // Sometimes one cut follows the other without a whole network in between.
    if (campaign.random.below(4) === 0) continue;
    network.set(() => true);
    await campaign.rest(100, 1500);
  }
  network.set(() => true);
}

async function cut(campaign: Campaign): Promise<Cut> {
  const { places, random } = campaign;
  const one = campaign.pick(places);
  const other = campaign.pick(places.filter((place) => place !== one));
  const middle = campaign.pick(places.filter((place) => place !== one && place !== other));
  // Neither side is empty.
  const side = places.map((place) => (place === one ? 1 : place === other ? 0 : random.below(2)));
  const isIn = (place: number) => side[place] === 1;
  const cuts: (() => Cut | Promise<Cut>)[] = [
    async () => {
      const leader = (await campaign.leader()) ?? one;
      return { kind: 'leader alone', reach: (a, b) => a !== leader && b !== leader };
    },
    async () => {
      const leader = (await campaign.leader()) ?? one;
      return { kind: 'leader unheard', reach: (a) => a !== leader };
    },
    async () => {
      const leader = (await campaign.leader()) ?? one;
      return { kind: 'leader deaf', reach: (_, b) => b !== leader };
    },
    () => ({ kind: 'two sides', reach: (a, b) => isIn(a) === isIn(b) }),
    () => ({ kind: 'two sides, one hears', reach: (a, b) => isIn(a) === isIn(b) || isIn(a) }),
    () => ({
      kind: 'bridge',
      reach: (a, b) => a === middle || b === middle || isIn(a) === isIn(b),
    }),
    () => ({
      kind: 'one link',
      reach: (a, b) => !((a === one && b === other) || (a === other && b === one)),
    }),
    () => ({ kind: 'one link, one way', reach: (a, b) => !(a === one && b === other) }),
    () => ({ kind: 'each alone', reach: () => false }),
  ];
  return campaign.pick(cuts)();
}

const describe = (places: readonly number[], reach: Reach): string => {
  const lost = places.flatMap((a) =>
    places.filter((b) => a !== b && !reach(a, b)).map((b) => `${a}>${b}`),
  );
  return lost.length === 0 ? 'nothing is lost' : `lost ${lost.join(' ')}`;
};
