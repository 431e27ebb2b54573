import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from '../base/index.ts';
import type { Client } from '../client/index.ts';
import { durationText } from './durations.ts';
import type { VerbContext } from './verb.ts';

/** A watch that hears nothing asks so often whether anybody is there, and waits so long for the answer. */
const everyMs = 5000;

type VigilPlan = {
  readonly client: Pick<Client, 'open'>;
  readonly note: VerbContext['note'];
  readonly everyMs?: number;
};

/**
 * Says when no node could be reached for a while, and when one is again: a watch goes on by itself, however long that
 * takes, and from outside nobody could tell it from one that has nothing to say. Ends with `signal`.
 */
export async function keepVigil(plan: VigilPlan, signal: AbortSignal): Promise<void> {
  const { client, everyMs: pauseMs = everyMs, note } = plan;
  let isAway = false;
  while (!signal.aborted) {
    await sleep(pauseMs, null, { signal, ref: false }).catch(() => null);
    if (signal.aborted) return;
    const why = await client.open({ timeoutMs: pauseMs, signal }).then(
      () => null,
      (error: unknown) => error,
    );
    if (signal.aborted || (why !== null) === isAway) continue;
    isAway = why !== null;
    if (!isAway) note('doozer: a node answers again');
    else {
      const reason = why instanceof ClusterError ? why.message : String(why);
      note(
        `doozer: no node has answered for ${durationText(pauseMs)} (${reason}); waiting for one`,
      );
    }
  }
}

/** Runs `work` beside a vigil. */
export async function withVigil<T>(plan: VigilPlan, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const vigil = keepVigil(plan, done.signal);
  try {
    return await work();
  } finally {
    done.abort();
    await vigil;
  }
}
