import type { ClusterError, ErrorCode } from '../base/index.ts';
import type { ViewWaiter } from '../node/index.ts';
import type { DoozerRequest, DoozerResponse } from '../protocol/doozer/index.ts';
import type { View } from '../tree/index.ts';
import { failed, revIs } from './doozer-answers.ts';
import type { Guest } from './guest.ts';
import type { Ordered, Place } from './ordered.ts';

/** Without a quorum REV still answers; these say that there is none. */
const noQuorum: readonly ErrorCode[] = ['ERR_NO_LEADER', 'ERR_NOT_LEADER', 'ERR_TIMEOUT'];

/**
 * A REV behind its read barrier. When the node's time bound passes without a quorum it answers with
 * the revision this node has: doozer's clients begin every read with REV and know no other way out.
 */
export class PendingRev implements ViewWaiter {
  readonly #guest: Guest;
  readonly #ordered: Ordered<DoozerResponse>;
  readonly #place: Place<DoozerResponse>;
  readonly #tag: number | null;

  constructor(guest: Guest, ordered: Ordered<DoozerResponse>, request: DoozerRequest) {
    this.#guest = guest;
    this.#ordered = ordered;
    this.#place = ordered.take(null);
    this.#tag = request.tag;
  }

  ready(view: View): void {
    this.#ordered.fill(this.#place, revIs(this.#tag, view.revision));
  }

  failed(error: ClusterError): void {
    const local = noQuorum.includes(error.code) && !this.#guest.closed;
    this.#ordered.fill(
      this.#place,
      local ? revIs(this.#tag, this.#guest.node.view().revision) : failed(this.#tag, error),
    );
  }
}
