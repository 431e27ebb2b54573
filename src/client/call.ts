import { assert, ClusterError, type Effect, type ErrorCode, type Prng } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import {
  type InSession,
  type NativeReply,
  type NativeRequest,
  versionFor,
} from '../protocol/client/index.ts';
import { errorOf, isDecided, leaderAddressOf } from './answer-errors.ts';
import { pauseMs } from './back-off.ts';
import type { Carrier, Exchange } from './exchange.ts';
import type { Keeper } from './keeper.ts';
import { type Desk, type Entrant, sessionless, type Ticket } from './session.ts';
import { type Nature, type Refusal, verdictOn } from './verdict.ts';

export type CallPlan<T> = {
  /** For error messages: `Cannot set "/x"`; empty: the reason says it all. */
  readonly action: string;
  readonly nature: Nature;
  /** `null`: no end but the signal's. */
  readonly timeoutMs: number | null;
  /** Bytes to send, about. */
  readonly size: number;
  readonly request: (tag: number, inSession: InSession) => NativeRequest;
  /** The answer's meaning, or `null` for a reply of the wrong kind. */
  readonly read: (reply: NativeReply, sent: SentAt) => T | null;
};

/** When a call was sent, on the client's clock: the copy that was answered, and the first of all. */
export type SentAt = { readonly lastMs: number; readonly firstMs: number };

export type CallParts = {
  readonly keeper: Keeper;
  readonly clock: Clock;
  readonly prng: Prng;
  /** `null`: for calls that are in no session. */
  readonly desk: Desk | null;
};

/** Refusals that another node may not share: this one stops, is cut off, is wrong, or does not lead. */
const elsewhere: ReadonlySet<ErrorCode> = new Set([
  'ERR_NO_LEADER',
  'ERR_NOT_LEADER',
  'ERR_STOPPED',
  'ERR_CONDEMNED',
  'ERR_OUTCOME_UNKNOWN',
]);

/** Codes that say by themselves how it came that nobody knows. */
const saysWhy: ReadonlySet<ErrorCode> = new Set([
  'ERR_OUTCOME_UNKNOWN',
  'ERR_CANCELLED',
  'ERR_SESSION_LOST',
  'ERR_REQUEST_NUMBER',
]);

/**
 * Where a call is. `numbering`: for a number in a session. `pausing`: refused for now, and sent again after a
 * pause.
 */
type Stage = 'numbering' | 'waiting' | 'sent' | 'pausing' | 'settled';

/** One request, from the caller's call to its end, over as many links and sessions as it takes. */
export class Call<T> implements Exchange, Entrant {
  readonly promise: Promise<T>;
  readonly #parts: CallParts;
  readonly #plan: CallPlan<T>;
  readonly #signal: AbortSignal | null;
  #resolve: (value: T) => void = () => undefined;
  #reject: (why: Error) => void = () => undefined;
  #stage: Stage = 'waiting';
  /** Its number; `null`: none yet, or it goes without. */
  #ticket: Ticket | null = null;
  /** Where its answer is to come from, while it is sent. */
  #sentAs: { readonly carrier: Carrier; readonly tag: number } | null = null;
  /** A copy under its number was sent, and nobody knows what came of it. */
  #mayHaveRun = false;
  #pauses = 0;
  #startedAtMs = 0;
  #sentAt: SentAt | null = null;
  #deadline: Timer | null = null;
  #pause: Timer | null = null;
  /** Why it was not done at the last try. */
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

  /** Why it is not done yet. */
  get lastRefusal(): ClusterError | null {
    return this.#lastRefusal;
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
    this.#begin();
    return this.promise;
  }

  admit(ticket: Ticket | null): void {
    assert(this.#stage === 'numbering', 'a call gets one number at a time');
    this.#ticket = ticket;
    this.#submit();
  }

  request(tag: number, carrier: Carrier): NativeRequest | null {
    assert(this.#stage === 'waiting', 'a call is sent over one link at a time');
    const ticket = this.#ticket;
    const request = this.#plan.request(tag, ticket?.session.inSession(ticket.seq) ?? sessionless);
    // A node of version 1 takes a number for nothing: it would do the write twice.
    if (carrier.version < (ticket === null ? versionFor(request) : 2)) {
      const reason = `the node speaks version ${carrier.version} of the protocol, which cannot say it`;
      this.#fail(this.#error('ERR_UNKNOWN_VERB', reason));
      return null;
    }
    this.#stage = 'sent';
    this.#sentAs = { carrier, tag };
    const lastMs = this.#parts.clock.now();
    this.#sentAt = { lastMs, firstMs: this.#sentAt?.firstMs ?? lastMs };
    return request;
  }

  reply(reply: NativeReply): 'done' {
    const carrier = this.#sentAs?.carrier ?? null;
    this.#sentAs = null;
    if (this.#stage === 'settled') return 'done';
    assert(this.#sentAt !== null, 'what is answered was sent');
    if (reply.kind === 'error') {
      const why = errorOf(reply, this.#plan.action);
      this.#refusedBy({ why, decided: isDecided(reply), mayHaveRun: this.#mayHaveRun }, carrier);
      return 'done';
    }
    const value = this.#plan.read(reply, this.#sentAt);
    if (value === null) {
      if (this.#isWrite) this.#mayHaveRun = true;
      this.#fail(this.#error('ERR_BAD_FRAME', `the node answered with "${reply.kind}"`));
    } else {
      this.#settle();
      this.#resolve(value);
    }
    return 'done';
  }

  lost(why: ClusterError, taken: 'maybe' | 'no'): void {
    this.#sentAs = null;
    if (this.#stage !== 'sent') return;
    if (this.#isWrite && taken === 'maybe') {
      this.#mayHaveRun = true;
      if (this.#ticket === null) {
        this.#fail(this.#unknown(`${why.message}; it may have taken effect`, why));
        return;
      }
    }
    this.#submit();
  }

  refused(why: ClusterError): void {
    this.#fail(this.#error(why.code, why.message, { cause: why, effect: why.effect }));
  }

  get #isWrite(): boolean {
    return this.#plan.nature === 'once' || this.#plan.nature === 'session';
  }

  /** For a number, where it needs one; then for a link. */
  #begin(): void {
    const { desk } = this.#parts;
    this.#mayHaveRun = false;
    if (this.#plan.nature !== 'session' || desk === null) return this.#submit();
    this.#stage = 'numbering';
    desk.enter(this);
  }

  #submit(): void {
    this.#stage = 'waiting';
    this.#parts.keeper.submit(this);
  }

  /** A node said no. What may pass is tried again, until the time is up. */
  #refusedBy(refusal: Refusal, carrier: Carrier | null): void {
    const { decided, why } = refusal;
    const ticket = this.#ticket;
    // The session kept this answer: all copies under its number were refused with this one.
    if (decided && !saysWhy.has(why.code)) this.#mayHaveRun = false;
    if (why.effect === 'unknown' && this.#isWrite) this.#mayHaveRun = true;
    this.#lastRefusal = why;
    const verdict = verdictOn(refusal, ticket !== null);
    if (why.code === 'ERR_SESSION_LOST' && ticket !== null) this.#parts.desk?.lost(ticket.session);
    if (verdict === 'elsewhere') {
      this.#giveUpNumber();
      return this.#begin();
    }
    if (verdict === 'tell' || (!this.#mayHaveRun && this.#isTooLate)) return this.#fail(why);
    const leader = leaderAddressOf(why);
    if (why.code === 'ERR_NOT_LEADER' && leader !== null) this.#parts.keeper.prefer(leader);
    this.#pauseBefore(verdict === 'anew' ? () => this.#begin() : () => this.#submit());
    if (verdict === 'anew') this.#giveUpNumber();
    // Last, since the link may then say that this is lost.
    if (elsewhere.has(why.code)) carrier?.avoid();
  }

  #pauseBefore(next: () => void): void {
    const { clock, prng } = this.#parts;
    this.#stage = 'pausing';
    this.#pause = clock.after(pauseMs(this.#pauses++, prng), next);
  }

  #giveUpNumber(): void {
    const ticket = this.#ticket;
    this.#ticket = null;
    this.#parts.desk?.leave(this, ticket);
  }

  /**
   * Whether another try that takes as long as the last one would end after the time is up. A node that
   * looks for a leader takes its whole time to say that there is none: a second try would be cut off,
   * and "certainly not done" would become "nobody knows".
   */
  get #isTooLate(): boolean {
    const { timeoutMs } = this.#plan;
    if (timeoutMs === null) return false;
    const nowMs = this.#parts.clock.now();
    const tryMs = nowMs - (this.#sentAt?.lastMs ?? nowMs);
    return nowMs - this.#startedAtMs + tryMs > timeoutMs;
  }

  #expire(): void {
    const { desk, keeper } = this.#parts;
    const ms = this.#plan.timeoutMs ?? 0;
    const isSent = this.#stage === 'sent';
    if (isSent && this.#isWrite) this.#mayHaveRun = true;
    // It answers pings, or the link would have gone; it serves nobody all the same.
    this.#sentAs?.carrier.avoid();
    if (this.#mayHaveRun) {
      const reason = `no answer within ${ms} ms; it may have taken effect`;
      this.#fail(this.#unknown(reason, this.#lastRefusal));
    } else if (isSent) {
      const effect = this.#plan.nature === 'repeat' ? 'unknown' : 'none';
      this.#fail(this.#error('ERR_TIMEOUT', `no answer within ${ms} ms`, { effect }));
    } else if (this.#lastRefusal !== null) this.#fail(this.#lastRefusal);
    else {
      const noSession = this.#stage === 'numbering' ? (desk?.lastRefusal ?? null) : null;
      const why = noSession ?? keeper.lastFailure;
      if (why !== null) return this.#fail(this.#error(why.code, why.message, { cause: why }));
      const [code, reason] =
        keeper.link === null
          ? (['ERR_UNREACHABLE', 'no connection'] as const)
          : (['ERR_TIMEOUT', 'too many requests are open before it: no turn'] as const);
      this.#fail(this.#error(code, `${reason} within ${ms} ms`));
    }
  }

  readonly #abort = (): void => {
    if (this.#stage === 'sent' && this.#isWrite) this.#mayHaveRun = true;
    this.#fail(this.#cancelled());
  };

  #cancelled(): ClusterError {
    const unknown = this.#mayHaveRun || this.#plan.nature === 'repeat';
    const reason = this.#mayHaveRun ? 'cancelled; it may have taken effect' : 'cancelled';
    const cause: unknown = this.#signal?.reason;
    const effect = unknown && this.#sentAt !== null ? 'unknown' : 'none';
    return this.#error('ERR_CANCELLED', reason, { cause, effect });
  }

  #unknown(reason: string, why: ClusterError | null): ClusterError {
    return this.#error('ERR_OUTCOME_UNKNOWN', reason, why === null ? {} : { cause: why });
  }

  #error(
    code: ErrorCode,
    reason: string,
    options?: { readonly cause?: unknown; readonly effect?: Effect },
  ): ClusterError {
    const { action } = this.#plan;
    return new ClusterError(code, action === '' ? reason : `${action}: ${reason}`, options);
  }

  #fail(why: ClusterError): void {
    if (this.#stage === 'settled') return;
    const told = this.#mayHaveRun && why.effect === 'none' ? this.#unsure(why) : why;
    this.#settle();
    this.#reject(told);
  }

  /** What ended it says nothing of an earlier copy, which may have run. */
  #unsure(why: ClusterError): ClusterError {
    const code = saysWhy.has(why.code) ? why.code : 'ERR_OUTCOME_UNKNOWN';
    const message = `${why.message}; it may have taken effect`;
    return new ClusterError(code, message, { cause: why, effect: 'unknown' });
  }

  #settle(): void {
    this.#stage = 'settled';
    this.#deadline?.cancel();
    this.#pause?.cancel();
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#parts.keeper.withdraw(this);
    this.#sentAs?.carrier.forget(this.#sentAs.tag);
    this.#sentAs = null;
    if (this.#plan.nature === 'session') this.#giveUpNumber();
  }
}
