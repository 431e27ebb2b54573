import { assert, type ClusterError, limits } from '../base/index.ts';
import type { NodeHandle } from '../node/index.ts';
import type { Event, Reply, View } from '../tree/index.ts';
import { greater, includes, type Right } from './access.ts';

/** Bounds a server keeps for each guest. The defaults are `limits`; flags and tests may lower them. */
export type ServerLimits = {
  readonly valueBytesMax: number;
  readonly pathBytesMax: number;
  readonly requestsPerConnectionMax: number;
  readonly watchersPerConnectionMax: number;
};

export const defaultServerLimits: ServerLimits = {
  valueBytesMax: limits.valueBytesMax,
  pathBytesMax: limits.pathBytesMax,
  requestsPerConnectionMax: limits.requestsPerConnectionMax,
  watchersPerConnectionMax: limits.watchersPerConnectionMax,
};

/** A wait without an end of its own; it ends with its connection. */
export type Abandonable = { readonly abandon: () => void };

/**
 * What a session is told when a request of its has an outcome. `R` is the session's own request,
 * handed back as it came, so that one object a request is enough: no closure, no promise.
 */
export type Answerer<R> = {
  readonly guest: Guest;
  readonly wrote: (request: R, reply: Reply) => void;
  readonly viewed: (request: R, view: View) => void;
  readonly happened: (request: R, event: Event) => void;
  readonly refuse: (request: R, error: ClusterError) => void;
};

/** Waits and watches of all guests of a server together. */
export type Waiting = { waits: number };

/** One connection as the server sees it, whatever it speaks: its right, what it waits for, its bounds. */
export class Guest {
  readonly node: NodeHandle;
  readonly limits: ServerLimits;
  readonly #room: () => void;
  readonly #all: Waiting;
  readonly #waiting = new Set<Abandonable>();
  #right: Right;
  #requests = 0;
  #stalled = false;
  #closed = false;

  /** `room` is called when requests are taken again after `full`; it only schedules. */
  constructor(
    node: NodeHandle,
    serverLimits: ServerLimits,
    right: Right,
    room: () => void,
    waiting: Waiting = { waits: 0 },
  ) {
    this.node = node;
    this.#all = waiting;
    this.limits = serverLimits;
    this.#right = right;
    this.#room = room;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** No more requests for now: the door stops reading. Waits do not count here, they have a bound of their own. */
  get full(): boolean {
    return this.#stalled || this.#requests >= this.limits.requestsPerConnectionMax;
  }

  /** Requests taken and not answered. */
  get requests(): number {
    return this.#requests;
  }

  /** Waits and watches that hang on this connection. */
  get waits(): number {
    return this.#waiting.size;
  }

  may(needed: 'read' | 'write'): boolean {
    return includes(this.#right, needed);
  }

  /** Rights only grow. */
  grant(right: Right): void {
    this.#right = greater(this.#right, right);
  }

  /** A request was taken that the node bounds in time. */
  begin(): void {
    this.#requests += 1;
  }

  end(): void {
    assert(this.#requests > 0, 'a request ends once, after it began');
    const wasFull = this.full;
    this.#requests -= 1;
    if (wasFull && !this.full && !this.#closed) this.#room();
  }

  /** Nothing more is taken until `goOn`: what was asked last is to cost time. */
  stall(): void {
    assert(!this.#stalled, 'nothing is taken while a guest is stalled');
    this.#stalled = true;
  }

  goOn(): void {
    this.#stalled = false;
    if (!this.full && !this.#closed) this.#room();
  }

  /** Whether one more wait may hang here; if so it does, until `release`. */
  hold(wait: Abandonable): boolean {
    if (this.#waiting.size >= this.limits.watchersPerConnectionMax) return false;
    this.#waiting.add(wait);
    this.#all.waits += 1;
    assert(this.#waiting.size <= this.limits.watchersPerConnectionMax, 'N3: waits are bounded');
    return true;
  }

  release(wait: Abandonable): void {
    if (this.#waiting.delete(wait)) this.#all.waits -= 1;
  }

  /** The connection is gone: no wait stays behind. What was proposed goes on; nobody hears of it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#all.waits -= waiting.length;
    for (const wait of waiting) wait.abandon();
  }
}
