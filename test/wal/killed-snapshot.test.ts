// A node killed at any moment while it writes a snapshot, or drops the log behind it, opens again with all
// that it had promised.
import { describe, expect, test } from 'vitest';
import { logIndex, prng, sameBytes, utf8 } from '../../src/base/index.ts';
import {
  allKept,
  allLost,
  byChance,
  type MemoryDisk,
  memoryDisk,
  type Survival,
} from '../support/memory-disk.ts';
import {
  entry,
  fresh,
  hard,
  metaAt,
  open,
  persist,
  readAll,
  textIn,
  turnOfTheLoop,
  writeSnapshot,
} from './support.ts';

const body = utf8('state '.repeat(100_000));
const newest = 6;
const taken = 4;

/** Entries in three segments and an older snapshot; then a newer one, and compaction. */
async function live(disk: MemoryDisk, cutAfter: number): Promise<'done' | 'cut'> {
  const wal = await fresh(disk);
  const entries = Array.from({ length: newest }, (_, i) =>
    entry(i + 1, 1, `${i + 1}`.padEnd(2500)),
  );
  await wal.log.save(persist({ hardState: hard(1), entries }));
  await writeSnapshot(wal.snapshots, metaAt(1, 1), utf8('older'));
  for (let i = 0; i < 8; i++) await turnOfTheLoop();
  let left = cutAfter;
  disk.watch = () => {
    if (left-- <= 0) throw new Error('killed');
  };
  try {
    await writeSnapshot(wal.snapshots, metaAt(taken, 1), body);
    await wal.log.compact(logIndex(taken));
    return 'done';
  } catch {
    return 'cut';
  }
}

describe.each<[string, (seed: number) => Survival]>([
  ['nothing unsynced survives', () => allLost],
  ['everything survives', () => allKept],
  ['chance decides', (seed) => byChance(prng(seed))],
])('killed while a snapshot is written: %s', (_, survival) => {
  test('the folder opens at every operation', async () => {
    let cuts = 0;
    for (let cutAfter = 0; ; cutAfter++) {
      const disk = memoryDisk();
      const end = await live(disk, cutAfter);
      disk.crash(survival(cutAfter));
      disk.watch = () => {};
      const wal = await open(disk);
      const found = await wal.recover();
      const { index } = found.snapshot;
      expect([1, taken], `cut after ${cutAfter}`).toContain(index);
      expect(found.suspect, `cut after ${cutAfter}`).toBeNull();
      expect(found.entries.map((one) => textIn(one).trim())).toEqual(
        Array.from({ length: newest - index }, (__, i) => String(index + 1 + i)),
      );
      const source = await wal.snapshots.newest();
      const held = source === null ? null : await readAll(source);
      await source?.close();
      expect(held !== null && sameBytes(held, index === 1 ? utf8('older') : body)).toBe(true);
      expect(disk.paths().some((path) => path.endsWith('next.part'))).toBe(false);
      await wal.stop();
      if (end === 'done') {
        expect(index).toBe(taken);
        break;
      }
      cuts++;
    }
    expect(cuts).toBeGreaterThan(8);
  });
});
