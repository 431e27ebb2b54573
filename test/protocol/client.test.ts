import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import {
  bootNumber,
  leaseId,
  logIndex,
  noLease,
  noSession,
  revision,
  sessionId,
  term,
  utf8,
} from '../../src/base/index.ts';
import type {
  MemberChange,
  NativeCompare,
  NativeOperation,
  NativeReply,
  NativeRequest,
  ServerHello,
} from '../../src/protocol/client/index.ts';
import {
  decodeClientHello,
  decodeReplies,
  decodeRequests,
  decodeServerHello,
  encodeClientHello,
  encodeReplies,
  encodeRequests,
  encodeServerHello,
  nativeProtocol,
  versionFor,
} from '../../src/protocol/client/index.ts';
import { unpack } from '../../src/protocol/client/tuple.ts';
import type { MembershipChange } from '../../src/raft/index.ts';
import { cluster, failureOf, fromHex, jointMembership, nodeA, nodeB } from './support.ts';

const packr = new Packr({ useRecords: false });
const packed = (value: unknown) => new Uint8Array(packr.pack(value));

const noWrites = { session: noSession, seq: 0, ackedBelow: 0 };
const inSession = { session: sessionId(9), seq: 4, ackedBelow: 3 };
const lineage = { clusterId: cluster, epoch: 1, epochId: '' };
const changes: MemberChange[] = [
  { kind: 'add', id: nodeB, address: 'b:1' },
  { kind: 'promote', id: nodeB },
  { kind: 'demote', id: nodeB, park: true },
  { kind: 'remove', id: nodeB },
  { kind: 'replace', out: nodeA, in: nodeB, keep: false },
  { kind: 'setAddress', id: nodeB, address: 'b:2' },
];
// The client sees raft's changes without seeing raft: they must stay equal.
const asRaft: readonly MembershipChange[] = changes;
const asClient: readonly MemberChange[] = asRaft;

const requests: NativeRequest[] = [
  { kind: 'get', tag: 1, path: '/a', rev: null, least: null },
  { kind: 'get', tag: 0, path: '', rev: -3, least: null },
  { kind: 'set', tag: 2, path: '/a', body: utf8('x'), rev: -1, lease: noLease, ...noWrites },
  {
    kind: 'set',
    tag: 2,
    path: '/a',
    body: utf8(''),
    rev: 2 ** 40,
    lease: leaseId(77),
    ...inSession,
  },
  { kind: 'delete', tag: 3, path: '/a', rev: 5, ...inSession },
  { kind: 'nop', tag: 4, ...noWrites },
  { kind: 'rev', tag: 5 },
  { kind: 'self', tag: 6 },
  { kind: 'stat', tag: 7, path: '/ä', rev: 12, least: null },
  { kind: 'list', tag: 8, path: '/', offset: 0, limit: 100, rev: null, least: null },
  { kind: 'walk', tag: 9, glob: '/**', offset: 100, limit: 100, rev: 41, least: null },
  { kind: 'wait', tag: 10, glob: '/*', rev: 42 },
  { kind: 'watch', tag: 11, glob: '/**', from: 42, credits: 1000, previous: false },
  { kind: 'credit', tag: 11, more: 500 },
  { kind: 'cancel', tag: 11 },
  { kind: 'status', tag: 12 },
  { kind: 'members', tag: 13 },
  {
    kind: 'join',
    tag: 14,
    nodeId: nodeB,
    address: 'b:1',
    clusterName: 'local',
    lineage: null,
    membershipIndexSeen: null,
  },
  {
    kind: 'join',
    tag: 14,
    nodeId: nodeB,
    address: 'b:1',
    clusterName: 'local',
    lineage,
    membershipIndexSeen: logIndex(7),
  },
  ...changes.map(
    (change): NativeRequest => ({ kind: 'change', tag: 15, change, ifMembershipAt: null }),
  ),
  {
    kind: 'change',
    tag: 15,
    change: { kind: 'remove', id: nodeA },
    ifMembershipAt: { index: logIndex(8), term: term(2) },
  },
  { kind: 'ping', tag: 2 ** 53 - 1 },
  { kind: 'get', tag: 1, path: '/a', rev: null, least: 0 },
  { kind: 'walk', tag: 9, glob: '/**', offset: 0, limit: 100, rev: null, least: 2 ** 40 },
  { kind: 'watch', tag: 11, glob: '/**', from: 42, credits: 1000, previous: true },
  { kind: 'create', tag: 16, prefix: '/q/', body: utf8('x'), lease: noLease, ...inSession },
  { kind: 'count', tag: 17, path: '/n', delta: -5, rev: -1, ...inSession },
  {
    kind: 'transact',
    tag: 18,
    compares: [
      { kind: 'changed', path: '/a', relation: 'equal', revision: 5 },
      { kind: 'created', path: '/a', relation: 'unequal', revision: 5 },
      { kind: 'value', path: '/a', relation: 'less', body: utf8('x') },
      { kind: 'value', path: '/a', relation: 'greater', body: utf8('') },
      { kind: 'lease', path: '/a', lease: leaseId(9), equal: false },
      { kind: 'exists', path: '/a', exists: true },
    ],
    ifTrue: [
      { kind: 'set', path: '/a', body: utf8('y'), rev: -1, lease: noLease },
      { kind: 'delete', path: '/b', rev: 7 },
      { kind: 'create', prefix: '/q/', body: utf8(''), lease: leaseId(9) },
      { kind: 'count', path: '/n', delta: 1, rev: 0 },
      { kind: 'get', path: '' },
    ],
    ifFalse: [],
    ...inSession,
  },
  { kind: 'transact', tag: 18, compares: [], ifTrue: [], ifFalse: [], ...noWrites },
  { kind: 'grant', tag: 19, lengthMs: 10_000, window: 64, ...noWrites },
  { kind: 'revoke', tag: 20, lease: leaseId(77), ...inSession },
  { kind: 'keepAlive', tag: 21, leases: [leaseId(77), leaseId(2 ** 40)], renew: true },
  { kind: 'keepAlive', tag: 21, leases: [], renew: false },
  { kind: 'lease', tag: 22, lease: leaseId(77), offset: 0, limit: 100 },
];

const at = revision(40);
const event = {
  kind: 'set',
  path: '/a',
  body: utf8('x'),
  revision: revision(41),
  previous: null,
} as const;
const none = { created: revision(0), lease: noLease, ageMs: null };
const replies: NativeReply[] = [
  { kind: 'value', tag: 1, at, revision: revision(12), body: utf8('body'), ...none },
  {
    kind: 'value',
    tag: 1,
    at,
    revision: revision(12),
    body: utf8(''),
    created: revision(11),
    lease: leaseId(77),
    ageMs: 150,
  },
  { kind: 'revision', tag: 2, revision: revision(41) },
  { kind: 'self', tag: 3, nodeId: nodeA },
  { kind: 'stat', tag: 4, at, what: 'missing', revision: revision(0), count: 0, ...none },
  { kind: 'stat', tag: 4, at, what: 'file', revision: revision(12), count: 4, ...none },
  { kind: 'stat', tag: 4, at, what: 'directory', revision: revision(0), count: 9, ...none },
  { kind: 'names', tag: 5, at, names: ['a', 'b-c'], more: true, ageMs: null },
  { kind: 'names', tag: 5, at, names: [], more: false, ageMs: 0 },
  {
    kind: 'files',
    tag: 6,
    at,
    files: [{ path: '/a', body: utf8('x'), revision: at, created: at, lease: leaseId(77) }],
    more: false,
    ageMs: null,
  },
  { kind: 'event', tag: 7, event },
  { kind: 'event', tag: 7, event: { ...event, kind: 'nop', path: '/', body: utf8('') } },
  { kind: 'events', tag: 8, progress: revision(44), events: [event, { ...event, kind: 'delete' }] },
  { kind: 'events', tag: 8, progress: revision(44), events: [] },
  {
    kind: 'events',
    tag: 8,
    progress: revision(44),
    events: [
      { ...event, previous: utf8('w') },
      { ...event, previous: utf8('') },
    ],
  },
  { kind: 'created', tag: 14, path: '/q/0000000000000041', revision: revision(41) },
  { kind: 'counted', tag: 15, value: -(2 ** 53 - 1), revision: revision(41) },
  {
    kind: 'decided',
    tag: 16,
    succeeded: true,
    revision: revision(41),
    results: [
      { kind: 'written', revision: revision(40) },
      { kind: 'counted', revision: revision(41), value: -3 },
      { kind: 'read', file: null },
      {
        kind: 'read',
        file: { body: utf8('x'), created: at, revision: revision(41), lease: leaseId(77) },
      },
    ],
  },
  { kind: 'decided', tag: 16, succeeded: false, revision: revision(41), results: [] },
  { kind: 'lease', tag: 17, lease: leaseId(77), lengthMs: 10_000, leftMs: 10_000 },
  { kind: 'leases', tag: 18, leftMs: [10_000, 0] },
  { kind: 'leaseFiles', tag: 19, at, lengthMs: 10_000, paths: ['/a', '/b'], more: true },
  {
    kind: 'status',
    tag: 9,
    report: {
      nodeId: nodeA,
      boot: bootNumber(3),
      address: 'a:1',
      version: '0.1.0',
      life: 'ready',
      role: 'leader',
      leader: nodeA,
      term: term(5),
      commitIndex: logIndex(90),
      appliedIndex: logIndex(89),
      revision: revision(80),
    },
  },
  {
    kind: 'members',
    tag: 10,
    clusterName: 'local',
    lineage,
    membership: jointMembership,
    membershipAt: { index: logIndex(70), term: term(4) },
  },
  { kind: 'pong', tag: 11 },
  {
    kind: 'error',
    tag: 12,
    code: 'ERR_COMPACTED',
    detail: 'Cannot read revision 3',
    effect: 'none',
    leaderAddress: null,
    oldest: revision(20),
    revision: null,
  },
  {
    kind: 'error',
    tag: 13,
    code: 'ERR_OUTCOME_UNKNOWN',
    detail: '',
    effect: 'unknown',
    leaderAddress: 'a:1',
    oldest: null,
    revision: revision(41),
  },
];

const whole = fc.maxSafeNat();
const path = fc.string({ unit: 'grapheme', maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 40 });
const lease = whole.map(leaseId);
const relation = fc.constantFrom('equal', 'unequal', 'less', 'greater');
const anySession = fc.record({ session: whole.map(sessionId), seq: whole, ackedBelow: whole });
const anyCompare: fc.Arbitrary<NativeCompare> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('changed', 'created'),
    path,
    relation,
    revision: fc.maxSafeInteger(),
  }),
  fc.record({ kind: fc.constant('value'), path, relation, body: bytes }),
  fc.record({ kind: fc.constant('lease'), path, lease, equal: fc.boolean() }),
  fc.record({ kind: fc.constant('exists'), path, exists: fc.boolean() }),
);
const anyOperation: fc.Arbitrary<NativeOperation> = fc.oneof(
  fc.record({ kind: fc.constant('set'), path, body: bytes, rev: fc.maxSafeInteger(), lease }),
  fc.record({ kind: fc.constant('delete'), path, rev: fc.maxSafeInteger() }),
  fc.record({ kind: fc.constant('create'), prefix: path, body: bytes, lease }),
  fc.record({
    kind: fc.constant('count'),
    path,
    delta: fc.maxSafeInteger(),
    rev: fc.maxSafeInteger(),
  }),
  fc.record({ kind: fc.constant('get'), path }),
);
const operations = fc.array(anyOperation, { maxLength: 8 });
const transact = fc
  .tuple(whole, fc.array(anyCompare, { maxLength: 8 }), operations, operations, anySession)
  .map(
    ([tag, compares, ifTrue, ifFalse, session]): NativeRequest => ({
      kind: 'transact',
      tag,
      compares,
      ifTrue,
      ifFalse,
      ...session,
    }),
  );
const anyRequest: fc.Arbitrary<NativeRequest> = fc.oneof(
  transact,
  fc.record({
    kind: fc.constant('get'),
    tag: whole,
    path,
    rev: fc.option(fc.maxSafeInteger()),
    least: fc.option(whole),
  }),
  fc.record({
    kind: fc.constant('keepAlive'),
    tag: whole,
    leases: fc.array(lease, { maxLength: 40 }),
    renew: fc.boolean(),
  }),
);

describe('the native protocol', () => {
  test.each(requests)('a $kind request reads back as it was written', (request) => {
    expect(decodeRequests(encodeRequests([request]))).toEqual([request]);
  });

  test.each(replies)('a $kind reply reads back as it was written', (reply) => {
    expect(decodeReplies(encodeReplies([reply]))).toEqual([reply]);
  });

  test('a message holds many, in order', () => {
    expect(decodeRequests(encodeRequests(requests))).toEqual(requests);
    expect(decodeReplies(encodeReplies(replies))).toEqual(replies);
    expect(asClient).toBe(changes);
  });

  test('bodies are plain bytes, not Buffers, and views of the message', () => {
    const message = new Uint8Array(encodeReplies(replies.slice(0, 1)));
    const [reply] = decodeReplies(message);
    if (reply?.kind !== 'value') throw new Error('no value');
    expect(reply.body.constructor).toBe(Uint8Array);
    expect(reply.body.buffer).toBe(message.buffer);
  });

  test('messages written one after the other do not disturb each other', () => {
    const first = encodeReplies([{ kind: 'pong', tag: 1 }]);
    const copy = first.slice();
    for (let tag = 0; tag < 10_000; tag++) encodeReplies([{ kind: 'pong', tag }]);
    expect(first).toEqual(copy);
  });

  test('a verb that is not known gets its answer; the requests beside it are read', () => {
    const message = packed([
      [77, 5, 'what', ['ever', 1]],
      [18, 6],
    ]);
    expect(decodeRequests(message)).toEqual([
      { kind: 'unknown', tag: 5, verb: 77 },
      { kind: 'ping', tag: 6 },
    ]);
    expect(() => encodeRequests([{ kind: 'unknown', tag: 5, verb: 77 }])).toThrow('never written');
  });

  test('what version 2 appended to a request is written only where it says something', () => {
    const lengths = (request: NativeRequest) =>
      (unpack(encodeRequests([request]), 'it') as unknown[][]).map((fields) => fields.length);
    const old = requests.filter((request) => versionFor(request) === 1);
    // As many fields as version 1 had, verb and tag among them.
    const first: { [kind: string]: number } = {
      get: 4,
      set: 8,
      stat: 4,
      list: 6,
      walk: 6,
      watch: 5,
    };
    expect(new Set(old.map(({ kind }) => kind)).size).toBe(18);
    for (const request of old) {
      const length = first[request.kind];
      if (length !== undefined) expect(lengths(request)).toEqual([length]);
    }
    const later = requests.filter((request) => versionFor(request) === 2);
    expect(new Set(later.map(({ kind }) => kind))).toEqual(
      new Set([
        ...['set', 'get', 'walk', 'watch', 'create', 'count', 'transact', 'grant', 'revoke'],
        ...['keepAlive', 'lease'],
      ]),
    );
  });

  test('a client of version 1 is sent the fields that it knows, and reads them', () => {
    const lengths = (version: number) =>
      replies.map((reply) => [
        reply.kind,
        (unpack(encodeReplies([reply], version), 'it') as unknown[][])[0]?.length,
      ]);
    const first = new Map(lengths(1) as [string, number][]);
    expect(first.get('value')).toBe(5);
    expect(first.get('stat')).toBe(6);
    expect(first.get('names')).toBe(5);
    expect(first.get('files')).toBe(5);
    const second = new Map(lengths(2) as [string, number][]);
    expect(second.get('value')).toBe(8);
    for (const kind of ['revision', 'error', 'members', 'status', 'created'] as const) {
      expect(second.get(kind)).toBe(first.get(kind));
    }
    // Read by version 2 they are of no known origin.
    for (const reply of replies) {
      const [again] = decodeReplies(encodeReplies([reply], 1));
      if (reply.kind === 'events') {
        const events = reply.events.map((it) => ({ ...it, previous: null }));
        expect(again).toEqual({ ...reply, events });
      } else if (reply.kind === 'files') {
        const files = reply.files.map((it) => ({ ...it, created: 0, lease: 0 }));
        expect(again).toEqual({ ...reply, files });
      } else if (reply.kind === 'value' || reply.kind === 'stat') {
        expect(again).toEqual({ ...reply, ...none });
      } else if (reply.kind === 'names') expect(again).toEqual({ ...reply, ageMs: null });
      else expect(again).toEqual(reply);
    }
  });

  test('an error code of a later release says at least what may have happened', () => {
    const error = (effect: number) => packed([[0, 1, 'ERR_NEW', 'why', effect, null, null, null]]);
    expect(decodeReplies(error(0))).toMatchObject([
      { code: 'ERR_BAD_ARGUMENT', effect: 'none', detail: 'ERR_NEW: why' },
    ]);
    expect(decodeReplies(error(1))).toMatchObject([
      { code: 'ERR_OUTCOME_UNKNOWN', effect: 'unknown', detail: 'ERR_NEW: why' },
    ]);
  });

  test('numbers that another writer put into eight bytes are numbers', () => {
    const ping = new Uint8Array([
      0x91, 0x92, 0xcf, 0, 0, 0, 0, 0, 0, 0, 18, 0xd3, 0, 0, 0, 0, 0, 0, 0, 6,
    ]);
    expect(decodeRequests(ping)).toEqual([{ kind: 'ping', tag: 6 }]);
  });

  test.each<[string, unknown, string]>([
    ['no list', 5, 'it is not a list of tuples'],
    ['no tuple', [5], 'it is not a tuple'],
    ['no verb', [[]], '0 fields, more expected'],
    ['a field too few', [[1, 1, '/a']], '3 fields, more expected'],
    ['a field too many', [[18, 1, 1]], '3 fields, 2 expected'],
    ['a negative tag', [[18, -1]], 'field 1 is negative: -1'],
    ['half a tag', [[18, 0.5]], 'field 1 is not a whole number'],
    ['a tag above 2^53', [[18, 2 ** 53]], 'field 1 is not a whole number'],
    ['a path of bytes', [[1, 1, utf8('/a'), null]], 'field 2 is not a text'],
    ['a body of text', [[2, 1, '/a', 'x', 0, 0, 0, 0]], 'field 3 is not bytes'],
    ['no node id', [[16, 1, 'x', 'a:1', 'local', null, null]], 'field 2 is not a node id'],
    ['a lease that is negative', [[23, 1, -1, 0, 0, 0]], 'field 2 is negative: -1'],
    ['leases of text', [[24, 1, ['x'], true]], 'field 2 is not a list of whole numbers'],
    ['a lease of half', [[24, 1, [0.5], true]], 'field 2 is not a list of whole numbers'],
    ['no flag', [[24, 1, [], 1]], 'field 3 is not true or false'],
    ['no compare', [[21, 1, [[9, '/a']], [], [], 0, 0, 0]], 'field 0 is no kind of compare: 9'],
    [
      'no relation',
      [[21, 1, [[1, '/a', 4, 0]], [], [], 0, 0, 0]],
      'field 2 is not one of equal, unequal, less, greater',
    ],
    ['no operation', [[21, 1, [], [[6, '/a']], [], 0, 0, 0]], 'field 0 is no kind of operation: 6'],
    ['an operation too long', [[21, 1, [], [], [[5, '/a', 1]], 0, 0, 0]], '3 fields, 2 expected'],
    ['operations in no list', [[21, 1, [], 5, [], 0, 0, 0]], 'field 3 is not a list'],
    ['a delta of half', [[20, 1, '/n', 0.5, -1, 0, 0, 0]], 'field 3 is not a whole number'],
    ['a get with too much', [[1, 1, '/a', null, 5, 5]], '6 fields, 5 expected'],
    ['a negative least', [[1, 1, '/a', null, -5]], 'field 4 is negative: -5'],
    ['no change', [[17, 1, [9, nodeA], null]], 'field 0 is no kind of change: 9'],
  ])('requests with %s are refused', (_, value, message) => {
    expect(failureOf(() => decodeRequests(packed(value)))).toBe(
      `ERR_BAD_FRAME Cannot read a request: ${message}`,
    );
  });

  test.each<[string, string, string]>([
    ['a map', '81 a1 61 01', 'at byte 0: type 0x81 is not used here'],
    ['a date', '91 94 01 01 a1 61 d6ff 00000000', 'at byte 6: type 0xd6 is not used here'],
    ["one of msgpackr's records", 'd47240 91 a1 61 01', 'at byte 0: type 0xd4 is not used here'],
    ['undefined', '91 92 12 d40000', 'at byte 3: type 0xd4 is not used here'],
    ['a text that is cut short', '91 92 12 a5 61', 'at byte 4: 5 bytes wanted, 1 left'],
    ['a list longer than its bytes', '91 dd ffffffff', 'at byte 6: a list of 4294967295 items'],
    ['bytes after the end', '91 92 12 01 00', 'at byte 4: 1 bytes too many'],
    ['nothing', '', 'at byte 0: 1 bytes wanted, 0 left'],
    ['lists nine deep', '919191919191919191', 'at byte 9: lists within lists, more than 8 deep'],
  ])('%s in the place of requests is refused, naming the byte', (_, hex, message) => {
    expect(failureOf(() => decodeRequests(fromHex(hex)))).toBe(
      `ERR_BAD_FRAME Cannot read a request ${message}`,
    );
  });

  test('what msgpackr writes is read as msgpackr reads it', () => {
    const { field } = fc.letrec<{ field: unknown; list: unknown }>((tie) => ({
      field: fc.oneof(
        { maxDepth: 6 },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.integer({ min: -40_000, max: 70_000 }),
        fc.double({ noNaN: true }).filter((n) => !Object.is(n, -0)),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.uint8Array({ maxLength: 300 }),
        tie('list'),
      ),
      list: fc.array(tie('field'), { maxLength: 20 }),
    }));
    fc.assert(
      fc.property(field, (value) => {
        expect(unpack(packed(value), 'a value')).toEqual(value);
      }),
      { numRuns: 1000 },
    );
    for (const length of [31, 32, 255, 256, 65_535, 65_536]) {
      const value = ['x'.repeat(length), new Uint8Array(length), new Array(length).fill(1)];
      expect(unpack(packed(value), 'a value')).toEqual(value);
    }
  });

  test('more requests in one message than may be in flight are refused', () => {
    const many = Array.from({ length: 4097 }, (_, tag): NativeRequest => ({ kind: 'ping', tag }));
    expect(failureOf(() => decodeRequests(encodeRequests(many)))).toContain('at most 4096');
  });

  test('a membership with a stray or missing address is refused', () => {
    const message = (addresses: unknown) =>
      packed([[10, 1, 'local', null, [[nodeA], null, [], [], [], addresses], [1, 1]]]);
    expect(decodeReplies(message([[nodeA, 'a:1']]))).toHaveLength(1);
    for (const wrong of [
      [],
      [[nodeB, 'b:1']],
      [
        [nodeA, 'a:1'],
        [nodeB, 'b:1'],
      ],
    ]) {
      expect(failureOf(() => decodeReplies(message(wrong)))).toContain('one address');
    }
  });

  test('every request reads back as it was written, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { minLength: 1, maxLength: 5 }), (some) => {
        expect(decodeRequests(encodeRequests(some))).toEqual(some);
      }),
      { numRuns: 500 },
    );
  });

  test('whatever the bytes are, reading gives messages or ERR_BAD_FRAME', () => {
    const said = [encodeRequests(requests), encodeReplies(replies)];
    const length = Math.min(...said.map((message) => message.length));
    const message = fc.constantFrom(...said);
    const change = fc.tuple(fc.nat(length - 1), fc.nat(255));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.tuple(message, fc.nat(length - 1)).map(([one, upto]) => one.slice(0, upto)),
          fc
            .tuple(message, fc.array(change, { minLength: 1, maxLength: 4 }))
            .map(([one, changed]) => {
              const bytes = one.slice();
              for (const [where, value] of changed) bytes[where] = value;
              return bytes;
            }),
        ),
        (bytes) => {
          for (const decode of [
            decodeRequests,
            decodeReplies,
            decodeClientHello,
            decodeServerHello,
          ]) {
            const failure = failureOf(() => decode(bytes));
            expect(failure).toMatch(/^(ERR_BAD_FRAME|nothing was thrown)/);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('native hellos', () => {
  const client = { version: 1, clusterName: null, secret: 's', client: 'doozer 0.1.0' };
  const welcome: ServerHello = {
    kind: 'welcome',
    version: 1,
    clusterName: 'local',
    clusterId: cluster,
    epoch: 1,
    nodeId: nodeA,
    boot: bootNumber(2),
    leaderAddress: 'a:1',
    members: [
      { id: nodeA, address: 'a:1' },
      { id: nodeB, address: 'b:1' },
    ],
  };
  const joining: ServerHello = {
    ...welcome,
    clusterId: null,
    epoch: 0,
    leaderAddress: null,
    members: [],
  };
  const refused: ServerHello = {
    kind: 'refused',
    version: 1,
    code: 'ERR_WRONG_CLUSTER',
    detail: 'This is "local"',
  };

  test('each reads back as it was said', () => {
    expect(decodeClientHello(encodeClientHello(client))).toEqual(client);
    const named = { ...client, clusterName: 'local' };
    expect(decodeClientHello(encodeClientHello(named))).toEqual(named);
    for (const hello of [welcome, joining, refused]) {
      expect(decodeServerHello(encodeServerHello(hello))).toEqual(hello);
    }
  });

  test("a later client's hello is read, so that the node can answer with its own version", () => {
    const later = packed(['doozer', nativeProtocol.newest + 1, 'local', '', 'x', 'more']);
    expect(decodeClientHello(later)).toMatchObject({ version: 3, clusterName: 'local' });
    const present = packed(['doozer', nativeProtocol.newest, 'local', '', 'x', 'more']);
    expect(failureOf(() => decodeClientHello(present))).toContain('6 fields, 5 expected');
  });

  test('a welcome in a version the client does not speak is refused, naming both', () => {
    const hello = encodeServerHello({ ...welcome, version: 9 });
    expect(failureOf(() => decodeServerHello(hello))).toBe(
      'ERR_BAD_FRAME Cannot speak version 9 of the native protocol: this client speaks 1 to 2',
    );
  });

  test('something else is not taken for a hello', () => {
    expect(failureOf(() => decodeClientHello(packed(['other', 1, null, '', ''])))).toContain(
      'field 0 is not "doozer"',
    );
    expect(failureOf(() => decodeServerHello(encodeRequests(requests)))).toContain('ERR_BAD_FRAME');
    expect(failureOf(() => decodeServerHello(packed(['doozer', 3, 1])))).toContain(
      'is no kind of hello: 3',
    );
  });
});
