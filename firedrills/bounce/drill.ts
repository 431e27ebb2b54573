import type { Campaign } from '../support/campaign.ts';
import { runChecked } from '../support/checked-drill.ts';
import type { Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { expect } from '../support/wait.ts';

export function drill(scratch: Scratch, story: Story, words: readonly string[]): Promise<void> {
  return runChecked(scratch, story, words, { name: 'bounce', voters: 3, faults });
}

async function faults(campaign: Campaign): Promise<void> {
  const { cluster, story } = campaign;
  const slotsBefore = await cluster.slots([0]);
  for (let place = 0; !campaign.isOver; place = (place + 1) % 3) {
    await campaign.kill(place);
    campaign.start(place);
    campaign.fault('bounce', `killed and started again: ${cluster.address(place)}`);
    const tookMs = await campaign.answers(place);
    story.tell(`it answers after ${tookMs} ms`);
    await campaign.rest(0, 400);
  }
  await Promise.all(campaign.places.map((place) => campaign.kill(place)));
  for (const place of campaign.places) campaign.start(place);
  campaign.fault('bounce of all', 'killed all three and started them again');
  for (const place of campaign.places) await campaign.answers(place);
  expect((await cluster.slots([0])) === slotsBefore, 'no slot changed');
}
