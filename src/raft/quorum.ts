// Majorities, of one set of voters or, while a change is joint, of both (thesis 4.3).
import type { LogIndex, Membership, NodeId } from '../base/index.ts';
import { noIndex } from '../base/index.ts';
import { lesser } from './log.ts';

export type VoteOutcome = 'won' | 'lost' | 'open';

const majority = (count: number): number => Math.floor(count / 2) + 1;

function hasMajority(voters: readonly NodeId[], agrees: (id: NodeId) => boolean): boolean {
  let count = 0;
  for (const id of voters) if (agrees(id)) count++;
  return count >= majority(voters.length);
}

/** Do enough voters agree? Nobody decides where there is no voter. */
export function hasQuorum(m: Membership, agrees: (id: NodeId) => boolean): boolean {
  return hasMajority(m.voters, agrees) && (m.outgoing === null || hasMajority(m.outgoing, agrees));
}

/** The highest index that a quorum holds, given what each voter holds. */
export function quorumIndex(m: Membership, matchedOf: (id: NodeId) => LogIndex): LogIndex {
  const index = majorityIndex(m.voters, matchedOf);
  return m.outgoing === null ? index : lesser(index, majorityIndex(m.outgoing, matchedOf));
}

function majorityIndex(voters: readonly NodeId[], matchedOf: (id: NodeId) => LogIndex): LogIndex {
  const held = voters.map(matchedOf).sort((a, b) => b - a);
  return held[majority(voters.length) - 1] ?? noIndex;
}

/** Where an election stands: lost once the voters still silent can not turn it. */
export function voteOutcome(m: Membership, grants: ReadonlyMap<NodeId, boolean>): VoteOutcome {
  if (hasQuorum(m, (id) => grants.get(id) === true)) return 'won';
  return hasQuorum(m, (id) => grants.get(id) !== false) ? 'open' : 'lost';
}
