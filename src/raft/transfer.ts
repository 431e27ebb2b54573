// Handing leadership over: bring the successor up to date, then tell it to campaign (thesis 3.10).
import type { NodeId } from '../base/index.ts';
import { answerDone, refuseRef, request } from './output.ts';
import { isHeard } from './progress.ts';
import type { Leader } from './replication.ts';
import type { RaftState } from './state.ts';
import { effective } from './state.ts';
import type { Input } from './types.ts';

export function onTransfer(
  raft: RaftState,
  { ref, to }: Extract<Input, { kind: 'transfer' }>,
): void {
  if (raft.role.kind !== 'leader') {
    refuseRef(raft, ref, 'notLeader', 'only a leader hands leadership over');
    return;
  }
  const { transfer } = raft;
  if (to === raft.id || (transfer !== null && (to === null || to === transfer.to))) {
    answerDone(raft, ref);
    return;
  }
  if (transfer !== null) {
    refuseRef(raft, ref, 'transferring', `leadership is being handed to ${transfer.to}`);
    return;
  }
  if (to !== null && !effective(raft).membership.voters.includes(to)) {
    refuseRef(raft, ref, 'notAMember', `${to} is not a voter`);
    return;
  }
  const successor = to ?? bestVoter(raft, raft.role);
  if (successor === null || !canSucceed(raft, raft.role, successor)) {
    refuseRef(raft, ref, 'notCaughtUp', 'no voter is ready to lead');
    return;
  }
  raft.transfer = { to: successor, ticks: 0, asked: false };
  answerDone(raft, ref);
}

/** The voter heard lately that holds most; the first admitted wins a tie. */
function bestVoter(raft: RaftState, leader: Leader): NodeId | null {
  let best: NodeId | null = null;
  for (const id of effective(raft).membership.voters) {
    if (!canSucceed(raft, leader, id)) continue;
    const matched = leader.progress.get(id)?.matched ?? 0;
    if (best === null || matched > (leader.progress.get(best)?.matched ?? 0)) best = id;
  }
  return best;
}

function canSucceed(raft: RaftState, leader: Leader, id: NodeId): boolean {
  const progress = leader.progress.get(id);
  return progress !== undefined && isHeard(progress, raft.options.electionTimeoutTicks);
}

/** Asks the successor to campaign as soon as it holds everything; nothing is appended meanwhile. */
export function settleTransfer(raft: RaftState): void {
  const { transfer, role } = raft;
  if (transfer === null || transfer.asked || role.kind !== 'leader') return;
  const { last } = raft.log;
  if (role.progress.get(transfer.to)?.matched !== last.index) return;
  transfer.asked = true;
  request(raft, transfer.to, { kind: 'timeoutNow', term: raft.term, last });
}

/** Goes on leading when the successor did not take over within an election timeout. */
export function tickTransfer(raft: RaftState): void {
  const { transfer } = raft;
  if (transfer === null) return;
  transfer.ticks++;
  if (transfer.ticks >= raft.options.electionTimeoutTicks) raft.transfer = null;
}
