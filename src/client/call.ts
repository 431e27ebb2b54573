import { assert, ClusterError, type ErrorCode, type Prng } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import type { NativeReply, NativeRequest } from '../protocol/client/index.ts';
import { errorOf, leaderAddressOf } from './answer-errors.ts';
import { pauseMs } from './back-off.ts';
import type { Carrier, Exchange } from './exchange.ts';
import type { Keeper } from './keeper.ts';

/** What a request is, as far as repeating it goes. */
export type CallPlan<T> = {
  /** For error messages: `Cannot set "/x"`; empty: the reason says it all. */
  readonly action: string;
  /**
   * `repeat`: doing it twice is doing it once (reads, waits): sent again after a lost link.
   * `once`: a write. Whether one that was sent took effect is not known when the link goes before
   * the answer; and a guard does not make a repeat safe, since it fails on what the first one did.
   */
  readonly nature: 'repeat' | 'once';
  /** `null`: no end but the signal's. */
  readonly timeoutMs: number | null;
  /** Bytes to send, about. */
  readonly size: number;
  readonly request: (tag: number) => NativeRequest;
  /** The answer's meaning, or `null` for a reply of the wrong kind. */
  readonly read: (reply: NativeReply) => T | null;
};

export type CallParts = { readonly keeper: Keeper; readonly clock: Clock; readonly prng: Prng };

/** Refusals that another node may not share: this one stops, is cut off, is wrong, or does not lead. */
const elsewhere: ReadonlySet<ErrorCode> = new Set([
  'ERR_NO_LEADER',
  'ERR_NOT_LEADER',
  'ERR_STOPPED',
  'ERR_CONDEMNED',
]);
/** Refusals that may pass, and whose reason the caller should weigh first. */
const tellAtOnce: ReadonlySet<ErrorCode> = new Set(['ERR_MEMBERSHIP_REFUSED']);

/** Where a call is. `pausing`: refused for now, and sent again after a pause. */
type Stage = 'waiting' | 'sent' | 'pausing' | 'settled';

/** One request, from the caller's call to its end, over as many links as it takes. */
export class Call<T> implements Exchange {
  readonly promise: Promise<T>;
  readonly #parts: CallParts;
  readonly #plan: CallPlan<T>;
  readonly #signal: AbortSignal | null;
  #resolve: (value: T) => void = () => undefined;
  #reject: (why: Error) => void = () => undefined;
  #stage: Stage = 'waiting';
  /** Where its answer is to come from, while it is sent. */
  #sentAs: { readonly carrier: Carrier; readonly tag: number } | null = null;
  #pauses = 0;
  #startedAtMs = 0;
  #sentAtMs = 0;
  #deadline: Timer | null = null;
  #pause: Timer | null = null;
  /** Why it was not done at the last try. Its effect is `none`, or the call would be over. */
  #lastRefusal: ClusterError | null = null;

  constructor(parts: CallParts, plan: CallPlan<T>, signal: AbortSignal | null) {
    this.#parts = parts;
    this.#plan = plan;
    this.#signal = signal;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get prompt(): boolean {
    return this.#plan.timeoutMs !== null;
  }

  get size(): number {
    return this.#plan.size;
  }

  start(): Promise<T> {
    if (this.#signal?.aborted === true) {
      this.#fail(this.#cancelled());
      return this.promise;
    }
    this.#signal?.addEventListener('abort', this.#abort);
    const { timeoutMs } = this.#plan;
    this.#startedAtMs = this.#parts.clock.now();
    if (timeoutMs !== null) {
      this.#deadline = this.#parts.clock.after(timeoutMs, () => this.#expire());
    }
    this.#parts.keeper.submit(this);
    return this.promise;
  }

  request(tag: number, carrier: Carrier): NativeRequest {
    assert(this.#stage === 'waiting', 'a call is sent over one link at a time');
    this.#stage = 'sent';
    this.#sentAs = { carrier, tag };
    this.#sentAtMs = this.#parts.clock.now();
    return this.#plan.request(tag);
  }

  reply(reply: NativeReply): 'done' {
    const carrier = this.#sentAs?.carrier ?? null;
    this.#sentAs = null;
    if (reply.kind === 'error') this.#refusedBy(errorOf(reply, this.#plan.action), carrier);
    else {
      const value = this.#plan.read(reply);
      if (value === null) {
        this.#fail(this.#error('ERR_BAD_FRAME', `the node answered with "${reply.kind}"`));
      } else {
        this.#settle();
        this.#resolve(value);
      }
    }
    return 'done';
  }

  lost(why: ClusterError, taken: 'maybe' | 'no'): void {
    this.#sentAs = null;
    if (this.#stage !== 'sent') return;
    if (this.#plan.nature === 'once' && taken === 'maybe') {
      const reason = `${why.message}; it may have taken effect`;
      this.#fail(this.#error('ERR_OUTCOME_UNKNOWN', reason, why));
      return;
    }
    this.#stage = 'waiting';
    this.#parts.keeper.submit(this);
  }

  refused(why: ClusterError): void {
    this.#fail(this.#error(why.code, why.message, why));
  }

  /** A node said no. What certainly did nothing and may pass is tried again, until the time is up. */
  #refusedBy(why: ClusterError, carrier: Carrier | null): void {
    if (this.#stage === 'settled') return;
    const { clock, keeper, prng } = this.#parts;
    const again = why.effect === 'none' && (why.retry === 'same' || why.retry === 'leader');
    if (!again || tellAtOnce.has(why.code) || this.#tooLateFor(clock.now() - this.#sentAtMs)) {
      this.#fail(why);
      return;
    }
    const leader = leaderAddressOf(why);
    if (why.code === 'ERR_NOT_LEADER' && leader !== null) keeper.prefer(leader);
    this.#lastRefusal = why;
    this.#stage = 'pausing';
    this.#pause = clock.after(pauseMs(this.#pauses++, prng), () => {
      this.#stage = 'waiting';
      keeper.submit(this);
    });
    // Last, since the link may then say that this is lost.
    if (elsewhere.has(why.code)) carrier?.avoid();
  }

  /**
   * Whether another try that takes as long as the last one would end after the time is up. A node that
   * looks for a leader takes its whole time to say that there is none: a second try would be cut off,
   * and "certainly not done" would become "nobody knows".
   */
  #tooLateFor(tryMs: number): boolean {
    const { timeoutMs } = this.#plan;
    if (timeoutMs === null) return false;
    return this.#parts.clock.now() - this.#startedAtMs + tryMs > timeoutMs;
  }

  #expire(): void {
    const { keeper } = this.#parts;
    const ms = this.#plan.timeoutMs ?? 0;
    // It answers pings, or the link would have gone; it serves nobody all the same.
    this.#sentAs?.carrier.avoid();
    if (this.#stage === 'sent' && this.#plan.nature === 'once') {
      const reason = `no answer within ${ms} ms; it may have taken effect`;
      this.#fail(this.#error('ERR_OUTCOME_UNKNOWN', reason));
    } else if (this.#stage === 'sent') {
      this.#fail(this.#error('ERR_TIMEOUT', `no answer within ${ms} ms`));
    } else if (this.#lastRefusal !== null) this.#fail(this.#lastRefusal);
    else {
      const why = keeper.lastFailure;
      const reason = why?.message ?? `no connection within ${ms} ms`;
      this.#fail(this.#error('ERR_UNREACHABLE', reason, why ?? undefined));
    }
  }

  readonly #abort = (): void => this.#fail(this.#cancelled());

  #cancelled(): ClusterError {
    const mayBe = this.#stage === 'sent' && this.#plan.nature === 'once';
    const reason = mayBe ? 'cancelled; it may have taken effect' : 'cancelled';
    return this.#error('ERR_CANCELLED', reason, this.#signal?.reason);
  }

  #error(code: ClusterError['code'], reason: string, cause?: unknown): ClusterError {
    const { action } = this.#plan;
    return new ClusterError(code, action === '' ? reason : `${action}: ${reason}`, { cause });
  }

  #fail(why: ClusterError): void {
    if (this.#stage === 'settled') return;
    this.#settle();
    this.#reject(why);
  }

  #settle(): void {
    this.#stage = 'settled';
    this.#deadline?.cancel();
    this.#pause?.cancel();
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#parts.keeper.withdraw(this);
    this.#sentAs?.carrier.forget(this.#sentAs.tag);
    this.#sentAs = null;
  }
}
