import type { Campaign } from '../support/campaign.ts';
import { runChecked } from '../support/checked-drill.ts';
import type { Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { pause } from '../support/wait.ts';

export function drill(scratch: Scratch, story: Story, words: readonly string[]): Promise<void> {
  return runChecked(scratch, story, words, { name: 'blackout', voters: 3, faults });
}

async function faults(campaign: Campaign): Promise<void> {
  const places = campaign.places;
  while (!campaign.isOver) {
    await campaign.rest(200, 1500);
    await Promise.all(places.map((place) => campaign.kill(place)));
    campaign.fault('blackout', 'killed all');
    await pause(campaign.between(0, 300));
    // Power comes back to one machine after the other.
    const first = campaign.random.below(places.length);
    for (const place of places) {
      campaign.start((first + place) % places.length);
      if (campaign.random.below(3) === 0) await pause(campaign.between(0, 400));
    }
    const tookMs = await campaign.progress();
    campaign.story.tell(`something succeeds again ${tookMs} ms after the last was started`);
  }
}
