import type { ErrorCode } from '../../base/index.ts';
import {
  assert,
  bootNumber,
  isErrorCode,
  leaseId,
  limits,
  logIndex,
  noLease,
  noRevision,
  revision,
  term,
} from '../../base/index.ts';
import { nativeProtocol } from './hello.ts';
import { healthFields, levelFields, readHealth, readLevel } from './operators.ts';
import {
  lineageFields,
  membershipFields,
  positionFields,
  readLineage,
  readMembership,
  readPosition,
} from './shared.ts';
import { readResult, resultFields } from './transactions.ts';
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
  created: 12,
  counted: 13,
  decided: 14,
  lease: 15,
  leases: 16,
  leaseFiles: 17,
  health: 18,
  logLevel: 19,
  home: 20,
} as const satisfies Record<NativeReply['kind'], number>;

const effects = ['none', 'unknown'] as const;
const eventKinds = ['nop', 'set', 'delete'] as const;
const statKinds = ['missing', 'file', 'directory'] as const;

/**
 * One message of these replies, in this order, for a client that speaks `version`: the one of its
 * welcome. Whoever batches keeps a message within `limits.batchBytesMax`; a single reply is always
 * within a frame.
 */
export function encodeReplies(
  replies: readonly NativeReply[],
  version: number = nativeProtocol.newest,
): Uint8Array {
  assert(replies.length > 0, 'a message holds at least one reply');
  return pack(replies.map(version >= 2 ? replyFields : firstFields));
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

/** As version 1 has it, where version 2 appended something. */
function firstFields(r: NativeReply): Field {
  switch (r.kind) {
    case 'value':
      return [kinds.value, r.tag, r.at, r.revision, r.body];
    case 'stat':
      return [kinds.stat, r.tag, r.at, statKinds.indexOf(r.what), r.revision, r.count];
    case 'names':
      return [kinds.names, r.tag, r.at, r.names, r.more];
    case 'files': {
      const files = r.files.map((file): Field => [file.path, file.body, file.revision]);
      return [kinds.files, r.tag, r.at, files, r.more];
    }
    case 'event':
      return [kinds.event, r.tag, firstEventFields(r.event)];
    case 'events':
      return [kinds.events, r.tag, r.progress, r.events.map(firstEventFields)];
    default:
      return replyFields(r);
  }
}

// One legible dispatch, and its mirror below.
function replyFields(r: NativeReply): Field {
  switch (r.kind) {
    case 'value':
      return [kinds.value, r.tag, r.at, r.revision, r.body, r.created, r.lease, r.ageMs];
    case 'revision':
      return [kinds.revision, r.tag, r.revision];
    case 'self':
      return [kinds.self, r.tag, r.nodeId];
    case 'stat':
      return [
        kinds.stat,
        r.tag,
        r.at,
        statKinds.indexOf(r.what),
        r.revision,
        r.count,
        r.created,
        r.lease,
        r.ageMs,
      ];
    case 'names':
      return [kinds.names, r.tag, r.at, r.names, r.more, r.ageMs];
    case 'files':
      return [kinds.files, r.tag, r.at, r.files.map(fileFields), r.more, r.ageMs];
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
    case 'health':
      return [kinds.health, r.tag, reportFields(r.report), healthFields(r.health)];
    case 'logLevel':
      return [kinds.logLevel, r.tag, levelFields(r.level)];
    case 'pong':
      return [kinds.pong, r.tag];
    case 'home':
      return [kinds.home, r.tag, r.home.nodeId, r.home.belongs, r.home.seeds];
    case 'created':
      return [kinds.created, r.tag, r.path, r.revision];
    case 'counted':
      return [kinds.counted, r.tag, r.value, r.revision];
    case 'decided':
      return [kinds.decided, r.tag, r.succeeded, r.revision, r.results.map(resultFields)];
    case 'lease':
      return [kinds.lease, r.tag, r.lease, r.lengthMs, r.leftMs];
    case 'leases':
      return [kinds.leases, r.tag, r.leftMs];
    case 'leaseFiles':
      return [kinds.leaseFiles, r.tag, r.at, r.lengthMs, r.paths, r.more];
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
      const [at, changed, body] = [readRevision(t), readRevision(t), t.bytes()];
      return {
        kind: 'value',
        tag,
        at,
        revision: changed,
        body,
        ...readOrigin(t),
        ageMs: readAge(t),
      };
    }
    case kinds.revision:
      return { kind: 'revision', tag, revision: readRevision(t) };
    case kinds.self:
      return { kind: 'self', tag, nodeId: t.nodeId() };
    case kinds.stat: {
      const [at, what] = [readRevision(t), readWord(t, statKinds)];
      const [changed, count] = [readRevision(t), t.whole()];
      const origin = readOrigin(t);
      return {
        kind: 'stat',
        tag,
        at,
        what,
        revision: changed,
        count,
        ...origin,
        ageMs: readAge(t),
      };
    }
    case kinds.names: {
      const [at, names, more] = [readRevision(t), t.texts(), t.flag()];
      return { kind: 'names', tag, at, names, more, ageMs: readAge(t) };
    }
    case kinds.files: {
      const [at, files, more] = [readRevision(t), t.list(readFile), t.flag()];
      return { kind: 'files', tag, at, files, more, ageMs: readAge(t) };
    }
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
      return readLater(t, kind, tag);
  }
}

/** What came with versions 2 and 3. */
function readLater(t: Tuple, kind: number, tag: number): NativeReply {
  switch (kind) {
    case kinds.created:
      return { kind: 'created', tag, path: t.text(), revision: readRevision(t) };
    case kinds.home: {
      const home = { nodeId: t.nodeId(), belongs: t.flag(), seeds: t.texts() };
      if (home.seeds.length > limits.votersMax) t.fail('names too many seeds');
      return { kind: 'home', tag, home };
    }
    case kinds.counted:
      return { kind: 'counted', tag, value: t.signed(), revision: readRevision(t) };
    case kinds.decided: {
      const [succeeded, newest] = [t.flag(), readRevision(t)];
      return { kind: 'decided', tag, succeeded, revision: newest, results: t.list(readResult) };
    }
    case kinds.lease: {
      const [lease, lengthMs] = [leaseId(t.whole()), t.whole()];
      return { kind: 'lease', tag, lease, lengthMs, leftMs: t.whole() };
    }
    case kinds.leases:
      return { kind: 'leases', tag, leftMs: t.wholes() };
    case kinds.leaseFiles: {
      const [at, lengthMs, paths] = [readRevision(t), t.whole(), t.texts()];
      return { kind: 'leaseFiles', tag, at, lengthMs, paths, more: t.flag() };
    }
    // Version 3.
    case kinds.health: {
      const report = readReport(t.tuple());
      return { kind: 'health', tag, report, health: readHealth(t.tuple()) };
    }
    case kinds.logLevel:
      return { kind: 'logLevel', tag, level: readLevel(t) };
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

const firstEventFields = (event: NativeEvent): readonly Field[] => [
  eventKinds.indexOf(event.kind),
  event.path,
  event.body,
  event.revision,
];

/** What was there before stands last, and only if something was. */
const eventFields = (event: NativeEvent): Field => {
  const fields = firstEventFields(event);
  return event.previous === null ? fields : [...fields, event.previous];
};

function readEvent(t: Tuple): NativeEvent {
  const kind = readWord(t, eventKinds);
  const [path, body, at] = [t.text(), t.bytes(), readRevision(t)];
  const previous = t.atEnd ? null : t.bytes();
  t.end();
  return { kind, path, body, revision: at, previous };
}

const fileFields = (file: NativeFile): Field => [
  file.path,
  file.body,
  file.revision,
  file.created,
  file.lease,
];

function readFile(t: Tuple): NativeFile {
  const [path, body, changed] = [t.text(), t.bytes(), readRevision(t)];
  const file = { path, body, revision: changed, ...readOrigin(t) };
  t.end();
  return file;
}

/** Not known to version 1: then as if the file were of no known origin. */
const readOrigin = (t: Tuple): Pick<NativeFile, 'created' | 'lease'> => ({
  created: t.atEnd ? noRevision : readRevision(t),
  lease: t.atEnd ? noLease : leaseId(t.whole()),
});

const readAge = (t: Tuple): number | null => (t.atEnd ? null : t.wholeOrNull());

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
