import type { Membership, NodeId } from '../base/index.ts';

/** Since each was heard, in ms in which time went on, whether or not this node did; `null`: not a peer. */
type UnheardMs = (peer: NodeId) => number | null;

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
