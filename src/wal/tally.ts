import { assert, type LogIndex, logIndex, noTerm, type Term } from '../base/index.ts';
import type { Position } from '../raft/index.ts';

/** From here on, entries are of this term. */
type Run = { readonly from: number; readonly term: Term };

const origin: Position = { index: logIndex(0), term: noTerm };

/** Which positions a durable log holds, and how many bytes of it no snapshot covers. */
export class Tally {
  /** Nothing is known of what is before. */
  #floor: Position;
  #last: Position;
  /** Ascending; the first begins after the floor. */
  #runs: Run[] = [];
  #snapshotIndex: number;
  /** Bytes of each entry after the snapshot's index, without a gap. */
  #sizes: number[] = [];
  #bytes = 0;

  constructor(floor: Position = origin) {
    this.#floor = floor;
    this.#last = floor;
    this.#snapshotIndex = floor.index;
  }

  get floor(): Position {
    return this.#floor;
  }

  get last(): Position {
    return this.#last;
  }

  /** Bytes of entries after the newest snapshot's index. */
  get bytesSinceSnapshot(): number {
    return this.#bytes;
  }

  append(index: LogIndex, term: Term, bytes: number): void {
    assert(index === this.#last.index + 1, 'appends leave no gap');
    assert(term >= this.#last.term, 'R2: terms along the log never fall');
    if (this.#runs.at(-1)?.term !== term) this.#runs.push({ from: index, term });
    this.#last = { index, term };
    if (index <= this.#snapshotIndex) return;
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  truncateFrom(index: LogIndex): void {
    assert(index > this.#floor.index, 'what a snapshot covers is never truncated');
    if (index > this.#last.index) return;
    while ((this.#runs.at(-1)?.from ?? 0) >= index) this.#runs.pop();
    const keep = Math.max(0, index - 1 - this.#snapshotIndex);
    for (const bytes of this.#sizes.splice(keep)) this.#bytes -= bytes;
    this.#last = {
      index: logIndex(index - 1),
      term: this.#runs.at(-1)?.term ?? this.#floor.term,
    };
  }

  /** The log begins anew after `base`. */
  restart(base: Position): void {
    this.#floor = base;
    this.#last = base;
    this.#runs = [];
    this.#sizes = [];
    this.#bytes = 0;
    this.#snapshotIndex = base.index;
  }

  /** A snapshot covers entries through `index`. */
  covered(index: LogIndex): void {
    if (index <= this.#snapshotIndex) return;
    for (const bytes of this.#sizes.splice(0, index - this.#snapshotIndex)) this.#bytes -= bytes;
    this.#snapshotIndex = index;
  }

  /** Nobody will ask for positions before `index` any more. */
  forgetBefore(index: LogIndex): void {
    const term = this.termAt(index);
    if (term === null || index <= this.#floor.index) return;
    this.#floor = { index, term };
    const stay = this.#runs.filter((run) => run.from > index);
    const spanning = this.#last.index > index && stay[0]?.from !== index + 1;
    this.#runs = spanning ? [{ from: index + 1, term }, ...stay] : stay;
  }

  /** `null`: not in this log, as far as is known. */
  termAt(index: LogIndex): Term | null {
    if (index > this.#last.index || index < this.#floor.index) return null;
    if (index === this.#floor.index) return this.#floor.term;
    return this.#runs.findLast((run) => run.from <= index)?.term ?? null;
  }

  holds(position: Position): boolean {
    return this.termAt(position.index) === position.term;
  }
}
