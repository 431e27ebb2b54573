import { assert, limits, type Revision, revision } from '../base/index.ts';
import type { Cancel, EventWatcher, NodeHandle } from '../node/index.ts';
import type { Glob } from '../paths/index.ts';
import type { Event } from '../tree/index.ts';
import type { CatchUp, PastReader } from './catch-up.ts';
import type { Abandonable } from './guest.ts';

/** Whoever a stream's events go to. */
export type StreamEvents = {
  /** All events up to `progress` have been given with this. None: a mark. */
  readonly events: (events: readonly Event[], progress: Revision) => void;
  /** The last call: history before `oldest` is forgotten, and `next` was wanted. */
  readonly compacted: (next: Revision, oldest: Revision) => void;
  /** False while the connection has enough unsent bytes. */
  readonly room: () => boolean;
};

export type StreamParts = {
  readonly node: NodeHandle;
  readonly catchUp: CatchUp;
  readonly glob: Glob;
  readonly from: Revision;
  /** What was there before goes with each event, and counts among its bytes. */
  readonly previous: boolean;
  readonly to: StreamEvents;
};

/**
 * A watch as long as its guest wants it. W1: every matching event from `from` on, once, in order, or
 * `compacted`, which says where to resume.
 *
 * A guest gives credits, one an event. A stream is live, events come as they happen, until one comes
 * for which there is no credit or no room in the connection. Then nothing is kept but the revision
 * wanted next, and nothing of the node's; later it reads on from history, in slices, until it has caught up.
 * So a slow guest costs a number, and a guest that is only idle never falls behind.
 */
export class WatchStream implements Abandonable, PastReader {
  readonly #parts: StreamParts;
  #next: Revision;
  /** The guest knows that it has everything up to here. */
  #told: number;
  #credits = 0;
  #live: Live | null = null;
  /** It waits for its next slice. */
  #reading = false;
  #over = false;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#next = parts.from;
    this.#told = parts.from - 1;
  }

  /** The guest takes `count` more events. */
  credit(count: number): void {
    this.#credits = Math.min(this.#credits + count, Number.MAX_SAFE_INTEGER);
    this.resume();
  }

  /** Goes on if it stood still for want of credits or room. */
  resume(): void {
    if (this.#over || this.#live !== null || this.#reading) return;
    this.#reading = true;
    this.#parts.catchUp.begin(this);
  }

  /** Nothing more is sent. */
  abandon(): void {
    this.#over = true;
    this.#parts.catchUp.forget(this);
    this.#live?.stop();
    this.#live = null;
  }

  /**
   * Tells the guest how far it has come, if that is `revisionsMin` further than it knows. Never called
   * while events are being delivered: those of `newest` and before have been.
   */
  mark(newest: Revision, revisionsMin: number): void {
    if (this.#live === null || newest - this.#told < revisionsMin) return;
    if (!this.#parts.to.room()) return;
    assert(newest >= this.#told, 'W2: progress never falls');
    this.#next = revision(newest + 1);
    this.#told = newest;
    this.#parts.to.events([], newest);
  }

  /** Only for the catch-up. One slice of history; then the next one later, or live, or standing still. */
  slice(): void {
    this.#reading = false;
    if (this.#over) return;
    const { node, glob, previous } = this.#parts;
    const events: Event[] = [];
    let [bytes, left] = [0, limits.catchUpRevisions as number];
    while (left > 0 && events.length < limits.catchUpEvents && bytes < limits.batchBytesMax) {
      const past = node.pastEvent(glob, this.#next, left);
      if (past.kind === 'compacted') return this.#end(events, past.oldest);
      if (past.kind === 'none') {
        this.#next = past.next;
        if (past.next > node.view().revision) return this.#goLive(events);
        break;
      }
      const { event } = past;
      left -= event.revision - this.#next + 1;
      this.#next = event.revision;
      // Stands still until there are credits, or room.
      if (events.length >= this.#credits || !this.#parts.to.room()) return this.#give(events);
      events.push(event);
      bytes += event.body.length + (previous ? (event.previous?.length ?? 0) : 0);
      this.#next = after(event);
    }
    this.#give(events);
    if (this.#over) return;
    this.#reading = true;
    this.#parts.catchUp.goOn(this);
  }

  #goLive(events: readonly Event[]): void {
    this.#give(events);
    if (this.#over) return;
    // No turn lies between the last look and this: nothing slips through.
    this.#live = new Live(this);
    this.#live.start(this.#parts.node, this.#parts.glob, this.#next);
  }

  /** Only for `Live`. False: the event was not taken, the stream stands still. */
  take(event: Event): boolean {
    assert(event.revision >= this.#next, 'W2: a watch sees nothing twice and nothing older');
    this.#next = event.revision;
    if (this.#credits === 0 || !this.#parts.to.room()) {
      this.#live = null;
      return false;
    }
    this.#give([event]);
    this.#next = after(event);
    return true;
  }

  /** Only for `Live`. */
  forgotten(oldest: Revision): void {
    this.#live = null;
    this.#end([], oldest);
  }

  #give(events: readonly Event[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    this.#credits -= events.length;
    assert(this.#credits >= 0, 'a watch sends no more events than its guest asked for');
    this.#told = last.revision;
    this.#parts.to.events(events, last.revision);
  }

  #end(events: readonly Event[], oldest: Revision): void {
    this.#give(events);
    if (this.#over) return;
    this.abandon();
    this.#parts.to.compacted(this.#next, oldest);
  }
}

const after = (event: Event): Revision => revision(event.revision + 1);

/** One subscription at the node. It may be called before `start` returns, and is deaf once stopped. */
class Live implements EventWatcher {
  readonly #stream: WatchStream;
  #cancel: Cancel | null = null;
  #stopped = false;

  constructor(stream: WatchStream) {
    this.#stream = stream;
  }

  start(node: NodeHandle, glob: Glob, from: Revision): void {
    const cancel = node.watch(glob, from, this);
    if (this.#stopped) cancel();
    else this.#cancel = cancel;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = null;
  }

  event(event: Event): void {
    if (!this.#stopped && !this.#stream.take(event)) this.stop();
  }

  compacted(oldest: Revision): void {
    if (this.#stopped) return;
    this.stop();
    this.#stream.forgotten(oldest);
  }
}
