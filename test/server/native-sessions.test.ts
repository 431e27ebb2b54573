// Sessions, leases, sequence names and counters, as a client of the native protocol meets them.
import { describe, expect, test } from 'vitest';
import { leaseId, limits, must, noLease, utf8 } from '../../src/base/index.ts';
import type { NativeRequest } from '../../src/protocol/client/index.ts';
import type { TreeLimits } from '../../src/tree/index.ts';
import { noQuorum } from './support/fake-node.ts';
import { get, inSession, NativeConversation, noSession, set } from './support/native.ts';

/** A conversation with a cluster that keeps sessions. */
function founded(
  bounds: Partial<TreeLimits> = {},
  options: ConstructorParameters<typeof NativeConversation>[0] = {},
): NativeConversation {
  const talk = new NativeConversation(options);
  talk.node.found(2, bounds);
  return talk;
}

const grantOf = (lengthMs: number, window: number): NativeRequest => ({
  kind: 'grant',
  tag: 1,
  lengthMs,
  window,
  ...noSession,
});

/** @returns the id of a new lease; with a window it is a session. */
function grant(talk: NativeConversation, window = 0): number {
  talk.session.handle(grantOf(10_000, window));
  const reply = must(talk.replies.pop(), 'a grant is answered');
  if (reply.kind !== 'lease') throw new TypeError(`not granted: ${reply.kind}`);
  return reply.lease;
}

const create = (prefix: string, body = 'x', lease = 0): NativeRequest => ({
  kind: 'create',
  tag: 1,
  prefix,
  body: utf8(body),
  lease: leaseId(lease),
  ...noSession,
});
const count = (path: string, delta: number, rev = -1): NativeRequest => ({
  kind: 'count',
  tag: 1,
  path,
  delta,
  rev,
  ...noSession,
});
const keepAlive = (leases: number[], renew = true): NativeRequest => ({
  kind: 'keepAlive',
  tag: 1,
  leases: leases.map(leaseId),
  renew,
});
const filesOf = (lease: number, offset = 0, limit = 100): NativeRequest => ({
  kind: 'lease',
  tag: 1,
  lease: leaseId(lease),
  offset,
  limit,
});
const leased = (path: string, lease: number): NativeRequest =>
  ({ ...set(1, path, 'x'), lease: leaseId(lease) }) as NativeRequest;
const within = (
  request: NativeRequest,
  session: number,
  seq: number,
  acked = 1,
): NativeRequest => ({ ...request, ...inSession(session, seq, acked) });

describe('a request in a session', () => {
  test('is done once, and answered alike each time it comes, on any connection', () => {
    const talk = founded();
    const session = grant(talk, 4);
    const first = talk.ask(within(count('/n', 5), session, 1));
    expect(first).toBe('1 counted 5 @1');
    expect(talk.ask(within(count('/n', 5), session, 1))).toBe(first);
    expect(talk.ask(within(count('/n', 5), session, 2))).toBe('1 counted 10 @2');
    // A refusal is an answer, too, and stays one.
    expect(talk.ask(within(set(1, '/n', 'x', 0), session, 3))).toBe('1 ERR_REV_MISMATCH rev=3');
    expect(talk.ask(within(set(1, '/n', 'x', 0), session, 3))).toBe('1 ERR_REV_MISMATCH rev=3');
    expect(talk.ask(get('/n'))).toBe('9 value @3 rev=2 "10"');
  });

  test('hands its numbers to the node as they are, and without a session none', () => {
    const talk = founded();
    talk.node.holdsWrites = true;
    talk.ask(within(set(1, '/a', 'x'), 77, 5, 3));
    talk.ask({ ...set(2, '/a', 'x'), seq: 5, ackedBelow: 3 } as NativeRequest);
    expect(talk.node.heldWrites.map((held) => held.inSession)).toEqual([
      { session: 77, seq: 5, ackedBelow: 3 },
      { session: 0, seq: 0, ackedBelow: 0 },
    ]);
  });

  test('of a session that is lost has an outcome that nobody knows any more', () => {
    const talk = founded();
    expect(talk.ask(within(set(1, '/a', 'x'), 77, 1))).toBe(
      '1 ERR_SESSION_LOST rev=0 effect=unknown',
    );
    const session = grant(talk, 4);
    // A number whose answer was acknowledged, one beyond the window, one that is none.
    expect(talk.ask(within(set(1, '/a', 'x'), session, 3, 3))).toBe('1 revision 1');
    for (const [seq, acked] of [
      [2, 3],
      [8, 3],
      [0, 0],
      [3, 4],
    ] as const) {
      const answer = talk.ask(within(set(1, '/a', 'y'), session, seq, acked));
      // The answer to 3 is there as long as nobody has acknowledged it.
      if (seq === 3) expect(answer).toBe('1 revision 1');
      else expect(answer).toBe('1 ERR_REQUEST_NUMBER rev=1 effect=unknown');
    }
    expect(talk.ask(get('/a'))).toBe('9 value @1 rev=1 "x"');
  });

  test('under a number that another request had is told so, and does nothing', () => {
    const talk = founded();
    const session = grant(talk, 9);
    const others: [NativeRequest, string][] = [
      [set(1, '/a', 'x'), '1 revision 1'],
      [count('/n', 1), '1 counted 1 @2'],
      [grantOf(10_000, 0), '1 lease 9 10000 ms, left 10000'],
    ];
    for (const [i, [request, answer]] of others.entries()) {
      expect(talk.ask(within(request, session, i + 1))).toBe(answer);
      for (const [other] of others) {
        if (other === request) continue;
        expect(talk.ask(within(other, session, i + 1))).toContain('ERR_REQUEST_NUMBER');
        expect(talk.detail).toContain(`request number ${i + 1} for something else`);
      }
    }
    expect(talk.node.state.revision).toBe(2);
  });
});

describe('a lease', () => {
  test('is granted, kept alive, asked for and revoked; its files go with it', () => {
    const talk = founded();
    expect(talk.ask(grantOf(10_000, 0))).toBe('1 lease 2 10000 ms, left 10000');
    expect(talk.ask(leased('/b', 2))).toBe('1 revision 1');
    expect(talk.ask(leased('/a', 2))).toBe('1 revision 2');
    expect(talk.ask(create('/c-', 'x', 2))).toBe('1 created /c-0000000000000003 @3');
    expect(talk.ask(keepAlive([2, 77, 2]))).toBe('1 leases 10000,0,10000');
    expect(talk.node.kept).toEqual([2, 77, 2]);
    expect(talk.ask(filesOf(2))).toBe('1 leaseFiles @3 10000 ms /a,/b,/c-0000000000000003');
    talk.session.handle({ kind: 'get', tag: 1, path: '/a', rev: null, least: null });
    expect(talk.replies.at(-1)).toMatchObject({ lease: 2, created: 2, revision: 2 });
    const revoke = { kind: 'revoke', tag: 1, lease: leaseId(2), ...noSession } as const;
    expect(talk.ask(revoke)).toBe('1 revision 6');
    expect(talk.ask(revoke)).toBe('1 ERR_NO_LEASE rev=6');
    expect(talk.ask(filesOf(2))).toBe('1 ERR_NO_LEASE');
    expect(talk.detail).toContain('Lease 2 is not there');
    expect(talk.ask(leased('/a', 2))).toBe('1 ERR_NO_LEASE rev=7');
    expect(talk.ask(keepAlive([2]))).toBe('1 leases 0');
  });

  test('of a length or window beyond the bounds of the cluster takes no place in the log', () => {
    const bounds = { leaseLengthMsMin: 2000, leaseLengthMsMax: 60_000, sessionWindowMax: 8 };
    const talk = founded(bounds);
    for (const [lengthMs, window, words] of [
      [1999, 0, 'a lease of 1999 ms: it lasts from 2000 to 60000 ms'],
      [60_001, 8, 'a lease of 60001 ms: it lasts from 2000 to 60000 ms'],
      [2 ** 53 - 1, 0, 'it lasts from 2000 to 60000 ms'],
      [0, 0, 'a lease of 0 ms'],
      [2000, 9, 'a window of 9 requests: it has at most 8'],
    ] as const) {
      expect(talk.ask(grantOf(lengthMs, window))).toBe('1 ERR_BAD_ARGUMENT');
      expect(talk.detail).toContain(words);
    }
    expect(talk.node.proposed).toEqual([]);
    expect(talk.ask(grantOf(2000, 8))).toContain('1 lease');
    expect(talk.ask(grantOf(60_000, 0))).toContain('1 lease');
  });

  test('is asked for page by page, in walk order', () => {
    const talk = founded();
    const lease = grant(talk);
    for (const name of ['c', 'a', 'b', 'd']) talk.ask(leased(`/${name}`, lease));
    talk.news();
    expect(talk.ask(filesOf(lease, 0, 3))).toBe('1 leaseFiles @4 10000 ms /a,/b,/c more');
    expect(talk.ask(filesOf(lease, 3, 3))).toBe('1 leaseFiles @4 10000 ms /d');
    expect(talk.ask(filesOf(lease, 4, 3))).toBe('1 leaseFiles @4 10000 ms ');
    expect(talk.ask(filesOf(lease, 2 ** 53 - 1, 3))).toBe('1 leaseFiles @4 10000 ms ');
    expect(talk.ask(filesOf(lease, -1, 3))).toBe('1 ERR_RANGE');
    expect(talk.ask(filesOf(lease, 0, 0))).toBe('1 ERR_BAD_ARGUMENT');
    expect(talk.ask(filesOf(0))).toBe('1 ERR_NO_LEASE');
  });

  test('of more files than a page has ends at the bound of entries', () => {
    const talk = founded();
    const lease = grant(talk);
    for (let i = 0; i < 1001; i++) talk.ask(leased(`/${i}`, lease));
    talk.session.handle(filesOf(lease, 0, 1_000_000));
    const reply = talk.replies.at(-1);
    if (reply?.kind !== 'leaseFiles') throw new TypeError('no files');
    expect(reply.paths.length).toBe(1000);
    expect(reply.more).toBe(true);
  });

  test('more leases at once than a node takes are refused whole', () => {
    const talk = founded();
    const many = Array.from({ length: limits.keepAliveLeasesMax + 1 }, (_, i) => i + 1);
    expect(talk.ask(keepAlive(many))).toBe('1 ERR_TOO_LARGE');
    expect(talk.detail).toBe('Cannot keep 1025 leases alive at once: at most 1024');
    expect(talk.node.kept).toEqual([]);
    expect(talk.ask(keepAlive(many.slice(1)))).toContain('1 leases 0,0');
    // Nothing to keep alive needs nobody.
    expect(talk.ask(keepAlive([]))).toBe('1 leases ');
  });

  test('without a leader its sign of life fails, and was none', () => {
    const talk = founded();
    talk.node.failsWith = noQuorum;
    expect(talk.ask(keepAlive([2]))).toBe('1 ERR_NO_LEADER');
    expect(talk.ask(filesOf(2))).toBe('1 ERR_NO_LEADER');
    expect(talk.session.guest.requests).toBe(0);
  });

  test('a time that is no whole number is rounded down, so that nobody relies on too much', () => {
    const talk = founded();
    talk.node.keepAlive = (_leases, _renew, waiter) => waiter.left([1999.9, -3, 0.2]);
    expect(talk.ask(keepAlive([1, 2, 3]))).toBe('1 leases 1999,0,0');
  });
});

describe('a sequence name', () => {
  test('is the prefix and the revision that made it, and rises', () => {
    const talk = founded();
    expect(talk.ask(create('/q/'))).toBe('1 created /q/0000000000000001 @1');
    expect(talk.ask(create('/q/'))).toBe('1 created /q/0000000000000002 @2');
    expect(talk.ask(create('/q/job-'))).toBe('1 created /q/job-0000000000000003 @3');
  });

  test('in a session, a repeat is told the same name', () => {
    const talk = founded();
    const session = grant(talk, 4);
    const first = talk.ask(within(create('/q/'), session, 1));
    talk.ask(set(2, '/other', 'x'));
    expect(talk.ask(within(create('/q/'), session, 1))).toBe(first);
  });

  test.each(['', 'q', 'q/', '//', '/a//', '/ä', '/a b'])('has no prefix "%s"', (prefix) => {
    const talk = founded();
    expect(talk.ask(create(prefix))).toBe('1 ERR_BAD_PATH');
    expect(talk.detail).toContain(`Cannot create "${prefix}"`);
    expect(talk.node.proposed).toEqual([]);
  });

  test('counts with its digits against the bound on paths, and its body against that on values', () => {
    const talk = founded({}, { limits: { pathBytesMax: 30, valueBytesMax: 10 } });
    expect(talk.ask(create(`/${'a'.repeat(13)}`))).toContain('1 created');
    expect(talk.ask(create(`/${'a'.repeat(14)}`))).toBe('1 ERR_TOO_LARGE');
    expect(talk.detail).toContain('at most 30 bytes, this one 31');
    expect(talk.ask(create('/a', 'x'.repeat(11)))).toBe('1 ERR_TOO_LARGE');
    expect(talk.detail).toContain('at most 10 bytes, this one 11');
  });
});

describe('a counter', () => {
  test('begins at nothing, goes up and down, and has a guard', () => {
    const talk = founded();
    expect(talk.ask(count('/n', 5))).toBe('1 counted 5 @1');
    expect(talk.ask(count('/n', -8))).toBe('1 counted -3 @2');
    expect(talk.ask(count('/n', 3))).toBe('1 counted 0 @3');
    expect(talk.ask(count('/n', 1, 2))).toBe('1 ERR_REV_MISMATCH rev=4');
    expect(talk.ask(count('/n', 1, 3))).toBe('1 counted 1 @5');
    expect(talk.ask(count('/m', 2 ** 53 - 1))).toBe(`1 counted ${2 ** 53 - 1} @6`);
    expect(talk.ask(count('/m', 1))).toBe('1 ERR_BAD_ARGUMENT rev=7');
    talk.node.set('/text', 'many');
    expect(talk.ask(count('/text', 1))).toBe('1 ERR_BAD_ARGUMENT rev=9');
    expect(talk.ask(count('n', 1))).toBe('1 ERR_BAD_PATH');
  });
});

test('everything that changes something needs the right to write; looking needs the right to read', () => {
  const asked: { [needed: string]: NativeRequest[] } = {
    write: [
      create('/q/'),
      count('/n', 1),
      { kind: 'transact', tag: 1, compares: [], ifTrue: [], ifFalse: [], ...noSession },
      grantOf(10_000, 0),
      { kind: 'revoke', tag: 1, lease: noLease, ...noSession },
      keepAlive([7]),
    ],
    read: [keepAlive([7], false), filesOf(7)],
  };
  const reader = founded({}, { rw: 'w', ro: 'r', secret: 'r' });
  const stranger = founded({}, { rw: 'w', ro: 'r' });
  for (const request of asked['write'] ?? []) {
    expect(reader.ask(request), request.kind).toBe('1 ERR_ACCESS_DENIED');
  }
  for (const request of asked['read'] ?? []) {
    expect(reader.ask(request), request.kind).not.toContain('ERR_ACCESS_DENIED');
    expect(stranger.ask(request), request.kind).toBe('1 ERR_ACCESS_DENIED');
  }
  expect(reader.node.proposed).toEqual([]);
  expect(reader.node.kept).toEqual([]);
});

test('a node whose state is condemned answers none of it', () => {
  const talk = founded();
  talk.node.condemn();
  for (const request of [
    create('/q/'),
    count('/n', 1),
    grantOf(10_000, 0),
    keepAlive([1]),
    filesOf(1),
  ]) {
    expect(talk.ask(request), request.kind).toBe('1 ERR_CONDEMNED');
  }
});
