import type { ErrorCode } from '../../base/index.ts';
import {
  assert,
  bootNumber,
  isErrorCode,
  limits,
  logIndex,
  revision,
  term,
} from '../../base/index.ts';
import {
  lineageFields,
  membershipFields,
  positionFields,
  readLineage,
  readMembership,
  readPosition,
} from './shared.ts';
import type { Field, Tuple } from './tuple.ts';
import { pack, unpackAll } from './tuple.ts';
import type { NativeEvent, NativeFile, NativeReply, NodeReport } from './types.ts';

/* A reply is [kind, tag, ...], in the order written below. Numbers are never used again. */
const kinds = {
  error: 0,
  value: 1,
  revision: 2,
  self: 3,
  stat: 4,
  names: 5,
  files: 6,
  event: 7,
  events: 8,
  status: 9,
  members: 10,
  pong: 11,
} as const satisfies Record<NativeReply['kind'], number>;

const effects = ['none', 'unknown'] as const;
const eventKinds = ['nop', 'set', 'delete'] as const;
const statKinds = ['missing', 'file', 'directory'] as const;

/**
 * One message of these replies, in this order. Whoever batches keeps a message within
 * `limits.batchBytesMax`; a single reply is always within a frame.
 */
export function encodeReplies(replies: readonly NativeReply[]): Uint8Array {
  assert(replies.length > 0, 'a message holds at least one reply');
  return pack(replies.map(replyFields));
}

/**
 * The replies of one message, in order. Bodies are views of `bytes`, whose buffer belongs to the
 * receiver from here on.
 *
 * @throws ERR_BAD_FRAME when they are not a list of replies: the connection is to be closed.
 */
export function decodeReplies(bytes: Uint8Array): readonly NativeReply[] {
  return unpackAll(bytes, 'a reply', limits.batchRepliesMax, readReply);
}

// One legible dispatch, and its mirror below.
function replyFields(r: NativeReply): Field {
  switch (r.kind) {
    case 'value':
      return [kinds.value, r.tag, r.at, r.revision, r.body];
    case 'revision':
      return [kinds.revision, r.tag, r.revision];
    case 'self':
      return [kinds.self, r.tag, r.nodeId];
    case 'stat':
      return [kinds.stat, r.tag, r.at, statKinds.indexOf(r.what), r.revision, r.count];
    case 'names':
      return [kinds.names, r.tag, r.at, r.names, r.more];
    case 'files':
      return [kinds.files, r.tag, r.at, r.files.map(fileFields), r.more];
    case 'event':
      return [kinds.event, r.tag, eventFields(r.event)];
    case 'events':
      return [kinds.events, r.tag, r.progress, r.events.map(eventFields)];
    case 'status':
      return [kinds.status, r.tag, reportFields(r.report)];
    case 'members': {
      const { tag, clusterName, lineage, membership, membershipAt } = r;
      const members = membershipFields(membership);
      const at = positionFields(membershipAt);
      return [kinds.members, tag, clusterName, lineageFields(lineage), members, at];
    }
    case 'pong':
      return [kinds.pong, r.tag];
    case 'error': {
      const effect = effects.indexOf(r.effect);
      return [kinds.error, r.tag, r.code, r.detail, effect, r.leaderAddress, r.oldest, r.revision];
    }
  }
}

function readReply(tuple: Tuple): NativeReply {
  const kind = tuple.whole();
  const reply = readByKind(tuple, kind, tuple.whole());
  tuple.end();
  return reply;
}

function readByKind(t: Tuple, kind: number, tag: number): NativeReply {
  switch (kind) {
    case kinds.value: {
      const at = readRevision(t);
      return { kind: 'value', tag, at, revision: readRevision(t), body: t.bytes() };
    }
    case kinds.revision:
      return { kind: 'revision', tag, revision: readRevision(t) };
    case kinds.self:
      return { kind: 'self', tag, nodeId: t.nodeId() };
    case kinds.stat: {
      const at = readRevision(t);
      const what = readWord(t, statKinds);
      return { kind: 'stat', tag, at, what, revision: readRevision(t), count: t.whole() };
    }
    case kinds.names:
      return { kind: 'names', tag, at: readRevision(t), names: t.texts(), more: t.flag() };
    case kinds.files:
      return { kind: 'files', tag, at: readRevision(t), files: t.list(readFile), more: t.flag() };
    case kinds.event:
      return { kind: 'event', tag, event: readEvent(t.tuple()) };
    case kinds.events:
      return { kind: 'events', tag, progress: readRevision(t), events: t.list(readEvent) };
    case kinds.status:
      return { kind: 'status', tag, report: readReport(t.tuple()) };
    case kinds.members: {
      const clusterName = t.text();
      const lineage = readLineage(t);
      const membership = readMembership(t.tuple());
      const membershipAt = readPosition(t.tuple());
      return { kind: 'members', tag, clusterName, lineage, membership, membershipAt };
    }
    case kinds.pong:
      return { kind: 'pong', tag };
    case kinds.error:
      return readError(t, tag);
    default:
      return t.fail(`is no kind of reply: ${kind}`);
  }
}

/**
 * A code of a newer release is taken for what its effect says: the caller learns whether the request
 * may have been applied, and reads the rest in the detail.
 */
function readError(t: Tuple, tag: number): NativeReply {
  const text = t.text();
  const said = t.text();
  const effect = readWord(t, effects);
  const known = isErrorCode(text);
  const stead: ErrorCode = effect === 'unknown' ? 'ERR_OUTCOME_UNKNOWN' : 'ERR_BAD_ARGUMENT';
  const code = known ? text : stead;
  const detail = known ? said : `${text}: ${said}`;
  const leaderAddress = t.textOrNull();
  const oldest = readRevisionOrNull(t);
  const at = readRevisionOrNull(t);
  return { kind: 'error', tag, code, detail, effect, leaderAddress, oldest, revision: at };
}

const eventFields = (event: NativeEvent): Field => [
  eventKinds.indexOf(event.kind),
  event.path,
  event.body,
  event.revision,
];

function readEvent(t: Tuple): NativeEvent {
  const kind = readWord(t, eventKinds);
  const event = { kind, path: t.text(), body: t.bytes(), revision: readRevision(t) };
  t.end();
  return event;
}

const fileFields = (file: NativeFile): Field => [file.path, file.body, file.revision];

function readFile(t: Tuple): NativeFile {
  const file = { path: t.text(), body: t.bytes(), revision: readRevision(t) };
  t.end();
  return file;
}

const reportFields = (r: NodeReport): Field => [
  r.nodeId,
  r.boot,
  r.address,
  r.version,
  r.life,
  r.role,
  r.leader,
  r.term,
  r.commitIndex,
  r.appliedIndex,
  r.revision,
];

function readReport(t: Tuple): NodeReport {
  const report = {
    nodeId: t.nodeId(),
    boot: bootNumber(t.whole()),
    address: t.text(),
    version: t.text(),
    life: t.text(),
    role: t.text(),
    leader: t.nodeIdOrNull(),
    term: term(t.whole()),
    commitIndex: logIndex(t.whole()),
    appliedIndex: logIndex(t.whole()),
    revision: readRevision(t),
  };
  t.end();
  return report;
}

const readRevision = (t: Tuple) => revision(t.whole());

function readRevisionOrNull(t: Tuple) {
  const value = t.wholeOrNull();
  return value === null ? null : revision(value);
}

function readWord<Word extends string>(t: Tuple, words: readonly Word[]): Word {
  return words[t.whole()] ?? t.fail(`is not one of ${words.join(', ')}`);
}
