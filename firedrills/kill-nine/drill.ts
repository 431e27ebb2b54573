import type { Campaign } from '../support/campaign.ts';
import { runChecked } from '../support/checked-drill.ts';
import type { Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';

/** One time in so many two nodes are killed: no majority is left for a while. */
const majorityEvery = 5;

export function drill(scratch: Scratch, story: Story, words: readonly string[]): Promise<void> {
  return runChecked(scratch, story, words, { name: 'kill-nine', voters: 3, faults });
}

async function faults(campaign: Campaign): Promise<void> {
  while (!campaign.isOver) {
    const first = await campaign.victim();
    const second = (first + 1 + campaign.random.below(2)) % 3;
    const victims = campaign.random.below(majorityEvery) === 0 ? [first, second] : [first];
    await Promise.all(victims.map((place) => campaign.kill(place)));
    const kind = victims.length === 1 ? 'kill' : 'kill of a majority';
    const who = victims.map((place) => campaign.cluster.address(place)).join(' and ');
    campaign.fault(kind, `killed ${who}`);
    await campaign.rest(100, 1500);
    for (const place of victims) campaign.start(place);
    for (const place of victims) await campaign.answers(place);
    await campaign.rest(0, 500);
  }
}
