// A node that holds nothing and knows a boot cluster: it finds its cluster there, or founds it.
import { ClusterError, type NodeId } from '../base/index.ts';
import type { Client } from '../client/index.ts';
import {
  type Claim,
  claimFounding,
  type NameEntry,
  type Names,
  parseUri,
  readNames,
} from '../naming/index.ts';
import type { TlsFiles } from '../ports/index.ts';
import { Awaited, pause } from './patience.ts';
import { askHome, type SeedAnswer } from './seeds.ts';
import { attempt, type FoundLeave, type SettleParts, throwIfAborted } from './settle.ts';
import type { LifeOptions, LifeWorld } from './types.ts';

export type BootPlan = {
  readonly nodeId: NodeId;
  readonly address: string;
  readonly clusterName: string;
  readonly secret: string;
  readonly keepsData: boolean;
  /** Where the boot cluster is, and the secret for it. */
  readonly boot: {
    readonly addresses: readonly string[];
    readonly secret: string;
    readonly tls?: false | TlsFiles;
  };
  /** It belongs to a cluster already and only looks for its nodes. */
  readonly attachOnly: boolean;
};

export type BootVerdict =
  | { readonly kind: 'attach'; readonly through: readonly string[] }
  /** The right to found is this node's already. */
  | { readonly kind: 'found' }
  | { readonly kind: 'claim'; readonly gone: readonly NameEntry[] }
  | { readonly kind: 'wait'; readonly why: string; readonly isWrong: boolean };

/**
 * What a node without data does, given what the boot cluster holds and what the nodes named there answered. Pure.
 *
 * - One of them belongs to the cluster: attach through it.
 * - An entry is of nobody any more when another node, an empty one, answers at its address: the process that
 *   made it is dead and its folder gone. When all entries are, or there are none: claim the founding.
 * - Else wait: who does not answer may hold the data.
 */
export function judgeNames(
  plan: Pick<BootPlan, 'nodeId' | 'address' | 'clusterName' | 'attachOnly'>,
  names: Names,
  answers: ReadonlyMap<string, SeedAnswer>,
): BootVerdict {
  const { nodeId, address, clusterName, attachOnly } = plan;
  const others = [...names.announced, ...names.kept].filter(({ id }) => id !== nodeId);
  const belongs = others.flatMap((entry) => {
    const answer = entry.address === null ? undefined : answers.get(entry.address);
    return answer?.kind === 'home' && answer.belongs && answer.nodeId !== nodeId
      ? [entry.address ?? '']
      : [];
  });
  if (belongs.length > 0) return { kind: 'attach', through: [...new Set(belongs)] };
  if (attachOnly) return wait(`for a node of cluster "${clusterName}" to be announced`);
  if (names.kept.some(({ id }) => id === nodeId)) return { kind: 'found' };
  const isGone = (entry: NameEntry): boolean => {
    if (entry.address === address) return true;
    const answer = entry.address === null ? undefined : answers.get(entry.address);
    return answer?.kind === 'home' && !answer.belongs && answer.nodeId !== entry.id;
  };
  const left = others.filter((entry) => !isGone(entry));
  if (left.length > 0)
    return wait(`for ${left.map((entry) => whyLeft(entry, answers)).join(', ')}`);
  if (names.founder === null) return { kind: 'claim', gone: others };
  const { id, isLeased } = names.founder;
  if (isLeased) return wait(`for ${id}, which founds cluster "${clusterName}"`);
  return {
    kind: 'wait',
    why: `for nobody: /ctl/boot/${clusterName} of the boot cluster names ${id}, and goes with no lease; delete it`,
    isWrong: true,
  };
}

const wait = (why: string): BootVerdict => ({ kind: 'wait', why, isWrong: false });

/** Whom it is waited for, why, and the way out if that one never comes. */
function whyLeft(entry: NameEntry, answers: ReadonlyMap<string, SeedAnswer>): string {
  const { address, id, isLeased, path } = entry;
  const answer = address === null ? undefined : answers.get(address);
  const why =
    answer?.kind === 'failed'
      ? answer.error.message
      : answer === undefined
        ? 'its entry holds no address'
        : 'it is founding the cluster';
  const wayOut = isLeased ? '' : `; if it is gone for good, delete ${path} in the boot cluster`;
  return `${id} at ${address ?? '?'} (${why}${wayOut})`;
}

export type BootParts = Omit<SettleParts, 'plan'> & { readonly plan: BootPlan };

const lookAgainMs = 250;
const openMs = 3000;
const betweenMsMax = 2000;
/** Answers that are older are asked for again before anything is decided on them. */
const freshMs = 5000;

/**
 * Looks into the boot cluster until a cluster takes this node in (`null`), or it may found one. A boot cluster
 * that is out of reach is waited for.
 *
 * @throws ERR_ACCESS_DENIED, ERR_UNKNOWN_VERB when the boot cluster has no leases, ERR_CANCELLED.
 */
export async function settleByNames(
  parts: BootParts,
  signal: AbortSignal,
): Promise<FoundLeave | null> {
  const { clock } = parts;
  const awaited = new Awaited(clock, parts.logger);
  let client = await openBoot(parts, awaited, signal);
  let isHandedOn = false;
  try {
    for (;;) {
      const seen = await look(parts, client, signal);
      switch (seen.kind) {
        case 'attached':
          return null;
        case 'leave':
          isHandedOn = seen.leave.boot !== undefined;
          return seen.leave;
        case 'attach': {
          const why = await attempt(() => parts.attach(seen.through), signal);
          if (why === null) return null;
          awaited.tell(why, false);
          break;
        }
        case 'wait':
          awaited.tell(seen.why, seen.isWrong);
          break;
        case 'again':
          break;
        case 'lost':
          awaited.tell(seen.why, false);
          // Another boot cluster may answer there by now, which a client takes for a stranger.
          await client.close();
          client = await openBoot(parts, awaited, signal);
      }
      await pause(clock, lookAgainMs, signal);
      throwIfAborted(signal);
    }
  } finally {
    if (!isHandedOn) await client.close();
  }
}

/** Waits until the boot cluster answers. */
async function openBoot(parts: BootParts, awaited: Awaited, signal: AbortSignal): Promise<Client> {
  const { plan, connect, clock } = parts;
  for (let betweenMs = lookAgainMs; ; betweenMs = Math.min(2 * betweenMs, betweenMsMax)) {
    throwIfAborted(signal);
    try {
      return await connect({
        ...plan.boot,
        openTimeoutMs: openMs,
        signal,
        client: `doozerd ${plan.nodeId}`,
      });
    } catch (error) {
      if (!mayPass(error)) throw refusedBy(plan, error);
      awaited.tell(outOfReach(plan, error), false);
    }
    await pause(clock, betweenMs, signal);
  }
}

/** What a look around came to; `lost`: the boot cluster did not answer. */
type Seen =
  | Exclude<BootVerdict, { kind: 'found' | 'claim' }>
  | { readonly kind: 'attached' | 'again' }
  | { readonly kind: 'leave'; readonly leave: FoundLeave }
  | { readonly kind: 'lost'; readonly why: string };

async function look(parts: BootParts, client: Client, signal: AbortSignal): Promise<Seen> {
  const { plan, clock, connect } = parts;
  try {
    const startMs = clock.now();
    const names = await readNames(client, plan.clusterName, { signal });
    const answers = await ask(plan, names, connect, signal);
    if (parts.belongs()) return { kind: 'attached' };
    const verdict = judgeNames(plan, names, answers);
    if (verdict.kind === 'attach' || verdict.kind === 'wait') return verdict;
    const isStale = clock.now() - startMs > freshMs;
    if (isStale || !parts.mayFound()) return { kind: 'again' };
    if (verdict.kind === 'found') return { kind: 'leave', leave: { isGood: () => true } };
    return await claim(parts, client, verdict.gone, signal);
  } catch (error) {
    if (signal.aborted || !mayPass(error)) throw refusedBy(plan, error);
    return { kind: 'lost', why: outOfReach(plan, error) };
  }
}

async function claim(
  { plan }: BootParts,
  client: Client,
  gone: readonly NameEntry[],
  signal: AbortSignal,
): Promise<Seen> {
  const { clusterName: name, nodeId: id, address, keepsData } = plan;
  const won: Claim | null = await claimFounding(client, { name, id, address, keepsData }, gone, {
    signal,
  });
  if (won === null) return { kind: 'again' };
  const leave = { isGood: won.isGood, boot: { client, lease: won.lease } };
  return { kind: 'leave', leave };
}

/** What the nodes that the boot cluster names say of themselves. */
async function ask(
  plan: BootPlan,
  names: Names,
  connect: LifeWorld['connect'],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SeedAnswer>> {
  const addresses = new Set<string>();
  for (const { address } of [...names.announced, ...names.kept]) {
    if (address !== null && address !== plan.address) addresses.add(address);
  }
  const asked = [...addresses].map(
    async (address): Promise<[string, SeedAnswer]> => [
      address,
      await askHome(plan, address, connect, signal),
    ],
  );
  return new Map(await Promise.all(asked));
}

/** Everything else than a refusal: its leader may be gone, its nodes down, the network cut. */
const mayPass = (error: unknown): boolean =>
  error instanceof ClusterError &&
  !['ERR_ACCESS_DENIED', 'ERR_UNKNOWN_VERB', 'ERR_CANCELLED'].includes(error.code);

function outOfReach({ boot, address }: BootPlan, error: unknown): string {
  const self = boot.addresses.includes(address)
    ? '; this node is named in it itself: start the first node of a boot cluster without -b'
    : '';
  const why = error instanceof Error ? error.message : String(error);
  return `for the boot cluster at ${boot.addresses.join(', ')} (${why})${self}`;
}

function refusedBy({ boot }: BootPlan, error: unknown): unknown {
  if (!(error instanceof ClusterError)) return error;
  const hint = {
    ERR_ACCESS_DENIED: '; its secret is the sk of the URI, or else DOOZER_RWSECRET',
    ERR_UNKNOWN_VERB: '; a boot cluster must know leases: it runs an older release',
  }[error.code as string];
  if (hint === undefined) return error;
  const message = `Cannot use the boot cluster at ${boot.addresses.join(', ')}: ${error.message}${hint}`;
  return new ClusterError(error.code, message, { cause: error });
}

/** What the options say of the boot cluster; `null`: there is none. @throws ERR_BAD_ARGUMENT */
export function bootOf({ bootUri, secrets }: LifeOptions): BootPlan['boot'] | null {
  if (bootUri === null) return null;
  const uri = parseUri(bootUri);
  const reason = uri.kind === 'invalid' ? uri.reason : 'it needs an address ("ca=")';
  if (uri.kind === 'invalid' || uri.addresses.length === 0) {
    throw new ClusterError('ERR_BAD_ARGUMENT', `Cannot use the boot URI: invalid uri: ${reason}`);
  }
  // Its own URI says whether it has TLS, whatever this node's cluster has.
  return {
    addresses: uri.addresses,
    secret: uri.secret ?? secrets.rw,
    tls: uri.tls ?? false,
  };
}
