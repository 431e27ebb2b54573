import { type Glob, type Path, parentOf } from '../paths/index.ts';
import { type Event, fileAt } from '../tree/index.ts';
import type { History } from './history.ts';

/** A watcher that is registered. Held by whoever may cancel it. */
export type Waiting<W> = {
  readonly kind: 'waiting';
  readonly glob: Glob;
  /** The first revision it has not been asked about. Nothing older is ever delivered (W2). */
  readonly from: number;
  readonly watcher: W;
};

/** A stream of events that is registered, and what it missed. */
export type Watching<W> = {
  readonly kind: 'watching';
  /** Its first deliveries, in revision order. */
  readonly past: readonly Event[];
  readonly waiting: Waiting<W>;
};

/** How far a look into the past came. `next`: the first revision that was not looked at. */
export type Looked =
  | { readonly kind: 'found'; readonly event: Event }
  | { readonly kind: 'none'; readonly next: number };

export type Delivery<W> = { readonly watcher: W; readonly event: Event };

/** What became of those who waited when history began anew. */
export type Restart<W> = {
  /** May have missed an event, and are gone: they must be told that history was forgotten. */
  readonly lost: readonly W[];
  readonly deliveries: readonly Delivery<W>[];
};

type Registered<W> = Waiting<W> & { readonly once: boolean };

/** All watchers of one glob: what it matches is decided once for all of them. */
type Group<W> = { readonly glob: Glob; readonly waiting: Set<Registered<W>> };

/**
 * Who waits for what. It sends nothing: given events it answers with deliveries. Watchers are told
 * apart by identity, may be of any type, and how many there may be is the caller's to bound.
 *
 * The past counts: whoever asks from a revision on gets what happened since, and is registered in
 * the same call, so nothing can slip between past and present (W1).
 */
export class Hub<W> {
  readonly #history: History;
  /** Patterns without a wildcard, by their path: ten thousand of them cost an event one look-up. */
  readonly #exact = new Map<Path, Group<W>>();
  /** The others by the directory that all their matches lie in, then by their text. */
  readonly #globs = new Map<Path, Map<string, Group<W>>>();
  #size = 0;
  /** The revision of the last event that went through `publish`. */
  #published = 0;

  constructor(history: History) {
    this.#history = history;
  }

  /** How many are registered. */
  get size(): number {
    return this.#size;
  }

  /**
   * The first event at `from` (less than 1 counts as 1) or later that matches, once. It is answered
   * at once if it is in the past; else `watcher` is delivered it by `publish`, and is registered no
   * more.
   */
  wait(glob: Glob, from: number, watcher: W): Event | Waiting<W> | 'compacted' {
    const past = this.#past(glob, from);
    if (past === 'compacted') return 'compacted';
    for (const event of past) if (glob.matches(event.path)) return event;
    return this.#register(glob, from, watcher, true);
  }

  /**
   * Every event at `from` (less than 1 counts as 1) or later that matches, until it is cancelled.
   */
  watch(glob: Glob, from: number, watcher: W): Watching<W> | 'compacted' {
    const past = this.#past(glob, from);
    if (past === 'compacted') return 'compacted';
    const matching: Event[] = [];
    for (const event of past) if (glob.matches(event.path)) matching.push(event);
    const waiting = this.#register(glob, from, watcher, false);
    return { kind: 'watching', past: matching, waiting };
  }

  /**
   * The first event at `from` (less than 1 counts as 1) or later that matches, among at most `countMax`
   * revisions, and nobody is registered: for readers of a long past, who let others run in between.
   */
  look(glob: Glob, from: number, countMax: number): Looked | 'compacted' {
    const past = this.#past(glob, from);
    if (past === 'compacted') return 'compacted';
    const next = this.#history.current.revision + 1;
    let left = countMax;
    for (const event of past) {
      if (glob.matches(event.path)) return { kind: 'found', event };
      if (--left === 0) return { kind: 'none', next: event.revision + 1 };
    }
    return { kind: 'none', next: Math.max(from, next) };
  }

  /** Nothing more is delivered to it. It may be gone already. */
  cancel(waiting: Waiting<W>): void {
    this.#remove(waiting as Registered<W>);
  }

  /**
   * What `events`, the newest of history, mean to those who wait, in revision order. History has
   * them already, so that whoever asks meanwhile finds them there.
   */
  publish(events: readonly Event[]): readonly Delivery<W>[] {
    const deliveries: Delivery<W>[] = [];
    this.#published = events.at(-1)?.revision ?? this.#published;
    if (this.#size === 0) return deliveries;
    for (const event of events) {
      const exact = this.#exact.get(event.path);
      if (exact !== undefined) this.#deliver(exact, event, deliveries);
      // Every match of a glob lies in its directory, at any depth; the root, a nop's path, in
      // itself.
      let at: Path | null = this.#globs.size === 0 ? null : (parentOf(event.path) ?? event.path);
      for (; at !== null; at = parentOf(at)) {
        for (const group of this.#globs.get(at)?.values() ?? []) {
          if (group.glob.matches(event.path)) this.#deliver(group, event, deliveries);
        }
      }
    }
    return deliveries;
  }

  /**
   * Takes note that history began anew, at a snapshot. Watchers that waited for a revision before
   * it may have missed an event; the others go on, and may get the snapshot's own event.
   */
  restart(): Restart<W> {
    const { current, oldest } = this.#history;
    const next = this.#published + 1;
    const lost = [...this.#all()].filter(({ from }) => Math.max(from, next) < oldest);
    for (const waiting of lost) this.#remove(waiting);
    const event = current.lastEvent;
    const deliveries = event === null || event.revision < next ? [] : this.publish([event]);
    return { lost: lost.map(({ watcher }) => watcher), deliveries };
  }

  #past(glob: Glob, from: number): Iterable<Event> | 'compacted' {
    const events = this.#history.eventsFrom(from);
    if (events === 'compacted' || glob.exact === null) return events;
    // A file that stands since before `from` has had no event since: no need to read them all.
    const file = fileAt(this.#history.current, glob.exact);
    return file !== null && file.changed < from ? [] : events;
  }

  #register(glob: Glob, from: number, watcher: W, once: boolean): Waiting<W> {
    // The past was searched through the newest event, published or not: never deliver it twice.
    const next = Math.max(from, this.#history.current.revision + 1);
    const waiting: Registered<W> = { kind: 'waiting', glob, from: next, watcher, once };
    this.#groupFor(glob).waiting.add(waiting);
    this.#size++;
    return waiting;
  }

  #groupFor(glob: Glob): Group<W> {
    if (glob.exact !== null) return found(this.#exact, glob.exact, () => groupOf<W>(glob));
    const groups = found(this.#globs, glob.prefix, () => new Map<string, Group<W>>());
    return found(groups, glob.text, () => groupOf<W>(glob));
  }

  #deliver(group: Group<W>, event: Event, deliveries: Delivery<W>[]): void {
    for (const waiting of group.waiting) {
      // Also when `from` lies in the future (etcd #20221).
      if (event.revision < waiting.from) continue;
      deliveries.push({ watcher: waiting.watcher, event });
      if (waiting.once) this.#remove(waiting);
    }
  }

  #remove(waiting: Registered<W>): void {
    const { glob } = waiting;
    const groups = glob.exact === null ? this.#globs.get(glob.prefix) : undefined;
    const group = glob.exact === null ? groups?.get(glob.text) : this.#exact.get(glob.exact);
    if (group?.waiting.delete(waiting) !== true) return;
    this.#size--;
    if (group.waiting.size > 0) return;
    if (glob.exact !== null) this.#exact.delete(glob.exact);
    else if (groups?.delete(glob.text) === true && groups.size === 0) {
      this.#globs.delete(glob.prefix);
    }
  }

  *#all(): Generator<Registered<W>, void> {
    for (const group of this.#exact.values()) yield* group.waiting;
    for (const groups of this.#globs.values()) {
      for (const group of groups.values()) yield* group.waiting;
    }
  }
}

const groupOf = <W>(glob: Glob): Group<W> => ({ glob, waiting: new Set() });

/** What `map` holds under `key`, made if it is not there. */
function found<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const old = map.get(key);
  if (old !== undefined) return old;
  const made = make();
  map.set(key, made);
  return made;
}
