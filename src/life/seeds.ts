// Nodes that were all given one list: together they form one cluster, once.
import { ClusterError, type NodeId } from '../base/index.ts';
import type { LifeWorld } from './types.ts';

/** What this node knows of itself and was told. */
export type SeedPlan = {
  readonly nodeId: NodeId;
  /** host:port where others reach it. */
  readonly address: string;
  readonly clusterName: string;
  readonly secret: string;
  /** Sorted, each once. */
  readonly seeds: readonly string[];
};

/** What came of asking one address. */
export type SeedAnswer =
  | {
      readonly kind: 'home';
      readonly nodeId: NodeId;
      readonly belongs: boolean;
      readonly seeds: readonly string[];
    }
  | { readonly kind: 'failed'; readonly error: ClusterError };

export type SeedVerdict =
  | { readonly kind: 'attach'; readonly through: readonly string[] }
  | { readonly kind: 'found' }
  /** `isWrong`: it will not pass unless somebody changes something. */
  | { readonly kind: 'wait'; readonly why: string; readonly isWrong: boolean };

const askWithinMs = 1500;

/**
 * What a node without data does, given what all addresses of its list answered. Pure.
 *
 * - As soon as one belongs to the cluster: attach through it.
 * - Only when every address of the list but its own answered that it is empty and was given the same list, the
 *   lowest of the list founds. So whoever holds data is heard before anybody founds, and there is one founder.
 * - Else wait, and say for whom.
 */
export function judgeSeeds(plan: SeedPlan, answers: ReadonlyMap<string, SeedAnswer>): SeedVerdict {
  const { seeds } = plan;
  const through = seeds.filter((address) => belongs(answers.get(address), plan.nodeId));
  if (through.length > 0) return { kind: 'attach', through };
  const wrong = seeds.map((address) => whyWrong(plan, address, answers.get(address)));
  const whyNot = wrong.find((why) => why !== null) ?? whyTwice(answers);
  if (whyNot !== null) return { kind: 'wait', why: whyNot, isWrong: true };
  const own = ownEntry(plan, answers);
  const missing = seeds.flatMap((address) => {
    const answer = answers.get(address);
    if (address === own || answer?.kind === 'home') return [];
    return [`${address} (${answer === undefined ? 'not asked' : answer.error.message})`];
  });
  if (missing.length > 0) return wait(`for ${missing.join(', ')}`);
  if (own === null) {
    return {
      kind: 'wait',
      why: `for a cluster to attach to: ${plan.address} is not in its own list ${seeds.join(',')}`,
      isWrong: true,
    };
  }
  // All are there, empty, and of one mind.
  return own === seeds[0] ? { kind: 'found' } : wait(`for ${seeds[0]} to found the cluster`);
}

const wait = (why: string): SeedVerdict => ({ kind: 'wait', why, isWrong: false });

const belongs = (answer: SeedAnswer | undefined, self: NodeId): boolean =>
  answer?.kind === 'home' && answer.belongs && answer.nodeId !== self;

/** Which address of the list is this node's: the one it goes by, or where it met itself. */
function ownEntry(plan: SeedPlan, answers: ReadonlyMap<string, SeedAnswer>): string | null {
  const { seeds, address, nodeId } = plan;
  const mine = address.toLowerCase();
  const isSelf = (answer: SeedAnswer | undefined) =>
    answer?.kind === 'home' && answer.nodeId === nodeId;
  return seeds.find((seed) => seed === mine || isSelf(answers.get(seed))) ?? null;
}

function whyWrong(plan: SeedPlan, address: string, answer: SeedAnswer | undefined): string | null {
  if (answer === undefined) return null;
  if (answer.kind === 'failed') {
    const { code, message } = answer.error;
    if (code === 'ERR_ACCESS_DENIED') {
      return `${address} refuses: ${message}; DOOZER_RWSECRET must be the same on all nodes`;
    }
    return code === 'ERR_WRONG_CLUSTER' ? `${address} refuses: ${message}` : null;
  }
  if (answer.nodeId === plan.nodeId) return null;
  const [ours, theirs] = [plan.seeds.join(','), answer.seeds.join(',')];
  if (ours === theirs) return null;
  const told = theirs === '' ? 'no -seed' : `-seed ${theirs}`;
  return `the lists differ: this node was given -seed ${ours}, ${address} was given ${told}`;
}

/** Fewer nodes than addresses: nobody knows then whether all were heard. */
function whyTwice(answers: ReadonlyMap<string, SeedAnswer>): string | null {
  const at = new Map<NodeId, string>();
  for (const [address, answer] of answers) {
    if (answer.kind !== 'home') continue;
    const other = at.get(answer.nodeId);
    if (other !== undefined) return `${other} and ${address} in the list of -seed are one node`;
    at.set(answer.nodeId, address);
  }
  return null;
}

/** Asks all of the list at once; resolves when each has answered or failed, `askWithinMs` at most. */
export async function askSeeds(
  plan: SeedPlan,
  connect: LifeWorld['connect'],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SeedAnswer>> {
  const others = plan.seeds.filter((seed) => seed !== plan.address.toLowerCase());
  const asked = others.map(
    async (address): Promise<[string, SeedAnswer]> => [
      address,
      await askHome(plan, address, connect, signal),
    ],
  );
  return new Map(await Promise.all(asked));
}

/** To which cluster the node at `address` belongs, as it says itself. */
export async function askHome(
  plan: Pick<SeedPlan, 'nodeId' | 'clusterName' | 'secret'>,
  address: string,
  connect: LifeWorld['connect'],
  signal: AbortSignal,
): Promise<SeedAnswer> {
  const { nodeId, clusterName, secret } = plan;
  const timeoutMs = askWithinMs;
  try {
    const client = await connect({
      addresses: [address],
      clusterName,
      secret,
      openTimeoutMs: timeoutMs,
      connectTimeoutMs: timeoutMs,
      sessionLengthMs: null,
      signal,
      client: `doozerd ${nodeId}`,
    });
    try {
      return { kind: 'home', ...(await client.home({ timeoutMs, signal })) };
    } finally {
      await client.close();
    }
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return { kind: 'failed', error };
  }
}
