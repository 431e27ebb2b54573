// How long leases last: by whoever leads, through elections, standstills and splits.
import { describe, expect, test } from 'vitest';
import { leaseId, utf8 } from '../../src/base/index.ts';
import { LeaseQueue } from '../../src/node/lease-queue.ts';
import { fileAt } from '../../src/tree/index.ts';
import { Cluster, pathOf } from '../support/cluster.ts';

const lengthMs = 3000;

/** A lease with one file, /mine, granted through the node. */
async function grant(cluster: Cluster, letter: string, at = '/mine'): Promise<number> {
  const granted = cluster.propose(letter, { kind: 'grant', lengthMs, window: 0 });
  await cluster.until(() => granted.calls > 0, 'a lease is granted');
  if (granted.value?.kind !== 'granted') throw new Error(`not granted: ${granted.error}`);
  const { lease } = granted.value;
  const put = cluster.propose(letter, {
    kind: 'set',
    path: pathOf(at),
    body: utf8('x'),
    guard: -1,
    lease,
  });
  await cluster.until(() => put.calls > 0, 'the file is there');
  return lease;
}

const isThere = (cluster: Cluster, letter: string, at = '/mine'): boolean =>
  fileAt(cluster.node(letter).view(), pathOf(at)) !== null;

async function keep(cluster: Cluster, letter: string, lease: number): Promise<number> {
  const kept = cluster.keepAlive(letter, [lease]);
  await cluster.until(() => kept.calls > 0, 'the sign of life is answered');
  return kept.value?.[0] ?? -1;
}

describe('a lease', () => {
  test('ends its length after it was granted, on every node, and not before', async () => {
    const cluster = await Cluster.of('ABC');
    await grant(cluster, 'B');
    await cluster.run(lengthMs - 200);
    expect(isThere(cluster, 'A')).toBe(true);
    await cluster.until(() => !isThere(cluster, 'C'), 'its file is gone', 1000);
    await cluster.converge();
    expect(cluster.node('B').view().leases.size).toBe(0);
  });

  test('goes on as long as signs of life come, through any node', async () => {
    const cluster = await Cluster.of('ABC');
    const lease = await grant(cluster, 'A');
    for (const letter of ['A', 'B', 'C', 'B']) {
      await cluster.run(lengthMs - 500);
      expect(await keep(cluster, letter, lease)).toBeGreaterThan(lengthMs - 200);
    }
    await cluster.until(() => !isThere(cluster, 'A'), 'it ends when they stop', lengthMs + 500);
    expect(await keep(cluster, 'B', lease)).toBe(0);
  });

  test('is not renewed by a question', async () => {
    const cluster = await Cluster.of('ABC');
    const lease = await grant(cluster, 'A');
    await cluster.run(lengthMs / 2);
    const asked = cluster.keepAlive('C', [lease, 999], false);
    await cluster.until(() => asked.calls > 0, 'the question is answered');
    expect(asked.value?.[0]).toBeLessThan(lengthMs / 2 + 100);
    expect(asked.value?.[1]).toBe(0);
    await cluster.until(() => !isThere(cluster, 'A'), 'it ends all the same', lengthMs / 2 + 500);
  });

  test('lasts its whole length again under another leader', async () => {
    const cluster = await Cluster.of('ABC');
    const lease = await grant(cluster, 'B');
    await cluster.run(lengthMs - 300);
    await cluster.kill('A');
    const next = await cluster.newLeader('A');
    await cluster.run(lengthMs - 500);
    expect(isThere(cluster, next)).toBe(true);
    const other = next === 'B' ? 'C' : 'B';
    expect(await keep(cluster, other, lease)).toBeGreaterThan(lengthMs - 200);
    await cluster.until(() => !isThere(cluster, next), 'it ends', lengthMs + 500);
  });

  test('is answered for by nobody who may be deposed', async () => {
    const cluster = await Cluster.of('ABC');
    const lease = await grant(cluster, 'B');
    cluster.isolate('A');
    const asked = cluster.keepAlive('A', [lease]);
    const next = await cluster.newLeader('A');
    await cluster.until(() => asked.calls > 0, 'the old leader gives up');
    expect(asked.error?.code).toBe('ERR_NO_LEADER');
    await cluster.until(() => !isThere(cluster, next), 'it ends where the majority is', 9000);
  });

  test('outlives a standstill of its leader by as much', async () => {
    const cluster = await Cluster.found();
    await grant(cluster, 'A');
    await cluster.run(1000);
    // Its ticker is late by far more than the lease was long.
    await cluster.clock.stall(3 * lengthMs);
    expect(isThere(cluster, 'A')).toBe(true);
    await cluster.until(() => !isThere(cluster, 'A'), 'it ends in time', lengthMs);
  });

  test('ends with a thousand others, some in each entry, and whoever writes comes in between', async () => {
    const cluster = await Cluster.of('ABC');
    const granted = Array.from({ length: 1000 }, () =>
      cluster.propose('A', { kind: 'grant', lengthMs, window: 0 }),
    );
    await cluster.until(() => granted.every(({ calls }) => calls > 0), 'all are granted');
    const puts = granted.map(({ value }, i) => {
      if (value?.kind !== 'granted') throw new Error('granted');
      const { lease } = value;
      const path = pathOf(`/many/${i}`);
      return cluster.propose('A', { kind: 'set', path, body: utf8(''), guard: -1, lease });
    });
    await cluster.until(() => puts.every(({ calls }) => calls > 0), 'all have a file');
    const before = cluster.status('A').raft.last.index;
    await cluster.until(
      () => cluster.node('A').view().leases.size === 0,
      'all end',
      lengthMs + 1000,
    );
    const entries = cluster.status('A').raft.last.index - before;
    expect(entries).toBeGreaterThanOrEqual(4);
    expect(entries).toBeLessThan(100);
  });
});

test('a sign of life waits for its leader, and gives up in time', async () => {
  const cluster = await Cluster.of('ABC');
  const lease = await grant(cluster, 'B');
  await cluster.kill('A');
  await cluster.kill('C');
  const asked = cluster.keepAlive('B', [lease]);
  // No longer than the shortest lease: its holder may be gone, and the leader would count from then on.
  await cluster.until(() => asked.calls > 0, 'it gives up', 2000);
  expect(asked.error?.code).toBe('ERR_NO_LEADER');
});

describe('the queue of leases', () => {
  test('gives each out once, after its end and soon', () => {
    const queue = new LeaseQueue(1000);
    queue.add(leaseId(1), 1500);
    queue.add(leaseId(2), 900);
    queue.add(leaseId(3), 90_000);
    expect(queue.due(1049)).toEqual([2]);
    expect(queue.due(1499)).toEqual([]);
    expect(queue.due(1560)).toEqual([1]);
    // Far ahead at once.
    expect(queue.due(10_000_000)).toEqual([3]);
    queue.add(leaseId(4), 5);
    expect(queue.due(10_000_100)).toEqual([4]);
  });
});
