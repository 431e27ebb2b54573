import { ClusterError, limits, type NodeId } from '../../base/index.ts';
import type { Client, Health } from '../../client/index.ts';
import { Complaint } from '../complaint.ts';
import { durationText } from '../durations.ts';
import type { VerbContext } from '../verb.ts';
import { atNode } from './survey.ts';

export type Member = Health['members'][number];

/** How long a change is waited for, unless -t says otherwise. */
const takesEffectMs = 15_000;
const lookEveryMs = 100;
/** An election takes less. */
const leaderWithinMs = 5000;

/**
 * The cluster as its leader sees it, since only it knows who is silent. A leader is looked for `leaderWithinMs`.
 *
 * @throws Complaint when nobody leads, or the leader does not answer, in all that time.
 */
export async function leadersView(context: VerbContext): Promise<Health> {
  const endMs = performance.now() + leaderWithinMs;
  const client = await context.connect();
  for (;;) {
    const seen = await leadersWord(context, client);
    if (!(seen instanceof Error)) return seen;
    if (performance.now() + lookEveryMs >= endMs) throw seen;
    await new Promise((done) => setTimeout(done, lookEveryMs));
  }
}

/** What the leader says, as far as the node at the other end of `client` knows it; or why it could not be asked. */
async function leadersWord(context: VerbContext, client: Client): Promise<Health | Error> {
  const health = await client.health();
  if (health.role === 'leader') return health;
  const leader = health.members.find(({ id }) => id === health.leader);
  if (leader === undefined) {
    return new Complaint(
      'Error: no leader is known: there is no majority; "doozer status" tells who is missing',
    );
  }
  try {
    const seen = await atNode(context, leader.address, (there) => there.health());
    if (seen.role === 'leader') return seen;
  } catch (error) {
    if (error instanceof ClusterError) return error;
    throw error;
  }
  return new Complaint('Error: the leader changes at this moment; try again');
}

/**
 * The member that `text` means: an id, the beginning of one, or an address.
 *
 * @throws Complaint that names those it might mean.
 */
export function memberNamed(text: string, members: readonly Member[]): Member {
  const exact = members.filter(({ id, address }) => id === text || address === text);
  const wanted = text.toUpperCase();
  const like = exact.length > 0 ? exact : members.filter(({ id }) => id.startsWith(wanted));
  const [only] = like;
  if (only !== undefined && like.length === 1 && text !== '') return only;
  const list = (some: readonly Member[]) => some.map(({ id, address }) => `${id} at ${address}`);
  if (like.length > 1) {
    throw new Complaint(`Error: "${text}" may be any of ${list(like).join(', ')}`);
  }
  throw new Complaint(`Error: no member "${text}"; there are ${list(members).join(', ')}`);
}

export const isSilent = ({ silentMs }: Member): boolean =>
  silentMs === null || silentMs >= limits.memberQuietMs;

/**
 * Refuses a cluster that could not go on: of those who would vote a majority has to answer.
 *
 * @throws Complaint that says who is silent, and that -force tries it all the same.
 */
export function checkQuorum(what: string, voters: readonly Member[], isForced: boolean): void {
  if (voters.length === 0) throw new Complaint(`Error: cannot ${what}: nobody would vote any more`);
  const answering = voters.filter((voter) => !isSilent(voter));
  const needed = Math.floor(voters.length / 2) + 1;
  if (isForced || answering.length >= needed) return;
  const silent = voters.filter(isSilent).map(({ id, address }) => `${id} at ${address}`);
  throw new Complaint(
    `Error: cannot ${what}: of the ${voters.length} voters then ${needed} must answer, and ${silent.join(', ')} ${silent.length === 1 ? 'is' : 'are'} silent; -force tries it all the same`,
  );
}

/** Two voters stop when either of them does. */
export function noteIfTwo(context: VerbContext, voters: number): void {
  if (voters === 2)
    context.note('Two voters bear no loss: without either of them nothing can be written.');
}

/**
 * Waits until the cluster is as `holds` says, as any node tells it.
 *
 * @throws Complaint, with effect unknown, when it was not so in time: it may come yet.
 */
export async function waitUntil(
  context: VerbContext,
  what: string,
  holds: (health: Health) => boolean,
): Promise<Health> {
  const withinMs = context.timeoutMs === 0 ? takesEffectMs : context.timeoutMs;
  const endMs = performance.now() + withinMs;
  const client = await context.connect();
  for (;;) {
    const leftMs = endMs - performance.now();
    const health = leftMs <= 0 ? null : await healthWithin(client, leftMs);
    if (health !== null && holds(health)) return health;
    if (performance.now() + lookEveryMs >= endMs) {
      throw new Complaint(
        `Error: ${what} has not taken effect within ${durationText(withinMs)}, and may yet: see "doozer status"`,
        undefined,
        { effect: 'unknown' },
      );
    }
    await new Promise((done) => setTimeout(done, lookEveryMs));
  }
}

/** While leadership changes a node may not answer; it is asked again. */
const healthWithin = (client: Client, timeoutMs: number): Promise<Health | null> =>
  client.health({ timeoutMs: Math.max(1, timeoutMs) }).catch(() => null);

export const isVoterIn = (health: Health, id: string): boolean =>
  health.members.some((member) => member.id === id && member.part === 'voter');

export const votersOf = (health: Health): Member[] =>
  health.members.filter(({ part }) => part === 'voter');

/**
 * Hands leadership over and waits until somebody else, or `to`, leads.
 *
 * @throws as `Client.transferLeadership`; Complaint when nobody does in time.
 */
export async function handOver(
  context: VerbContext,
  from: NodeId,
  to: NodeId | null,
): Promise<Health> {
  const client = await context.connect();
  await client.transferLeadership(to);
  const leads = ({ leader }: Health) =>
    to === null ? leader !== null && leader !== from : leader === to;
  return waitUntil(context, 'the transfer', leads);
}
