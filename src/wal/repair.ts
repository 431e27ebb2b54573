import { assert } from '../base/index.ts';
import type { Disk, DiskFile } from '../ports/index.ts';
import { names, ringSlotAt, ringSlotBytes } from './layout.ts';
import type { LogImage } from './recovery.ts';
import { folderOf } from './sealed.ts';
import type { Segment } from './segments.ts';

const pieceBytes = 1024 * 1024;

/** Segments in which something was rotten are copied for people; beyond this many no more are. */
const damagedFilesMax = 8;

/**
 * Makes the disk agree with what could be read: segments behind the end go, and what lies behind the
 * end in its segment becomes zeros, so that it can never be taken for something. Called again after a
 * crash it finds the same end.
 */
export async function repair(disk: Disk, image: LogImage): Promise<void> {
  const { last, unusable, suspect, beyond } = image;
  if (suspect !== null) {
    await disk.makeFolder(names.damaged);
    for (const segment of [last, ...unusable]) await copyAside(disk, segment, image.mark.sync);
    await disk.syncFolder(names.damaged);
  }
  // From the end, so that a crash in between leaves no hole.
  for (const { path } of unusable.toReversed()) {
    await disk.remove(path);
    await disk.syncFolder(names.log);
  }
  if (beyond.dirtyTo <= beyond.dirtyFrom && image.staleSyncs.length === 0) return;
  const file = await disk.open(last.path, 'write');
  assert(file !== null, 'a listed segment is there');
  try {
    await fillZero(file, beyond.dirtyFrom, beyond.dirtyTo);
    for (const sync of image.staleSyncs) {
      await file.write(ringSlotAt(sync), [new Uint8Array(ringSlotBytes)]);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function fillZero(file: DiskFile, from: number, to: number): Promise<void> {
  const zeros = new Uint8Array(Math.min(pieceBytes, Math.max(0, to - from)));
  for (let at = from; at < to; at += zeros.length) {
    await file.write(at, [zeros.subarray(0, Math.min(zeros.length, to - at))]);
  }
}

async function copyAside(disk: Disk, { path }: Segment, sync: number): Promise<void> {
  if ((await disk.list(names.damaged)).length >= damagedFilesMax) return;
  const copy = `${names.damaged}/${path.slice(folderOf(path).length + 1)}-after-sync-${sync}`;
  if (await disk.exists(copy)) return;
  const source = await disk.open(path, 'read');
  const target = await disk.open(copy, 'create');
  assert(source !== null && target !== null, 'a listed segment is there');
  try {
    const size = await source.size();
    for (let at = 0; at < size; at += pieceBytes) {
      await target.write(at, [await source.read(at, Math.min(pieceBytes, size - at))]);
    }
    await target.sync();
  } finally {
    await source.close();
    await target.close();
  }
}
