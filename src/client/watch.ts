import { assert, ClusterError, type Prng } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import {
  type NativeEvent,
  type NativeReply,
  type NativeRequest,
  versionFor,
} from '../protocol/client/index.ts';
import { errorOf } from './answer-errors.ts';
import { pauseMs } from './back-off.ts';
import type { Carrier, Exchange } from './exchange.ts';
import type { Keeper } from './keeper.ts';
import { withOwnBodies } from './own-bytes.ts';

/** Events a watch holds that nobody has taken yet, at most: what the node is given credit for. */
const capacity = 256;
/** Credits are given back in lots, not one by one. */
const creditsTogether = 64;

export type WatchPlan = {
  readonly glob: string;
  readonly previous: boolean;
  /** The first revision wanted; `null`: the one after `now`. */
  readonly from: number | null;
  readonly now: () => Promise<number>;
  readonly signal: AbortSignal | null;
  /** Called with every revision that was seen. */
  readonly seen: (revision: number) => void;
};

export type WatchParts = { readonly keeper: Keeper; readonly clock: Clock; readonly prng: Prng };

type Reader = {
  readonly resolve: (result: IteratorResult<NativeEvent, undefined>) => void;
  readonly reject: (why: Error) => void;
};

/**
 * A stream of events that outlives links.
 *
 * W1: every matching event from `from` on comes once, in order, or an error that says where to resume. A
 * watch knows the next revision it is to be told of; with each new link it begins there. What a node
 * repeats below that is dropped, and a node that is behind waits until it gets there.
 */
export class Watch implements Exchange, AsyncIterableIterator<NativeEvent, undefined> {
  readonly prompt = false;
  readonly size = 0;
  readonly #parts: WatchParts;
  readonly #plan: WatchPlan;
  /** Everything that matches below this was queued or given out. Never falls. */
  #next: number;
  readonly #queue: NativeEvent[] = [];
  readonly #readers: Reader[] = [];
  /** Where the events come from now. */
  #sentAs: { readonly carrier: Carrier; readonly tag: number } | null = null;
  /** Events the node may still send; with the queue never more than the capacity. */
  #credits = 0;
  #pauses = 0;
  #pause: Timer | null = null;
  /** How it ended: `null` in order, or with an error. What is queued is given out first. */
  #ended: { readonly why: ClusterError | null } | null = null;

  constructor(parts: WatchParts, plan: WatchPlan) {
    this.#parts = parts;
    this.#plan = plan;
    this.#next = plan.from ?? 1;
  }

  start(): this {
    const { signal } = this.#plan;
    if (signal?.aborted === true) this.#end(null);
    else {
      signal?.addEventListener('abort', this.#abort);
      if (this.#plan.from !== null) this.#parts.keeper.submit(this);
      else void this.#startFromNow();
    }
    return this;
  }

  async #startFromNow(): Promise<void> {
    try {
      this.#next = (await this.#plan.now()) + 1;
      if (this.#ended === null) this.#parts.keeper.submit(this);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      this.#end(error);
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<NativeEvent, undefined>> {
    const event = this.#queue.shift();
    if (event !== undefined) {
      this.#giveCredit();
      return Promise.resolve({ value: event, done: false });
    }
    if (this.#ended !== null) return this.#last(this.#ended.why);
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /** The consumer left its loop: the node is told to stop, and what is queued is dropped. */
  return(): Promise<IteratorResult<NativeEvent, undefined>> {
    this.#queue.length = 0;
    this.#end(null);
    return Promise.resolve({ value: undefined, done: true });
  }

  request(tag: number, carrier: Carrier): NativeRequest | null {
    const { glob, previous } = this.#plan;
    const credits = capacity - this.#queue.length;
    assert(credits >= 0, 'N3: a watch holds no more than its capacity');
    const request = { kind: 'watch', tag, glob, from: this.#next, credits, previous } as const;
    if (carrier.version < versionFor(request)) {
      const reason = `the node speaks version ${carrier.version} of the protocol, which has no "previous"`;
      this.#end(new ClusterError('ERR_UNKNOWN_VERB', `Cannot watch "${glob}": ${reason}`));
      return null;
    }
    this.#sentAs = { carrier, tag };
    this.#credits = credits;
    return request;
  }

  reply(reply: NativeReply): 'more' | 'done' {
    if (reply.kind === 'events') {
      this.#pauses = 0;
      for (const event of reply.events) this.#take(event);
      this.#advance(reply.progress + 1);
      return 'more';
    }
    const carrier = this.#sentAs?.carrier;
    this.#sentAs = null;
    const action = `Cannot go on watching "${this.#plan.glob}" from revision ${this.#next}`;
    if (reply.kind === 'error') {
      this.#refusedBy(errorOf(reply, action));
      // Last, since the link may then say that this is lost. Else it would be sent there again.
      if (reply.code === 'ERR_CONDEMNED') carrier?.avoid();
    } else this.#end(new ClusterError('ERR_BAD_FRAME', `${action}: answered with "${reply.kind}"`));
    return 'done';
  }

  lost(): void {
    this.#sentAs = null;
    if (this.#ended === null && this.#pause === null) this.#parts.keeper.submit(this);
  }

  refused(why: ClusterError): void {
    this.#end(why);
  }

  #take(sent: NativeEvent): void {
    // A node owes nothing below what was asked for; a repeat would be a step back for the consumer.
    if (sent.revision < this.#next) return;
    const event = withOwnBodies(sent);
    this.#advance(event.revision + 1);
    this.#credits -= 1;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#queue.push(event);
    else {
      reader.resolve({ value: event, done: false });
      this.#giveCredit();
    }
  }

  #advance(next: number): void {
    if (next <= this.#next) return;
    this.#next = next;
    this.#plan.seen(next - 1);
  }

  #giveCredit(): void {
    const more = capacity - this.#queue.length - this.#credits;
    if (this.#sentAs === null || more < creditsTogether) return;
    this.#credits += more;
    this.#sentAs.carrier.tell({ kind: 'credit', tag: this.#sentAs.tag, more });
  }

  #refusedBy(why: ClusterError): void {
    if (this.#ended !== null) return;
    if (why.effect === 'unknown' || (why.retry !== 'same' && why.retry !== 'leader')) {
      this.#end(why);
      return;
    }
    const { clock, keeper, prng } = this.#parts;
    this.#pause = clock.after(pauseMs(this.#pauses++, prng), () => {
      this.#pause = null;
      keeper.submit(this);
    });
  }

  readonly #abort = (): void => {
    this.#queue.length = 0;
    this.#end(null);
  };

  #end(why: ClusterError | null): void {
    if (this.#ended !== null) return;
    this.#ended = { why };
    this.#pause?.cancel();
    this.#plan.signal?.removeEventListener('abort', this.#abort);
    this.#parts.keeper.withdraw(this);
    const sentAs = this.#sentAs;
    this.#sentAs = null;
    sentAs?.carrier.forget(sentAs.tag);
    for (const reader of this.#readers.splice(0)) {
      if (why === null) reader.resolve({ value: undefined, done: true });
      else reader.reject(why);
    }
  }

  #last(why: ClusterError | null): Promise<IteratorResult<NativeEvent, undefined>> {
    return why === null ? Promise.resolve({ value: undefined, done: true }) : Promise.reject(why);
  }
}
