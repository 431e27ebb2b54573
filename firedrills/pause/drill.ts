import type { Campaign } from '../support/campaign.ts';
import { runChecked } from '../support/checked-drill.ts';
import type { Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { pause } from '../support/wait.ts';

/** Beyond the longest election timeout, which is one second. */
const longestMs = 3000;
const shortestMs = 50;
const twoEvery = 5;

export function drill(scratch: Scratch, story: Story, words: readonly string[]): Promise<void> {
  return runChecked(scratch, story, words, { name: 'pause', voters: 3, faults });
}

async function faults(campaign: Campaign): Promise<void> {
  while (!campaign.isOver) {
    const first = await campaign.victim();
    const second = (first + 1 + campaign.random.below(2)) % 3;
    const victims = campaign.random.below(twoEvery) === 0 ? [first, second] : [first];
    // Short ones as often as long ones: each doubling is as likely as the next.
    const doublings = Math.log2(longestMs / shortestMs);
    const ms = Math.round(shortestMs * 2 ** ((campaign.random.below(1000) / 1000) * doublings));
    for (const place of victims) campaign.node(place).signal('SIGSTOP');
    const who = victims.map((place) => campaign.cluster.address(place)).join(' and ');
    campaign.fault(victims.length === 1 ? 'pause' : 'pause of a majority', `${ms} ms: ${who}`);
    await pause(ms);
    for (const place of victims) campaign.node(place).signal('SIGCONT');
    await campaign.rest(50, 800);
  }
}
