import { ClusterError, type Lineage, type NodeId } from '../base/index.ts';
import type { Members } from '../client/index.ts';
import type { Clock, Logger } from '../ports/index.ts';
import { pause } from './patience.ts';
import type { ClientWanted, LifeWorld } from './types.ts';

export type AttachPlan = {
  readonly nodeId: NodeId;
  readonly address: string;
  readonly clusterName: string;
  /** The cluster this node must belong to; `null`: any of this name. */
  readonly lineage: Lineage | null;
  /** Any nodes of the cluster, host:port. */
  readonly through: readonly string[];
  readonly secret: string;
  /** How long to try. A cluster that starts together with this node needs a moment. */
  readonly withinMs: number;
};

export type AttachParts = {
  readonly clock: Clock;
  readonly connect: LifeWorld['connect'];
  readonly logger: Logger;
};

const attemptMs = 3000;
const attemptMsMin = 1000;
const betweenMs = 100;
const betweenMsMax = 2000;

/** Told at once: trying again will not change the answer. */
const isFinal = (error: unknown): error is ClusterError =>
  error instanceof ClusterError &&
  (error.code === 'ERR_WRONG_CLUSTER' || error.code === 'ERR_ACCESS_DENIED');

/**
 * Asks the cluster behind the addresses to take this node in as a learner, again and again until it
 * did, `withinMs` passed, or `signal` ends it. Asking twice does no harm: a member is added once.
 *
 * @throws ERR_WRONG_CLUSTER with both names; ERR_ACCESS_DENIED; ERR_UNREACHABLE with what was
 *   tried and heard last.
 */
export async function attach(
  plan: AttachPlan,
  parts: AttachParts,
  signal: AbortSignal,
): Promise<Members> {
  const { clock, connect, logger } = parts;
  const endMs = clock.now() + plan.withinMs;
  let pauseMs = betweenMs;
  let told = false;
  for (;;) {
    try {
      const leftMs = Math.ceil(endMs - clock.now());
      const timeoutMs = Math.max(attemptMsMin, Math.min(attemptMs, leftMs));
      return await ask(plan, connect, timeoutMs, signal);
    } catch (error) {
      const last = error instanceof Error ? error.message : String(error);
      if (isFinal(error)) throw refused(plan, error);
      if (signal.aborted) throw error;
      if (clock.now() + pauseMs >= endMs) throw unattached(plan, last, error);
      if (!told) logger.info({ through: plan.through, error: last }, 'not attached yet');
      told = true;
    }
    await pause(clock, pauseMs, signal);
    pauseMs = Math.min(2 * pauseMs, betweenMsMax);
  }
}

async function ask(
  plan: AttachPlan,
  connect: LifeWorld['connect'],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Members> {
  const { nodeId, address, clusterName, lineage, through, secret } = plan;
  const client = await connect({
    addresses: through,
    clusterName,
    secret,
    openTimeoutMs: timeoutMs,
    signal,
    client: `doozerd ${nodeId}`,
  });
  try {
    // One that comes late, after this node was dropped again, must not bring it back: it names what it saw.
    const { membershipAt } = await client.members({ timeoutMs, signal });
    return await client.join(
      { nodeId, address, clusterName, lineage, seenAt: membershipAt.index },
      { timeoutMs, signal },
    );
  } finally {
    await client.close();
  }
}

/** What was asked for, and what a person can do about it. */
function refused({ clusterName, through }: AttachPlan, cause: ClusterError): ClusterError {
  const hint =
    cause.code === 'ERR_ACCESS_DENIED' ? '; DOOZER_RWSECRET must be the same on all nodes' : '';
  const message = `Cannot attach to cluster "${clusterName}" through ${through.join(', ')}: ${cause.message}${hint}`;
  return new ClusterError(cause.code, message, { cause });
}

const unattached = (plan: AttachPlan, last: string, cause: unknown): ClusterError =>
  new ClusterError(
    'ERR_UNREACHABLE',
    `Cannot attach to cluster "${plan.clusterName}" through ${plan.through.join(', ')} within ${plan.withinMs / 1000} s: ${last}`,
    { cause },
  );

/**
 * Whether the cluster says, by others than `self`, that `self` is no member any more, and which
 * cluster that is; `null`: it is a member. Somebody's word alone is not enough to set data aside.
 */
export async function confirmRemoved(
  self: NodeId,
  wanted: ClientWanted,
  connect: LifeWorld['connect'],
): Promise<Lineage | null> {
  const client = await connect(wanted);
  try {
    // A read behind a barrier: the node that answers is with the majority, and as far as it.
    await client.rev();
    const { membership, lineage } = await client.members();
    const isOut = membership.voters.length > 0 && !membership.addresses.has(self);
    return isOut ? lineage : null;
  } finally {
    await client.close();
  }
}
