import type { WatchNote, WatchRecord } from '../history.ts';
import { Violation } from '../witness.ts';
import type { Counts } from './counts.ts';
import type { EventTable } from './events.ts';
import type { TreeModel } from './model.ts';
import { matcherOf } from './reads.ts';

type Told = Extract<WatchNote, { readonly kind: 'event' }>;

/**
 * `watch`: every event that matches, from the revision asked for on, once, in order, whole, and no other;
 * or the word that it is forgotten, and only if it may be (W1, W2).
 */
export class WatchCheck {
  readonly #record: WatchRecord;
  readonly #n: number;
  readonly #events: EventTable;
  readonly #counts: Counts;
  readonly #matches: ReturnType<typeof matcherOf>;
  /** Notes that were looked at. */
  #read = 0;
  /** Everything that matches below this was delivered; `null`: nothing came yet, and it may begin anywhere. */
  #next: number | null;
  #last = 0;
  #isOver = false;

  constructor(record: WatchRecord, n: number, events: EventTable, counts: Counts) {
    this.#record = record;
    this.#n = n;
    this.#events = events;
    this.#counts = counts;
    this.#matches = matcherOf(record.glob);
    this.#next = record.from === null ? null : Math.max(1, record.from);
  }

  /** Looks at what came since. What no node has told of yet waits, unless this is the end. */
  advance(isEnd: boolean): void {
    const { notes } = this.#record;
    for (; this.#read < notes.length; this.#read++) {
      const note = notes[this.#read];
      if (note === undefined) return;
      if (this.#isOver) this.#fail('goes on after its end');
      if (note.kind === 'event') {
        if (!isEnd && note.event.revision > this.#events.known) return;
        this.#event(note);
      } else if (note.kind === 'compacted') {
        this.#compacted(note.oldest);
      } else this.#isOver = true;
    }
  }

  /** Whether everything that has happened was delivered, as far as it is owed. */
  get isDrained(): boolean {
    if (this.#read < this.#record.notes.length) return false;
    return this.#isOver || this.#owed() === null;
  }

  /** The run is healed and quiet: nothing is on its way any more. */
  checkDrained(): void {
    if (this.#isOver) return;
    const owed = this.#owed();
    if (owed === null) return;
    const event = this.#events.at(owed);
    this.#fail(`was never told of ${event?.kind} ${event?.path} at ${owed}`);
  }

  /** What is shown as standing there before is what stood there. */
  checkPrevious(model: TreeModel): void {
    for (const note of this.#record.notes) {
      if (note.kind !== 'event' || note.event.previous === undefined) continue;
      const { revision, path, previous } = note.event;
      const before = model.fileAt(path, revision - 1);
      const body = before === null ? null : this.#events.bodyAt(before.revision);
      if (previous === body) continue;
      this.#fail(`is told that ${path} held ${previous} before ${revision}, and it held ${body}`);
    }
  }

  #owed(): number | null {
    if (this.#next === null) return null;
    const { known } = this.#events;
    for (; this.#next <= known; this.#next++) {
      const event = this.#events.at(this.#next);
      if (event !== undefined && this.#matches(event)) return this.#next;
    }
    return null;
  }

  #event({ event: shown, ceiling }: Told): void {
    this.#counts.watchEvents++;
    const { revision } = shown;
    const event = this.#events.at(revision);
    if (event === undefined || revision > ceiling) {
      this.#fail(`is told of the future: ${shown.kind} ${shown.path} at ${revision}`);
    }
    if (revision <= this.#last) {
      this.#fail(`is told of revision ${revision} after ${this.#last}`);
    }
    if (this.#next !== null && revision < this.#next && this.#last === 0) {
      this.#fail(`is told of revision ${revision}, and asked from ${this.#record.from}`);
    }
    const same =
      event.kind === shown.kind &&
      event.path === shown.path &&
      this.#events.bodyAt(revision) === shown.body;
    if (!same)
      this.#fail(`is told of ${shown.kind} ${shown.path} at ${revision}, which was not so`);
    if (!this.#matches(event)) {
      this.#fail(`is told of ${shown.kind} ${shown.path} at ${revision}, which does not match`);
    }
    for (let at = this.#next ?? revision; at < revision; at++) {
      const missed = this.#events.at(at);
      if (missed === undefined || !this.#matches(missed)) continue;
      this.#fail(`misses ${missed.kind} ${missed.path} at ${at}, and is told of ${revision}`);
    }
    this.#last = revision;
    this.#next = revision + 1;
  }

  #compacted(oldest: number | null): void {
    this.#counts.compacted++;
    this.#isOver = true;
    if (oldest === null) return;
    const wanted = this.#last > 0 ? this.#last + 1 : Math.max(1, this.#record.from ?? 1);
    if (oldest <= wanted) {
      this.#fail(`ends as forgotten, but ${oldest} is remembered and ${wanted} comes next`);
    }
    if (oldest > this.#events.newest) {
      this.#fail(`ends as forgotten up to ${oldest}, and only ${this.#events.newest} happened`);
    }
  }

  #fail(what: string): never {
    const { guest, glob, from, floor } = this.#record;
    throw new Violation(
      'watch',
      `watch ${this.#n} of ${guest} on ${glob} from ${from ?? `now (${floor} or later)`} ${what}`,
    );
  }
}

/** All watches of a run. */
export class Watches {
  readonly #records: readonly WatchRecord[];
  readonly #events: EventTable;
  readonly #counts: Counts;
  readonly #checks: WatchCheck[] = [];

  constructor(records: readonly WatchRecord[], events: EventTable, counts: Counts) {
    this.#records = records;
    this.#events = events;
    this.#counts = counts;
  }

  /** Whether every live watch was told of everything that happened. */
  areDrained(): boolean {
    this.#advance(false);
    return this.#checks.every((check) => check.isDrained);
  }

  /** @param model  of all events. */
  check(isDrained: boolean, model: TreeModel): void {
    this.#advance(true);
    for (const check of this.#checks) check.checkPrevious(model);
    if (isDrained) for (const check of this.#checks) check.checkDrained();
  }

  #advance(isEnd: boolean): void {
    for (let n = this.#checks.length; n < this.#records.length; n++) {
      const record = this.#records[n];
      if (record === undefined) continue;
      this.#counts.watches++;
      this.#checks.push(new WatchCheck(record, n, this.#events, this.#counts));
    }
    for (const check of this.#checks) check.advance(isEnd);
  }
}
