// States that a majority condemned, kept for people.
import { expect, test } from 'vitest';
import { limits, must, utf8 } from '../../src/base/index.ts';
import { memoryDisk } from '../support/memory-disk.ts';
import { at, entry, fresh, hard, metaAt, open, persist, writeSnapshot } from './support.ts';

async function keep(
  store: Awaited<ReturnType<typeof open>>['snapshots'],
  index: number,
  text: string,
): Promise<boolean> {
  const sink = (await store.setAside?.(metaAt(index, 1))) ?? null;
  if (sink === null) return false;
  await sink.write(utf8(text));
  await sink.finish();
  return true;
}

test('what is set aside is no snapshot, now or after a restart', async () => {
  const disk = memoryDisk();
  const wal = await fresh(disk);
  await wal.log.save(
    persist({ hardState: hard(1), entries: [entry(1, 1, 'a'), entry(2, 1, 'b')] }),
  );
  await writeSnapshot(wal.snapshots, metaAt(1, 1), utf8('right'));
  expect(await keep(wal.snapshots, 2, 'wrong')).toBe(true);
  const before = must(await wal.snapshots.newest(), 'there is one');
  expect(before.meta.index).toBe(1);
  await before.close();
  await wal.stop();
  expect(await disk.list('damaged')).toEqual(['state-0000000000000002-0000000000000001.snap']);
  const again = await open(disk);
  const found = await again.recover();
  expect(found.snapshot.index).toBe(1);
  expect(found.entries.at(-1)?.index).toBe(at(2, 1).index);
  await again.stop();
});

test('one is kept of each index, and so many in all', async () => {
  const disk = memoryDisk();
  const wal = await fresh(disk);
  expect(await keep(wal.snapshots, 5, 'one')).toBe(true);
  expect(await keep(wal.snapshots, 5, 'two')).toBe(false);
  for (let n = 1; n < limits.evidenceMax; n++) {
    expect(await keep(wal.snapshots, 5 + n, 'more')).toBe(true);
  }
  expect(await keep(wal.snapshots, 50, 'too many')).toBe(false);
  expect((await disk.list('damaged')).length).toBe(limits.evidenceMax);
  await wal.stop();
});

test('what is given up leaves nothing behind', async () => {
  const disk = memoryDisk();
  const wal = await fresh(disk);
  const sink = must((await wal.snapshots.setAside?.(metaAt(3, 1))) ?? null, 'there is room');
  await sink.write(utf8('half'));
  await sink.abort();
  expect(await disk.list('damaged')).toEqual([]);
  await wal.stop();
});
