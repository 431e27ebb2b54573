import { ClusterError, type Lineage, type NodeId } from '../base/index.ts';
import { connect, type Members } from '../connect/index.ts';
import type { Clock, Logger } from '../ports/index.ts';

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

const attemptMs = 3000;
const betweenMs = 100;
const betweenMsMax = 2000;

/** Told at once: trying again will not change the answer. */
const isFinal = (error: unknown): boolean =>
  error instanceof ClusterError &&
  (error.code === 'ERR_WRONG_CLUSTER' || error.code === 'ERR_ACCESS_DENIED');

/**
 * Asks the cluster behind the addresses to take this node in as a learner, again and again until it
 * did, `withinMs` passed, or `stopped()`. Asking twice does no harm: a member is added once.
 *
 * @throws ERR_WRONG_CLUSTER with both names; ERR_ACCESS_DENIED; ERR_UNREACHABLE with what was
 *   tried and heard last.
 */
export async function attach(
  plan: AttachPlan,
  parts: { readonly clock: Clock; readonly logger: Logger; readonly stopped: () => boolean },
): Promise<Members> {
  const { clock, logger } = parts;
  const endMs = clock.now() + plan.withinMs;
  let pauseMs = betweenMs;
  let told = false;
  for (;;) {
    try {
      return await ask(plan, Math.max(betweenMs, Math.min(attemptMs, endMs - clock.now())));
    } catch (error) {
      const last = error instanceof Error ? error.message : String(error);
      if (isFinal(error) || parts.stopped()) throw error;
      if (clock.now() + pauseMs >= endMs) throw unattached(plan, last, error);
      if (!told) logger.info({ through: plan.through, error: last }, 'not attached yet');
      told = true;
    }
    await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    pauseMs = Math.min(2 * pauseMs, betweenMsMax);
  }
}

async function ask(plan: AttachPlan, timeoutMs: number): Promise<Members> {
  const { nodeId, address, clusterName, lineage, through, secret } = plan;
  const client = await connect({
    addresses: through,
    clusterName,
    secret,
    openTimeoutMs: timeoutMs,
    client: `doozerd ${nodeId}`,
  });
  try {
    return await client.join(
      { nodeId, address, clusterName, lineage, seenAt: null },
      { timeoutMs },
    );
  } finally {
    await client.close();
  }
}

const unattached = (plan: AttachPlan, last: string, cause: unknown): ClusterError =>
  new ClusterError(
    'ERR_UNREACHABLE',
    `Cannot attach to cluster "${plan.clusterName}" through ${plan.through.join(', ')} within ${plan.withinMs / 1000} s: ${last}`,
    { cause },
  );

/**
 * Whether the cluster says, by others than `self`, that `self` is no member any more. Somebody's
 * word alone is not enough to set data aside.
 */
export async function confirmRemoved(
  self: NodeId,
  clusterName: string,
  through: readonly string[],
  secret: string,
): Promise<boolean> {
  const client = await connect({ addresses: through, clusterName, secret });
  try {
    // A read behind a barrier: the node that answers is with the majority, and as far as it.
    await client.rev();
    const { membership } = await client.members();
    return membership.voters.length > 0 && !membership.addresses.has(self);
  } finally {
    await client.close();
  }
}
