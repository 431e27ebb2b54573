// One input at a time: the rule about terms first, then the handler, then what follows from it.
import type { LogIndex, NodeId } from '../base/index.ts';
import { assert, isMember } from '../base/index.ts';
import {
  isAsking,
  isHeldByLeader,
  onLinkClosed,
  onPreVoteReply,
  onPreVoteRequest,
  onRemoved,
  onTimeoutNow,
  onVotePersisted,
  onVoteReply,
  onVoteRequest,
  tellIfRemoved,
  tickElection,
} from './election.ts';
import { commandBytes, comparePositions } from './log.ts';
import { onChangeMembership, settleMembership } from './membership.ts';
import { notePersisted, refuseRef, reply } from './output.ts';
import { hasQuorum } from './quorum.ts';
import { onRead, onReadReply, onReadRequest, onRoundAcknowledged, tickReads } from './reads.ts';
import type { Leader } from './replication.ts';
import {
  appendAsLeader,
  commitByCounting,
  onAppendRefusal,
  onAppendReply,
  onAppendRequest,
  onHeartbeat,
  onHeartbeatReply,
  tickLeaving,
} from './replication.ts';
import { becomeFollower, followLeader } from './roles.ts';
import { onCompacted, onSnapshot, onSnapshotSent, tickSnapshots } from './snapshots.ts';
import type { RaftState } from './state.ts';
import { effective } from './state.ts';
import { onTransfer, settleTransfer, tickTransfer } from './transfer.ts';
import type { Input, Message } from './types.ts';

type InputOf<K extends Input['kind']> = Extract<Input, { kind: K }>;

export function step(raft: RaftState, input: Input): void {
  dispatch(raft, input);
  // What a commit, an acknowledgement or an election makes possible, in whatever step it came.
  settleMembership(raft);
  settleTransfer(raft);
}

function dispatch(raft: RaftState, input: Input): void {
  switch (input.kind) {
    case 'tick':
      return onTick(raft);
    case 'message':
      return onMessage(raft, input);
    case 'propose':
      return onPropose(raft, input);
    case 'changeMembership':
      return onChangeMembership(raft, input);
    case 'transfer':
      return onTransfer(raft, input);
    case 'read':
      return onRead(raft, input.ref);
    case 'persisted':
      return onPersisted(raft, input);
    case 'applied':
      return onApplied(raft, input.through);
    case 'compacted':
      return onCompacted(raft, input);
    case 'snapshotSent':
      return onSnapshotSent(raft, input);
    case 'linkClosed':
      return onLinkClosed(raft, input.peer);
    case 'condemned':
      return onCondemned(raft, input.on);
  }
}

// --- time ---------------------------------------------------------------------------------------

function onTick(raft: RaftState): void {
  tickReads(raft);
  if (raft.role.kind === 'leader') tickLeader(raft, raft.role);
  else tickElection(raft);
}

function tickLeader(raft: RaftState, leader: Leader): void {
  const { heartbeatTicks, electionTimeoutTicks } = raft.options;
  for (const progress of leader.progress.values()) progress.ticksQuiet++;
  // A leader that a quorum does not answer steps down, so that its clients look elsewhere
  // (thesis 6.2). A fresh one has an election timeout to be answered first.
  const isHeard = (id: NodeId) =>
    id === raft.id || (leader.progress.get(id)?.ticksQuiet ?? Infinity) < electionTimeoutTicks;
  if (!hasQuorum(effective(raft).membership, isHeard)) {
    becomeFollower(raft, raft.term, null);
    return;
  }
  raft.ticksSinceHeartbeat++;
  if (raft.ticksSinceHeartbeat >= heartbeatTicks) raft.heartbeatDue = true;
  tickTransfer(raft);
  tickSnapshots(raft, leader);
  tickLeaving(raft, leader);
}

// --- proposals and progress of this node ----------------------------------------------------------

function onPropose(raft: RaftState, input: InputOf<'propose'>): void {
  const { ref, commands, time, onlyInTerm } = input;
  assert(commands.length > 0, 'a proposal holds a command');
  if (raft.role.kind !== 'leader') return refuseRef(raft, ref, 'notLeader', 'this node follows');
  if (onlyInTerm !== null && onlyInTerm !== raft.term) {
    // A forward is for one leader: another may have appended it already, under its own term.
    return refuseRef(raft, ref, 'notLeader', `meant for term ${onlyInTerm}`);
  }
  if (raft.transfer !== null) {
    return refuseRef(raft, ref, 'transferring', 'leadership is being handed over');
  }
  let bytes = 0;
  for (const command of commands) bytes += commandBytes(command);
  const { uncommittedBytesMax } = raft.options;
  // One batch is always taken when nothing waits, or a large one could never be written.
  if (raft.uncommittedBytes > 0 && raft.uncommittedBytes + bytes > uncommittedBytesMax) {
    return refuseRef(raft, ref, 'overloaded', `${raft.uncommittedBytes} bytes wait for a quorum`);
  }
  const first = (raft.log.lastIndex + 1) as LogIndex;
  for (const command of commands) {
    appendAsLeader(raft, { kind: 'command', bytes: command }, time);
  }
  raft.outbox.receipts.push({
    ref,
    kind: 'appended',
    first,
    count: commands.length,
    term: raft.term,
  });
}

function onPersisted(raft: RaftState, input: InputOf<'persisted'>): void {
  if (!notePersisted(raft, input.through)) return;
  clearSuspicion(raft);
  onVotePersisted(raft);
  if (raft.role.kind === 'leader') commitByCounting(raft, raft.role);
}

/** Everything once promised is durable here again, or overruled by a later leader's log. */
function clearSuspicion(raft: RaftState): void {
  const { suspect, log, durableIndex } = raft;
  const term = log.termAt(durableIndex);
  if (suspect === null || term === null) return;
  if (comparePositions({ index: durableIndex, term }, suspect) >= 0) raft.suspect = null;
}

function onApplied(raft: RaftState, through: LogIndex): void {
  assert(through <= raft.commitIndex, 'R1: applied <= commit');
  if (through > raft.appliedIndex) raft.appliedIndex = through;
}

/**
 * A tree that is wrong makes no leader: nobody could be served there. Votes and acknowledgements go
 * on, since the log is right. One that leads goes on until its driver has handed leadership over.
 */
function onCondemned(raft: RaftState, on: boolean): void {
  raft.isCondemned = on;
  const isAskingForVotes = raft.role.kind === 'preCandidate' || raft.role.kind === 'candidate';
  if (on && isAskingForVotes) becomeFollower(raft, raft.term, null);
}

// --- messages -------------------------------------------------------------------------------------

function onMessage(raft: RaftState, input: InputOf<'message'>): void {
  const { from, message } = input;
  if (from === raft.id) return;
  if (isAsking(message) && tellIfRemoved(raft, from, message)) return;
  if (message.term > raft.term) onLaterTerm(raft, from, message);
  if (message.term < raft.term && answersLate(raft, from, message)) return;
  handle(raft, input);
}

/** If a message carries a later term, follow it (Raft 5.1), unless the message may not say so. */
function onLaterTerm(raft: RaftState, from: NodeId, m: Message): void {
  switch (m.kind) {
    case 'appendRequest':
    case 'heartbeat':
    case 'snapshot':
      return becomeFollower(raft, m.term, from);
    case 'voteRequest':
      // While a leader was heard lately nobody's campaign ends its term (thesis 4.2.3).
      if (m.transfer || !isHeldByLeader(raft, from)) becomeFollower(raft, m.term, null);
      return;
    case 'preVoteReply':
      // A grant echoes the term that was asked about; only a refusal speaks of a real one.
      if (!m.granted) followIfMember(raft, from, m.term);
      return;
    case 'voteReply':
    case 'appendReply':
    case 'appendRefusal':
    case 'heartbeatReply':
      return followIfMember(raft, from, m.term);
    case 'preVoteRequest':
    case 'readRequest':
    case 'readReply':
    case 'timeoutNow':
    case 'lookFor':
    case 'removed':
      return;
  }
}

/** A node that left must not end a term it is no part of (etcd#9333). */
function followIfMember(raft: RaftState, from: NodeId, term: Message['term']): void {
  if (isMember(effective(raft).membership, from)) becomeFollower(raft, term, null);
}

/** Reply false if term < currentTerm (Raft 5.1). @returns whether there is no more to do. */
function answersLate(raft: RaftState, from: NodeId, m: Message): boolean {
  const { term } = raft;
  switch (m.kind) {
    case 'appendRequest':
    case 'snapshot':
      // Its leader learns that it was overruled; without this a node whose term ran ahead would
      // refuse every leader and be heard by none.
      reply(raft, from, { kind: 'appendReply', term, matched: 0 as LogIndex });
      return true;
    case 'heartbeat':
      reply(raft, from, { kind: 'heartbeatReply', term, round: 0 });
      return true;
    case 'voteRequest':
      reply(raft, from, { kind: 'voteReply', term, granted: false, doubt: null });
      return true;
    // These answer for themselves, or mean what they say in any term.
    case 'preVoteRequest':
    case 'preVoteReply':
    case 'readRequest':
    case 'readReply':
    case 'lookFor':
    case 'removed':
      return false;
    case 'voteReply':
    case 'appendReply':
    case 'appendRefusal':
    case 'heartbeatReply':
    case 'timeoutNow':
      return true;
  }
}

function handle(raft: RaftState, { from, boot, message }: InputOf<'message'>): void {
  // What speaks of a term this node did not enter is void, but for questions that bind nobody.
  const isOurs = message.term === raft.term;
  switch (message.kind) {
    case 'preVoteRequest':
      return onPreVoteRequest(raft, from, message);
    case 'preVoteReply':
      return onPreVoteReply(raft, from, message);
    case 'readRequest':
      return onReadRequest(raft, from, message);
    case 'readReply':
      return onReadReply(raft, message);
    case 'lookFor':
      return;
    case 'removed':
      return onRemoved(raft, from, message);
    case 'voteRequest':
      if (isOurs) onVoteRequest(raft, from, message);
      return;
    case 'voteReply':
      if (isOurs) onVoteReply(raft, from, message);
      return;
    case 'timeoutNow':
      if (isOurs) onTimeoutNow(raft, from, message);
      return;
    case 'appendReply':
      if (isOurs) onAppendReply(raft, { from, boot }, message);
      return;
    case 'appendRefusal':
      if (isOurs) onAppendRefusal(raft, { from, boot }, message);
      return;
    case 'heartbeatReply':
      if (!isOurs) return;
      onHeartbeatReply(raft, { from, boot });
      onRoundAcknowledged(raft, { from, boot }, message);
      return;
    case 'appendRequest':
      followLeader(raft, from);
      return onAppendRequest(raft, from, message);
    case 'heartbeat':
      followLeader(raft, from);
      return onHeartbeat(raft, from, message);
    case 'snapshot':
      followLeader(raft, from);
      return onSnapshot(raft, from, message);
  }
}
