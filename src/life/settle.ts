// What becomes of a node that holds nothing: it founds a cluster with others, or is taken in by one.
import { ClusterError } from '../base/index.ts';
import type { Clock, Logger } from '../ports/index.ts';
import { Awaited, pause } from './patience.ts';
import { askSeeds, judgeSeeds, type SeedPlan } from './seeds.ts';
import type { BootClaim, LifeWorld } from './types.ts';

/** Leave to found a cluster. */
export type FoundLeave = {
  /** Asked right before it is used: a process may have stood still since. */
  readonly isGood: () => boolean;
  /** The boot cluster that gave it. Whoever gets it closes the client. */
  readonly boot?: BootClaim;
};

export type SettleParts = {
  readonly plan: SeedPlan;
  readonly clock: Clock;
  readonly connect: LifeWorld['connect'];
  readonly logger: Logger;
  /** Asks these nodes for a while to take this one in. */
  readonly attach: (through: readonly string[]) => Promise<void>;
  /** Something has come into this node meanwhile: a cluster has taken it in unseen. */
  readonly belongs: () => boolean;
  readonly mayFound: () => boolean;
};

const lookAgainMs = 250;
/** An answer that is older may be overtaken. A process may stand still between hearing and doing. */
const freshMs = 5000;

/**
 * Asks the nodes of the list until one takes this one in, or all of them leave it to found the cluster.
 * `null`: it was taken in.
 *
 * @throws ERR_WRONG_CLUSTER when the folder was promised to another cluster; ERR_CANCELLED by the signal.
 */
export async function settleBySeeds(
  parts: SettleParts,
  signal: AbortSignal,
): Promise<FoundLeave | null> {
  const { plan, clock, connect, attach, belongs, mayFound } = parts;
  const awaited = new Awaited(clock, parts.logger);
  for (;;) {
    const startMs = clock.now();
    const answers = await askSeeds(plan, connect, signal);
    throwIfAborted(signal);
    if (belongs()) return null;
    const verdict = judgeSeeds(plan, answers);
    switch (verdict.kind) {
      case 'found':
        if (mayFound()) return { isGood: () => clock.now() < startMs + freshMs };
        awaited.tell('for the cluster that this node has heard of', false);
        break;
      case 'attach': {
        const why = await attempt(() => attach(verdict.through), signal);
        if (why === null) return null;
        awaited.tell(why, false);
        break;
      }
      case 'wait':
        awaited.tell(verdict.why, verdict.isWrong);
    }
    await pause(clock, lookAgainMs, signal);
    throwIfAborted(signal);
  }
}

/** `null`: it succeeded. Why it did not, if it may yet. */
export async function attempt(
  act: () => Promise<void>,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    await act();
    return null;
  } catch (error) {
    const mayPass = error instanceof ClusterError && error.code === 'ERR_UNREACHABLE';
    if (signal.aborted || !mayPass) throw error;
    return error.message;
  }
}

export function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new ClusterError('ERR_CANCELLED', 'Cannot go on waiting for a cluster: cancelled', {
    cause: signal.reason,
  });
}
