// Reads that are not stale: one round of heartbeats shows that we still lead, for all that wait
// (thesis 6.4). A read joins only a round that was not sent when it arrived.
import type { NodeId } from '../base/index.ts';
import { answerRead, giveUpReads, reply, request } from './output.ts';
import { hasQuorum } from './quorum.ts';
import type { Leader } from './replication.ts';
import { progressOf } from './replication.ts';
import type { RaftState, Reader } from './state.ts';
import { effective, isEstablished, isSoleVoter } from './state.ts';
import type { Message, Progress } from './types.ts';

type Of<K extends Message['kind']> = Extract<Message, { kind: K }>;

/** Rounds on their way at once. Beyond: reads wait, and join the next round all together. */
const roundsMax = 8;

/** A local read. Without a leader it is answered at once: its owner knows better when to retry. */
export function onRead(raft: RaftState, ref: number): void {
  if (raft.role.kind === 'leader') raft.reads.joining.push({ kind: 'local', ref });
  else if (raft.role.kind === 'follower' && raft.role.leader !== null) raft.reads.waiting.push(ref);
  else answerRead(raft, ref, null);
}

// --- the leader ---------------------------------------------------------------------------------

export function onReadRequest(raft: RaftState, from: NodeId, m: Of<'readRequest'>): void {
  if (raft.role.kind !== 'leader' || m.term !== raft.term) {
    reply(raft, from, { kind: 'readReply', term: raft.term, n: m.n, index: null });
    return;
  }
  // An answer to its newest request answers the older ones, so each follower waits once: nothing has
  // to be said about how many there may be, while nothing of this term is committed yet.
  const { joining } = raft.reads;
  const known = joining.findIndex((reader) => reader.kind === 'remote' && reader.from === from);
  const before = joining[known];
  if (before?.kind !== 'remote') joining.push({ kind: 'remote', from, n: m.n });
  else if (before.n < m.n) joining[known] = { kind: 'remote', from, n: m.n };
}

/**
 * Begins a round for all that wait.
 *
 * Not before an entry of the own term is committed: until then the commit index may be behind what an
 * earlier leader answered for (etcd#7331).
 *
 * @returns whether heartbeats have to carry a new round.
 */
export function beginRound(raft: RaftState, leader: Leader): boolean {
  const { reads } = raft;
  // Those who had to acknowledge a round may have lost their votes, and those who are left have said all they will.
  if (reads.rounds.length > 0) finishRounds(raft, leader);
  if (reads.joining.length === 0 || reads.rounds.length >= roundsMax) return false;
  if (!isEstablished(raft)) return false;
  reads.round++;
  reads.rounds.push({ round: reads.round, index: raft.commitIndex, readers: reads.joining });
  reads.joining = [];
  if (!isSoleVoter(raft)) return true;
  finishRounds(raft, leader);
  return false;
}

export function onRoundAcknowledged(
  raft: RaftState,
  sender: { readonly from: NodeId; readonly boot: Progress['boot'] },
  m: Of<'heartbeatReply'>,
): void {
  if (raft.role.kind !== 'leader') return;
  const progress = progressOf(raft, raft.role, sender);
  if (progress === null || m.round <= progress.roundAcked) return;
  progress.roundAcked = m.round;
  finishRounds(raft, raft.role);
}

/** Answers every round that a quorum acknowledged: having heard a later one is as good. */
function finishRounds(raft: RaftState, leader: Leader): void {
  const { rounds } = raft.reads;
  const { membership } = effective(raft);
  let finished = 0;
  for (const { round, index, readers } of rounds) {
    const isHeard = (id: NodeId) =>
      id === raft.id || (leader.progress.get(id)?.roundAcked ?? 0) >= round;
    if (!hasQuorum(membership, isHeard)) break;
    finished++;
    for (const reader of readers) answer(raft, reader, index);
  }
  if (finished > 0) rounds.splice(0, finished);
}

function answer(raft: RaftState, reader: Reader, index: RaftState['commitIndex']): void {
  if (reader.kind === 'local') {
    answerRead(raft, reader.ref, index);
  } else {
    reply(raft, reader.from, { kind: 'readReply', term: raft.term, n: reader.n, index });
  }
}

// --- the follower -------------------------------------------------------------------------------

/** Asks the leader once for all reads that came since the last time. */
export function askLeader(raft: RaftState): void {
  const { reads } = raft;
  if (reads.waiting.length === 0) return;
  if (raft.role.kind !== 'follower' || raft.role.leader === null) {
    giveUpReads(raft);
    return;
  }
  reads.n++;
  reads.asked.push({ n: reads.n, refs: reads.waiting, ticks: 0 });
  reads.waiting = [];
  request(raft, raft.role.leader, { kind: 'readRequest', term: raft.term, n: reads.n });
}

export function onReadReply(raft: RaftState, m: Of<'readReply'>): void {
  const { asked } = raft.reads;
  // An answer of another term may be older than what this term's leader committed.
  if (m.index !== null && m.term !== raft.term) return;
  let answered = 0;
  for (const { n, refs } of asked) {
    if (n > m.n) break;
    answered++;
    for (const ref of refs) answerRead(raft, ref, m.index);
  }
  if (answered > 0) asked.splice(0, answered);
}

/** Asks again what was not answered for a heartbeat interval; gives up after an election timeout. */
export function tickReads(raft: RaftState): void {
  const { asked } = raft.reads;
  if (asked.length === 0) return;
  const { heartbeatTicks, electionTimeoutTicks } = raft.options;
  let isDue = false;
  for (const one of asked) {
    one.ticks++;
    isDue ||= one.ticks % heartbeatTicks === 0;
  }
  let lost = 0;
  for (const { ticks, refs } of asked) {
    if (ticks < electionTimeoutTicks) break;
    lost++;
    for (const ref of refs) answerRead(raft, ref, null);
  }
  if (lost > 0) asked.splice(0, lost);
  const newest = asked.at(-1);
  const { role } = raft;
  if (!isDue || newest === undefined || role.kind !== 'follower' || role.leader === null) return;
  // The newest stands for all: an answer to it answers the older ones.
  request(raft, role.leader, { kind: 'readRequest', term: raft.term, n: newest.n });
}
