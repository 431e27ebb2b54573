import type { LogIndex, Membership, NodeId, Term } from '../base/index.ts';
import type { Message, Position } from '../raft/index.ts';

/** Since each was heard, in ms in which time went on, whether or not this node did; `null`: not a peer. */
type UnheardMs = (peer: NodeId) => number | null;

/** Of what is told within so many ms the first is kept; and so many such moments, beyond them every second one. */
const togetherMs = 10;
const momentsMax = 1024;

/** From `firstMs` to `lastMs` the leader said that it had committed through `index`. */
type Told = { readonly index: LogIndex; readonly firstMs: number; lastMs: number };

/**
 * How far this node is behind its leader. Signs of life say that a leader is in office, and nothing of how old a
 * state is: the node may have been started or cut off a moment ago, its disk may be slow, or a snapshot under way.
 */
export class CaughtUp {
  #term: Term | null = null;
  /** What the leader had committed when its first append of the term came in this boot. */
  #owed: LogIndex | null = null;
  /** Indexes and moments rise. The first one may be applied, the others are not known to be. */
  #told: Told[] = [];

  /** A peer says this, at `nowMs`. Only a leader says what is committed. */
  heard(message: Message, nowMs: number): void {
    if (message.kind !== 'appendRequest' && message.kind !== 'heartbeat') return;
    if (this.#term !== null && message.term < this.#term) return;
    this.#tell(message.kind === 'heartbeat' ? message.newest : message.commit, nowMs);
    if (message.kind === 'heartbeat' || message.term === this.#term) return;
    this.#term = message.term;
    this.#owed = message.commit;
  }

  /** When the leader last said that no more was committed than `applied`; `null`: it never did. */
  freshAtMs(applied: Position): number | null {
    const next = this.#told.findIndex(({ index }) => index > applied.index);
    const past = (next < 0 ? this.#told.length : next) - 1;
    if (past > 0) this.#told.splice(0, past);
    return past < 0 ? null : (this.#told[0]?.lastMs ?? null);
  }

  /** The first entry of the leader's own is applied, and all that it had committed when it first spoke. */
  with(term: Term, applied: Position): boolean {
    if (this.#term !== term || this.#owed === null || applied.index < this.#owed) return false;
    return applied.term === term;
  }

  #tell(index: LogIndex, nowMs: number): void {
    const last = this.#told.at(-1);
    if (last !== undefined && index <= last.index) {
      if (index === last.index) last.lastMs = nowMs;
      return;
    }
    // What is left out makes a state seem older, never younger.
    if (last !== undefined && nowMs - last.firstMs < togetherMs) return;
    this.#told.push({ index, firstMs: nowMs, lastMs: nowMs });
    if (this.#told.length > momentsMax) this.#told = this.#told.filter((_, i) => i % 2 === 0);
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
