// Nodes whose disks are full: who leads, what is taken, what is refused.
import { expect, test } from 'vitest';
import { ClusterError, type LogIndex, limits, logIndex, noIndex } from '../../src/base/index.ts';
import { SnapshotWriter } from '../../src/node/snapshot-writer.ts';
import type { Room, SnapshotStore, Upkeep } from '../../src/ports/index.ts';
import { emptyTree } from '../../src/tree/index.ts';
import { Cluster, pathOf } from '../support/cluster.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { KeptStore } from '../support/kept-store.ts';
import { metaAt } from '../wal/support.ts';

const byHand = { steward: null } as const;

/** What a node is told of its disk. */
class Gauge implements Upkeep {
  room: Room = { isFull: false, freeBytes: 1e9 };
  failure: Error | null = null;
  reserve = 1;
  rotten: (through: LogIndex) => void = () => {};

  readonly isFull = (): boolean => this.room.isFull;
  readonly look = async (): Promise<Room> => {
    if (this.failure !== null) throw this.failure;
    return this.room;
  };
  readonly spendReserve = async (): Promise<boolean> => this.reserve-- > 0;
  readonly watch = (rotten: (through: LogIndex) => void): void => {
    this.rotten = rotten;
  };

  fill(): void {
    this.room = { isFull: true, freeBytes: 0 };
  }

  clear(): void {
    this.room = { isFull: false, freeBytes: 1e9 };
  }
}

async function gauged(letters: string): Promise<{ cluster: Cluster; gauges: Map<string, Gauge> }> {
  const cluster = await Cluster.of(letters, byHand);
  const gauges = new Map([...letters].map((letter) => [letter, new Gauge()]));
  for (const [letter, upkeep] of gauges) Object.assign(cluster.store(letter).log, { upkeep });
  await cluster.run(2 * limits.diskLookMs);
  return { cluster, gauges };
}

test('a full leader hands over to the voter that has room, and sets go on', async () => {
  const { cluster, gauges } = await gauged('ABC');
  expect(cluster.leader()).toBe('A');
  gauges.get('A')?.fill();
  gauges.get('B')?.fill();
  await cluster.until(() => cluster.leader() === 'C', 'C leads');
  for (const letter of 'ABC') {
    expect((await cluster.write(letter, `/${letter}`, 'x')).value?.kind).toBe('applied');
  }
  // It stays there: nobody full takes over, and C has no reason to hand over.
  await cluster.run(2 * limits.diskTransferMs);
  expect(cluster.leader()).toBe('C');
});

test('with no room anywhere sets are refused through every node, deletes and slots are taken, until there is room', async () => {
  const { cluster, gauges } = await gauged('ABC');
  await cluster.write('A', '/old', 'x');
  await cluster.write('A', '/older', 'x');
  for (const gauge of gauges.values()) gauge.fill();
  await cluster.run(10_000);
  const leader = await cluster.newLeader();
  const { term } = cluster.status(leader).raft;
  await cluster.run(2 * limits.diskTransferMs);
  expect([cluster.leader(), cluster.status(leader).raft.term], 'nobody full takes over').toEqual([
    leader,
    term,
  ]);
  for (const letter of 'ABC') {
    const outcome = await cluster.write(letter, `/${letter}`, 'x');
    expect(outcome.error, letter).toMatchObject({
      code: 'ERR_DISK_FULL',
      effect: 'none',
      message: expect.stringContaining('deletes are taken'),
    });
    expect(cluster.body(leader, `/${letter}`)).toBeNull();
  }
  // Together in one batch: what grows is refused, the rest is taken.
  await cluster.run(2 * limits.diskLookMs);
  const [one, two] = [...'ABC'].filter((letter) => letter !== leader);
  for (const [letter, path] of [
    [leader, '/old'],
    [one ?? '', '/older'],
    [two ?? '', '/none'],
  ] as const) {
    const set = cluster.set(letter, '/together', 'x');
    const gone = cluster.propose(letter, { kind: 'delete', path: pathOf(path), guard: -1 });
    await cluster.until(() => set.calls > 0 && gone.calls > 0, `answers to ${letter}`);
    expect(set.error?.code).toBe('ERR_DISK_FULL');
    expect(gone.error).toBeNull();
    expect(gone.value).not.toBeNull();
  }
  expect(cluster.body(leader, '/old')).toBeNull();
  expect(cluster.body(leader, '/older')).toBeNull();
  expect((await cluster.write('A', '/ctl/cal/7', '')).value?.kind).toBe('applied');
  for (const gauge of gauges.values()) gauge.clear();
  await cluster.run(3 * limits.diskLookMs);
  for (const letter of 'ABC') {
    expect((await cluster.write(letter, `/${letter}`, 'x')).value?.kind).toBe('applied');
  }
});

test('a follower with a full disk takes nothing from the cluster', async () => {
  const { cluster, gauges } = await gauged('ABC');
  gauges.get('B')?.fill();
  await cluster.run(2 * limits.diskLookMs);
  for (const letter of 'ABC') {
    expect((await cluster.write(letter, `/${letter}`, 'x')).value?.kind).toBe('applied');
  }
  expect(cluster.leader()).toBe('A');
});

test('the alarm says what is the matter and what to do, once, and when it is over', async () => {
  const { cluster, gauges } = await gauged('AB');
  gauges.get('B')?.fill();
  await cluster.run(5 * limits.diskLookMs);
  gauges.get('B')?.clear();
  await cluster.run(5 * limits.diskLookMs);
  const said = cluster.life('B').logged.filter((line) => line.includes('disk'));
  expect(said).toHaveLength(2);
  expect(said[0]).toContain('disk is full');
  expect(said[1]).toContain('disk has room again');
});

test('a disk that refuses to be looked at ends the node', async () => {
  const { cluster, gauges } = await gauged('AB');
  const gauge = gauges.get('B');
  if (gauge !== undefined) gauge.failure = new Error('the disk is gone');
  await cluster.run(2 * limits.diskLookMs).catch(() => {});
  expect(cluster.life('B').fatal).toBe(gauge?.failure);
});

test('rot in something old is made good for by a snapshot at once, also of the same index, and a compaction', async () => {
  const { cluster, gauges } = await gauged('A');
  const store = cluster.store('A');
  const compacted: number[] = [];
  const { compact } = store.log;
  Object.assign(store.log, {
    compact: (through: LogIndex) => {
      compacted.push(through);
      return compact(through);
    },
  });
  await cluster.kill('A');
  cluster.start('A');
  await cluster.newLeader();
  await cluster.write('A', '/a', 'x');
  const before = store.snapshotsWritten;
  const through = logIndex(cluster.status('A').appliedIndex);
  gauges.get('A')?.rotten(through);
  await cluster.until(() => store.snapshotsWritten === before + 1, 'a snapshot is written');
  await cluster.until(() => compacted.includes(through), 'the log is dropped');
  gauges.get('A')?.rotten(through);
  await cluster.until(() => store.snapshotsWritten === before + 2, 'the snapshot is written again');
  // What is not applied yet is waited for.
  gauges.get('A')?.rotten(logIndex(through + 1));
  await cluster.run(3 * limits.diskLookMs);
  expect(store.snapshotsWritten).toBe(before + 2);
  await cluster.write('A', '/b', 'x');
  await cluster.until(() => store.snapshotsWritten === before + 3, 'a newer one is written');
  await cluster.run(5 * limits.diskLookMs);
  expect(store.snapshotsWritten).toBe(before + 3);
});

/** A snapshot writer on a disk with room for so many drafts less than are tried. */
async function write(gauge: Gauge, failures: number) {
  const clock = new FakeClock();
  const store = new KeptStore(clock);
  const noted: string[] = [];
  let left = failures;
  const snapshots: SnapshotStore = {
    ...store.snapshots,
    begin: async () => ({
      write: async () => {
        if (left-- <= 0) return;
        const cause = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
        throw new ClusterError('ERR_DISK_FAILED', 'Cannot write', { cause });
      },
      finish: async () => void noted.push('finished'),
      abort: async () => void noted.push('thrown away'),
    }),
  };
  const writer = new SnapshotWriter({
    clock,
    log: { ...store.log, compact: async () => {}, upkeep: gauge },
    snapshots,
    snapshotEveryBytes: 256,
    logKeptBytes: 0,
    pin: () => null,
    written: () => noted.push('written'),
    noRoom: () => noted.push('no room'),
    diskFailed: (error) => noted.push(`failed: ${error}`),
  });
  writer.start(emptyTree(), metaAt(1, 1), noIndex);
  await clock.quiet();
  return { noted, writer, clock };
}

test('a snapshot without room is begun anew in the room of the reserve', async () => {
  const { noted } = await write(new Gauge(), 1);
  expect(noted).toEqual(['thrown away', 'finished', 'written']);
});

test('a snapshot that finds no room at all waits, and the node goes on', async () => {
  const { noted, writer, clock } = await write(new Gauge(), 2);
  expect(noted).toEqual(['thrown away', 'thrown away', 'no room']);
  expect(writer.isWaiting).toBe(true);
  await clock.advance(limits.diskTransferMs);
  expect(writer.isWaiting).toBe(false);
  writer.start(emptyTree(), metaAt(1, 1));
  await clock.quiet();
  expect(noted.slice(3)).toEqual(['finished', 'written']);
});
