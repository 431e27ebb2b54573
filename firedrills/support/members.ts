import type { Client } from '../../src/connect/index.ts';
import type { Campaign } from './campaign.ts';
import { DoozerClient, verbs } from './doozer-client.ts';
import { until } from './wait.ts';

/** Removals and promotions take no longer, on a machine that does much else. */
const withinMs = 60_000;

/** Addresses of members. */
export type Members = { readonly voters: readonly string[]; readonly learners: readonly string[] };

/** Who votes and who waits. @throws while a change is under way. */
export async function membersOf(client: Client): Promise<Members> {
  const { membership } = await client.members();
  if (membership.outgoing !== null) throw new Error('a change of members is under way');
  const addressOf = (id: (typeof membership.voters)[number]) => membership.addresses.get(id) ?? '';
  return {
    voters: [...membership.voters].map(addressOf),
    learners: [...membership.learners].map(addressOf),
  };
}

/** Until so many vote, all of them nodes that run, under the id they have now. Says how long that took. */
export async function allVote(campaign: Campaign, client: Client, voters: number): Promise<number> {
  const { tookMs } = await until(`${voters} that run to vote`, withinMs, async () => {
    const { voters: now } = (await client.members()).membership;
    if (now.length !== voters) return null;
    // A node that lost its data comes back at its address under another id; the old one is a voter still.
    const addresses = campaign.places.map((place) => campaign.cluster.address(place));
    const live = await Promise.all(addresses.map(idAt));
    return now.every((id) => live.includes(id)) ? true : null;
  });
  return tookMs;
}

async function idAt(address: string): Promise<string> {
  const client = await DoozerClient.connect(address);
  try {
    const { value } = await client.ask({ verb: verbs.self }, 2000);
    return Buffer.from(value ?? []).toString();
  } finally {
    client.close();
  }
}

/** Starts a node without data at a place, and waits until it is a member. */
export async function attachFresh(
  campaign: Campaign,
  client: Client,
  place: number,
): Promise<void> {
  const address = campaign.cluster.address(place);
  campaign.start(place, campaign.pick(campaign.places));
  campaign.story.tell(`attached a fresh one: ${address}`);
  await until('the fresh one to be a member', withinMs, async () => {
    const { voters, learners } = await membersOf(client);
    return voters.includes(address) || learners.includes(address) ? true : null;
  });
  campaign.addresses.push(address);
}

/** Nothing runs at this place any more, and clients need not look there. */
export function giveUp(campaign: Campaign, place: number): void {
  campaign.nodes[place] = null;
  campaign.addresses.splice(campaign.addresses.indexOf(campaign.cluster.address(place)), 1);
}
