import type { BootNumber, NodeId, Term } from '../base/index.ts';
import type { NodeMessage } from '../protocol/index.ts';
import type { RefusalReason } from '../raft/index.ts';

export type Forward = Extract<NodeMessage, { kind: 'forward' }>;

/** What is remembered of the forwards of one node: those of its newest boot, in the newest term. */
type Seen = {
  readonly boot: BootNumber;
  readonly term: Term;
  /** The last batches, and how each that was refused was refused. */
  readonly recent: Map<number, RefusalReason | null>;
  highest: number;
};

/** A forward that was handed to the core and has no receipt yet. */
type Open = { readonly from: NodeId; readonly term: Term; readonly batch: number };

/** Batches of one node that are told apart. What is older is taken for a repeat. */
const recentMax = 8192;

/**
 * The leader's side of forwarding: each batch is handed to the core once, however often it
 * arrives and in whatever order, and its refusal goes back to who sent it.
 */
export class Forwards {
  readonly #seen = new Map<NodeId, Seen>();
  readonly #open = new Map<number, Open>();

  /** `new` once for each batch; a refusal is repeated as it was; else nothing is to be said. */
  look(
    from: NodeId,
    boot: BootNumber,
    { term, batch }: Forward,
  ): 'new' | 'repeat' | { readonly refused: RefusalReason } {
    let seen = this.#seen.get(from);
    if (seen === undefined || boot > seen.boot || (boot === seen.boot && term > seen.term)) {
      seen = { boot, term, recent: new Map(), highest: 0 };
      this.#seen.set(from, seen);
    }
    if (boot < seen.boot || term < seen.term) return 'repeat';
    const refused = seen.recent.get(batch);
    if (refused !== undefined) return refused === null ? 'repeat' : { refused };
    if (batch <= seen.highest - recentMax) return 'repeat';
    remember(seen, batch);
    return 'new';
  }

  opened(ref: number, from: NodeId, forward: Forward): void {
    this.#open.set(ref, { from, term: forward.term, batch: forward.batch });
  }

  /** Whose forward this receipt is for; `null` for our own proposals. */
  closed(ref: number): Open | null {
    const open = this.#open.get(ref) ?? null;
    this.#open.delete(ref);
    return open;
  }

  refused({ from, term, batch }: Open, reason: RefusalReason): void {
    const seen = this.#seen.get(from);
    if (seen?.term === term && seen.recent.has(batch)) seen.recent.set(batch, reason);
  }

  forget(isMember: (id: NodeId) => boolean): void {
    for (const id of this.#seen.keys()) if (!isMember(id)) this.#seen.delete(id);
  }
}

function remember(seen: Seen, batch: number): void {
  seen.recent.set(batch, null);
  seen.highest = Math.max(seen.highest, batch);
  for (const oldest of seen.recent.keys()) {
    if (oldest > seen.highest - recentMax) break;
    seen.recent.delete(oldest);
  }
}
