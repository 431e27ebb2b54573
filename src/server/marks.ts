import { limits } from '../base/index.ts';
import type { NodeHandle } from '../node/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import type { WatchStream } from './watch-stream.ts';

/**
 * Tells quiet watches how far they have come, so that a guest whose files nobody touches can go on from
 * there, and not from where it began, which history may have forgotten. Runs while there are watches.
 */
export class Marks {
  readonly #clock: Clock;
  readonly #node: NodeHandle;
  /** The session's, by tag. */
  readonly #watches: ReadonlyMap<number, WatchStream>;
  #timer: Timer | null = null;
  #looks = 0;

  constructor(clock: Clock, node: NodeHandle, watches: ReadonlyMap<number, WatchStream>) {
    this.#clock = clock;
    this.#node = node;
    this.#watches = watches;
  }

  /** There is a watch. */
  begin(): void {
    this.#timer ??= this.#clock.after(limits.progressMarkMs, () => this.#look());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #look(): void {
    this.#timer = null;
    if (this.#watches.size === 0) return;
    const { progressMarkLooks, progressMarkRevisions } = limits;
    this.#looks += 1;
    const revisionsMin = this.#looks % progressMarkLooks === 0 ? 1 : progressMarkRevisions;
    const { revision } = this.#node.view();
    for (const watch of this.#watches.values()) watch.mark(revision, revisionsMin);
    this.begin();
  }
}
