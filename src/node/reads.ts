import { assert, type ClusterError, type LogIndex } from '../base/index.ts';
import type { View } from '../tree/index.ts';
import type { ViewWaiter } from './types.ts';

type Waiting = { readonly waiter: ViewWaiter; readonly deadlineMs: number };
type Round = {
  readonly ref: number;
  readonly index: LogIndex;
  readonly waiting: readonly Waiting[];
};

/**
 * Reads behind barriers: all that wait when a turn begins ask the core as one, and are answered
 * from the tree once it has applied what the barrier said. A read never joins a round that was
 * asked for before the read came (etcd #20418).
 */
export class Reads {
  readonly #max: number;
  #waiting: Waiting[] = [];
  readonly #asked = new Map<number, readonly Waiting[]>();
  /** Answered by a quorum, waiting for the tree, in order of index. */
  #granted: Round[] = [];
  #ref = 0;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Those that no barrier was asked for yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get full(): boolean {
    return this.#count >= this.#max;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  add(waiter: ViewWaiter, deadlineMs: number): void {
    assert(!this.full, 'N3: reads stay within their bound');
    this.#count++;
    this.#waiting.push({ waiter, deadlineMs });
  }

  /** A reference for all that wait now; the core answers it with `result`. */
  ask(): number {
    this.#ref++;
    this.#asked.set(this.#ref, this.#waiting);
    this.#waiting = [];
    return this.#ref;
  }

  /** `index`: answer once it is applied. `null`: nobody could say; they ask again. */
  result(ref: number, index: LogIndex | null): void {
    const waiting = this.#asked.get(ref);
    if (waiting === undefined) return;
    this.#asked.delete(ref);
    if (index === null) {
      this.#waiting = [...waiting, ...this.#waiting];
      return;
    }
    this.#granted.push({ ref, index, waiting });
    const before = this.#granted.at(-2);
    if (before !== undefined && before.index > index) {
      this.#granted.sort((a, b) => a.index - b.index);
    }
  }

  /** The tree holds everything through `index` and looks like `view`. */
  applied(index: LogIndex, view: View): void {
    let done = 0;
    while ((this.#granted[done]?.index ?? Infinity) <= index) done++;
    if (done === 0) return;
    const ready = this.#granted.slice(0, done);
    this.#granted = this.#granted.slice(done);
    for (const { waiting } of ready) {
      this.#count -= waiting.length;
      for (const { waiter } of waiting) waiter.ready(view);
    }
  }

  expire(nowMs: number, error: ClusterError): void {
    const late: Waiting[] = [];
    this.#waiting = this.#inTime(this.#waiting, nowMs, late) as Waiting[];
    for (const [ref, waiting] of this.#asked) {
      const left = this.#inTime(waiting, nowMs, late);
      if (left.length === 0) this.#asked.delete(ref);
      else if (left !== waiting) this.#asked.set(ref, left);
    }
    if (this.#granted.length > 0) {
      this.#granted = this.#granted
        .map((round) => ({ ...round, waiting: this.#inTime(round.waiting, nowMs, late) }))
        .filter((round) => round.waiting.length > 0);
    }
    this.#count -= late.length;
    // Last, since whoever is told may ask again at once.
    for (const { waiter } of late) waiter.failed(error);
  }

  failAll(error: ClusterError): void {
    this.expire(Number.POSITIVE_INFINITY, error);
  }

  /** Those that may go on waiting. Rounds that were given up mix, so deadlines have no order. */
  #inTime(waiting: readonly Waiting[], nowMs: number, late: Waiting[]): readonly Waiting[] {
    if (waiting.every((w) => w.deadlineMs > nowMs)) return waiting;
    const left: Waiting[] = [];
    for (const w of waiting) (w.deadlineMs > nowMs ? left : late).push(w);
    return left;
  }
}
