import { type Client, connect } from '../../src/connect/index.ts';
import type { Campaign } from '../support/campaign.ts';
import { runChecked } from '../support/checked-drill.ts';
import { allVote, attachFresh, giveUp, membersOf } from '../support/members.ts';
import type { Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { until } from '../support/wait.ts';

/** `-timeout 1`, the least there is: silent members are removed after a second. */
const silence = ['-timeout', '1'];
/** Ten elections and removals take no longer, on a machine that does much else. */
const withinMs = 60_000;
const voters = 3;

export function drill(scratch: Scratch, story: Story, words: readonly string[]): Promise<void> {
  const seconds = Number(words[words.indexOf('--seconds') + 1]) || 10;
  return runChecked(scratch, story, words, {
    name: 'replace',
    voters,
    // Each round takes an address, and a round takes longer than a second.
    spares: seconds + 10,
    args: silence,
    faults,
  });
}

async function faults(campaign: Campaign): Promise<void> {
  const client = await connect({ addresses: campaign.addresses });
  try {
    let next = voters;
    for (let round = 0; !campaign.isOver; round++) {
      // In turns: an empty slot that a fresh node takes, and a spare that waits and takes the place at once.
      const withSpare = round % 2 === 1;
      if (withSpare) await attachFresh(campaign, client, next++);
      await lose(campaign, client);
      if (!withSpare) await attachFresh(campaign, client, next++);
      const tookMs = await allVote(campaign, client, voters);
      campaign.story.tell(`three vote again after another ${tookMs} ms`);
      await campaign.rest(0, 500);
    }
  } finally {
    await client.close();
  }
}

/** Kills a voter for good, or stops it until it was removed, wakes it, and lets it come back as a spare. */
async function lose(campaign: Campaign, client: Client): Promise<void> {
  const { value } = await until('all members to be known', withinMs, () => membersOf(client));
  const places = campaign.places.filter((place) =>
    value.voters.includes(campaign.cluster.address(place)),
  );
  const place = campaign.pick(places);
  const address = campaign.cluster.address(place);
  const node = campaign.node(place);
  const wakes = campaign.random.below(2) === 0;
  if (wakes) node.signal('SIGSTOP');
  else await node.kill();
  campaign.fault(wakes ? 'stop' : 'kill', `${wakes ? 'stopped' : 'killed'} ${address}`);
  const { tookMs } = await until('it to be removed', withinMs, async () =>
    (await membersOf(client)).voters.includes(address) ? null : true,
  );
  campaign.story.tell(`it votes no more after ${tookMs} ms`);
  if (wakes) {
    // It must harm nobody; then it has done its part.
    node.signal('SIGCONT');
    campaign.fault('wake of a removed one', `woke ${address}`);
    await campaign.rest(300, 1500);
    await node.kill();
  }
  giveUp(campaign, place);
}
