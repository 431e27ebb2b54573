// The leader's log becomes everybody's: appending, sending, acknowledging, committing (Raft 5.3).
import type { LogIndex, NodeId } from '../base/index.ts';
import {
  assert,
  clusterTime,
  logIndex,
  membersOf,
  must,
  nextIndex,
  noIndex,
  previousIndex,
} from '../base/index.ts';
import { entryBytes, greater, lesser } from './log.ts';
import { noteTruncated, promiseMatched, reply, request } from './output.ts';
import {
  acknowledge,
  finishRound,
  hear,
  isHeard,
  newProgress,
  refuse,
  toProbe,
  toSnapshot,
} from './progress.ts';
import { quorumIndex } from './quorum.ts';
import type { MembershipRecord, RaftState } from './state.ts';
import { effective } from './state.ts';
import type { Entry, EntryPayload, Message, Progress, Role } from './types.ts';

export type Leader = Extract<Role, { kind: 'leader' }>;
type Of<K extends Message['kind']> = Extract<Message, { kind: K }>;
type Sender = { readonly from: NodeId; readonly boot: Progress['boot'] };

// --- the log of this node ---------------------------------------------------------------------

/** Adds an entry to this node's log; a membership is in force from here on (R10). */
export function appendEntry(raft: RaftState, entry: Entry): void {
  assert(entry.term <= raft.term, 'R2: no term in the log exceeds the current term');
  raft.log.append(entry);
  if (entry.payload.kind === 'membership') {
    raft.memberships.push({
      at: { index: entry.index, term: entry.term },
      membership: entry.payload.membership,
    });
    noticeMembership(raft);
  }
}

function truncateFrom(raft: RaftState, index: LogIndex): void {
  assert(index > raft.commitIndex, 'R7: what is committed is never truncated');
  raft.log.truncateFrom(index);
  noteTruncated(raft, index);
  const before = effective(raft);
  // The membership in force falls back with the log (openraft#1808: by entry, not by memory).
  while (effective(raft).at.index >= index && raft.memberships.length > 1) raft.memberships.pop();
  if (effective(raft) !== before) noticeMembership(raft);
}

export function noticeMembership(raft: RaftState): void {
  raft.outbox.notices.push({ kind: 'membership', ...noticeOf(effective(raft)) });
}

const noticeOf = ({ at, membership }: MembershipRecord) => ({ membership, at });

/** Moves the commit index, never back. */
export function commitThrough(raft: RaftState, index: LogIndex): void {
  if (index <= raft.commitIndex) return;
  assert(index <= raft.log.lastIndex, 'R1: commit <= last');
  if (raft.role.kind === 'leader') {
    for (let i = nextIndex(raft.commitIndex); i <= index; i = nextIndex(i)) {
      raft.uncommittedBytes -= entryBytes(must(raft.log.at(i), 'uncommitted entries are held'));
    }
  }
  raft.commitIndex = index;
}

// --- the leader -------------------------------------------------------------------------------

/** Appends one entry of the leader's own term. `time` is lifted to what the log already says. */
export function appendAsLeader(raft: RaftState, payload: EntryPayload, time: Entry['time']): Entry {
  assert(raft.role.kind === 'leader', 'only a leader appends of its own accord');
  const { lastIndex, lastTime } = raft.log;
  const entry: Entry = {
    index: nextIndex(lastIndex),
    term: raft.term,
    time: clusterTime(Math.max(time, lastTime)),
    payload,
    encoded: null,
  };
  appendEntry(raft, entry);
  raft.uncommittedBytes += entryBytes(entry);
  return entry;
}

/** Commits what a quorum holds, if it is of this term (Raft 5.3, 5.4.2; figure 8). */
export function commitByCounting(raft: RaftState, leader: Leader): void {
  const { membership } = effective(raft);
  const index = quorumIndex(membership, (id) => matchedOf(raft, leader, id));
  if (index <= raft.commitIndex) return;
  // R6: only entries of the leader's own term are committed by counting; the rest come with them.
  if (raft.log.termAt(index) !== raft.term) return;
  commitThrough(raft, index);
}

function matchedOf(raft: RaftState, leader: Leader, id: NodeId): LogIndex {
  // The leader's own acknowledgement counts once it is durable, as everybody else's (thesis 10.2.1).
  if (id === raft.id) return raft.durableIndex;
  return leader.progress.get(id)?.matched ?? noIndex;
}

/** Keeps one progress for each member but the leader, and for those that have to be told they left. */
export function syncProgress(raft: RaftState, leader: Leader): void {
  const { at, membership } = effective(raft);
  const members = membersOf(membership);
  for (const id of members) {
    if (id === raft.id) continue;
    const known = leader.progress.get(id);
    if (known === undefined || known.leaving !== null) {
      const fresh = newProgress(raft.log.lastIndex);
      if (known !== undefined) fresh.boot = known.boot;
      leader.progress.set(id, fresh);
    }
  }
  for (const [id, progress] of leader.progress) {
    if (!members.includes(id)) progress.leaving ??= { finalIndex: at.index, ticks: 0 };
  }
}

/** Sends every follower what it may have now. Called once a turn, so a turn is one batch. */
export function sendAppends(raft: RaftState, leader: Leader): void {
  const memo: AppendMemo = { message: null };
  for (const [id, progress] of leader.progress) {
    switch (progress.flow.mode) {
      case 'probe':
        sendProbe(raft, id, progress, memo);
        break;
      case 'replicate':
        sendStream(raft, id, progress, memo);
        break;
      case 'snapshot':
        break;
    }
  }
}

/** The last request that was built: followers that are equally far get the same one. */
type AppendMemo = { message: Of<'appendRequest'> | null };

function sendProbe(raft: RaftState, id: NodeId, progress: Progress, memo: AppendMemo): void {
  if (progress.flow.mode !== 'probe' || progress.flow.paused) return;
  if (progress.next < raft.log.firstIndex) {
    sendSnapshot(raft, id, progress);
    return;
  }
  progress.flow.paused = true;
  sendAppend(raft, id, progress, memo);
}

function sendStream(raft: RaftState, id: NodeId, progress: Progress, memo: AppendMemo): void {
  const { flow } = progress;
  if (flow.mode !== 'replicate') return;
  if (progress.next < raft.log.firstIndex) {
    toProbe(progress, progress.next, false);
    sendProbe(raft, id, progress, memo);
    return;
  }
  const { inFlightMessagesMax, inFlightBytesMax } = raft.options;
  let sentAny = false;
  while (progress.next <= raft.log.lastIndex) {
    if (flow.inFlight.length >= inFlightMessagesMax || flow.inFlightBytes >= inFlightBytesMax)
      break;
    const { entries } = sendAppend(raft, id, progress, memo);
    const last = logIndex(progress.next + entries.length - 1);
    let bytes = 0;
    for (const entry of entries) bytes += entryBytes(entry);
    flow.inFlight.push({ last, bytes });
    flow.inFlightBytes += bytes;
    progress.next = nextIndex(last);
    sentAny = true;
  }
  // A commit nobody was told of leaves at once, or the last write of a quiet cluster would wait for
  // a heartbeat; under load it goes with the next entries, or with the commit of those under way.
  // Followers can use it only as far as they were sent entries.
  const tellable = lesser(raft.commitIndex, previousIndex(progress.next));
  const isQuiet = raft.commitIndex === raft.log.lastIndex;
  if (!sentAny && (progress.nudge || (isQuiet && tellable > progress.commitSent))) {
    sendEmptyAppend(raft, id, progress);
  }
  progress.nudge = false;
}

/** One request from `next` on: as many entries as one message may carry, or none. */
function sendAppend(
  raft: RaftState,
  id: NodeId,
  progress: Progress,
  memo: AppendMemo,
): Of<'appendRequest'> {
  const previous = previousIndex(progress.next);
  if (memo.message === null || memo.message.previous.index !== previous) {
    const previousTerm = must(raft.log.termAt(previous), 'what precedes a request is known');
    memo.message = {
      kind: 'appendRequest',
      term: raft.term,
      previous: { index: previous, term: previousTerm },
      commit: raft.commitIndex,
      entries: windowFrom(raft, progress),
    };
  }
  progress.commitSent = raft.commitIndex;
  request(raft, id, memo.message);
  return memo.message;
}

/** Asks whether everything before `next` arrived, and tells the commit index. */
function sendEmptyAppend(raft: RaftState, id: NodeId, progress: Progress): void {
  const index = previousIndex(progress.next);
  const term = must(raft.log.termAt(index), 'what precedes a request is known');
  const commit = raft.commitIndex;
  progress.commitSent = commit;
  const previous = { index, term };
  request(raft, id, { kind: 'appendRequest', term: raft.term, previous, commit, entries: [] });
}

/** Entries from `next` on that fit one message; one always does (logcabin#160: never with a gap). */
function windowFrom(raft: RaftState, { next }: Progress): Entry[] {
  const { log, options } = raft;
  const most = Math.min(log.lastIndex, next + options.appendEntriesMax - 1);
  let upto = next;
  let bytes = 0;
  while (upto <= most) {
    bytes += entryBytes(must(log.at(upto), 'what is sent is held'));
    if (bytes > options.appendBytesMax && upto > next) break;
    upto = nextIndex(upto);
  }
  return log.slice(next, upto);
}

/** The log does not reach back: the newest snapshot does. Only to one that was heard lately. */
function sendSnapshot(raft: RaftState, id: NodeId, progress: Progress): void {
  if (!isHeard(progress, raft.options.electionTimeoutTicks)) return;
  const meta = raft.snapshot;
  assert(meta.index >= raft.log.base.index, 'a snapshot covers what the log forgot');
  toSnapshot(progress, meta.index, raft.commitIndex);
  request(raft, id, { kind: 'snapshot', term: raft.term, meta });
}

/** Tells everybody who leads; `round` makes the answers count for reads. */
export function sendHeartbeats(raft: RaftState, leader: Leader): void {
  raft.heartbeatDue = false;
  raft.ticksSinceHeartbeat = 0;
  const { term } = raft;
  const { round } = raft.reads;
  for (const [id, { matched }] of leader.progress) {
    // Without the check an append makes, only what the follower promised may be called committed.
    const commit = lesser(matched, raft.commitIndex);
    request(raft, id, { kind: 'heartbeat', term, commit, newest: raft.commitIndex, round });
  }
}

/** The progress of the follower that replied, if the reply counts. */
export function progressOf(raft: RaftState, leader: Leader, sender: Sender): Progress | null {
  const progress = leader.progress.get(sender.from);
  if (progress === undefined) return null;
  return hear(progress, sender.boot, raft.commitIndex) ? progress : null;
}

export function onAppendReply(raft: RaftState, sender: Sender, m: Of<'appendReply'>): void {
  if (raft.role.kind !== 'leader') return;
  const progress = progressOf(raft, raft.role, sender);
  if (progress === null) return;
  assert(m.matched <= raft.log.lastIndex, 'R9: nobody holds more of this term than its leader');
  acknowledge(progress, m.matched, raft.log.firstIndex);
  commitByCounting(raft, raft.role);
  finishRound(progress, raft.commitIndex);
  const { leaving } = progress;
  if (leaving === null || raft.commitIndex < leaving.finalIndex) return;
  const knows = progress.matched >= leaving.finalIndex && progress.commitSent >= leaving.finalIndex;
  if (knows) raft.role.progress.delete(sender.from);
}

export function onAppendRefusal(raft: RaftState, sender: Sender, m: Of<'appendRefusal'>): void {
  if (raft.role.kind !== 'leader') return;
  const progress = progressOf(raft, raft.role, sender);
  if (progress === null) return;
  refuse(progress, m.previous, raft.log.lastIndexWithTermAtMost(m.hint.index, m.hint.term));
}

export function onHeartbeatReply(raft: RaftState, sender: Sender): void {
  if (raft.role.kind !== 'leader') return;
  const progress = progressOf(raft, raft.role, sender);
  if (progress === null) return;
  const { flow } = progress;
  if (flow.mode === 'probe') flow.paused = false;
  // It answers heartbeats and not what is in flight: something may be lost. Asking is cheap.
  else if (flow.mode === 'replicate' && progress.matched < progress.next - 1) progress.nudge = true;
}

/** Forgets those who left once they had their time to hear of it. */
export function tickLeaving(raft: RaftState, leader: Leader): void {
  for (const [id, { leaving }] of leader.progress) {
    if (leaving === null || raft.commitIndex < leaving.finalIndex) continue;
    leaving.ticks++;
    if (leaving.ticks >= raft.options.electionTimeoutTicks) leader.progress.delete(id);
  }
}

// --- the follower -----------------------------------------------------------------------------

export function onAppendRequest(raft: RaftState, from: NodeId, m: Of<'appendRequest'>): void {
  const { log } = raft;
  const { index, term } = m.previous;
  // What is below the base is committed, so it agrees with every leader (R7).
  if (index >= log.base.index && log.termAt(index) !== term) {
    // Reply false if the log holds no entry at the previous index with its term (Raft 5.3).
    const hint = log.lastIndexWithTermAtMost(lesser(index, log.lastIndex), term);
    const hintTerm = must(log.termAt(hint), 'two logs agree at the base');
    reply(raft, from, {
      kind: 'appendRefusal',
      term: raft.term,
      previous: index,
      hint: { index: hint, term: hintTerm },
    });
    return;
  }
  for (const entry of m.entries) appendOrKeep(raft, entry);
  const through = logIndex(index + m.entries.length);
  // Commit what the leader says, as far as this request vouches for the log (Raft figure 2).
  commitThrough(raft, lesser(m.commit, through));
  promiseMatched(raft, from, greater(through, raft.commitIndex));
}

function appendOrKeep(raft: RaftState, entry: Entry): void {
  const { log } = raft;
  if (entry.index <= log.base.index) return;
  const held = log.termAt(entry.index);
  // An entry that is there already is kept, and all after it: the request may be an old one.
  if (held === entry.term) return;
  // A conflicting entry goes, with all that follow it (Raft 5.3).
  if (held !== null) truncateFrom(raft, entry.index);
  appendEntry(raft, entry);
}

export function onHeartbeat(raft: RaftState, from: NodeId, m: Of<'heartbeat'>): void {
  // The leader says what this node promised to hold, in an earlier boot perhaps. One that lost some of
  // that may have older entries in its place: it waits for an append, which is compared.
  if (raft.suspect === null) commitThrough(raft, lesser(m.commit, raft.log.lastIndex));
  reply(raft, from, { kind: 'heartbeatReply', term: raft.term, round: m.round });
}
