import { ClusterError, type Revision, revision } from '../base/index.ts';
import type { Cancel, EventWatcher, ProposalWaiter, ViewWaiter } from '../node/index.ts';
import type { Glob } from '../paths/index.ts';
import type { Command, Event, InSession, Reply, View } from '../tree/index.ts';
import type { Abandonable, Answerer } from './guest.ts';

/** A guest's revision as ours: below 1 counts as 1; beyond what can be counted is for ever ahead. */
export const revisionAsked = (rev: number): Revision =>
  revision(Math.min(Math.max(Math.trunc(rev), 1), Number.MAX_SAFE_INTEGER));

export const compacted = (asked: number, oldest: Revision): ClusterError =>
  new ClusterError(
    'ERR_COMPACTED',
    `Cannot read revision ${asked}: the oldest this node remembers is ${oldest}`,
  );

export const tooManyWaits = (max: number): ClusterError =>
  new ClusterError('ERR_OVERLOADED', `Cannot wait: this connection has ${max} waits already`);

/** Puts `command` into the log and answers when its outcome is known. */
export function propose<R>(
  answerer: Answerer<R>,
  request: R,
  command: Command,
  inSession?: InSession,
): void {
  answerer.guest.begin();
  answerer.guest.node.propose(command, new Pending(answerer, request), inSession);
}

/**
 * Answers with the state at `rev`: local, and waiting for it if it lies ahead. `null`: the newest
 * state, behind a read barrier.
 *
 * @returns the wait for a revision that lies ahead, or `null` when there is none to give up.
 */
export function look<R>(answerer: Answerer<R>, request: R, rev: number | null): Abandonable | null {
  const { guest } = answerer;
  if (rev === null) {
    guest.begin();
    guest.node.read(new Pending(answerer, request));
    return null;
  }
  const asked = revisionAsked(rev);
  const view = guest.node.viewAt(asked);
  if (view === 'compacted') {
    answerer.refuse(request, compacted(asked, guest.node.oldestRevision()));
  } else if (view === 'future') {
    return new PendingFuture(answerer, request).start(asked);
  } else {
    answerer.viewed(request, view);
  }
  return null;
}

/** Answers with the first event at or after `rev` that matches. @returns the wait, if there is one. */
export const awaitEvent = <R>(
  answerer: Answerer<R>,
  request: R,
  glob: Glob,
  rev: number,
): Abandonable | null => new PendingWait(answerer, request, revisionAsked(rev)).start(glob);

/** A request that the node answers or fails within a bounded time: a proposal, or a read behind a barrier. */
class Pending<R> implements ProposalWaiter, ViewWaiter {
  readonly #answerer: Answerer<R>;
  readonly #request: R;

  constructor(answerer: Answerer<R>, request: R) {
    this.#answerer = answerer;
    this.#request = request;
  }

  applied(reply: Reply): void {
    this.#answerer.guest.end();
    if (!this.#answerer.guest.closed) this.#answerer.wrote(this.#request, reply);
  }

  ready(view: View): void {
    this.#answerer.guest.end();
    if (!this.#answerer.guest.closed) this.#answerer.viewed(this.#request, view);
  }

  failed(error: ClusterError): void {
    this.#answerer.guest.end();
    if (!this.#answerer.guest.closed) this.#answerer.refuse(this.#request, error);
  }
}

/** A read of a revision that is not there yet. It may wait for ever, so it counts among the waits. */
class PendingFuture<R> implements ViewWaiter, Abandonable {
  readonly #answerer: Answerer<R>;
  readonly #request: R;
  #cancel: Cancel | null = null;
  #over = false;

  constructor(answerer: Answerer<R>, request: R) {
    this.#answerer = answerer;
    this.#request = request;
  }

  start(asked: Revision): Abandonable | null {
    const { guest } = this.#answerer;
    if (!guest.hold(this)) {
      this.#answerer.refuse(this.#request, tooManyWaits(guest.limits.watchersPerConnectionMax));
      return null;
    }
    this.#cancel = guest.node.whenRevision(asked, this);
    return this.#over ? null : this;
  }

  ready(view: View): void {
    if (this.#finish()) this.#answerer.viewed(this.#request, view);
  }

  failed(error: ClusterError): void {
    if (this.#finish()) this.#answerer.refuse(this.#request, error);
  }

  abandon(): void {
    this.#finish();
    this.#cancel?.();
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#answerer.guest.release(this);
    return true;
  }
}

class PendingWait<R> implements EventWatcher, Abandonable {
  readonly #answerer: Answerer<R>;
  readonly #request: R;
  readonly #asked: Revision;
  #cancel: Cancel | null = null;
  #over = false;

  constructor(answerer: Answerer<R>, request: R, asked: Revision) {
    this.#answerer = answerer;
    this.#request = request;
    this.#asked = asked;
  }

  start(glob: Glob): Abandonable | null {
    const { guest } = this.#answerer;
    if (!guest.hold(this)) {
      this.#answerer.refuse(this.#request, tooManyWaits(guest.limits.watchersPerConnectionMax));
      return null;
    }
    // The past counts: `event` may be called before `wait` returns.
    this.#cancel = guest.node.wait(glob, this.#asked, this);
    return this.#over ? null : this;
  }

  event(event: Event): void {
    if (this.#finish()) this.#answerer.happened(this.#request, event);
  }

  compacted(oldest: Revision): void {
    if (this.#finish()) this.#answerer.refuse(this.#request, compacted(this.#asked, oldest));
  }

  abandon(): void {
    this.#finish();
    this.#cancel?.();
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#answerer.guest.release(this);
    return true;
  }
}
