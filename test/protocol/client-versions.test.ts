import { describe, expect, test } from 'vitest';
import { bootNumber } from '../../src/base/index.ts';
import type { NativeRequest, ServerHello } from '../../src/protocol/client/index.ts';
import {
  decodeClientHello,
  decodeReplies,
  decodeServerHello,
  encodeClientHello,
  encodeReplies,
  encodeRequests,
  encodeServerHello,
  nativeProtocol,
  versionFor,
} from '../../src/protocol/client/index.ts';
import { unpack } from '../../src/protocol/client/tuple.ts';
import { none, replies, requests } from './client-samples.ts';
import { cluster, failureOf, nodeA, nodeB, packed } from './support.ts';

describe('between versions', () => {
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
    const operators = requests.filter((request) => versionFor(request) === 3);
    expect(new Set(operators.map(({ kind }) => kind))).toEqual(
      new Set(['health', 'transfer', 'logLevel', 'home']),
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
    expect(decodeClientHello(later)).toMatchObject({ version: 4, clusterName: 'local' });
    const present = packed(['doozer', nativeProtocol.newest, 'local', '', 'x', 'more']);
    expect(failureOf(() => decodeClientHello(present))).toContain('6 fields, 5 expected');
  });

  test('a welcome in a version the client does not speak is refused, naming both', () => {
    const hello = encodeServerHello({ ...welcome, version: 9 });
    expect(failureOf(() => decodeServerHello(hello))).toBe(
      'ERR_BAD_FRAME Cannot speak version 9 of the native protocol: this client speaks 1 to 3',
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
