import { expect, test } from 'vitest';
import { ClusterError, logIndex, sessionId } from '../../src/base/index.ts';
import type { NativeRequest } from '../../src/protocol/client/index.ts';
import { noQuorum, otherId } from './support/fake-node.ts';
import { del, NativeConversation, nop, set } from './support/native.ts';

function fixture(): NativeConversation {
  const talk = new NativeConversation();
  talk.node.set('/a', 'one'); // 1
  talk.node.set('/d/x', 'ex'); // 2
  talk.node.set('/d/y', 'why'); // 3
  return talk;
}

const rows: readonly (readonly [NativeRequest, string])[] = [
  [{ kind: 'get', tag: 1, path: '/a', rev: null, least: null }, '1 value @3 rev=1 "one"'],
  [{ kind: 'get', tag: 1, path: '/none', rev: null, least: null }, '1 value @3 rev=0 ""'],
  [{ kind: 'get', tag: 1, path: '', rev: null, least: null }, '1 value @3 rev=0 ""'],
  [{ kind: 'get', tag: 1, path: '/d', rev: null, least: null }, '1 ERR_IS_DIRECTORY'],
  [{ kind: 'get', tag: 1, path: '/d', rev: 1, least: null }, '1 value @1 rev=0 ""'],
  [{ kind: 'get', tag: 1, path: '/a', rev: 4, least: null }, 'nothing'],
  [{ kind: 'stat', tag: 1, path: '/a', rev: null, least: null }, '1 stat @3 file rev=1 count=3'],
  [{ kind: 'stat', tag: 1, path: '/d', rev: 2, least: null }, '1 stat @2 directory rev=0 count=1'],
  [{ kind: 'stat', tag: 1, path: '?', rev: null, least: null }, '1 stat @3 missing rev=0 count=0'],
  [
    { kind: 'list', tag: 1, path: '/', offset: 0, limit: 9, rev: null, least: null },
    '1 names @3 a,d',
  ],
  [
    { kind: 'list', tag: 1, path: '/d', offset: 0, limit: 1, rev: null, least: null },
    '1 names @3 x more',
  ],
  [
    { kind: 'list', tag: 1, path: '/d', offset: 1, limit: 1, rev: null, least: null },
    '1 names @3 y',
  ],
  [
    { kind: 'list', tag: 1, path: '/d', offset: 2, limit: 1, rev: null, least: null },
    '1 names @3 ',
  ],
  [
    { kind: 'list', tag: 1, path: '/d', offset: 99, limit: 1, rev: null, least: null },
    '1 names @3 ',
  ],
  [
    { kind: 'list', tag: 1, path: '/d', offset: -1, limit: 1, rev: null, least: null },
    '1 ERR_RANGE',
  ],
  [
    { kind: 'list', tag: 1, path: '/d', offset: 0, limit: 0, rev: null, least: null },
    '1 ERR_BAD_ARGUMENT',
  ],
  [
    { kind: 'list', tag: 1, path: '/a', offset: 0, limit: 1, rev: null, least: null },
    '1 ERR_NOT_DIRECTORY',
  ],
  [
    { kind: 'list', tag: 1, path: '/no', offset: 0, limit: 1, rev: null, least: null },
    '1 ERR_NO_ENTRY',
  ],
  [
    { kind: 'walk', tag: 1, glob: '/**', offset: 0, limit: 2, rev: null, least: null },
    '1 files @3 /a@1,/d/x@2 more',
  ],
  [
    { kind: 'walk', tag: 1, glob: '/**', offset: 2, limit: 2, rev: null, least: null },
    '1 files @3 /d/y@3',
  ],
  [
    { kind: 'walk', tag: 1, glob: '/z*', offset: 0, limit: 2, rev: null, least: null },
    '1 files @3 ',
  ],
  [
    { kind: 'walk', tag: 1, glob: '/a b', offset: 0, limit: 2, rev: null, least: null },
    '1 ERR_BAD_GLOB',
  ],
  [
    { kind: 'walk', tag: 1, glob: '/a', offset: -1, limit: 2, rev: null, least: null },
    '1 ERR_RANGE',
  ],
  [set(1, '/n', 'v', 0), '1 revision 4'],
  [set(1, '/a', 'v', 0), '1 ERR_REV_MISMATCH rev=4'],
  [set(1, 'n', 'v', 0), '1 ERR_BAD_PATH'],
  [set(1, '/a/b', 'v'), '1 ERR_NOT_DIRECTORY rev=4'],
  [del(1, '/a'), '1 revision 4'],
  [del(1, '/a b'), '1 ERR_BAD_PATH'],
  [nop(1), '1 revision 4'],
  [{ kind: 'rev', tag: 1 }, '1 revision 3'],
  [{ kind: 'self', tag: 1 }, '1 self AAAABBBBCCCCDDDD'],
  [{ kind: 'ping', tag: 1 }, '1 pong'],
  [{ kind: 'status', tag: 1 }, '1 status leader @3'],
  [{ kind: 'members', tag: 1 }, '1 members 127.0.0.1:8046,127.0.0.1:8047'],
  [{ kind: 'wait', tag: 1, glob: '/d/*', rev: 1 }, '1 event set /d/x@2'],
  [{ kind: 'wait', tag: 1, glob: '/d/*', rev: 4 }, 'nothing'],
  [{ kind: 'wait', tag: 1, glob: 'd', rev: 4 }, '1 ERR_BAD_GLOB'],
  [{ kind: 'unknown', tag: 1, verb: 77 }, '1 ERR_UNKNOWN_VERB'],
  [{ kind: 'credit', tag: 1, more: 7 }, 'nothing'],
  [{ kind: 'cancel', tag: 1 }, 'nothing'],
];

test('each request has its reply', () => {
  for (const [request, expected] of rows) {
    const asked = JSON.stringify(request);
    expect(`${asked} ${fixture().ask(request)}`).toBe(`${asked} ${expected}`);
  }
});

test('members are told unasked, with tag 0, when others were applied', () => {
  const talk = fixture();
  const before = talk.answers.length;
  talk.node.tellMembers();
  expect(talk.answers.slice(before)).toEqual(['0 members 127.0.0.1:8046,127.0.0.1:8047']);
  // Not by a node whose state is wrong, nor to a guest that is gone.
  talk.node.condemn();
  talk.node.tellMembers();
  talk.node.isCondemned = false;
  talk.session.close();
  talk.node.tellMembers();
  expect(talk.answers).toHaveLength(before + 1);
  expect(talk.node.membersListeners.size).toBe(0);
});

test('members are answered behind a barrier, with what the tree has taken in', () => {
  const talk = new NativeConversation();
  talk.node.holdsReads = true;
  // Its log says more, which nobody has committed yet.
  talk.node.logMembers = ['127.0.0.1:8046'];
  expect(talk.ask({ kind: 'members', tag: 1 })).toBe('nothing');
  talk.node.releaseReads();
  expect(talk.answers).toEqual(['1 members 127.0.0.1:8046,127.0.0.1:8047']);
  // Without a quorum nobody can vouch for them: a node must not be told that it is none of them.
  talk.session.handle({ kind: 'members', tag: 2 });
  talk.node.failReads(noQuorum);
  expect(talk.answers.slice(1)).toEqual(['2 ERR_NO_LEADER']);
});

test('a page ends at its bound of entries, whatever the client asks for', () => {
  const talk = new NativeConversation();
  for (let i = 0; i < 1001; i++) talk.node.set(`/n/${i}`, '');
  const page = { tag: 1, offset: 0, limit: 1_000_000, rev: null, least: null };
  talk.session.handle({ kind: 'list', path: '/n', ...page });
  talk.session.handle({ kind: 'walk', glob: '/n/*', ...page });
  for (const reply of talk.replies) {
    const entries =
      reply.kind === 'names' ? reply.names : reply.kind === 'files' ? reply.files : [];
    expect(entries.length).toBe(1000);
    expect(reply).toMatchObject({ more: true });
  }
});

test('a page of large files ends by bytes, with one file at least', () => {
  const talk = new NativeConversation();
  for (let i = 0; i < 4; i++) talk.node.set(`/big/${i}`, 'x'.repeat(200_000));
  const page = { tag: 1, offset: 0, limit: 9, rev: null, least: null };
  expect(talk.ask({ kind: 'walk', glob: '/big/*', ...page })).toBe(
    '1 files @4 /big/0@1,/big/1@2 more',
  );
});

test('without a quorum every newest read fails, also rev, and a write says what is certain', () => {
  const talk = fixture();
  talk.node.failsWith = noQuorum;
  expect(talk.ask({ kind: 'rev', tag: 1 })).toBe('1 ERR_NO_LEADER');
  expect(talk.ask({ kind: 'get', tag: 1, path: '/a', rev: null, least: null })).toBe(
    '1 ERR_NO_LEADER',
  );
  expect(talk.ask({ kind: 'get', tag: 1, path: '/a', rev: 1, least: null })).toBe(
    '1 value @1 rev=1 "one"',
  );
  talk.node.failsWith = new ClusterError('ERR_OUTCOME_UNKNOWN', 'No answer in time');
  expect(talk.ask(set(1, '/a', 'x'))).toBe('1 ERR_OUTCOME_UNKNOWN effect=unknown');
});

test('a read below history says how far back it reaches', () => {
  const talk = fixture();
  talk.node.forget(3);
  expect(talk.ask({ kind: 'get', tag: 1, path: '/a', rev: 2, least: null })).toBe(
    '1 ERR_COMPACTED oldest=3',
  );
  expect(talk.ask({ kind: 'wait', tag: 1, glob: '/a', rev: 2 })).toBe('1 ERR_COMPACTED oldest=3');
});

test('in a cluster of behaviour version 1 the tree refuses a session, and nothing runs as if it had none', () => {
  const talk = fixture();
  talk.node.found(1);
  const revision = talk.node.state.revision;
  const request = { ...set(1, '/a', 'x'), session: sessionId(7) } as NativeRequest;
  expect(talk.ask(request)).toBe(`1 ERR_UNKNOWN_VERB rev=${revision + 1}`);
  expect(talk.detail).toContain('behaviour version 1');
});

test('rights: reading, writing and changing members', () => {
  const talk = new NativeConversation({ rw: 'w', ro: 'r', secret: 'r' });
  expect(talk.ask({ kind: 'get', tag: 1, path: '/a', rev: null, least: null })).toBe(
    '1 value @0 rev=0 ""',
  );
  expect(talk.ask(set(1, '/a', 'x'))).toBe('1 ERR_ACCESS_DENIED');
  expect(talk.ask(joining())).toBe('1 ERR_ACCESS_DENIED');
  const stranger = new NativeConversation({ rw: 'w', ro: 'r' });
  expect(stranger.ask({ kind: 'get', tag: 1, path: '/a', rev: null, least: null })).toBe(
    '1 ERR_ACCESS_DENIED',
  );
  expect(
    stranger.ask({ kind: 'watch', tag: 1, glob: '/**', from: 1, credits: 1, previous: false }),
  ).toBe('1 ERR_ACCESS_DENIED');
  expect(stranger.ask({ kind: 'rev', tag: 1 })).toBe('1 revision 0');
});

test('hello: version, cluster name and secret are checked, and the refusal says why', () => {
  const { server } = new NativeConversation({ rw: 'w', ro: '' });
  const hello = { version: 2, clusterName: 'test', secret: 'w', client: 'x' };
  const sink = { answer: () => {}, room: () => true };
  const say = (changed: object) =>
    server.openNative({ ...hello, ...changed }, sink, () => {}).hello;
  expect(say({})).toMatchObject({ kind: 'welcome', version: 2, leaderAddress: '127.0.0.1:8046' });
  expect(say({ clusterName: null, version: 9 })).toMatchObject({ kind: 'welcome', version: 3 });
  // The older of both.
  expect(say({ version: 1 })).toMatchObject({ kind: 'welcome', version: 1 });
  expect(say({ clusterName: 'other' })).toMatchObject({
    kind: 'refused',
    code: 'ERR_WRONG_CLUSTER',
    detail: 'This is cluster "test", not "other"',
  });
  expect(say({ secret: 'x' })).toMatchObject({ kind: 'refused', code: 'ERR_ACCESS_DENIED' });
  expect(say({ secret: '' })).toMatchObject({ kind: 'welcome' });
  expect(say({ version: 0 })).toMatchObject({ kind: 'refused', code: 'ERR_BAD_FRAME' });
});

type Join = Extract<NativeRequest, { kind: 'join' }>;
const joining = (changed: Partial<Join> = {}): Join => ({
  kind: 'join',
  tag: 1,
  nodeId: otherId,
  address: '127.0.0.1:8047',
  clusterName: 'test',
  lineage: null,
  membershipIndexSeen: null,
  ...changed,
});

/** Lets what was promised settle. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('join adds the asker and answers who the members are', async () => {
  const talk = fixture();
  talk.ask(joining());
  expect(talk.session.guest.requests).toBe(1);
  await settled();
  expect(talk.answers).toEqual(['1 members 127.0.0.1:8046,127.0.0.1:8047']);
  expect(talk.node.changes).toEqual([
    { change: { kind: 'add', id: otherId, address: '127.0.0.1:8047' }, at: null },
  ]);
  expect(talk.session.guest.requests).toBe(0);
});

test('join is refused for another cluster, a stale view of the members, and by a node that follows', async () => {
  const talk = fixture();
  const otherLife = { ...talk.node.status().lineage, epoch: 2, epochId: 'x' } as Join['lineage'];
  const cases: readonly (readonly [Partial<Join>, string])[] = [
    [{ clusterName: 'prod' }, '1 ERR_WRONG_CLUSTER'],
    [{ lineage: otherLife }, '1 ERR_WRONG_CLUSTER'],
    [{ membershipIndexSeen: logIndex(9) }, '1 ERR_MEMBERSHIP_REFUSED'],
  ];
  for (const [changed, expected] of cases) {
    talk.session.handle(joining(changed));
    await settled();
    expect(talk.news()).toEqual([expected]);
  }
  talk.node.isLeading = false;
  talk.node.leader = otherId;
  talk.session.handle(joining());
  talk.session.handle({
    kind: 'change',
    tag: 2,
    change: { kind: 'promote', id: otherId },
    ifMembershipAt: null,
  });
  await settled();
  expect(talk.news()).toEqual([
    '1 ERR_NOT_LEADER leader=127.0.0.1:8047',
    '2 ERR_NOT_LEADER leader=127.0.0.1:8047',
  ]);
  expect(talk.node.changes).toEqual([]);
});

test('a join that names the membership it saw is bound to it; a failure is told; a closed one is not', async () => {
  const talk = fixture();
  talk.session.handle(joining({ membershipIndexSeen: logIndex(1) }));
  await settled();
  expect(talk.node.changes[0]?.at).toEqual({ index: 1, term: 1 });
  talk.news();
  talk.node.changeFails = new ClusterError('ERR_OUTCOME_UNKNOWN', 'No answer in time');
  talk.session.handle({
    kind: 'change',
    tag: 2,
    change: { kind: 'remove', id: otherId },
    ifMembershipAt: null,
  });
  await settled();
  expect(talk.news()).toEqual(['2 ERR_OUTCOME_UNKNOWN effect=unknown']);
  talk.session.handle(joining());
  talk.session.close();
  await settled();
  expect(talk.news()).toEqual([]);
});
