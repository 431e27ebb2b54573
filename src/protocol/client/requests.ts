import { AssertionError, assert, limits, logIndex, sessionId } from '../../base/index.ts';
import { lineageFields, positionFields, readLineage, readPosition } from './shared.ts';
import type { Field, Tuple } from './tuple.ts';
import { pack, unpackAll } from './tuple.ts';
import type { InSession, MemberChange, NativeRequest } from './types.ts';

/* A request is [verb, tag, ...], in the order written below. Numbers are never used again. */
const verbs = {
  get: 1,
  set: 2,
  delete: 3,
  nop: 4,
  rev: 5,
  self: 6,
  stat: 7,
  list: 8,
  walk: 9,
  wait: 10,
  watch: 11,
  credit: 12,
  cancel: 13,
  status: 14,
  members: 15,
  join: 16,
  change: 17,
  ping: 18,
} as const satisfies Record<Exclude<NativeRequest['kind'], 'unknown'>, number>;

/** One message of these requests, in this order. */
export function encodeRequests(requests: readonly NativeRequest[]): Uint8Array {
  assert(requests.length > 0, 'a message holds at least one request');
  return pack(requests.map(requestFields));
}

/**
 * The requests of one message, in order. Bodies are views of `bytes`, whose buffer belongs to the
 * receiver from here on.
 *
 * @throws ERR_BAD_FRAME when they are not a list of requests: the connection is to be closed.
 */
export function decodeRequests(bytes: Uint8Array): readonly NativeRequest[] {
  return unpackAll(bytes, 'a request', limits.requestsPerConnectionMax, readRequest);
}

// One legible dispatch, and its mirror below.
function requestFields(r: NativeRequest): Field {
  switch (r.kind) {
    case 'get':
      return [verbs.get, r.tag, r.path, r.rev];
    case 'set':
      return [verbs.set, r.tag, r.path, r.body, r.rev, r.session, r.seq, r.ackedBelow];
    case 'delete':
      return [verbs.delete, r.tag, r.path, r.rev, r.session, r.seq, r.ackedBelow];
    case 'nop':
      return [verbs.nop, r.tag, r.session, r.seq, r.ackedBelow];
    case 'stat':
      return [verbs.stat, r.tag, r.path, r.rev];
    case 'list':
      return [verbs.list, r.tag, r.path, r.offset, r.limit, r.rev];
    case 'walk':
      return [verbs.walk, r.tag, r.glob, r.offset, r.limit, r.rev];
    case 'wait':
      return [verbs.wait, r.tag, r.glob, r.rev];
    case 'watch':
      return [verbs.watch, r.tag, r.glob, r.from, r.credits];
    case 'credit':
      return [verbs.credit, r.tag, r.more];
    case 'join': {
      const lineage = lineageFields(r.lineage);
      return [
        verbs.join,
        r.tag,
        r.nodeId,
        r.address,
        r.clusterName,
        lineage,
        r.membershipIndexSeen,
      ];
    }
    case 'change':
      return [verbs.change, r.tag, changeFields(r.change), positionFields(r.ifMembershipAt)];
    case 'rev':
    case 'self':
    case 'cancel':
    case 'status':
    case 'members':
    case 'ping':
      return [verbs[r.kind], r.tag];
    case 'unknown':
      throw new AssertionError('a request that is not known is never written');
  }
}

function readRequest(tuple: Tuple): NativeRequest {
  const verb = tuple.whole();
  const tag = tuple.whole();
  const request = readByVerb(tuple, verb, tag);
  if (request.kind !== 'unknown') tuple.end();
  return request;
}

function readByVerb(t: Tuple, verb: number, tag: number): NativeRequest {
  switch (verb) {
    case verbs.get:
      return { kind: 'get', tag, path: t.text(), rev: t.signedOrNull() };
    case verbs.set: {
      const [path, body, rev] = [t.text(), t.bytes(), t.signed()];
      return { kind: 'set', tag, path, body, rev, ...readInSession(t) };
    }
    case verbs.delete: {
      const [path, rev] = [t.text(), t.signed()];
      return { kind: 'delete', tag, path, rev, ...readInSession(t) };
    }
    case verbs.nop:
      return { kind: 'nop', tag, ...readInSession(t) };
    case verbs.rev:
      return { kind: 'rev', tag };
    case verbs.self:
      return { kind: 'self', tag };
    case verbs.stat:
      return { kind: 'stat', tag, path: t.text(), rev: t.signedOrNull() };
    case verbs.list: {
      const [path, offset, limit] = [t.text(), t.signed(), t.whole()];
      return { kind: 'list', tag, path, offset, limit, rev: t.signedOrNull() };
    }
    case verbs.walk: {
      const [glob, offset, limit] = [t.text(), t.signed(), t.whole()];
      return { kind: 'walk', tag, glob, offset, limit, rev: t.signedOrNull() };
    }
    case verbs.wait:
      return { kind: 'wait', tag, glob: t.text(), rev: t.signed() };
    case verbs.watch: {
      const [glob, from] = [t.text(), t.signed()];
      return { kind: 'watch', tag, glob, from, credits: t.whole() };
    }
    case verbs.credit:
      return { kind: 'credit', tag, more: t.whole() };
    case verbs.cancel:
      return { kind: 'cancel', tag };
    case verbs.status:
      return { kind: 'status', tag };
    case verbs.members:
      return { kind: 'members', tag };
    case verbs.join:
      return readJoin(t, tag);
    case verbs.change: {
      const change = readChange(t.tuple());
      const at = t.tupleOrNull();
      return { kind: 'change', tag, change, ifMembershipAt: at === null ? null : readPosition(at) };
    }
    case verbs.ping:
      return { kind: 'ping', tag };
    default:
      return { kind: 'unknown', tag, verb };
  }
}

function readInSession(t: Tuple): InSession {
  return { session: sessionId(t.whole()), seq: t.whole(), ackedBelow: t.whole() };
}

function readJoin(t: Tuple, tag: number): NativeRequest {
  const nodeId = t.nodeId();
  const [address, clusterName] = [t.text(), t.text()];
  const lineage = readLineage(t);
  const seen = t.wholeOrNull();
  const membershipIndexSeen = seen === null ? null : logIndex(seen);
  return { kind: 'join', tag, nodeId, address, clusterName, lineage, membershipIndexSeen };
}

const changes = {
  add: 1,
  promote: 2,
  demote: 3,
  remove: 4,
  replace: 5,
  setAddress: 6,
} as const satisfies Record<MemberChange['kind'], number>;

function changeFields(change: MemberChange): Field {
  switch (change.kind) {
    case 'add':
    case 'setAddress':
      return [changes[change.kind], change.id, change.address];
    case 'promote':
    case 'remove':
      return [changes[change.kind], change.id];
    case 'demote':
      return [changes.demote, change.id, change.park];
    case 'replace':
      return [changes.replace, change.out, change.in, change.keep];
  }
}

function readChange(t: Tuple): MemberChange {
  const change = readChangeByKind(t, t.whole());
  t.end();
  return change;
}

function readChangeByKind(t: Tuple, kind: number): MemberChange {
  switch (kind) {
    case changes.add:
      return { kind: 'add', id: t.nodeId(), address: t.text() };
    case changes.promote:
      return { kind: 'promote', id: t.nodeId() };
    case changes.demote:
      return { kind: 'demote', id: t.nodeId(), park: t.flag() };
    case changes.remove:
      return { kind: 'remove', id: t.nodeId() };
    case changes.replace:
      return { kind: 'replace', out: t.nodeId(), in: t.nodeId(), keep: t.flag() };
    case changes.setAddress:
      return { kind: 'setAddress', id: t.nodeId(), address: t.text() };
    default:
      return t.fail(`is no kind of change: ${kind}`);
  }
}
