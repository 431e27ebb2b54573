// After a write or a sync that failed nothing is known of what reached the disk: nothing is tried again, and
// a restart reads back what is there (fsyncgate).
import { describe, expect, test } from 'vitest';
import { ClusterError, logIndex, utf8 } from '../../src/base/index.ts';
import type { Wal } from '../../src/wal/index.ts';
import { allKept, type MemoryDisk, memoryDisk } from '../support/memory-disk.ts';
import {
  entry,
  fresh,
  hard,
  metaAt,
  open,
  other,
  persist,
  turnOfTheLoop,
  writeSnapshot,
} from './support.ts';

const refused = () => new ClusterError('ERR_DISK_FAILED', 'Cannot sync: EIO');

type Deed = { readonly name: string; readonly run: (wal: Wal) => Promise<unknown> };

const deeds: readonly Deed[] = [
  { name: 'a save of entries', run: (wal) => save(wal, 3, 'x') },
  { name: 'a save into the next segment', run: (wal) => save(wal, 3, 'x'.repeat(9000)) },
  {
    name: 'a save of a vote',
    run: (wal) => wal.log.save(persist({ hardState: hard(2, other), before: entry(2, 1, '') })),
  },
  {
    name: 'a truncation',
    run: (wal) =>
      wal.log.save(persist({ truncateFrom: logIndex(2), entries: [entry(2, 1, 'other')] })),
  },
  { name: 'a compaction', run: (wal) => wal.log.compact(logIndex(2)) },
];

const save = (wal: Wal, index: number, text: string) =>
  wal.log.save(persist({ entries: [entry(index, 1, text)] }));

async function lived(disk: MemoryDisk): Promise<Wal> {
  const wal = await fresh(disk);
  await wal.log.save(
    persist({ hardState: hard(1), entries: [entry(1, 1, 'a'.repeat(9000)), entry(2, 1, 'b')] }),
  );
  await writeSnapshot(wal.snapshots, metaAt(1, 1), utf8('state'));
  for (let i = 0; i < 6; i++) await turnOfTheLoop();
  return wal;
}

/** Operations of the foreground that change something, one of which fails. */
async function fails(disk: MemoryDisk, at: number, run: () => Promise<unknown>) {
  let count = 0;
  let after: string[] = [];
  let failed = false;
  /** What is prepared in the background was on its way; its name may still be made durable. */
  let naming = false;
  disk.watch = (operation) => {
    if (operation.includes('prepared.part')) {
      naming = operation.startsWith('rename');
      return;
    }
    const isBackground = naming && operation === 'syncFolder log';
    if (isBackground) naming = false;
    else if (failed) after.push(operation);
    else if (count++ === at) {
      failed = true;
      throw refused();
    }
  };
  const error = await run().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  for (let i = 0; i < 6; i++) await turnOfTheLoop();
  return {
    error,
    failed,
    /** Since the failure. */
    take: () => {
      const taken = after;
      after = [];
      return taken;
    },
  };
}

describe.each(deeds)('$name', ({ run }) => {
  test('fails for good at whichever operation the disk refuses, and a restart finds what was promised', async () => {
    let operations = 0;
    for (let at = 0; ; at++) {
      const disk = memoryDisk();
      const wal = await lived(disk);
      const { error, failed, take } = await fails(disk, at, () => run(wal));
      if (!failed) break;
      operations++;
      expect(error, `operation ${at}`).toMatchObject({ code: 'ERR_DISK_FAILED' });
      // What the failure left under way, if anything, writes no more.
      expect(take(), `operation ${at}`).toEqual([]);
      for (const again of deeds) {
        await expect(again.run(wal), again.name).rejects.toBe(error);
        expect(take(), `${again.name} after operation ${at}`).toEqual([]);
      }
      await wal.stop();
      expect(take().filter((operation) => !operation.startsWith('remove lock'))).toEqual([]);
      disk.crash(allKept);
      disk.watch = () => {};
      const found = await (await open(disk)).recover();
      const { term } = found.hardState;
      expect([1, 2]).toContain(term);
      expect(found.snapshot.index).toBe(1);
      expect(found.entries[0]?.index).toBe(2);
    }
    expect(operations).toBeGreaterThan(0);
  });
});

test('a snapshot whose write or sync fails is not tried again, and the one before stays', async () => {
  let operations = 0;
  for (let at = 0; ; at++) {
    const disk = memoryDisk();
    const wal = await lived(disk);
    const { error, failed, take } = await fails(disk, at, () =>
      writeSnapshot(wal.snapshots, metaAt(2, 1), utf8('s'.repeat(600_000))),
    );
    if (!failed) break;
    operations++;
    expect(error, `operation ${at}`).toMatchObject({ code: 'ERR_DISK_FAILED' });
    expect(take(), `operation ${at}`).toEqual([]);
    await wal.stop();
    disk.crash(allKept);
    disk.watch = () => {};
    const found = await (await open(disk)).recover();
    expect([1, 2]).toContain(found.snapshot.index);
    expect(found.suspect).toBeNull();
  }
  expect(operations).toBeGreaterThan(5);
});

test('a start whose vows or repairs fail promises nothing', async () => {
  let operations = 0;
  for (let at = 0; ; at++) {
    const disk = memoryDisk();
    await (await lived(disk)).stop();
    disk.rot('log/00000002.seg', 12_288 + 50);
    const { error, failed, take } = await fails(disk, at, async () => (await open(disk)).recover());
    if (!failed) break;
    operations++;
    expect(error, `operation ${at}`).toMatchObject({ code: 'ERR_DISK_FAILED' });
    expect(take()).toEqual([]);
    disk.crash(allKept);
    disk.watch = () => {};
    const found = await (await open(disk)).recover();
    expect(found.suspect?.index, `operation ${at}`).toBe(2);
  }
  expect(operations).toBeGreaterThan(4);
});
