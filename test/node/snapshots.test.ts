// A follower whose place in the log is gone is fed a snapshot. Small logs make that happen soon.
import { expect, test } from 'vitest';
import { limits, type NodeId, revision } from '../../src/base/index.ts';
import { Cluster, globOf, idOf } from '../support/cluster.ts';

const smallLogs = {
  steward: null,
  node: { snapshotEveryBytes: 4000, logKeptBytes: 500 },
} as const;
const body = 'x'.repeat(200);

async function fill(cluster: Cluster, count: number, prefix = '/k'): Promise<void> {
  for (let i = 0; i < count; i++) {
    cluster.set(cluster.leader() ?? 'A', `${prefix}/${i}`, body);
    if (i % 5 === 4) await cluster.run(10);
  }
  await cluster.converge();
}

const isPiece = (to: NodeId) => (_from: NodeId, receiver: NodeId, frame: Frame) =>
  receiver === to && frame.nodeMessages.some(({ kind }) => kind === 'snapshotPiece');
type Frame = { readonly nodeMessages: readonly { readonly kind: string }[] };

test('a log that has grown enough is replaced by a snapshot, and a restart begins with it', async () => {
  const cluster = await Cluster.of('AB', smallLogs);
  await fill(cluster, 100);
  for (const letter of 'AB') {
    expect(cluster.store(letter).snapshotsWritten).toBeGreaterThan(1);
    expect(cluster.status(letter).raft.firstIndex).toBeGreaterThan(50);
  }
  const { filesDigest } = cluster.node('B').view();
  await cluster.kill('B');
  cluster.start('B');
  expect(cluster.status('B').appliedIndex).toBeGreaterThan(50);
  await cluster.converge();
  expect(cluster.node('B').view().filesDigest).toEqual(filesDigest);
});

test('a joiner is fed by snapshot while writes go on, and catches up', async () => {
  const cluster = await Cluster.of('AB', smallLogs);
  await fill(cluster, 100);
  cluster.start('C');
  await cluster.change({ kind: 'add', id: idOf('C'), address: 'C:8046' });
  for (let i = 0; i < 200; i++) {
    cluster.set('A', `/while/${i}`, body);
    await cluster.run(10);
  }
  await cluster.converge();
  expect(cluster.status('C').raft.firstIndex).toBeGreaterThan(50);
  expect(cluster.body('C', '/k/0')).toBe(body);
  expect(cluster.body('C', '/while/199')).toBe(body);
  await cluster.change({ kind: 'promote', id: idOf('C') });
  expect(cluster.voters()).toBe('ABC');
});

test('the log stays for a joiner that is being fed: one snapshot is enough', async () => {
  const cluster = await Cluster.of('AB', smallLogs);
  await fill(cluster, 100);
  const leader = await cluster.newLeader();
  const { snapshotsWritten } = cluster.store(leader);
  // Nothing of the snapshot arrives while the leader writes the next one.
  const isHeld = isPiece(idOf('C'));
  cluster.board.rules.push((from, to, frame) =>
    isHeld(from, to, frame) ? { copies: 0, delayRounds: 0 } : null,
  );
  cluster.board.recording = true;
  cluster.start('C');
  await cluster.change({ kind: 'add', id: idOf('C'), address: 'C:8046' });
  await cluster.run(200);
  for (let i = 0; i < 25; i++) await cluster.write('A', `/while/${i}`, body);
  expect(cluster.store(leader).snapshotsWritten).toBeGreaterThan(snapshotsWritten);
  cluster.board.rules.length = 0;
  await cluster.converge();
  const fed = cluster.board.sent
    .filter(({ to }) => to === idOf('C'))
    .flatMap(({ frame }) => frame.nodeMessages)
    .flatMap((message) => (message.kind === 'snapshotPiece' ? [message.index] : []));
  expect(fed.length).toBeGreaterThan(1);
  expect(new Set(fed).size).toBe(1);
  expect(cluster.body('C', '/while/24')).toBe(body);
});

test('two joiners at once', async () => {
  const cluster = await Cluster.of('AB', smallLogs);
  await fill(cluster, 100);
  for (const letter of 'CD') {
    cluster.start(letter);
    await cluster.change({ kind: 'add', id: idOf(letter), address: `${letter}:8046` });
  }
  await fill(cluster, 60, '/while');
  for (const letter of 'CD') expect(cluster.body(letter, '/k/0')).toBe(body);
});

test('a joiner whose pieces are lost or come twice is fed all the same', async () => {
  const cluster = await Cluster.of('AB', smallLogs);
  await fill(cluster, 100);
  let n = 0;
  const toC = isPiece(idOf('C'));
  cluster.board.rules.push((from, to, frame) => {
    if (!toC(from, to, frame)) return null;
    n++;
    return { copies: n % 3, delayRounds: 0 };
  });
  await cluster.attach('C');
  expect(n).toBeGreaterThan(0);
  expect(cluster.body('C', '/k/99')).toBe(body);
});

test('a leader that dies while it feeds a joiner leaves that to the next one', async () => {
  const cluster = await Cluster.of('ABD', smallLogs);
  await fill(cluster, 100);
  const leader = await cluster.newLeader();
  cluster.board.rules.push((from, to, frame) =>
    from === idOf(leader) && isPiece(idOf('C'))(from, to, frame)
      ? { copies: 0, delayRounds: 0 }
      : null,
  );
  cluster.start('C');
  await cluster.change({ kind: 'add', id: idOf('C'), address: 'C:8046' });
  await cluster.run(300);
  expect(cluster.body('C', '/k/0')).toBe(null);
  await cluster.kill(leader);
  await cluster.newLeader(leader);
  await cluster.converge();
  expect(cluster.body('C', '/k/0')).toBe(body);
});

test('a snapshot that jumps over entries tells who waited for them', async () => {
  const longWaits = { ...smallLogs, node: { ...smallLogs.node, requestTimeoutMs: 60_000 } };
  const cluster = await Cluster.of('ABC', longWaits);
  const leader = await cluster.newLeader();
  const [away] = ['A', 'B', 'C'].filter((letter) => letter !== leader);
  if (away === undefined) throw new Error('one of three does not lead');
  const node = cluster.node(away);
  const at = cluster.status(away).revision;
  const told: string[] = [];
  const watcher = (name: string) => ({
    event: () => told.push(`${name} event`),
    compacted: () => told.push(`${name} compacted`),
  });
  node.wait(globOf('/k/1'), revision(at + 1), watcher('wait'));
  node.watch(globOf('/**'), revision(at + 1), watcher('watch'));
  const cancel = node.watch(globOf('/**'), revision(at + 1), watcher('cancelled'));
  cancel();
  node.wait(globOf('/later'), revision(at + 1000), watcher('future'));
  node.whenRevision(revision(at + 5), {
    ready: () => told.push('revision ready'),
    failed: ({ code }) => told.push(`revision ${code}`),
  });
  // Handed on, and nobody will ever say what became of it.
  cluster.isolate(away);
  const handedOn = cluster.set(away, '/mine', '1');
  await cluster.run(100);
  for (let i = 0; i < 100; i++) {
    cluster.set(leader, `/k/${i}`, body);
    await cluster.run(10);
  }
  expect(told).toEqual([]);
  cluster.board.heal();
  await cluster.converge();
  expect(cluster.body(away, '/k/99')).toBe(body);
  expect(handedOn).toMatchObject({ calls: 1, error: { code: 'ERR_OUTCOME_UNKNOWN' } });
  expect(told.sort()).toEqual(['revision ERR_COMPACTED', 'wait compacted', 'watch compacted']);
  expect(cluster.node(away).oldestRevision()).toBeGreaterThan(at + 50);
});

test('at most so many streams run at once; the others wait their turn', async () => {
  const cluster = await Cluster.of('AB', smallLogs);
  await fill(cluster, 100);
  const letters = 'CDEFGH'.split('');
  expect(letters.length).toBeGreaterThan(limits.snapshotStreamsMax);
  for (const letter of letters) {
    cluster.start(letter);
    await cluster.change({ kind: 'add', id: idOf(letter), address: `${letter}:8046` });
  }
  await cluster.converge();
  for (const letter of letters) expect(cluster.body(letter, '/k/99')).toBe(body);
});

test('a disk that refuses a snapshot ends the node: it promises nothing afterwards', async () => {
  const cluster = await Cluster.of('ABC', smallLogs);
  const leader = await cluster.newLeader();
  const victim = leader === 'C' ? 'B' : 'C';
  cluster.store(victim).failSnapshots = true;
  for (let i = 0; i < 60; i++) cluster.set(leader, `/k/${i}`, body);
  await cluster.clock.advance(100);
  expect(cluster.fatals).toEqual([`${victim}: the disk refused`]);
  const { saves } = cluster.store(victim);
  cluster.board.recording = true;
  for (let i = 0; i < 60; i++) cluster.set(leader, `/more/${i}`, body);
  await cluster.clock.advance(1000);
  expect(cluster.store(victim).saves).toBe(saves);
  expect(cluster.board.sent.filter(({ from }) => from === idOf(victim))).toEqual([]);
});
