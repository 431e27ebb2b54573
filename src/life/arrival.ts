// How a node that holds nothing comes into a cluster, as its options say.
import { ClusterError, type NodeId } from '../base/index.ts';
import { bootOf, settleByNames } from './boot.ts';
import { type FoundLeave, settleBySeeds } from './settle.ts';
import type { LifeOptions, LifeParts } from './types.ts';

export type ArrivalParts = {
  readonly life: LifeParts;
  readonly nodeId: NodeId;
  /** What is known of the cluster it belongs to: a note that says where, the name alone, or nothing. */
  readonly promised: 'noted' | 'known' | 'no';
  /** Asks to be taken in, through these nodes or all that are known. @throws ERR_UNREACHABLE after `withinMs` */
  readonly attach: (withinMs: number, through?: readonly string[]) => Promise<void>;
  readonly belongs: () => boolean;
  readonly mayFound: () => boolean;
};

const attachWithinMs = 10_000;
/** One try of a node that will look around again. */
const attachOnceMs = 4000;

/**
 * Resolves with `null` when the node is in a cluster, or with leave to found one.
 *
 * @throws ERR_UNREACHABLE when it was only told addresses, and none answered; ERR_WRONG_CLUSTER,
 *   ERR_ACCESS_DENIED; ERR_CANCELLED by the signal.
 */
export async function arrive(parts: ArrivalParts, signal: AbortSignal): Promise<FoundLeave | null> {
  const { life, nodeId, promised, attach, belongs, mayFound } = parts;
  const { options, address, world, logger, mustAttach } = life;
  const { seeds = [], clusterName, secrets, dataFolder } = options;
  const boot = bootOf(options);
  if (mustAttach || promised === 'noted') return attached(attach(Number.POSITIVE_INFINITY));
  const common = { clock: world.clock, connect: world.connect, logger, belongs, mayFound };
  const own = { nodeId, address, clusterName, secret: secrets.rw };
  const attachOnce = (through: readonly string[]) => attach(attachOnceMs, through);
  if (seeds.length > 0) {
    if (promised === 'known') return attached(attach(Number.POSITIVE_INFINITY));
    return settleBySeeds({ ...common, plan: { ...own, seeds }, attach: attachOnce }, signal);
  }
  if (boot === null) return attached(attach(attachWithinMs));
  if (options.attach.length > 0 && (await isAttached(attach(attachWithinMs)))) return null;
  const keepsData = dataFolder !== null;
  const attachOnly = promised === 'known';
  const plan = { ...own, keepsData, boot, attachOnly };
  return settleByNames({ ...common, plan, attach: attachOnce }, signal);
}

/** How long a node that lost sight of its cluster asks to be taken in again. */
export const patienceMs = ({ options, mustAttach }: LifeParts, isNoted: boolean): number =>
  mustAttach || isNoted || isSelfFinding(options) ? Number.POSITIVE_INFINITY : attachWithinMs;

const isSelfFinding = ({ seeds = [], bootUri }: LifeOptions): boolean =>
  seeds.length > 0 || bootUri !== null;

const attached = (attaching: Promise<void>): Promise<null> => attaching.then(() => null);

/** `false`: nobody answered at the addresses given, and there is another way. */
async function isAttached(attaching: Promise<void>): Promise<boolean> {
  try {
    await attaching;
    return true;
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'ERR_UNREACHABLE') return false;
    throw error;
  }
}
