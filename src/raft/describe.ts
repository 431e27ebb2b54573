// The core in words: the same in scenarios, logs and the simulator.
import type { Membership, NodeId } from '../base/index.ts';
import { textOf } from '../base/index.ts';
import type { RaftState } from './state.ts';
import { effective, leaderOf } from './state.ts';
import type { Entry, Message, Position, Progress, VoteAnswer } from './types.ts';

export const describePosition = ({ index, term }: Position): string => `${index}@${term}`;

export function describeMembership(m: Membership): string {
  const parts = [`voters=${m.voters.join()}`];
  if (m.outgoing !== null) parts.push(`outgoing=${m.outgoing.join()}`);
  if (m.learners.length > 0) parts.push(`learners=${m.learners.join()}`);
  if (m.learnersNext.length > 0) parts.push(`learnersNext=${m.learnersNext.join()}`);
  if (m.parked.length > 0) parts.push(`parked=${m.parked.join()}`);
  return parts.join(' ');
}

export function describeEntry(entry: Entry): string {
  const at = describePosition(entry);
  const { payload } = entry;
  switch (payload.kind) {
    case 'noop':
      return `${at} noop`;
    case 'command':
      return `${at} ${describeBytes(payload.bytes)}`;
    case 'membership':
      return `${at} membership ${describeMembership(payload.membership)}`;
  }
}

const shownBytesMax = 16;

function describeBytes(bytes: Uint8Array): string {
  if (bytes.length > shownBytesMax) return `${bytes.length} bytes`;
  return JSON.stringify(textOf(bytes));
}

export function describeMessage(m: Message): string {
  const head = `${m.kind} term=${m.term}`;
  switch (m.kind) {
    case 'preVoteRequest':
      return `${head} last=${describePosition(m.last)}`;
    case 'voteRequest':
      return `${head} last=${describePosition(m.last)}${m.transfer ? ' transfer' : ''}`;
    case 'preVoteReply':
    case 'voteReply':
      return `${head} ${describeAnswer(m)}`;
    case 'appendRequest': {
      const entries = m.entries.map(describeEntry).join(', ');
      return `${head} previous=${describePosition(m.previous)} commit=${m.commit} [${entries}]`;
    }
    case 'appendReply':
      return `${head} matched=${m.matched}`;
    case 'appendRefusal':
      return `${head} previous=${m.previous} hint=${describePosition(m.hint)}`;
    case 'heartbeat':
      return `${head} commit=${m.commit} round=${m.round}`;
    case 'heartbeatReply':
      return `${head} round=${m.round}`;
    case 'readRequest':
      return `${head} n=${m.n}`;
    case 'readReply':
      return `${head} n=${m.n} index=${m.index ?? 'none'}`;
    case 'snapshot':
      return `${head} at=${describePosition(m.meta)}`;
    case 'timeoutNow':
      return `${head} last=${describePosition(m.last)}`;
    case 'lookFor':
      return `${head} memberIndex=${m.memberIndex}`;
    case 'removed':
      return `${head} at=${describePosition(m.membershipAt)}`;
  }
}

function describeAnswer({ granted, doubt }: VoteAnswer): string {
  if (!granted) return 'refused';
  return doubt === null ? 'granted' : `granted in doubt of ${describePosition(doubt)}`;
}

/** The state in one line, and one more for each follower of a leader. */
export function describeState(raft: RaftState): string {
  const { at, membership } = effective(raft);
  const parts = [
    `${raft.id} ${raft.role.kind} term=${raft.term}`,
    `leader=${leaderOf(raft) ?? 'none'} vote=${raft.votedFor ?? 'none'}`,
    `commit=${raft.commitIndex} applied=${raft.appliedIndex} durable=${raft.durableIndex}`,
    `last=${describePosition(raft.log.last)} first=${raft.log.firstIndex}`,
    `${describeMembership(membership)} at=${describePosition(at)}`,
  ];
  if (raft.suspect !== null) parts.push(`suspect=${describePosition(raft.suspect)}`);
  if (raft.transfer !== null) parts.push(`transferring to=${raft.transfer.to}`);
  if (raft.hint !== null) parts.push(`hinted tries=${raft.hint.triesLeft}`);
  const lines = [parts.join(' ')];
  if (raft.role.kind === 'leader') {
    for (const [id, progress] of raft.role.progress) lines.push(describeProgress(id, progress));
  }
  return lines.join('\n');
}

function describeProgress(id: NodeId, p: Progress): string {
  const parts = [`  ${id} ${p.flow.mode} matched=${p.matched} next=${p.next}`];
  switch (p.flow.mode) {
    case 'probe':
      if (p.flow.paused) parts.push('paused');
      break;
    case 'replicate':
      if (p.flow.inFlight.length > 0) parts.push(`inFlight=${p.flow.inFlight.length}`);
      break;
    case 'snapshot':
      parts.push(`pending=${p.flow.pending}`);
      break;
  }
  if (!p.active) parts.push('unheard');
  if (p.leaving !== null) parts.push('leaving');
  return parts.join(' ');
}
