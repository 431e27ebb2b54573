import { assert, type ClusterError, type LeaseId, noSession, sessionId } from '../base/index.ts';
import type { InSession } from '../protocol/client/index.ts';

/** Of a request in no session. */
export const sessionless: InSession = { session: noSession, seq: 0, ackedBelow: 0 };

/**
 * The numbers of one session's requests.
 *
 * S3: a number is given once. Those that are open span less than the window, so that the cluster takes each of
 * them; and what is acknowledged is below every open one. A number that was given up is acknowledged, so
 * that a late copy never runs once a later request did.
 */
export class Session {
  /** The lease that it is. */
  readonly lease: LeaseId;
  readonly #window: number;
  /** In rising order, as a set keeps the order in which they came. */
  readonly #open = new Set<number>();
  #next = 1;

  constructor(lease: LeaseId, window: number) {
    this.lease = lease;
    this.#window = window;
  }

  /** The lowest number that is open, or the next one. */
  get ackedBelow(): number {
    const { value } = this.#open.values().next();
    return value ?? this.#next;
  }

  get hasRoom(): boolean {
    return this.#next < this.ackedBelow + this.#window;
  }

  /** The next number. */
  take(): number {
    assert(this.hasRoom, 'a session has no more requests open than its window');
    const seq = this.#next++;
    this.#open.add(seq);
    return seq;
  }

  /** Answered, or given up. */
  close(seq: number): void {
    this.#open.delete(seq);
  }

  /** As request `seq` says it now. */
  inSession(seq: number): InSession {
    assert(this.#open.has(seq), 'only an open number is sent');
    return { session: sessionId(this.lease), seq, ackedBelow: this.ackedBelow };
  }
}

/** A number in a session. */
export type Ticket = { readonly session: Session; readonly seq: number };

/** Who wants one. */
export type Entrant = {
  /** Gets it; `null`: the cluster knows no sessions, or the client wants none. */
  readonly admit: (ticket: Ticket | null) => void;
  /** There will be none. */
  readonly refused: (why: ClusterError) => void;
};

/** Where they are had. */
export type Desk = {
  readonly enter: (entrant: Entrant) => void;
  readonly leave: (entrant: Entrant, ticket: Ticket | null) => void;
  readonly lost: (session: Session) => void;
  /** Why there is no session, as far as is known. */
  readonly lastRefusal: ClusterError | null;
};
