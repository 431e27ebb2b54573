import { assert, limits } from '../base/index.ts';
import type { Clock } from '../ports/index.ts';

/** Whoever reads the past, a slice at a time, and says with `goOn` that there is more. */
export type PastReader = { readonly slice: () => void };

/**
 * The past, read in turns by the watches of all guests together: at most `limits.catchUpSlices` slices in
 * one turn of the event loop, in the order in which they asked. However many watches come back at once, what
 * is applied, and everybody else's requests, run in between.
 */
export class CatchUp {
  readonly #clock: Clock;
  /** In the order in which they wait. Bounded as the guests' waits are. */
  readonly #waiting = new Set<PastReader>();
  /** Slices that this turn may still read. */
  #left: number = limits.catchUpSlices;
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Readers that wait for their next slice. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Reads the first slice, now if this turn has one left. */
  begin(reader: PastReader): void {
    if (this.#left > 0 && this.#waiting.size === 0) this.#read(reader);
    else this.goOn(reader);
  }

  /** Reads the next slice in a later turn. */
  goOn(reader: PastReader): void {
    this.#waiting.add(reader);
    this.#schedule();
  }

  /** It wants nothing more. */
  forget(reader: PastReader): void {
    this.#waiting.delete(reader);
  }

  #read(reader: PastReader): void {
    assert(this.#left > 0, 'a turn reads no more slices than it may');
    this.#left -= 1;
    this.#schedule();
    reader.slice();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    this.#left = limits.catchUpSlices;
    // Who goes on is visited again, behind the others.
    for (const reader of this.#waiting) {
      if (this.#left === 0) break;
      this.#waiting.delete(reader);
      this.#read(reader);
    }
  }
}
