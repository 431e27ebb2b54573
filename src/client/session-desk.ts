import { ClusterError, type LeaseId, limits } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import { pauseMs } from './back-off.ts';
import { Call, type CallParts, type CallPlan } from './call.ts';
import type { KeepAlives } from './keep-alives.ts';
import { type Desk, type Entrant, Session, sessionless, type Ticket } from './session.ts';

export type DeskOptions = {
  /** How long a session outlives its last sign of life; `null`: writes go without one. */
  readonly lengthMs: number | null;
  /** Of a write, as a rule. */
  readonly timeoutMs: number;
};

/** Requests of a session that may be open at once, at most. */
const window = 256;
/**
 * A node that looks for a leader takes its whole time to say that there is none, and all who write wait for
 * their numbers meanwhile: another one is asked soon, and each next one is given twice the time.
 */
const firstTryMs = 1500;
/** A cluster that knows no sessions is asked again after this: it may be upgraded under us. */
const askAgainMs = 60_000;

/**
 * Hands out the numbers under which writes are sent. Opens a session with the first one that asks, keeps it
 * alive, and opens the next when that is lost. Who finds its window full waits here, in order.
 *
 * Opening is repeated without harm: a session that nobody heard of ends by itself.
 */
export class SessionDesk implements Desk {
  readonly #parts: CallParts;
  readonly #options: DeskOptions;
  readonly #keepAlives: KeepAlives;
  readonly #waiting = new Set<Entrant>();
  #session: Session | null = null;
  #opening: Pick<Call<never>, 'lastRefusal'> | null = null;
  #pauses = 0;
  #pause: Timer | null = null;
  /** Until then the cluster is taken to know no sessions. */
  #noneUntilMs = Number.NEGATIVE_INFINITY;
  #holds = 0;
  #lastRefusal: ClusterError | null = null;
  #closed = false;

  constructor(parts: Omit<CallParts, 'desk'>, options: DeskOptions, keepAlives: KeepAlives) {
    this.#parts = { ...parts, desk: null };
    this.#options = options;
    this.#keepAlives = keepAlives;
  }

  /** The session in use; `null`: none yet, or none any more. */
  get session(): LeaseId | null {
    return this.#session?.lease ?? null;
  }

  get lastRefusal(): ClusterError | null {
    return this.#opening?.lastRefusal ?? this.#lastRefusal;
  }

  enter(entrant: Entrant): void {
    if (this.#closed) return entrant.refused(closed());
    if (this.#waiting.size >= limits.proposalsMax) return entrant.refused(overloaded());
    this.#waiting.add(entrant);
    this.#admit();
  }

  leave(entrant: Entrant, ticket: Ticket | null): void {
    this.#waiting.delete(entrant);
    if (ticket === null) return;
    ticket.session.close(ticket.seq);
    this.#admit();
  }

  lost(session: Session): void {
    if (this.#session !== session) return;
    this.#keepAlives.forget(session.lease);
    this.#session = null;
    this.#admit();
  }

  /** Nobody is let in until it is released as often. */
  hold(): void {
    this.#holds += 1;
  }

  release(): void {
    this.#holds -= 1;
    this.#admit();
  }

  /** Who waits is refused, and so is who comes. */
  close(): void {
    this.#closed = true;
    this.#pause?.cancel();
    this.#refuseAll(closed());
  }

  get #clock(): Clock {
    return this.#parts.clock;
  }

  /** Lets in whom there is room for. What that sets off may come back here. */
  #admit(): void {
    while (this.#holds === 0 && this.#waiting.size > 0) {
      const isNone = this.#options.lengthMs === null || this.#clock.now() < this.#noneUntilMs;
      const session = this.#session;
      if (!isNone && session === null) return this.#open();
      if (!isNone && session?.hasRoom === false) return;
      const [first] = this.#waiting;
      if (first === undefined) return;
      this.#waiting.delete(first);
      first.admit(isNone || session === null ? null : { session, seq: session.take() });
    }
  }

  #open(): void {
    const { lengthMs, timeoutMs } = this.#options;
    if (this.#opening !== null || this.#pause !== null || this.#closed || lengthMs === null) return;
    const plan: CallPlan<{ lease: LeaseId; goodUntilMs: number }> = {
      action: 'Cannot open a session',
      nature: 'repeat',
      // A node that swallows it leaves those who wait time for another node.
      timeoutMs: Math.min(timeoutMs / 2, firstTryMs * 2 ** this.#pauses),
      size: 0,
      request: (tag) => ({ kind: 'grant', tag, lengthMs, window, ...sessionless }),
      read: (reply, { lastMs }) => {
        if (reply.kind !== 'lease') return null;
        return { lease: reply.lease, goodUntilMs: lastMs + reply.leftMs };
      },
    };
    const opening = new Call(this.#parts, plan, null);
    this.#opening = opening;
    opening.start().then(
      ({ goodUntilMs, lease }) => {
        this.#opening = null;
        this.#opened(new Session(lease, window), lengthMs, goodUntilMs);
      },
      (why: unknown) => {
        this.#opening = null;
        if (!(why instanceof ClusterError)) throw why;
        this.#failed(why);
      },
    );
  }

  #opened(session: Session, lengthMs: number, goodUntilMs: number): void {
    if (this.#closed) return;
    this.#pauses = 0;
    this.#lastRefusal = null;
    this.#session = session;
    this.#keepAlives.add({
      id: session.lease,
      lengthMs,
      goodUntilMs,
      kept: () => undefined,
      // What is open in it is answered in it, or told that it is lost. Nothing new goes there.
      gone: () => this.lost(session),
    });
    this.#admit();
  }

  #failed(why: ClusterError): void {
    if (this.#closed) return;
    if (why.code === 'ERR_UNKNOWN_VERB') {
      this.#noneUntilMs = this.#clock.now() + askAgainMs;
      return this.#admit();
    }
    if (why.retry === 'never') return this.#refuseAll(why);
    // Those who wait have times of their own.
    this.#lastRefusal = why.cause instanceof ClusterError ? why.cause : why;
    this.#pause = this.#clock.after(pauseMs(this.#pauses++, this.#parts.prng), () => {
      this.#pause = null;
      this.#admit();
    });
  }

  #refuseAll(why: ClusterError): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const entrant of waiting) entrant.refused(why);
  }
}

const overloaded = (): ClusterError =>
  new ClusterError(
    'ERR_OVERLOADED',
    `Cannot send: ${limits.proposalsMax} writes wait for their turn already`,
  );

const closed = (): ClusterError => new ClusterError('ERR_STOPPED', 'This client is closed');
