import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { connect } from '../../src/connect/index.ts';
import type { Campaign } from '../support/campaign.ts';
import { runChecked } from '../support/checked-drill.ts';
import { DoozerClient, verbs } from '../support/doozer-client.ts';
import { allVote, attachFresh, giveUp } from '../support/members.ts';
import type { Doozerd, Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { expect, pause, until } from '../support/wait.ts';
import { type Flip, rotSegment, rotSnapshot, rotVote } from './rot.ts';

const voters = 3;
/** A node that cannot start any more is replaced after this; one that can is back sooner. */
const silence = ['-timeout', '4'];
/** Together a little more than what makes a node write a snapshot (64 MiB of log). */
const bodies = 270;
const bodyBytes = 256 * 1024;
/** How a node says that it found rot. */
const noticed = /damaged|suspect|rotten|corrupt|is lost|checksum|cannot be read|repaired/i;
const withinMs = 60_000;

type Kind = 'segment' | 'snapshot' | 'vote' | 'vote, both copies';

export async function drill(
  scratch: Scratch,
  story: Story,
  words: readonly string[],
): Promise<void> {
  const seconds = Number(words[words.indexOf('--seconds') + 1]) || 10;
  await runChecked(scratch, story, words, {
    name: 'bit-rot',
    voters,
    spares: seconds + 10,
    args: silence,
    prepare: (cluster) => {
      for (const place of cluster.addresses.keys()) {
        cluster.argsAt.set(place, ['-data', folderOf(scratch, place)]);
      }
    },
    before: (campaign) => writeSnapshots(campaign),
    faults: (campaign) => faults(campaign),
  });
}

const folderOf = (scratch: Scratch, place: number): string => join(scratch.folder, `data-${place}`);

/** So much that every node writes a snapshot; before the load, since nodes remember from there on. */
async function writeSnapshots({ cluster, places, scratch, story }: Campaign): Promise<void> {
  const client = await DoozerClient.connect(cluster.address(0), 2000);
  const value = Buffer.alloc(bodyBytes, 7);
  let left = bodies;
  const writer = async (i: number) => {
    while (left-- > 0) {
      const ask = { verb: verbs.set, path: `/large/f${i}`, value, rev: -1 };
      const response = await client.ask(ask, 20_000);
      expect(response.errCode === null, `a large file is written (${response.errDetail})`);
    }
  };
  await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(writer));
  client.close();
  const has = (place: number) =>
    readdirSync(join(folderOf(scratch, place), 'snapshots')).some((name) => name.endsWith('.snap'));
  await until('every node to write a snapshot', withinMs, () => (places.every(has) ? true : null));
  story.tell('every node has a snapshot');
}

async function faults(campaign: Campaign): Promise<void> {
  const kinds: readonly Kind[] = ['segment', 'snapshot', 'vote', 'vote, both copies'];
  const client = await connect({ addresses: campaign.addresses });
  const tally = { flips: 0, noticed: 0, replaced: 0 };
  let next = voters;
  try {
    for (let round = campaign.random.below(4); !campaign.isOver; round++) {
      const kind = kinds[round % kinds.length] ?? 'segment';
      const place = await campaign.victim();
      await campaign.kill(place);
      const flips = rot(campaign, folderOf(campaign.scratch, place), kind);
      const address = campaign.cluster.address(place);
      if (flips.length > 0) {
        tally.flips++;
        const where = flips.map(
          ({ file, byte, bit }) => `${basename(file)} byte ${byte} bit ${bit}`,
        );
        campaign.fault(kind, `${kind} of ${address}: flipped ${where.join(' and ')}`);
      }
      if (await starts(campaign, place, flips, kind, tally)) await campaign.progress();
      else {
        tally.replaced++;
        giveUp(campaign, place);
        await attachFresh(campaign, client, next++);
      }
      await allVote(campaign, client, voters);
      await campaign.rest(100, 500);
    }
  } finally {
    await client.close();
  }
  campaign.story.figure(
    `${tally.flips} times rot, ${tally.noticed} times told in the log, ${tally.replaced} nodes refused to start and were replaced`,
  );
}

function rot({ random }: Campaign, folder: string, kind: Kind): Flip[] {
  switch (kind) {
    case 'segment':
      return [rotSegment(folder, random)].filter((flip) => flip !== null);
    case 'snapshot':
      return [rotSnapshot(folder, random)].filter((flip) => flip !== null);
    case 'vote':
      return [rotVote(folder, random.below(2), random)];
    case 'vote, both copies':
      return [rotVote(folder, 0, random), rotVote(folder, 1, random)];
  }
}

/** Starts a damaged node. Either it runs and answers, or it says what is wrong and where. */
async function starts(
  campaign: Campaign,
  place: number,
  flips: readonly Flip[],
  kind: Kind,
  tally: { noticed: number },
): Promise<boolean> {
  const logFile = campaign.node(place).logFile;
  const before = readFileSync(logFile).length;
  campaign.start(place);
  const node = campaign.node(place);
  campaign.mayEnd.add(node);
  const { value: runs } = await until('the damaged node to run or to refuse', withinMs, () =>
    answersOrEnded(node),
  );
  // What it says last may still be on its way into the file.
  await pause(20);
  const said = readFileSync(logFile).subarray(before).toString();
  const told = noticed.test(said) || existsSync(join(folderOf(campaign.scratch, place), 'damaged'));
  if (told && flips.length > 0) tally.noticed++;
  const last = said.trim().split('\n').at(-1)?.slice(0, 220) ?? '';
  campaign.story.tell(runs ? `it runs${told ? ', and told of it' : ''}` : `it refuses: ${last}`);
  if (!runs) {
    const named = flips.some(({ file }) => last.includes(basename(file)));
    expect(named || noticed.test(last), `a node that refuses to start says why (${last})`);
  }
  // A segment's record that was whole once must be missed. One copy of the vote or of a snapshot's end is spare.
  if (kind === 'segment' && flips.length > 0) {
    expect(told, `rot in ${flips[0]?.file} at byte ${flips[0]?.byte} is noticed`);
  }
  if (kind === 'vote, both copies') expect(!runs || told, 'a node without its vote does not go on');
  return runs;
}

async function answersOrEnded(node: Doozerd): Promise<boolean | null> {
  if (!node.isRunning) return false;
  const client = await DoozerClient.connect(node.address);
  try {
    const response = await client.ask({ verb: verbs.get, path: '/ctl/name' }, 6000);
    return response.errCode === null ? true : null;
  } finally {
    client.close();
  }
}
