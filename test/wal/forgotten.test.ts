// D4: what a folder lost without a record that rotted, and that a start must see all the same.
import { expect, test } from 'vitest';
import { must, utf8 } from '../../src/base/index.ts';
import { checksum } from '../../src/platform/index.ts';
import type { Disk } from '../../src/ports/index.ts';
import { decodeHeader, encodeHeader } from '../../src/wal/segment.ts';
import { memoryDisk } from '../support/memory-disk.ts';
import { at, entry, fresh, hard, metaAt, open, persist, writeSnapshot } from './support.ts';

async function put(disk: Disk, path: string, how: 'create' | 'write', bytes: Uint8Array) {
  const file = must(await disk.open(path, how), 'it is there');
  await file.write(0, [bytes]);
  await file.sync();
  await file.close();
}

test('a last segment under an older header than its records is lost', async () => {
  const disk = memoryDisk();
  const wal = await fresh(disk);
  const big = 'x'.repeat(3000);
  await wal.log.save(persist({ hardState: hard(1), entries: [entry(1, 1, big)] }));
  await wal.log.save(persist({ entries: [entry(2, 1, big)] }));
  await wal.stop();
  const path = 'log/00000002.seg';
  const decoded = decodeHeader(disk.peek(path).subarray(0, 4096), checksum);
  if (typeof decoded === 'string') throw new Error(decoded);
  const { header } = decoded;
  expect(header.previousSync).toBe(1);
  const old = { ...header, previous: at(0, 0), previousSync: 0, previousChecksum: 0 };
  await put(disk, path, 'write', encodeHeader(old, checksum).block);
  const again = await open(disk);
  await expect(again.recover()).rejects.toMatchObject({ code: 'ERR_DISK_CORRUPT', isLost: true });
  await again.stop();
});

test('entries of a log that contradicts its snapshot are not forgotten in silence', async () => {
  const other = memoryDisk();
  const before = await fresh(other);
  const old = [entry(1, 1, 'a'), entry(2, 1, 'b'), entry(3, 1, 'c')];
  await before.log.save(persist({ hardState: hard(1), entries: old }));
  await writeSnapshot(before.snapshots, metaAt(3, 1), utf8('state'));
  await before.stop();

  const disk = memoryDisk();
  const wal = await fresh(disk);
  const others = [1, 2, 3, 4, 5].map((index) => entry(index, 2, 'x'));
  await wal.log.save(persist({ hardState: hard(2), entries: others }));
  await wal.stop();
  const [snapshot = ''] = await other.list('snapshots');
  await put(disk, `snapshots/${snapshot}`, 'create', other.peek(`snapshots/${snapshot}`));
  await disk.syncFolder('snapshots');

  for (let i = 0; i < 2; i++) {
    const again = await open(disk);
    const found = await again.recover();
    expect(found.snapshot.index).toBe(3);
    expect(found.entries).toEqual([]);
    expect(found.suspect).toEqual(at(5, 2));
    await again.stop();
  }
});
