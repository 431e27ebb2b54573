import {
  AssertionError,
  assert,
  type LeaseId,
  leaseId,
  limits,
  logIndex,
  noLease,
  sessionId,
} from '../../base/index.ts';
import { levelFields, readLevelOrNull } from './operators.ts';
import { lineageFields, positionFields, readLineage, readPosition } from './shared.ts';
import { compareFields, operationFields, readCompare, readOperation } from './transactions.ts';
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
  create: 19,
  count: 20,
  transact: 21,
  grant: 22,
  revoke: 23,
  keepAlive: 24,
  lease: 25,
  health: 26,
  transfer: 27,
  logLevel: 28,
  home: 29,
} as const satisfies Record<Exclude<NativeRequest['kind'], 'unknown'>, number>;

/**
 * One message of these requests, in this order. What version 2 appended to older requests is written
 * only where it says something, so a node of version 1 reads what `versionFor` says it knows.
 */
export function encodeRequests(requests: readonly NativeRequest[]): Uint8Array {
  assert(requests.length > 0, 'a message holds at least one request');
  return pack(requests.map(requestFields));
}

/** The oldest version of the protocol in which `request` can be said. */
export function versionFor(request: NativeRequest): 1 | 2 | 3 {
  switch (request.kind) {
    case 'get':
    case 'stat':
    case 'list':
    case 'walk':
      return request.least === null ? 1 : 2;
    case 'set':
      return request.lease === noLease ? 1 : 2;
    case 'watch':
      return request.previous ? 2 : 1;
    case 'unknown':
      return 2;
    default: {
      const verb = verbs[request.kind];
      if (verb <= verbs.ping) return 1;
      return verb <= verbs.lease ? 2 : 3;
    }
  }
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
      return [verbs.get, r.tag, r.path, r.rev, ...leastField(r)];
    case 'set': {
      const lease = r.lease === noLease ? [] : [r.lease];
      return [verbs.set, r.tag, r.path, r.body, r.rev, ...sessionFields(r), ...lease];
    }
    case 'delete':
      return [verbs.delete, r.tag, r.path, r.rev, ...sessionFields(r)];
    case 'nop':
      return [verbs.nop, r.tag, ...sessionFields(r)];
    case 'stat':
      return [verbs.stat, r.tag, r.path, r.rev, ...leastField(r)];
    case 'list':
      return [verbs.list, r.tag, r.path, r.offset, r.limit, r.rev, ...leastField(r)];
    case 'walk':
      return [verbs.walk, r.tag, r.glob, r.offset, r.limit, r.rev, ...leastField(r)];
    case 'wait':
      return [verbs.wait, r.tag, r.glob, r.rev];
    case 'watch': {
      const previous = r.previous ? [true] : [];
      return [verbs.watch, r.tag, r.glob, r.from, r.credits, ...previous];
    }
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
    case 'transfer':
      return [verbs.transfer, r.tag, r.to];
    case 'logLevel':
      return [verbs.logLevel, r.tag, levelFields(r.level)];
    case 'change':
      return [verbs.change, r.tag, changeFields(r.change), positionFields(r.ifMembershipAt)];
    case 'create':
      return [verbs.create, r.tag, r.prefix, r.body, r.lease, ...sessionFields(r)];
    case 'count':
      return [verbs.count, r.tag, r.path, r.delta, r.rev, ...sessionFields(r)];
    case 'transact': {
      const compares = r.compares.map(compareFields);
      const [ifTrue, ifFalse] = [r.ifTrue.map(operationFields), r.ifFalse.map(operationFields)];
      return [verbs.transact, r.tag, compares, ifTrue, ifFalse, ...sessionFields(r)];
    }
    case 'grant':
      return [verbs.grant, r.tag, r.lengthMs, r.window, ...sessionFields(r)];
    case 'revoke':
      return [verbs.revoke, r.tag, r.lease, ...sessionFields(r)];
    case 'keepAlive':
      return [verbs.keepAlive, r.tag, r.leases, r.renew];
    case 'lease':
      return [verbs.lease, r.tag, r.lease, r.offset, r.limit];
    case 'rev':
    case 'self':
    case 'cancel':
    case 'status':
    case 'members':
    case 'ping':
    case 'health':
    case 'home':
      return [verbs[r.kind], r.tag];
    case 'unknown':
      throw new AssertionError('a request that is not known is never written');
  }
}

const leastField = (r: { readonly least: number | null }): readonly Field[] =>
  r.least === null ? [] : [r.least];

const sessionFields = (r: InSession): readonly Field[] => [r.session, r.seq, r.ackedBelow];

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
      return { kind: 'get', tag, path: t.text(), ...readFreshness(t) };
    case verbs.set: {
      const [path, body, rev] = [t.text(), t.bytes(), t.signed()];
      const inSession = readInSession(t);
      const lease = t.atEnd ? noLease : readLease(t);
      return { kind: 'set', tag, path, body, rev, ...inSession, lease };
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
      return { kind: 'stat', tag, path: t.text(), ...readFreshness(t) };
    case verbs.list: {
      const [path, offset, limit] = [t.text(), t.signed(), t.whole()];
      return { kind: 'list', tag, path, offset, limit, ...readFreshness(t) };
    }
    case verbs.walk: {
      const [glob, offset, limit] = [t.text(), t.signed(), t.whole()];
      return { kind: 'walk', tag, glob, offset, limit, ...readFreshness(t) };
    }
    case verbs.wait:
      return { kind: 'wait', tag, glob: t.text(), rev: t.signed() };
    case verbs.watch: {
      const [glob, from, credits] = [t.text(), t.signed(), t.whole()];
      return { kind: 'watch', tag, glob, from, credits, previous: t.atEnd ? false : t.flag() };
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
      return readLater(t, verb, tag);
  }
}

/** What came with versions 2 and 3. */
function readLater(t: Tuple, verb: number, tag: number): NativeRequest {
  switch (verb) {
    case verbs.create: {
      const [prefix, body, lease] = [t.text(), t.bytes(), readLease(t)];
      return { kind: 'create', tag, prefix, body, lease, ...readInSession(t) };
    }
    case verbs.count: {
      const [path, delta, rev] = [t.text(), t.signed(), t.signed()];
      return { kind: 'count', tag, path, delta, rev, ...readInSession(t) };
    }
    case verbs.transact: {
      const compares = t.list(readCompare);
      const [ifTrue, ifFalse] = [t.list(readOperation), t.list(readOperation)];
      return { kind: 'transact', tag, compares, ifTrue, ifFalse, ...readInSession(t) };
    }
    case verbs.grant: {
      const [lengthMs, window] = [t.whole(), t.whole()];
      return { kind: 'grant', tag, lengthMs, window, ...readInSession(t) };
    }
    case verbs.revoke:
      return { kind: 'revoke', tag, lease: readLease(t), ...readInSession(t) };
    case verbs.keepAlive:
      return { kind: 'keepAlive', tag, leases: t.wholes().map(leaseId), renew: t.flag() };
    case verbs.lease:
      return { kind: 'lease', tag, lease: readLease(t), offset: t.signed(), limit: t.whole() };
    // Version 3.
    case verbs.health:
      return { kind: 'health', tag };
    case verbs.transfer:
      return { kind: 'transfer', tag, to: t.nodeIdOrNull() };
    case verbs.logLevel:
      return { kind: 'logLevel', tag, level: readLevelOrNull(t) };
    case verbs.home:
      return { kind: 'home', tag };
    default:
      return { kind: 'unknown', tag, verb };
  }
}

const readLease = (t: Tuple): LeaseId => leaseId(t.whole());

function readFreshness(t: Tuple): { readonly rev: number | null; readonly least: number | null } {
  const rev = t.signedOrNull();
  return { rev, least: t.atEnd ? null : t.wholeOrNull() };
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
