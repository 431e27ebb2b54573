// The replicated log as the core sees it: in memory, from its base on. What is durable of it is
// `output`'s business.
import type { ClusterTime, LogIndex, Term } from '../base/index.ts';
import { assert, logIndex, must, nextIndex } from '../base/index.ts';
import type { Entry, Position } from './types.ts';

/** The place just before the first entry: covered by a snapshot, or 0. */
export type LogBase = Position & { readonly time: ClusterTime };

/** What an entry counts for beside its payload: index, term, time and framing. */
const entryOverheadBytes = 32;
/** An id with its address, twice over: generous, since nobody measures memberships. */
const memberBytes = 128;

/** Bytes that `entry` counts for in every bound on appends, windows and uncommitted entries. */
export function entryBytes({ payload }: Pick<Entry, 'payload'>): number {
  switch (payload.kind) {
    case 'noop':
      return entryOverheadBytes;
    case 'command':
      return commandBytes(payload.bytes);
    case 'membership':
      return entryOverheadBytes + memberBytes * payload.membership.addresses.size;
  }
}

export const commandBytes = (bytes: Uint8Array): number => entryOverheadBytes + bytes.length;

/**
 * Entries without a gap from `base.index + 1` on. Appending and looking up are O(1). Compaction is
 * O(1) amortised: forgotten slots are given back when they are half of the array.
 */
export class Log {
  #base: LogBase;
  #entries: Entry[];
  /** Slot of the first entry; the slots before it are forgotten. */
  #start = 0;

  constructor(base: LogBase, entries: readonly Entry[]) {
    this.#base = base;
    this.#entries = [];
    for (const entry of entries) this.append(entry);
  }

  get base(): LogBase {
    return this.#base;
  }

  get firstIndex(): LogIndex {
    return nextIndex(this.#base.index);
  }

  get lastIndex(): LogIndex {
    return (this.#base.index + this.#entries.length - this.#start) as LogIndex;
  }

  get last(): Position {
    const entry = this.#entries.at(-1);
    return this.#isEmpty() || entry === undefined
      ? { index: this.#base.index, term: this.#base.term }
      : { index: entry.index, term: entry.term };
  }

  get lastTime(): ClusterTime {
    const entry = this.#entries.at(-1);
    return this.#isEmpty() || entry === undefined ? this.#base.time : entry.time;
  }

  /** The entry at `index`, or `null` when the log does not hold it (any more). */
  at(index: LogIndex): Entry | null {
    if (index <= this.#base.index) return null;
    return this.#entries[this.#slot(index)] ?? null;
  }

  /** The term at `index`, which may be the base; `null` when that is not known. */
  termAt(index: LogIndex): Term | null {
    return index === this.#base.index ? this.#base.term : (this.at(index)?.term ?? null);
  }

  holds(position: Position): boolean {
    return this.termAt(position.index) === position.term;
  }

  /** Entries in [from, upto). */
  slice(from: LogIndex, upto: LogIndex): Entry[] {
    assert(from > this.#base.index, 'only entries the log still holds are asked for');
    assert(upto <= this.lastIndex + 1, 'only entries the log already holds are asked for');
    return this.#entries.slice(this.#slot(from), this.#slot(upto));
  }

  append(entry: Entry): void {
    const last = (this.#isEmpty() ? null : this.#entries.at(-1)) ?? this.#base;
    assert(entry.index === last.index + 1, 'appends leave no gap');
    assert(entry.term >= last.term, 'R2: terms along the log never fall');
    assert(entry.time >= last.time, 'cluster time never falls along the log');
    this.#entries.push(entry);
  }

  /** Removes the tail from `index` on, which a newer leader overrules. */
  truncateFrom(index: LogIndex): void {
    assert(index > this.#base.index, 'what a snapshot covers is never truncated');
    this.#entries.length = this.#slot(index);
  }

  /** Forgets the entries through `index`; the log begins after it. */
  compact(through: LogIndex): void {
    const entry = must(this.at(through), 'compaction ends at an entry the log holds');
    this.#start = this.#slot(nextIndex(through));
    this.#base = { index: entry.index, term: entry.term, time: entry.time };
    if (this.#start * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Begins anew after a snapshot at `base`, with no entry. */
  restart(base: LogBase): void {
    this.#base = base;
    this.#entries = [];
    this.#start = 0;
  }

  /**
   * The last index at or below `index` whose term is at most `term`: where two logs may still
   * agree, found without trying every index in turn (Raft 5.3, the optimisation at its end). One
   * before the base when even the base has a later term.
   */
  lastIndexWithTermAtMost(index: LogIndex, term: Term): LogIndex {
    if (index < this.#base.index) return index;
    let low: number = this.#base.index;
    let high: number = Math.min(index, this.lastIndex);
    if (this.#base.term > term) return logIndex(Math.max(0, low - 1));
    // Terms never fall along the log (R2). Held throughout: the term at `low` is at most `term`.
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const there = must(this.termAt(middle as LogIndex), 'the log has no gap');
      if (there <= term) low = middle;
      else high = middle - 1;
    }
    return logIndex(low);
  }

  #isEmpty(): boolean {
    return this.#entries.length === this.#start;
  }

  #slot(index: LogIndex): number {
    return this.#start + (index - this.#base.index - 1);
  }
}

export const lesser = (a: LogIndex, b: LogIndex): LogIndex => logIndex(Math.min(a, b));
export const greater = (a: LogIndex, b: LogIndex): LogIndex => logIndex(Math.max(a, b));

/** Orders logs by how up to date they are: the later last term wins, then the longer (Raft 5.4.1). */
export function comparePositions(a: Position, b: Position): number {
  return a.term !== b.term ? a.term - b.term : a.index - b.index;
}
