// What holds in every state, and between any two. `Raft` asserts the cheap ones at every step.
import type { LogIndex, NodeId, Term } from '../base/index.ts';
import { assert, nextIndex } from '../base/index.ts';
import type { RaftState } from './state.ts';
import { effective, isEstablished } from './state.ts';
import type { Position, Progress } from './types.ts';

/** What `checkStep` remembers of the state before. Refilled, not made, at every step. */
export type StepMark = {
  term: Term;
  votedFor: NodeId | null;
  commitIndex: LogIndex;
  appliedIndex: LogIndex;
  isLeader: boolean;
  last: Position;
};

export function markOf(raft: RaftState): StepMark {
  const mark: StepMark = {
    term: raft.term,
    votedFor: null,
    commitIndex: raft.commitIndex,
    appliedIndex: raft.appliedIndex,
    isLeader: false,
    last: raft.log.last,
  };
  return remark(mark, raft);
}

export function remark(mark: StepMark, raft: RaftState): StepMark {
  mark.term = raft.term;
  mark.votedFor = raft.votedFor;
  mark.commitIndex = raft.commitIndex;
  mark.appliedIndex = raft.appliedIndex;
  mark.isLeader = raft.role.kind === 'leader';
  mark.last = raft.log.last;
  return mark;
}

/** What must hold between the state before a step and the one after it. O(1). */
export function checkStep(before: StepMark, after: RaftState): void {
  assert(after.term >= before.term, 'R3: the current term never falls');
  const isSameTerm = after.term === before.term;
  if (isSameTerm && before.votedFor !== null) {
    assert(after.votedFor === before.votedFor, 'R3: a vote is set at most once in a term');
  }
  assert(after.commitIndex >= before.commitIndex, 'R1: the commit index never falls');
  assert(after.appliedIndex >= before.appliedIndex, 'R1: the applied index never falls');
  const isLeader = after.role.kind === 'leader';
  if (isSameTerm && before.isLeader && isLeader) {
    assert(after.log.lastIndex >= before.last.index, 'R7: a leader never shortens its log');
    const isKept = before.last.index < after.log.base.index || after.log.holds(before.last);
    assert(isKept, 'R7: a leader never overwrites its log');
    if (after.commitIndex > before.commitIndex) {
      const term = after.log.termAt(after.commitIndex);
      assert(term === after.term, 'R6: only entries of the own term are committed by counting');
    }
  }
}

/** What must hold in a state. O(members + in flight). */
export function checkRaft(raft: RaftState): void {
  checkIndexes(raft);
  const { log, outbox } = raft;
  assert(log.last.term <= raft.term, 'R2: no term in the log exceeds the current term');
  assert(raft.durableIndex <= log.lastIndex, 'R8: only what the log holds is durable');
  assert(raft.durableIndex < outbox.unsavedFrom, 'R8: only what was saved is durable');
  checkMemberships(raft);
  if (raft.role.kind === 'leader') {
    assert(raft.suspect === null, 'R12: who leads is not suspect any more');
    for (const progress of raft.role.progress.values()) checkProgress(raft, progress);
  }
}

function checkIndexes(raft: RaftState): void {
  assert(raft.snapshot.index <= raft.appliedIndex, 'R1: snapshot <= applied');
  assert(raft.appliedIndex <= raft.handedIndex, 'R1: applied <= handed out');
  assert(raft.handedIndex <= raft.commitIndex, 'R1: handed out <= commit');
  assert(raft.commitIndex <= raft.log.lastIndex, 'R1: commit <= last');
  assert(raft.log.base.index <= raft.snapshot.index, 'R1: the log begins within the snapshot');
}

function checkMemberships(raft: RaftState): void {
  const { at } = effective(raft);
  if (at.index > raft.log.base.index) {
    assert(raft.log.holds(at), 'R10: the membership in force stands in the log');
  }
  // A follower may not know yet that the joint entry before a final one is committed; a leader does.
  if (!isEstablished(raft)) return;
  const before = raft.memberships.at(-2);
  if (before !== undefined) {
    assert(before.at.index <= raft.commitIndex, 'R10: one uncommitted membership at most');
  }
}

function checkProgress(raft: RaftState, p: Progress): void {
  assert(p.matched >= 0, 'R9: 0 <= matched');
  assert(p.matched < p.next, 'R9: matched < next');
  assert(p.next <= raft.log.lastIndex + 1, 'R9: next <= last + 1');
  if (p.flow.mode !== 'replicate') return;
  let bytes = 0;
  let previous = p.matched;
  for (const sent of p.flow.inFlight) {
    assert(sent.last > previous, 'R9: in flight lies after matched, in order');
    previous = sent.last;
    bytes += sent.bytes;
  }
  assert(previous < p.next, 'R9: in flight lies before next');
  assert(bytes === p.flow.inFlightBytes, 'R9: what is in flight is what was counted');
  assert(p.flow.inFlight.length <= raft.options.inFlightMessagesMax, 'N3: in flight is bounded');
}

/** What only looking at every entry shows. O(log); for tests and the simulator. */
export function checkLog(raft: RaftState): void {
  const { log, memberships } = raft;
  let term = log.base.term;
  let time = log.base.time;
  let standing = 0;
  for (let i = log.firstIndex; i <= log.lastIndex; i = nextIndex(i)) {
    const entry = log.at(i);
    assert(entry !== null && entry.index === i, 'the log has no gap');
    assert(entry.term >= term, 'R2: terms along the log never fall');
    assert(entry.time >= time, 'cluster time never falls along the log');
    term = entry.term;
    time = entry.time;
    if (entry.payload.kind !== 'membership') continue;
    const { payload } = entry;
    standing++;
    const isKnown = memberships.some(
      ({ at, membership }) =>
        at.index === i && at.term === term && membership === payload.membership,
    );
    assert(isKnown, 'R10: every membership of the log is known');
  }
  const inLog = memberships.filter(({ at }) => at.index > log.base.index).length;
  assert(inLog === standing, 'R10: no membership is known that the log does not hold');
}
