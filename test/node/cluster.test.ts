import { expect, test } from 'vitest';
import { type ClusterError, revision, textOf } from '../../src/base/index.ts';
import type { PeerFrame } from '../../src/protocol/index.ts';
import { type Event, fileAt, type View } from '../../src/tree/index.ts';
import { Cluster, globOf, idOf, pathOf } from '../support/cluster.ts';

const byHand = { steward: null } as const;

/** Every event at `path` on a node, from now on. */
function watch(cluster: Cluster, letter: string, path: string): Event[] {
  const events: Event[] = [];
  const from = revision(cluster.status(letter).revision + 1);
  cluster.node(letter).watch(globOf(path), from, {
    event: (event) => events.push(event),
    compacted: () => {
      throw new Error('nothing is forgotten in this test');
    },
  });
  return events;
}

function bodyIn(view: View | null, path: string): string | null {
  const file = view === null ? null : fileAt(view, pathOf(path));
  return file === null ? null : textOf(file.body);
}

test('a cluster is founded by one log entry, its sole voter', async () => {
  const cluster = await Cluster.found(byHand);
  expect(cluster.leader()).toBe('A');
  expect(cluster.voters()).toBe('A');
  expect(cluster.slots()).toEqual({ 0: 'A' });
  expect(cluster.life('A').lineage?.clusterId).toBe('CLUSTERAAAAAAAAA');
  expect(cluster.status('A').life).toBe('ready');
});

test('three nodes become a cluster, and what is written through each is seen on each', async () => {
  const cluster = await Cluster.of('ABC');
  expect(cluster.voters()).toBe('ABC');
  expect(cluster.slots()).toEqual({ 0: 'A', 1: 'B', 2: 'C' });
  for (const writer of 'ABC') {
    const outcome = await cluster.write(writer, `/${writer}`, writer);
    expect(outcome.value?.kind).toBe('applied');
    // The node that was asked answers from its own tree: whoever wrote can read it there.
    expect(cluster.body(writer, `/${writer}`)).toBe(writer);
  }
  await cluster.converge();
  for (const reader of 'ABC') expect(cluster.body(reader, '/B')).toBe('B');
});

test('a refused command is answered with the refusal', async () => {
  const cluster = await Cluster.of('AB', byHand);
  await cluster.write('A', '/x', '1');
  const outcome = await cluster.write('B', '/x', '2', 0);
  expect(outcome.value).toMatchObject({ kind: 'refused', code: 'ERR_REV_MISMATCH' });
  expect(cluster.body('B', '/x')).toBe('1');
});

test('a read through a follower that lags behind waits for what was acknowledged before it', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  await cluster.newLeader();
  // Entries do not reach C; heartbeats and answers to reads do.
  cluster.board.rules.push((_from, to, { messages }) =>
    to === idOf('C') && messages.some((m) => m.kind === 'appendRequest')
      ? { copies: 0, delayRounds: 0 }
      : null,
  );
  await cluster.write('A', '/x', 'new');
  const read = cluster.read('C');
  await cluster.run(200);
  expect(cluster.body('C', '/x')).toBe(null);
  expect(read.calls).toBe(0);
  cluster.board.rules.length = 0;
  await cluster.until(() => read.calls > 0, 'the read is answered');
  expect(bodyIn(read.value, '/x')).toBe('new');
});

test('a read without a quorum fails in the end, with no effect', async () => {
  const cluster = await Cluster.of('AB', byHand);
  cluster.board.cut(idOf('A'), idOf('B'));
  const read = cluster.read('A');
  await cluster.run(6000);
  expect(read).toMatchObject({ calls: 1, error: { code: 'ERR_NO_LEADER' } });
});

test('the leader is killed: writes go on through the others, and nothing acknowledged is missing', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  for (let i = 0; i < 20; i++) await cluster.write('B', `/before/${i}`, `${i}`);
  await cluster.kill('A');
  await cluster.newLeader();
  for (const writer of 'BC') {
    const outcome = await cluster.write(writer, `/after/${writer}`, 'x');
    expect(outcome.value?.kind).toBe('applied');
  }
  await cluster.converge();
  for (let i = 0; i < 20; i++) expect(cluster.body('C', `/before/${i}`)).toBe(`${i}`);
  cluster.start('A');
  await cluster.converge();
  expect(cluster.body('A', '/after/C')).toBe('x');
});

test('a forward to a leader that dies is handed to the next one, and takes effect once', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  const events = watch(cluster, 'C', '/x');
  // The leader gets the forward and nobody ever hears of it.
  cluster.board.rules.push((from) => (from === idOf('A') ? { copies: 0, delayRounds: 0 } : null));
  const outcome = cluster.set('C', '/x', '1');
  await cluster.clock.quiet();
  // Within the same instant: a forward does not wait for the next tick.
  expect(cluster.status('A').raft.last.index).toBe(cluster.status('C').raft.last.index + 1);
  await cluster.newLeader('A');
  await cluster.until(() => outcome.calls > 0, 'the write is answered');
  expect(outcome).toMatchObject({ calls: 1, value: { kind: 'applied' } });
  cluster.board.rules.length = 0;
  await cluster.converge();
  expect(events.length).toBe(1);
  expect(cluster.body('A', '/x')).toBe('1');
});

test('a forward that the dying leader spread is not handed on again', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  const events = watch(cluster, 'C', '/x');
  // B gets the entry, A is gone before it is committed, and B leads next: its log is the longest.
  cluster.board.cut(idOf('B'), idOf('C'));
  cluster.board.rules.push((from, to) =>
    from === idOf('B') && to === idOf('A') ? { copies: 0, delayRounds: 0 } : null,
  );
  const outcome = cluster.set('C', '/x', '1');
  // C takes part in nothing but the vote, so that the entry reaches B alone.
  cluster.board.rules.push((from, to, { messages }) =>
    from === idOf('A') && to === idOf('C') && messages.some((m) => m.kind === 'appendRequest')
      ? { copies: 0, delayRounds: 0 }
      : null,
  );
  await cluster.clock.quiet();
  expect(cluster.status('B').raft.last.index).toBe(cluster.status('C').raft.last.index + 1);
  await cluster.kill('A');
  cluster.board.heal();
  expect(await cluster.newLeader()).toBe('B');
  await cluster.until(() => outcome.calls > 0, 'the write is answered');
  expect(outcome).toMatchObject({ calls: 1, value: { kind: 'applied' } });
  await cluster.run(1000);
  expect(events.length).toBe(1);
});

test('everything arrives twice and late: each write through a follower takes effect once', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  let n = 0;
  cluster.board.rules.push(() => {
    n++;
    return { copies: 2, delayRounds: n % 3 };
  });
  const events = watch(cluster, 'A', '/**');
  const outcomes = Array.from({ length: 60 }, (_, i) => cluster.set('B', `/n/${i}`, `${i}`));
  await cluster.until(() => outcomes.every(({ calls }) => calls > 0), 'all are answered');
  expect(outcomes.every(({ value }) => value?.kind === 'applied')).toBe(true);
  cluster.board.rules.length = 0;
  await cluster.converge();
  expect(events.map(({ path }) => path)).toEqual(outcomes.map((_, i) => `/n/${i}`));
});

test('a forward that is lost with its link is sent again, and takes effect once', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  const leader = await cluster.newLeader();
  const follower = leader === 'C' ? 'B' : 'C';
  const isForward = (frame: PeerFrame) => frame.nodeMessages.some(({ kind }) => kind === 'forward');
  let lost = 0;
  cluster.board.rules.push((_from, _to, frame) => {
    if (!isForward(frame) || lost > 0) return null;
    lost++;
    return { copies: 0, delayRounds: 0 };
  });
  const first = cluster.set(follower, '/first', '1', 0);
  await cluster.run(10);
  // What comes after it arrives before it.
  expect((await cluster.write(follower, '/second', '2', 0)).value?.kind).toBe('applied');
  expect(first.calls).toBe(0);
  await cluster.run(600);
  expect(lost).toBe(1);
  expect(first).toMatchObject({ calls: 1, value: { kind: 'applied' } });
  await cluster.run(2000);
  expect(cluster.body(leader, '/ctl/err')).toBe(null);
});

test('a forward that comes again to a leader that restarted is not refused, nor appended', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  const leader = await cluster.newLeader();
  const follower = leader === 'C' ? 'B' : 'C';
  cluster.board.recording = true;
  await cluster.write(follower, '/x', '1', 0);
  const sent = cluster.board.sent.find(({ frame }) =>
    frame.nodeMessages.some(({ kind }) => kind === 'forward'),
  );
  if (sent === undefined) throw new Error('a forward was sent');
  await cluster.kill(leader);
  cluster.start(leader);
  cluster.board.sent.length = 0;
  cluster.board.links(sent.from, cluster.status(follower).boot).send(sent.to, sent.frame);
  await cluster.run(3000);
  const answers = cluster.board.sent.flatMap(({ frame }) => frame.nodeMessages);
  expect(answers.filter(({ kind }) => kind === 'forwardRefused')).toEqual([]);
  expect(cluster.body(follower, '/ctl/err')).toBe(null);
});

test('one turn sends one forward, whatever waits', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  cluster.board.recording = true;
  const outcomes = Array.from({ length: 100 }, (_, i) => cluster.set('B', `/n/${i}`, 'x'));
  await cluster.until(() => outcomes.every(({ calls }) => calls === 1), 'all are answered');
  const forwards = cluster.board.sent.flatMap(({ frame }) =>
    frame.nodeMessages.filter(({ kind }) => kind === 'forward'),
  );
  expect(forwards.length).toBe(1);
});

test('a write that found no leader certainly did nothing; one that was handed on may have', async () => {
  const cluster = await Cluster.of('AB', byHand);
  const [follower, leader] = cluster.leader() === 'A' ? ['B', 'A'] : ['A', 'B'];
  cluster.board.cut(idOf('A'), idOf('B'));
  const handedOn = cluster.set(follower ?? '', '/x', '1');
  await cluster.run(3000);
  const waiting = cluster.set(leader ?? '', '/y', '1');
  await cluster.run(6000);
  expect(handedOn).toMatchObject({ calls: 1, error: { code: 'ERR_OUTCOME_UNKNOWN' } });
  expect(waiting).toMatchObject({ calls: 1, error: { code: 'ERR_NO_LEADER' } });
});

test('a node restarted from its disk holds the same as before, under the next boot number', async () => {
  const cluster = await Cluster.of('ABC');
  for (let i = 0; i < 30; i++) await cluster.write('A', `/k/${i}`, `${i}`);
  await cluster.converge();
  const { revision: before, boot } = cluster.status('C');
  const { filesDigest } = cluster.node('C').view();
  for (const letter of 'ABC') await cluster.kill(letter);
  for (const letter of 'ABC') cluster.start(letter);
  await cluster.newLeader();
  await cluster.converge();
  expect(cluster.status('C')).toMatchObject({ revision: before, boot: boot + 1 });
  expect(cluster.node('C').view().filesDigest).toEqual(filesDigest);
  const outcome = await cluster.write('C', '/k/next', 'x');
  expect(outcome.value).toEqual({ kind: 'applied', revision: before + 1 });
});

test('each start of one node ten times under writes loses nothing that was acknowledged', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  const acknowledged: string[] = [];
  for (let i = 0; i < 10; i++) {
    const victim = 'ABC'.charAt(i % 3);
    const writer = 'ABC'.charAt((i + 1) % 3);
    const outcomes = ['a', 'b', 'c'].map((k) => ({
      k,
      o: cluster.set(writer, `/r${i}/${k}`, 'x'),
    }));
    await cluster.run(i % 2 === 0 ? 0 : 10);
    await cluster.kill(victim);
    cluster.start(victim);
    await cluster.until(() => outcomes.every(({ o }) => o.calls > 0), 'all are answered');
    for (const { k, o } of outcomes) if (o.value !== null) acknowledged.push(`/r${i}/${k}`);
  }
  await cluster.converge();
  expect(acknowledged.length).toBeGreaterThan(20);
  for (const letter of 'ABC') {
    for (const path of acknowledged) expect(cluster.body(letter, path)).toBe('x');
  }
});

test('stop ends every wait, each once', async () => {
  const cluster = await Cluster.of('AB', byHand);
  cluster.board.cut(idOf('A'), idOf('B'));
  const [a] = [cluster.node('A')];
  const write = cluster.set('A', '/x', '1');
  const unsent = cluster.status('A').raft.role === 'leader';
  const read = cluster.read('A');
  const future: string[] = [];
  a.whenRevision(revision(1000), { ready: () => {}, failed: ({ code }) => future.push(code) });
  const change = a.changeMembership({ kind: 'add', id: idOf('Z'), address: 'z:1' }, null);
  const changed = change.then(
    () => 'made',
    (error: { code: string }) => error.code,
  );
  await cluster.clock.quiet();
  await cluster.kill('A');
  expect(write.calls).toBe(1);
  expect(write.error?.code).toBe('ERR_OUTCOME_UNKNOWN');
  expect(unsent).toBe(true);
  expect(read).toMatchObject({ calls: 1, error: { code: 'ERR_STOPPED' } });
  expect(future).toEqual(['ERR_STOPPED']);
  expect(await changed).toBe('ERR_OUTCOME_UNKNOWN');
  // Afterwards nothing waits any more.
  let late = '';
  a.propose({ kind: 'nop' }, { applied: () => {}, failed: ({ code }) => (late = code) });
  expect(late).toBe('ERR_STOPPED');
  await expect(a.transferLeadership(null)).rejects.toMatchObject({ code: 'ERR_STOPPED' });
  await a.stop();
});

test('a change of members that was not begun in time, since the disk stood still, is never begun', async () => {
  const cluster = await Cluster.found(byHand);
  cluster.store('A').isStuck = true;
  const write = cluster.set('A', '/x', '1');
  await cluster.run(100);
  const add = { kind: 'add', id: idOf('Z'), address: 'z:1' } as const;
  const changed = cluster
    .node('A')
    .changeMembership(add, null)
    .then(
      () => null,
      (error: ClusterError) => error,
    );
  await cluster.run(6000);
  cluster.store('A').isStuck = false;
  await cluster.run(1000);
  expect(await changed).toMatchObject({ code: 'ERR_TIMEOUT', effect: 'none' });
  expect(cluster.learners()).toBe('');
  expect(write).toMatchObject({ calls: 1, error: { code: 'ERR_OUTCOME_UNKNOWN' } });
  expect(cluster.body('A', '/x')).toBe('1');
});

test('a disk that refuses ends the node: nothing is promised afterwards', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  await cluster.newLeader();
  cluster.store('B').failNext = true;
  cluster.board.recording = true;
  cluster.set('A', '/x', '1');
  await cluster.clock.advance(200);
  expect(cluster.fatals).toEqual(['B: the disk refused']);
  const promises = cluster.board.sent
    .filter(({ from }) => from === idOf('B'))
    .flatMap(({ frame }) => frame.messages.map(({ kind }) => kind));
  expect(promises).not.toContain('appendReply');
  expect(cluster.status('B').life).toBe('stopped');
});

test('a change of members is refused by a follower, with the address of the leader', async () => {
  const cluster = await Cluster.of('AB', byHand);
  const follower = cluster.leader() === 'A' ? 'B' : 'A';
  const asked = cluster.node(follower).changeMembership({ kind: 'promote', id: idOf('A') }, null);
  const error = asked.catch((e: unknown) => e);
  await cluster.run(20);
  expect(await error).toMatchObject({
    code: 'ERR_NOT_LEADER',
    message: `${cluster.leader()}:8046`,
  });
});

test('a hand-over resolves once another leads, and fails when nobody takes it', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  const leader = await cluster.newLeader();
  const handed = cluster.node(leader).transferLeadership(null);
  await cluster.run(100);
  await handed;
  expect(cluster.status(leader).raft.role).toBe('follower');

  const next = await cluster.newLeader(leader);
  const to = 'ABC'.replace(next, '').charAt(0);
  cluster.board.rules.push((_from, _to, { messages }) =>
    messages.some(({ kind }) => kind === 'timeoutNow') ? { copies: 0, delayRounds: 0 } : null,
  );
  const refused = cluster
    .node(next)
    .transferLeadership(idOf(to))
    .catch((e: unknown) => e);
  await cluster.run(1000);
  expect(await refused).toMatchObject({ code: 'ERR_TIMEOUT' });
  expect(cluster.status(next).raft.role).toBe('leader');
});

test('a removed node is told so when it comes back, and harms nobody', async () => {
  const cluster = await Cluster.of('ABC', byHand);
  await cluster.newLeader();
  cluster.isolate('C');
  await cluster.change({ kind: 'remove', id: idOf('C') });
  await cluster.run(3000);
  cluster.board.heal();
  await cluster.until(() => cluster.life('C').toldRemovedBy.length > 0, 'C is told');
  const term = cluster.status(cluster.leader() ?? '').raft.term;
  await cluster.run(3000);
  expect(cluster.status(cluster.leader() ?? '').raft.term).toBe(term);
});

test('a watch that was cancelled a moment ago hears nothing more, whoever cancelled it', async () => {
  const cluster = await Cluster.of('A', byHand);
  const node = cluster.node('A');
  const told: string[] = [];
  const from = revision(cluster.status('A').revision + 1);
  const compacted = () => told.push('compacted');
  const cancels: (() => void)[] = [];
  for (const name of ['one', 'two']) {
    const event = () => {
      told.push(name);
      for (const cancel of cancels) cancel();
    };
    cancels.push(node.watch(globOf('/x'), from, { event, compacted }));
  }
  await cluster.write('A', '/x', '1');
  await cluster.write('A', '/x', '2');
  expect(told).toEqual(['one']);
});
