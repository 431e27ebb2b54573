import { assert, type Revision } from '../base/index.ts';
import type { Event, View } from '../tree/index.ts';

export type HistoryOptions = {
  /** `sweep` forgets revisions that are this far behind the newest, and older ones. */
  readonly revisionsMax: number;
  /** Beyond so many remembered bytes the oldest are forgotten at once. */
  readonly bytesMax: number;
};

/**
 * What an event and its view keep in memory beside path and body: copied nodes of the tree. An
 * estimate.
 */
const overheadBytes = 2048;
/** Forgotten places at the front of the ring before it is moved together. */
const slackMax = 1024;

const sizeOf = ({ path, body, previous }: Event): number =>
  overheadBytes + path.length + body.length + (previous?.length ?? 0);

/**
 * The recent past of one node: for every revision since the oldest its event, and the view it led
 * to. It begins at the snapshot that this node loaded; what is older was never here.
 */
export class History {
  readonly #revisionsMax: number;
  readonly #bytesMax: number;
  /** The event at `#first`, `#first + 1`, ... stands from `#skip` on; likewise its view. */
  #events: (Event | null)[] = [];
  #views: (View | null)[] = [];
  #skip = 0;
  #first = 0;
  #bytes = 0;
  #current: View | null = null;

  constructor({ revisionsMax, bytesMax }: HistoryOptions) {
    assert(revisionsMax > 0, 'history keeps at least one revision');
    this.#revisionsMax = revisionsMax;
    this.#bytesMax = bytesMax;
  }

  /**
   * Begins anew at `view`: its revision is readable and its event known, nothing before. What was
   * remembered is forgotten, since there may be a gap between.
   */
  start(view: View): void {
    this.#events = [view.lastEvent];
    this.#views = [view];
    this.#skip = 0;
    this.#first = view.revision;
    this.#bytes = view.lastEvent === null ? 0 : sizeOf(view.lastEvent);
    this.#current = view;
  }

  /**
   * Adds the events of one change and the view it led to. A read at any of their revisions is
   * answered with that view: what happens together is seen together.
   */
  push(view: View, events: readonly Event[]): void {
    let newest = this.current.revision;
    for (const event of events) {
      newest++;
      assert(event.revision === newest, 'T1: history has no gap');
      this.#events.push(event);
      this.#views.push(view);
      this.#bytes += sizeOf(event);
    }
    assert(view.revision === newest, 'T1: the last event leads to the view');
    // Also a change without events: the view of this revision knows the newest membership and time.
    this.#views[this.#views.length - 1] = view;
    this.#current = view;
    while (this.#bytes > this.#bytesMax && this.#first < newest) this.#forgetOldest();
    this.#tidy();
  }

  /** The newest view. */
  get current(): View {
    assert(this.#current !== null, 'history was started');
    return this.#current;
  }

  /** The oldest readable revision; its event is remembered too. */
  get oldest(): Revision {
    return this.#first as Revision;
  }

  /** The view at a revision; less than 1 counts as 1. */
  viewAt(revision: number): View | 'compacted' | 'future' {
    const wanted = Math.max(1, revision);
    if (wanted > this.current.revision) return 'future';
    return this.#views[this.#skip + wanted - this.#first] ?? 'compacted';
  }

  /** The event at a revision; less than 1 counts as 1. */
  eventAt(revision: number): Event | 'compacted' | 'future' {
    const wanted = Math.max(1, revision);
    if (wanted > this.current.revision) return 'future';
    return this.#events[this.#skip + wanted - this.#first] ?? 'compacted';
  }

  /**
   * All events at `revision` (less than 1 counts as 1) and later, in order; none if it is in the
   * future. For use at once: who reads in slices asks `eventAt` and may be told that history moved
   * on.
   */
  eventsFrom(revision: number): Iterable<Event> | 'compacted' {
    return this.eventAt(revision) === 'compacted' ? 'compacted' : this.#from(Math.max(1, revision));
  }

  *#from(revision: number): Generator<Event, void> {
    for (let at = revision; ; at++) {
      const event = this.eventAt(at);
      if (event === 'future') return;
      assert(event !== 'compacted', 'history is read before it is swept again');
      yield event;
    }
  }

  /**
   * Forgets revisions that are `revisionsMax` behind the newest, and older ones. The owner calls it
   * once a second, as doozerd did; between two sweeps only the bytes are bounded.
   */
  sweep(): void {
    this.#keep(this.#revisionsMax);
  }

  /**
   * More revisions are on their way, at once, than are kept: nothing that is here will be. Kept till
   * then, a long log that is replayed would fill the memory with views that nobody has seen.
   */
  outrun(): void {
    this.#keep(1);
  }

  #keep(count: number): void {
    const { revision } = this.current;
    while (this.#first <= revision - count) this.#forgetOldest();
    this.#tidy();
  }

  #forgetOldest(): void {
    const event = this.#events[this.#skip] ?? null;
    if (event !== null) this.#bytes -= sizeOf(event);
    this.#events[this.#skip] = null;
    this.#views[this.#skip] = null;
    this.#skip++;
    this.#first++;
  }

  /** Moves the ring together once half of it is empty, so each event is moved about once. */
  #tidy(): void {
    if (this.#skip < slackMax || this.#skip < this.#events.length / 2) return;
    this.#events = this.#events.slice(this.#skip);
    this.#views = this.#views.slice(this.#skip);
    this.#skip = 0;
  }
}
