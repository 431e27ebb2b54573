// Majorities, of one set of voters or, while a change is joint, of both (thesis 4.3).
import type { LogIndex, Membership, NodeId } from '../base/index.ts';
import { noIndex } from '../base/index.ts';
import { lesser } from './log.ts';
import type { VoteAnswer } from './types.ts';

/** `wonByAll`: no quorum without a doubt, and yet no voter is left who could hold more. */
export type VoteOutcome = 'won' | 'wonByAll' | 'lost' | 'open';

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

/** Is one of these in each quorum? Of an even number of voters, half is enough for that. */
function meetsEveryQuorum(m: Membership, agrees: (id: NodeId) => boolean): boolean {
  const meets = (voters: readonly NodeId[]): boolean =>
    voters.length > 0 && !hasMajority(voters, (id) => !agrees(id));
  return meets(m.voters) && (m.outgoing === null || meets(m.outgoing));
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

/**
 * Where an election stands: lost once the voters still silent can not turn it.
 *
 * A vote given in doubt says that its voter may have promised more than the candidate holds. A quorum
 * votes, doubt or none, and each quorum has one among its voters who has no doubt and never promised
 * more: so nothing of it was ever committed. Or every single voter gives its vote,
 * doubt or none: then no log among them is longer than the candidate's, and what was lost is nowhere.
 * A voter that is alone never gives up its own doubt (R12).
 */
export function voteOutcome(m: Membership, answers: ReadonlyMap<NodeId, VoteAnswer>): VoteOutcome {
  const isSure = (id: NodeId) => {
    const answer = answers.get(id);
    return answer?.granted === true && answer.doubt === null;
  };
  const isGranted = (id: NodeId) => answers.get(id)?.granted === true;
  if (hasQuorum(m, isGranted) && meetsEveryQuorum(m, isSure)) return 'won';
  const voters = new Set([...m.voters, ...(m.outgoing ?? [])]);
  const areAll = (agrees: (id: NodeId) => boolean) => voters.size > 1 && [...voters].every(agrees);
  if (areAll(isGranted)) return 'wonByAll';
  const mayBeAll = areAll((id) => answers.get(id)?.granted !== false);
  const mayBe = (agrees: (id: NodeId) => boolean) => (id: NodeId) => !answers.has(id) || agrees(id);
  const mayWin = hasQuorum(m, mayBe(isGranted)) && meetsEveryQuorum(m, mayBe(isSure));
  return mayBeAll || mayWin ? 'open' : 'lost';
}
