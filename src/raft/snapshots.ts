// What replaces a log: installing the leader's snapshot, sending ours, forgetting entries.
import type { NodeId } from '../base/index.ts';
import { assert, nextIndex } from '../base/index.ts';
import { promiseMatched } from './output.ts';
import { toProbe } from './progress.ts';
import type { Leader } from './replication.ts';
import { commitThrough, noticeMembership } from './replication.ts';
import type { RaftState } from './state.ts';
import type { Input, Message, Progress, SnapshotMeta } from './types.ts';

/** The leader's snapshot has arrived whole; its bytes are durable already. */
export function onSnapshot(
  raft: RaftState,
  from: NodeId,
  { meta }: Extract<Message, { kind: 'snapshot' }>,
): void {
  if (meta.index > raft.commitIndex) {
    // If the log holds the snapshot's last entry, what follows it is kept (Raft figure 13, 6).
    if (raft.log.holds(meta)) commitThrough(raft, meta.index);
    else install(raft, meta);
  }
  promiseMatched(raft, from, raft.commitIndex);
}

/** Discard the entire log (Raft figure 13, 7); membership and all begin at `meta`. */
function install(raft: RaftState, meta: SnapshotMeta): void {
  const { log, outbox } = raft;
  const after = nextIndex(meta.index);
  // Entries that were saved beyond the snapshot must go from the disk as well. A truncation further
  // back, due in this same turn, is part of what the snapshot replaces.
  const isSavedBeyond = outbox.unsavedFrom > after || outbox.truncateFrom !== null;
  outbox.truncateFrom = isSavedBeyond ? after : null;
  log.restart({ index: meta.index, term: meta.term, time: meta.time });
  outbox.snapshot = meta;
  outbox.unsavedFrom = after;
  raft.durableIndex = meta.index;
  raft.snapshot = meta;
  raft.commitIndex = meta.index;
  raft.handedIndex = meta.index;
  raft.appliedIndex = meta.index;
  raft.memberships.length = 0;
  raft.memberships.push({ at: meta.membershipAt, membership: meta.membership });
  noticeMembership(raft);
}

/** A snapshot of ours is durable, and entries it covers may be forgotten. */
export function onCompacted(raft: RaftState, input: Extract<Input, { kind: 'compacted' }>): void {
  const { meta, compactThrough } = input;
  assert(meta.index <= raft.appliedIndex, 'R1: snapshot <= applied');
  assert(compactThrough <= meta.index, 'only what a snapshot covers is forgotten');
  if (meta.index > raft.snapshot.index) raft.snapshot = meta;
  if (compactThrough <= raft.log.base.index) return;
  assert(compactThrough < raft.outbox.unsavedFrom, 'only what was saved is forgotten');
  raft.log.compact(compactThrough);
  const { memberships } = raft;
  let covered = 0;
  while ((memberships[covered + 1]?.at.index ?? Infinity) <= compactThrough) covered++;
  memberships.splice(0, covered);
  assert(memberships.length > 0, 'R10: a membership is always in force');
}

/** The stream to a follower ended; whether it arrived, only its acknowledgement tells. */
export function onSnapshotSent(
  raft: RaftState,
  input: Extract<Input, { kind: 'snapshotSent' }>,
): void {
  const progress = raft.role.kind === 'leader' ? raft.role.progress.get(input.to) : undefined;
  if (progress === undefined || progress.flow.mode !== 'snapshot') return;
  if (progress.flow.pending !== input.index) return;
  if (input.delivered) progress.flow.ticksDelivered = 0;
  else probeAgain(progress);
}

/** Waits for the acknowledgement of what was delivered, but not for ever. */
export function tickSnapshots(raft: RaftState, leader: Leader): void {
  for (const progress of leader.progress.values()) {
    const { flow } = progress;
    if (flow.mode !== 'snapshot' || flow.ticksDelivered === null) continue;
    flow.ticksDelivered++;
    if (flow.ticksDelivered >= raft.options.electionTimeoutTicks) probeAgain(progress);
  }
}

/** Paused until the follower answers a heartbeat, so a link that refuses is not asked in a circle. */
function probeAgain(progress: Progress): void {
  toProbe(progress, progress.next, true);
}
