import { type LogIndex, logIndex, noTerm, type Term, term } from '../base/index.ts';
import type { Position } from '../raft/index.ts';
import { corrupt } from './corrupt.ts';
import { entryKind, recordBytes, restartKind, truncateKind } from './record.ts';
import type { ReadRecord } from './scanner.ts';
import { Tally } from './tally.ts';

/** Follows the records of a log from some place on, and holds what is left of it at the end. */
export class Replay {
  /** Entries through here are not kept: a snapshot has them. */
  readonly #through: LogIndex;
  readonly tally: Tally;
  /** The newest snapshot the log was restarted from; index 0 if it never was. */
  base: Position;
  /** Bytes of the entries after `#through`, from `bodiesFrom` on without a gap. */
  bodies: Uint8Array[] = [];
  bodiesFrom: LogIndex;

  constructor(start: Position, base: Position, through: LogIndex) {
    this.tally = new Tally(start);
    this.tally.covered(through);
    this.base = base;
    this.#through = through;
    this.bodiesFrom = logIndex(Math.max(start.index, through) + 1);
  }

  /** The highest term of any entry that is left. */
  get lastTerm(): Term {
    return this.bodies.length === 0 ? noTerm : this.tally.last.term;
  }

  take(record: ReadRecord, file: string): void {
    const index = logIndex(record.index);
    if (record.kind === entryKind) this.#entry(index, record, file);
    else if (record.kind === truncateKind) this.#truncate(index, term(record.term));
    else if (record.kind === restartKind) this.#restart({ index, term: term(record.term) });
  }

  #entry(index: LogIndex, record: ReadRecord, file: string): void {
    const { at, body } = record;
    const entryTerm = term(record.term);
    const { last } = this.tally;
    if (index !== last.index + 1 || entryTerm < last.term) {
      throw wrong(
        file,
        at,
        `an entry after index ${last.index} of term ${last.term}`,
        `index ${index} of term ${entryTerm}`,
      );
    }
    this.tally.append(index, entryTerm, recordBytes(body.length));
    if (index > this.#through) this.bodies.push(body);
  }

  #truncate(index: LogIndex, termBefore: Term): void {
    if (index > this.tally.floor.index) {
      this.tally.truncateFrom(index);
      this.bodies.length = Math.min(this.bodies.length, Math.max(0, index - this.bodiesFrom));
      return;
    }
    // Reading began in the middle of the log's life. What was truncated then is before the snapshot
    // that made it possible, and whatever of it still counts is written again further on. The record
    // names the entry that is left, which may be the snapshot's.
    this.#beginAfter({ index: logIndex(index - 1), term: termBefore });
  }

  #restart(base: Position): void {
    this.base = base;
    this.#beginAfter(base);
  }

  #beginAfter(position: Position): void {
    this.tally.restart(position);
    this.tally.covered(this.#through);
    this.bodies = [];
    this.bodiesFrom = logIndex(Math.max(position.index, this.#through) + 1);
  }
}

const wrong = (file: string, offset: number, expected: string, found: string) =>
  corrupt({ file, offset, expected, found });
