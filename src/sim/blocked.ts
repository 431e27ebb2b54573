// A change of members that nobody can finish and nobody can overrule.
import { isVoter, type Membership, type NodeId } from '../base/index.ts';
import type { RaftView } from '../raft/index.ts';
import type { Machine } from './machine.ts';

/**
 * Whether a joint membership that is not committed stands in the log of one of the core, and no node of the
 * core could win an election: whoever has it needs the vote of one whose log is newer, that one is no voter
 * by its own log and does not ask, and the log of the rest is older. Raft knows no way out but the return
 * of those that are away (docs/invariants.md, "What does not hold").
 */
export function isBlockedByChange(core: readonly Machine[]): boolean {
  const views: { readonly id: NodeId; readonly raft: RaftView; readonly members: Membership }[] =
    [];
  for (const { id, node, isUp } of core) {
    if (id === null || node === null || !isUp) continue;
    const { raft, members } = node.status();
    views.push({ id, raft, members });
  }
  if (!views.some(({ raft }) => raft.membership.outgoing !== null)) return false;
  return !views.some((candidate) => {
    const { voters, outgoing } = candidate.raft.membership;
    const grants = (voter: NodeId): boolean =>
      views.some(({ id, raft }) => id === voter && !isNewer(raft, candidate.raft));
    const wins = (half: readonly NodeId[]): boolean => half.filter(grants).length * 2 > half.length;
    // By the last committed membership, too, it may ask.
    const asks = [candidate.raft.membership, candidate.members].some((m) =>
      isVoter(m, candidate.id),
    );
    return asks && wins(voters) && (outgoing === null || wins(outgoing));
  });
}

const isNewer = (
  { last: a }: Pick<RaftView, 'last'>,
  { last: b }: Pick<RaftView, 'last'>,
): boolean => a.term > b.term || (a.term === b.term && a.index > b.index);
