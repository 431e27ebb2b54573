import type { Campaign } from './campaign.ts';
import { nowMs } from './wait.ts';

/** From one kill to the next, about. */
const everyMs = 2000;

/** Kills the leader every two seconds and starts it again, until the time is over. All nodes run in the end. */
export async function killLeaders(campaign: Campaign): Promise<void> {
  while (!campaign.isOver) {
    const sinceMs = nowMs();
    const place = (await campaign.leader()) ?? campaign.pick(campaign.places);
    await campaign.kill(place);
    campaign.fault('kill of the leader', `killed ${campaign.cluster.address(place)}`);
    await campaign.rest(50, 500);
    campaign.start(place);
    await campaign.answers(place);
    const spareMs = everyMs - (nowMs() - sinceMs);
    if (spareMs > 0) await campaign.rest(spareMs, spareMs + 1);
  }
}

export const faultsOf = (campaign: Campaign): number =>
  Object.values(campaign.faults).reduce((sum, count) => sum + count, 0);
