import { ClusterError, limits, type Revision } from '../base/index.ts';
import type { Cancel, ViewWaiter } from '../node/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import type { View } from '../tree/index.ts';
import type { Abandonable, Answerer } from './guest.ts';
import { revisionAsked, tooManyWaits } from './pending.ts';

/**
 * Answers from the newest state this node has, as soon as that holds revision `least`; without a barrier,
 * so it may be old, but a guest that hands back what it has seen never goes backwards.
 *
 * @returns the wait for a revision that lies ahead, or `null` when there is none to give up.
 */
export function lookAtLeast<R>(
  answerer: Answerer<R>,
  clock: Clock,
  request: R,
  least: number,
): Abandonable | null {
  const view = answerer.guest.node.view();
  if (view.revision < least) {
    return new PendingLeast(answerer, request, revisionAsked(least)).start(clock);
  }
  answerer.viewed(request, view);
  return null;
}

/** Unlike a doozer client's future rev it has an end: `limits.requestTimeoutMs`. */
class PendingLeast<R> implements ViewWaiter, Abandonable {
  readonly #answerer: Answerer<R>;
  readonly #request: R;
  readonly #least: Revision;
  #cancel: Cancel | null = null;
  #timer: Timer | null = null;
  #over = false;

  constructor(answerer: Answerer<R>, request: R, least: Revision) {
    this.#answerer = answerer;
    this.#request = request;
    this.#least = least;
  }

  start(clock: Clock): Abandonable | null {
    const { guest } = this.#answerer;
    if (!guest.hold(this)) {
      this.#answerer.refuse(this.#request, tooManyWaits(guest.limits.watchersPerConnectionMax));
      return null;
    }
    this.#cancel = guest.node.whenRevision(this.#least, this);
    if (this.#over) return null;
    this.#timer = clock.after(limits.requestTimeoutMs, () => this.#tooLate());
    return this;
  }

  /** Not the view it is given, which is that of `least`: the newest. */
  ready(_view: View): void {
    if (this.#finish()) this.#answerer.viewed(this.#request, this.#answerer.guest.node.view());
  }

  failed(error: ClusterError): void {
    if (!this.#finish()) return;
    const { node } = this.#answerer.guest;
    // A snapshot jumped over it: what is here now is newer.
    if (error.code === 'ERR_COMPACTED') this.#answerer.viewed(this.#request, node.view());
    else this.#answerer.refuse(this.#request, error);
  }

  abandon(): void {
    this.#finish();
    this.#cancel?.();
  }

  #tooLate(): void {
    if (!this.#finish()) return;
    this.#cancel?.();
    const { revision } = this.#answerer.guest.node.view();
    this.#answerer.refuse(
      this.#request,
      new ClusterError(
        'ERR_TIMEOUT',
        `Cannot read at revision ${this.#least} or later: this node holds ${revision}, and no more came within ${limits.requestTimeoutMs} ms`,
      ),
    );
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#timer?.cancel();
    this.#answerer.guest.release(this);
    return true;
  }
}
