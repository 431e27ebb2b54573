// Reads that take what a node has, but nothing older than the client has seen.
import { expect, test } from 'vitest';
import { limits, revision } from '../../src/base/index.ts';
import type { NativeRequest } from '../../src/protocol/client/index.ts';
import { noQuorum } from './support/fake-node.ts';
import { get, NativeConversation } from './support/native.ts';

test('a read of what is there asks nobody, and says how old it may be', () => {
  const talk = new NativeConversation();
  talk.node.set('/a', 'x');
  talk.node.failsWith = noQuorum;
  talk.node.age = 1234.2;
  expect(talk.ask(get('/a', 0))).toBe('9 value @1 rev=1 "x" age=1235');
  expect(talk.ask(get('/a', 1))).toBe('9 value @1 rev=1 "x" age=1235');
  const more: [NativeRequest, string][] = [
    [
      { kind: 'stat', tag: 9, path: '/a', rev: null, least: 1 },
      '9 stat @1 file rev=1 count=1 age=1235',
    ],
    [
      { kind: 'list', tag: 9, path: '/', offset: 0, limit: 9, rev: null, least: 1 },
      '9 names @1 a age=1235',
    ],
    [
      { kind: 'walk', tag: 9, glob: '/*', offset: 0, limit: 9, rev: null, least: 1 },
      '9 files @1 /a@1 age=1235',
    ],
    [
      { kind: 'walk', tag: 9, glob: 'a[', offset: 0, limit: 9, rev: null, least: 1 },
      '9 ERR_BAD_GLOB',
    ],
  ];
  for (const [request, answer] of more) expect(talk.ask(request)).toBe(answer);
  // It knows of no leader: of no age that anybody could name.
  talk.node.age = null;
  expect(talk.ask(get('/a', 0))).toBe('9 value @1 rev=1 "x"');
});

test('a read behind a barrier, or at a revision, tells no age', () => {
  const talk = new NativeConversation();
  talk.node.set('/a', 'x');
  talk.node.age = 5;
  expect(talk.ask(get('/a'))).toBe('9 value @1 rev=1 "x"');
  expect(talk.ask({ kind: 'get', tag: 9, path: '/a', rev: 1, least: null })).toBe(
    '9 value @1 rev=1 "x"',
  );
});

test('a read of a later revision waits for it, and is answered from the newest state', () => {
  const talk = new NativeConversation();
  talk.node.set('/a', '1');
  expect(talk.ask(get('/a', 3))).toBe('nothing');
  talk.node.set('/a', '2');
  expect(talk.news()).toEqual([]);
  // Two revisions at once: what answers is not the state of revision 3.
  const { futures } = talk.node;
  const [waiting] = futures;
  futures.clear();
  talk.node.set('/a', '3');
  talk.node.set('/a', '4');
  waiting?.waiter.ready(talk.node.states[3] as never);
  expect(talk.news()).toEqual(['9 value @4 rev=4 "4" age=0']);
  expect(talk.session.guest.waits).toBe(0);
  expect(talk.clock.timers).toBe(0);
});

test('a revision that does not come ends as a timeout, and leaves nothing behind', () => {
  const talk = new NativeConversation();
  talk.node.set('/a', '1');
  talk.ask(get('/a', 3));
  talk.clock.pass(limits.requestTimeoutMs - 1);
  expect(talk.news()).toEqual([]);
  talk.clock.pass(1);
  expect(talk.news()).toEqual(['9 ERR_TIMEOUT']);
  expect(talk.node.futures.size).toBe(0);
  expect(talk.session.guest.waits).toBe(0);
  talk.ask(get('/a', 2 ** 53 - 1));
  talk.clock.pass(limits.requestTimeoutMs);
  expect(talk.detail).toContain(
    `at revision ${2 ** 53 - 1} or later: this node holds 1, and no more came within 5000 ms`,
  );
});

test('a snapshot that jumps over the revision answers it: what is here now is newer', () => {
  const talk = new NativeConversation();
  talk.ask(get('/a', 2));
  const [waiting] = talk.node.futures;
  talk.node.futures.clear();
  for (const body of ['1', '2', '3']) talk.node.set('/a', body);
  talk.node.forget(3);
  waiting?.waiter.failed({ code: 'ERR_COMPACTED' } as never);
  expect(talk.news()).toEqual(['9 value @3 rev=3 "3" age=0']);
});

test('it can be cancelled, ends with its connection, and with the state that is condemned', () => {
  const cancelled = new NativeConversation();
  cancelled.ask(get('/a', 2));
  expect(cancelled.ask({ kind: 'cancel', tag: 9 })).toBe('9 ERR_CANCELLED');
  const closed = new NativeConversation();
  closed.ask(get('/a', 2));
  closed.session.close();
  const condemned = new NativeConversation();
  condemned.ask(get('/a', 2));
  condemned.node.condemn();
  expect(condemned.news()).toEqual(['9 ERR_CONDEMNED']);
  for (const { node, clock, session } of [cancelled, closed, condemned]) {
    expect(node.futures.size).toBe(0);
    expect(clock.timers).toBe(0);
    expect(session.guest.waits).toBe(0);
  }
});

test('more waits than a connection may have are refused', () => {
  const talk = new NativeConversation({ limits: { watchersPerConnectionMax: 1 } });
  talk.ask(get('/a', 2));
  expect(talk.ask({ ...get('/a', 2), tag: 10 })).toBe('10 ERR_OVERLOADED');
});

test('both a revision and a least one is refused', () => {
  const talk = new NativeConversation();
  expect(talk.ask({ kind: 'get', tag: 9, path: '/a', rev: 1, least: 1 })).toBe(
    '9 ERR_BAD_ARGUMENT',
  );
  expect(talk.detail).toBe('Cannot read at revision 1 and at 1 or later: one of the two');
  expect(talk.node.state.revision).toBe(revision(0));
});

test('without the right to read there is nothing to read, however old', () => {
  const talk = new NativeConversation({ rw: 'w', ro: 'r' });
  expect(talk.ask(get('/a', 0))).toBe('9 ERR_ACCESS_DENIED');
});
