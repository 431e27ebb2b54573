// Becoming follower, pre-candidate, candidate, leader. A role is a new object each time, so nothing
// of the old one leaks into it. Why a role changes is decided above this file.
import type { NodeId, Term } from '../base/index.ts';
import { assert, nextIndex } from '../base/index.ts';
import { entryBytes } from './log.ts';
import { giveUpReads, noticeRole } from './output.ts';
import type { Leader } from './replication.ts';
import { appendAsLeader, syncProgress } from './replication.ts';
import type { RaftState } from './state.ts';
import type { Role } from './types.ts';

/** Follows `leader`, or nobody known yet, in `term`. */
export function becomeFollower(raft: RaftState, term: Term, leader: NodeId | null): void {
  assert(term >= raft.term, 'R3: the current term never falls');
  const wasLeading = raft.role.kind === 'leader';
  const isSame = raft.role.kind === 'follower' && raft.role.leader === leader && term === raft.term;
  if (isSame) return;
  if (term > raft.term) enterTerm(raft, term, null);
  setRole(raft, { kind: 'follower', leader });
  // The campaign clock goes on, so a candidate that can win is not put off by those that can not;
  // only one that led begins to count now.
  if (wasLeading) raft.ticksQuiet = 0;
  drawElectionTimeout(raft);
}

/** The leader of this term was heard. */
export function followLeader(raft: RaftState, leader: NodeId): void {
  assert(raft.role.kind !== 'leader', 'R4: a term has one leader');
  if (raft.role.kind !== 'follower' || raft.role.leader !== leader) {
    becomeFollower(raft, raft.term, leader);
  }
  raft.ticksQuiet = 0;
  raft.isSticky = true;
  raft.hint = null;
}

/** Asks whether an election could be won. Term and vote stay as they are (thesis 9.6). */
export function becomePreCandidate(raft: RaftState): void {
  assert(raft.role.kind !== 'leader', 'a leader does not campaign');
  setRole(raft, { kind: 'preCandidate', answers: new Map() });
}

/** Begins a new term and votes for itself, which counts once it is durable. */
export function becomeCandidate(raft: RaftState): void {
  assert(raft.role.kind !== 'leader', 'a leader does not campaign');
  enterTerm(raft, (raft.term + 1) as Term, raft.id);
  setRole(raft, { kind: 'candidate', answers: new Map() });
  raft.ticksQuiet = 0;
  drawElectionTimeout(raft);
}

/** Leads this term: everybody is probed, and a no-op lets earlier terms commit (Raft 8). */
export function becomeLeader(raft: RaftState): void {
  assert(raft.role.kind === 'candidate', 'only a candidate becomes leader');
  assert(raft.votedFor === raft.id, 'R4: a leader has its own vote');
  assert(raft.suspect === null, 'R12: who leads is not suspect any more');
  const { log } = raft;
  const termStart = nextIndex(log.lastIndex);
  const leader: Leader = { kind: 'leader', progress: new Map(), termStart };
  raft.uncommittedBytes = 0;
  for (let i = nextIndex(raft.commitIndex); i < termStart; i = nextIndex(i)) {
    const entry = log.at(i);
    if (entry !== null) raft.uncommittedBytes += entryBytes(entry);
  }
  setRole(raft, leader);
  raft.hint = null;
  raft.ticksSinceHeartbeat = 0;
  syncProgress(raft, leader);
  appendAsLeader(raft, { kind: 'noop' }, log.lastTime);
}

export function drawElectionTimeout(raft: RaftState): void {
  const { electionTimeoutTicks, prng } = raft.options;
  raft.electionTimeout = electionTimeoutTicks + prng.below(electionTimeoutTicks);
}

function enterTerm(raft: RaftState, term: Term, votedFor: NodeId | null): void {
  raft.term = term;
  raft.votedFor = votedFor;
  raft.outbox.hardStateChanged = true;
}

function setRole(raft: RaftState, role: Role): void {
  if (raft.role.kind === 'leader') {
    raft.transfer = null;
    raft.heartbeatDue = false;
    raft.uncommittedBytes = 0;
  }
  giveUpReads(raft);
  raft.role = role;
  noticeRole(raft);
}
