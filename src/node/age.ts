import type { LogIndex, Membership, NodeId, Term } from '../base/index.ts';
import type { Message, Position } from '../raft/index.ts';

/** Since each was heard, in ms in which time went on, whether or not this node did; `null`: not a peer. */
type UnheardMs = (peer: NodeId) => number | null;

/**
 * Whether this node has caught up with the leader of a term. Signs of life say that a leader is in office, and
 * nothing of how far behind it a node is that was just started: until then nobody can tell how old its state is.
 */
export class CaughtUp {
  #term: Term | null = null;
  /** What the leader had committed when its first append of the term came in this boot. */
  #owed: LogIndex | null = null;

  /** A peer says this. Only the leader of a term appends in it. */
  heard(message: Message): void {
    if (message.kind !== 'appendRequest') return;
    if (this.#term !== null && message.term <= this.#term) return;
    this.#term = message.term;
    this.#owed = message.commit;
  }

  /** The first entry of the leader's own is applied, and all that it had committed when it first spoke. */
  with(term: Term, applied: Position): boolean {
    if (this.#term !== term || this.#owed === null || applied.index < this.#owed) return false;
    return applied.term === term;
  }
}

/**
 * For how long a leader has not heard of a majority, itself counted, of each set of voters that decides: until
 * then nobody else can have led. 0 for a sole voter; `null`: one of them is no peer that is known.
 */
export function unheardMajorityMs(
  { voters, outgoing }: Pick<Membership, 'voters' | 'outgoing'>,
  self: NodeId,
  unheardMs: UnheardMs,
): number | null {
  let mostMs = 0;
  for (const ids of outgoing === null ? [voters] : [voters, outgoing]) {
    const each = ids.map((id) => (id === self ? 0 : (unheardMs(id) ?? Number.POSITIVE_INFINITY)));
    const ms = each.sort((a, b) => a - b)[Math.floor(ids.length / 2)] ?? 0;
    mostMs = Math.max(mostMs, ms);
  }
  return mostMs === Number.POSITIVE_INFINITY ? null : mostMs;
}
