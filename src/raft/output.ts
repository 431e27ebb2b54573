// Wishes: how handlers say what the world should do, and how one turn's wishes become one `Output`.
import type { LogIndex, NodeId } from '../base/index.ts';
import { assert, logIndex, nextIndex, previousIndex } from '../base/index.ts';
import { lesser } from './log.ts';
import type { RaftState } from './state.ts';
import { isSoleVoter, isSoleVoterIfCut, leaderOf } from './state.ts';
import type { Envelope, Message, Output, Persist, Position, RefusalReason } from './types.ts';

/** Committed entries handed out at once; the rest waits for the next `take`. */
const committedEntriesMax = 4096;

/** Sends something that promises nothing. */
export function request(raft: RaftState, to: NodeId, message: Message): void {
  raft.outbox.requests.push({ to, message });
}

/** Sends something that may not speak of a term which is not durable yet. */
export function reply(raft: RaftState, to: NodeId, message: Message): void {
  raft.outbox.replies.push({ to, message });
}

/** Sends something that holds only once this turn is durable (R8). */
export function promise(raft: RaftState, to: NodeId, message: Message): void {
  raft.outbox.promises.push({ to, message });
}

/** Promises to the leader `to` that everything through `matched` is durable here. */
export function promiseMatched(raft: RaftState, to: NodeId, matched: LogIndex): void {
  const pending = raft.outbox.acknowledgement;
  if (pending !== null && pending.to === to && pending.term === raft.term) {
    if (pending.matched < matched) pending.matched = matched;
  } else {
    raft.outbox.acknowledgement = { to, term: raft.term, matched };
  }
}

export function refuseRef(
  raft: RaftState,
  ref: number,
  reason: RefusalReason,
  detail: string,
): void {
  raft.outbox.receipts.push({ ref, kind: 'refused', reason, detail });
}

export function answerDone(raft: RaftState, ref: number): void {
  raft.outbox.receipts.push({ ref, kind: 'done' });
}

export function answerRead(raft: RaftState, ref: number, index: LogIndex | null): void {
  raft.outbox.reads.push(index === null ? { ref, index: null } : { ref, index });
}

/** Leadership moved, or its end is unknown: every read that waits is asked again by its owner. */
export function giveUpReads(raft: RaftState): void {
  const { reads } = raft;
  for (const { readers } of reads.rounds) for (const reader of readers) giveUp(raft, reader);
  for (const reader of reads.joining) giveUp(raft, reader);
  for (const { refs } of reads.asked) for (const ref of refs) answerRead(raft, ref, null);
  for (const ref of reads.waiting) answerRead(raft, ref, null);
  reads.rounds = [];
  reads.joining = [];
  reads.asked = [];
  reads.waiting = [];
}

function giveUp(raft: RaftState, reader: RaftState['reads']['joining'][number]): void {
  if (reader.kind === 'local') answerRead(raft, reader.ref, null);
  else reply(raft, reader.from, { kind: 'readReply', term: raft.term, n: reader.n, index: null });
}

export function noticeRole(raft: RaftState): void {
  const { role, term } = raft;
  raft.outbox.notices.push({ kind: 'role', role: role.kind, term, leader: leaderOf(raft) });
}

/** What some voter may once have held after the end of this log, through `through`, counts no more. */
export function noticeGivenUp(raft: RaftState, through: Position, neverHeld: boolean): void {
  raft.outbox.notices.push({ kind: 'givenUp', after: raft.log.last, through, neverHeld });
}

/**
 * Notes that the save under way is durable.
 *
 * A truncation since then may have removed entries that it covered, and the same entries may even be
 * back, due to be saved again: what counts is what was saved and never touched since.
 *
 * @returns whether this was the report of the save under way.
 */
export function notePersisted(raft: RaftState, through: Position): boolean {
  const { outbox, log } = raft;
  const { saving } = outbox;
  if (saving === null || saving.index !== through.index || saving.term !== through.term) {
    return false;
  }
  outbox.saving = null;
  if (!log.holds(through)) return true;
  const durable = lesser(through.index, previousIndex(outbox.unsavedFrom));
  if (durable > raft.durableIndex) raft.durableIndex = durable;
  return true;
}

/** The log was cut: what was durable from `index` on is not any more, nor what was to be saved. */
export function noteTruncated(raft: RaftState, index: LogIndex): void {
  const { outbox } = raft;
  if (index < outbox.unsavedFrom) {
    outbox.unsavedFrom = index;
    if (outbox.truncateFrom === null || index < outbox.truncateFrom) outbox.truncateFrom = index;
  }
  if (raft.durableIndex >= index) raft.durableIndex = previousIndex(index);
}

/** One turn's wishes, or `null` when there are none. The outbox is empty afterwards. */
export function collect(raft: RaftState): Output | null {
  const { outbox } = raft;
  assert(outbox.saving === null, 'N1: nothing is taken between a save and its persisted');
  if (outbox.acknowledgement !== null) promiseAcknowledgement(raft);
  const hasTermNews = outbox.hardStateChanged;
  const persist = collectPersist(raft);
  const committed = collectCommitted(raft);
  const { requests, replies, promises, receipts, reads, notices } = outbox;
  const isQuiet =
    persist === null &&
    committed.length === 0 &&
    requests.length + replies.length + promises.length === 0 &&
    receipts.length + reads.length + notices.length === 0;
  if (isQuiet) return null;
  outbox.requests = [];
  outbox.replies = [];
  outbox.promises = [];
  outbox.receipts = [];
  outbox.reads = [];
  outbox.notices = [];
  return {
    persist,
    sendNow: joined(requests, hasTermNews ? [] : replies),
    sendAfterPersist: joined(promises, hasTermNews ? replies : []),
    committed,
    receipts,
    reads,
    notices,
  };
}

const joined = (a: Envelope[], b: Envelope[]): Envelope[] =>
  b.length === 0 ? a : a.length === 0 ? b : [...a, ...b];

function promiseAcknowledgement(raft: RaftState): void {
  const { acknowledgement } = raft.outbox;
  if (acknowledgement === null) return;
  const { to, term, matched } = acknowledgement;
  assert(matched <= raft.log.lastIndex, 'R8: only what the log holds is promised');
  promise(raft, to, { kind: 'appendReply', term, matched });
  raft.outbox.acknowledgement = null;
}

function collectPersist(raft: RaftState): Persist | null {
  const { outbox, log } = raft;
  const hasEntries = outbox.unsavedFrom <= log.lastIndex;
  const { snapshot, truncateFrom } = outbox;
  if (!outbox.hardStateChanged && !hasEntries && snapshot === null && truncateFrom === null) {
    return null;
  }
  const through = log.last;
  const upto = nextIndex(through.index);
  const persist: Persist = {
    snapshot,
    hardState: outbox.hardStateChanged ? { term: raft.term, votedFor: raft.votedFor } : null,
    truncateFrom,
    entries: hasEntries ? log.slice(outbox.unsavedFrom, upto) : [],
    through,
    alone: isSoleVoter(raft) || isSoleVoterIfCut(raft),
  };
  outbox.snapshot = null;
  outbox.hardStateChanged = false;
  outbox.truncateFrom = null;
  outbox.unsavedFrom = upto;
  outbox.saving = through;
  return persist;
}

function collectCommitted(raft: RaftState): Output['committed'] {
  const { handedIndex, commitIndex, log } = raft;
  assert(handedIndex <= commitIndex, 'only committed entries are handed out');
  if (handedIndex === commitIndex) return [];
  raft.handedIndex = lesser(commitIndex, logIndex(handedIndex + committedEntriesMax));
  return log.slice(nextIndex(handedIndex), nextIndex(raft.handedIndex));
}
