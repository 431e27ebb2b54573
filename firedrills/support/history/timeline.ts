import type { Operation, Read, Rev, Stream, Write } from './types.ts';

/** A write that is in the history, and what had been seen before it was asked for. */
export type Placed = { readonly write: Write; readonly revision: number; readonly floor: number };

type Moment = {
  readonly ms: number;
  readonly begins: Operation | null;
  readonly ends: Operation | null;
  readonly told: number;
};

/** Everything that began and ended, in the order of the clock. */
export class Timeline {
  readonly #moments: Moment[] = [];
  readonly #revisions: ReadonlyMap<Write, number>;
  /** The highest revision that somebody had seen when the operation was asked for. */
  readonly #floors = new Map<Operation, number>();
  /** Beginnings of writes with the least revision of any that began then or later. */
  readonly #later: { readonly ms: number; readonly least: number }[];

  constructor(
    operations: readonly Operation[],
    streams: readonly Stream[],
    revisions: ReadonlyMap<Write, number>,
  ) {
    this.#revisions = revisions;
    for (const operation of operations) {
      this.#moments.push({ ms: operation.startMs, begins: operation, ends: null, told: 0 });
      const { endMs, outcome } = operation;
      if (endMs !== null && outcome?.kind === 'done') {
        this.#moments.push({ ms: endMs, begins: null, ends: operation, told: 0 });
      }
    }
    for (const { seen } of streams) {
      for (const { atMs, revision } of seen) {
        this.#moments.push({ ms: atMs, begins: null, ends: null, told: revision });
      }
    }
    // What ended in the very moment in which another began did not end before it.
    this.#moments.sort(
      (a, b) => a.ms - b.ms || Number(b.begins !== null) - Number(a.begins !== null),
    );
    const begun = [...revisions].sort(([a], [b]) => b.startMs - a.startMs);
    let least = Number.POSITIVE_INFINITY;
    this.#later = begun
      .map(([write, revision]) => {
        least = Math.min(least, revision);
        return { ms: write.startMs, least };
      })
      .reverse();
  }

  /** Goes through it once; `pointOf` says where a read of the newest state stands. Yields the writes. */
  *walk(pointOf: (read: Read | Rev, floor: number) => number): Generator<Placed> {
    let seen = 0;
    for (const { begins, ends, told } of this.#moments) {
      if (begins !== null) {
        this.#floors.set(begins, seen);
        if (begins.what !== 'set' && begins.what !== 'delete') continue;
        const revision = this.#revisions.get(begins);
        if (revision !== undefined) yield { write: begins, revision, floor: seen };
      } else if (ends === null) seen = Math.max(seen, told);
      else if (ends.what === 'set' || ends.what === 'delete') {
        seen = Math.max(seen, this.#revisions.get(ends) ?? 0);
      } else if (ends.what === 'get' && ends.at !== null) seen = Math.max(seen, ends.at);
      else seen = Math.max(seen, pointOf(ends as Read | Rev, this.floorOf(ends)));
    }
  }

  /** What had been seen before `operation` was asked for. Known after the walk, or once it has passed there. */
  floorOf(operation: Operation): number {
    return this.#floors.get(operation) ?? 0;
  }

  /** Below this revision everything lies that took effect before `operation` was answered. */
  ceilingOf({ endMs }: Operation): number {
    const ms = endMs ?? Number.POSITIVE_INFINITY;
    let low = 0;
    let high = this.#later.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#later[middle]?.ms ?? 0) > ms) high = middle;
      else low = middle + 1;
    }
    return this.#later[low]?.least ?? Number.POSITIVE_INFINITY;
  }
}
