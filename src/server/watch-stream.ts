import { assert, limits, type Revision, revision } from '../base/index.ts';
import type { Cancel, EventWatcher, NodeHandle } from '../node/index.ts';
import type { Glob } from '../paths/index.ts';
import type { Clock } from '../ports/index.ts';
import type { Event } from '../tree/index.ts';
import type { Abandonable } from './guest.ts';

/** Events read from history before the loop looks at its sockets again; or `limits.batchBytesMax` of them. */
const sliceEvents = 128;

/** Whoever a stream's events go to. */
export type StreamEvents = {
  /** All events up to the last one's revision have been given with this. Never empty. */
  readonly events: (events: readonly Event[]) => void;
  /** The last call: history before `oldest` is forgotten, and `next` was wanted. */
  readonly compacted: (next: Revision, oldest: Revision) => void;
  /** False while the connection has enough unsent bytes. */
  readonly room: () => boolean;
};

export type StreamParts = {
  readonly node: NodeHandle;
  readonly clock: Clock;
  readonly glob: Glob;
  readonly from: Revision;
  readonly to: StreamEvents;
};

/**
 * A watch as long as its guest wants it. W1: every matching event from `from` on, once, in order, or
 * `compacted`, which says where to resume.
 *
 * A guest gives credits, one an event. A stream is live, events come as they happen, until one comes
 * for which there is no credit or no room in the connection. Then nothing is kept but the revision
 * wanted next; later it reads on from history, in slices, until it has caught up. So a slow guest
 * costs a number, and a guest that is only idle never falls behind.
 */
export class WatchStream implements Abandonable {
  readonly #parts: StreamParts;
  #next: Revision;
  #credits = 0;
  #live: Live | null = null;
  #reading = false;
  #over = false;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#next = parts.from;
  }

  /** The guest takes `count` more events. */
  credit(count: number): void {
    this.#credits = Math.min(this.#credits + count, Number.MAX_SAFE_INTEGER);
    this.resume();
  }

  /** Goes on if it stood still for want of credits or room. */
  resume(): void {
    if (!this.#over && this.#live === null && !this.#reading) this.#readOn();
  }

  /** Nothing more is sent. */
  abandon(): void {
    this.#over = true;
    this.#live?.stop();
    this.#live = null;
  }

  /** One slice of history; then the next one later, or live, or standing still. */
  #readOn(): void {
    this.#reading = false;
    if (this.#over) return;
    const { node, clock, glob } = this.#parts;
    const events: Event[] = [];
    let bytes = 0;
    for (;;) {
      // `wait` answers from the past within the call; what it does not answer has not happened.
      const probe = new Probe();
      node.wait(glob, this.#next, probe)();
      if (probe.oldest !== null) return this.#end(events, probe.oldest);
      if (probe.found === null) return this.#goLive(events);
      this.#next = probe.found.revision;
      if (events.length >= this.#credits || !this.#parts.to.room()) break;
      if (events.length === sliceEvents || bytes >= limits.batchBytesMax) {
        this.#reading = true;
        clock.soon(() => this.#readOn());
        break;
      }
      events.push(probe.found);
      bytes += probe.found.body.length;
      this.#next = after(probe.found);
    }
    this.#give(events);
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
    if (events.length === 0) return;
    this.#credits -= events.length;
    assert(this.#credits >= 0, 'a watch sends no more events than its guest asked for');
    this.#parts.to.events(events);
  }

  #end(events: readonly Event[], oldest: Revision): void {
    this.#give(events);
    if (this.#over) return;
    this.abandon();
    this.#parts.to.compacted(this.#next, oldest);
  }
}

const after = (event: Event): Revision => revision(event.revision + 1);

/** Looks whether a matching event is there already. */
class Probe implements EventWatcher {
  found: Event | null = null;
  oldest: Revision | null = null;

  event(event: Event): void {
    this.found ??= event;
  }

  compacted(oldest: Revision): void {
    this.oldest = oldest;
  }
}

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
