import { ClusterError, type Revision } from '../base/index.ts';
import type { View } from '../tree/index.ts';
import type { Cancel, ViewWaiter } from './types.ts';

type Waiting = { readonly revision: Revision; readonly waiter: ViewWaiter };
type ViewAt = (revision: Revision) => View | 'compacted' | 'future';

/** Who waits for a revision that is not there yet. How many there may be is the sessions' bound. */
export class RevisionWaiters {
  readonly #viewAt: ViewAt;
  readonly #waiting = new Set<Waiting>();
  /** Nobody waits for less, so most turns look at nobody. */
  #lowest = Infinity;

  constructor(viewAt: ViewAt) {
    this.#viewAt = viewAt;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Answers at once when the revision is there, or is forgotten already. */
  add(revision: Revision, waiter: ViewWaiter): Cancel {
    const view = this.#viewAt(revision);
    if (view !== 'future') {
      answer(waiter, revision, view);
      return () => {};
    }
    const waiting = { revision, waiter };
    this.#waiting.add(waiting);
    this.#lowest = Math.min(this.#lowest, revision);
    return () => {
      this.#waiting.delete(waiting);
    };
  }

  /** The tree is at `revision` now; a snapshot may have jumped over some that were waited for. */
  reached(revision: Revision): void {
    if (revision < this.#lowest) return;
    const ready: Waiting[] = [];
    this.#lowest = Infinity;
    for (const waiting of this.#waiting) {
      if (waiting.revision <= revision) ready.push(waiting);
      else this.#lowest = Math.min(this.#lowest, waiting.revision);
    }
    for (const waiting of ready) {
      // Whoever was answered before may have cancelled this one.
      if (!this.#waiting.delete(waiting)) continue;
      answer(waiting.waiter, waiting.revision, this.#viewAt(waiting.revision));
    }
  }

  failAll(error: ClusterError): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { waiter } of waiting) waiter.failed(error);
  }
}

function answer(waiter: ViewWaiter, revision: Revision, view: ReturnType<ViewAt>): void {
  if (typeof view !== 'string') waiter.ready(view);
  else waiter.failed(new ClusterError('ERR_COMPACTED', `Revision ${revision} is forgotten`));
}
