import { assert } from '../base/index.ts';
import type { Checksum, Disk, DiskFile } from '../ports/index.ts';
import { copyForPeople } from './damaged.ts';
import { names, ringSlotAt, ringSlotBytes } from './layout.ts';
import type { LogImage } from './recovery.ts';
import { writeSeal } from './segments.ts';

const pieceBytes = 1024 * 1024;

/**
 * Makes the disk agree with what could be read: segments behind the end go, and what lies behind the
 * end in its segment becomes zeros, so that it can never be taken for something. Called again after a
 * crash it finds the same end.
 */
export async function repair(disk: Disk, checksum: Checksum, image: LogImage): Promise<void> {
  const { last, unusable, suspect, beyond } = image;
  if (suspect !== null) {
    for (const { path } of [last, ...unusable]) {
      await copyForPeople(disk, path, `after-sync-${image.mark.sync}`);
    }
    await disk.syncFolder(names.damaged);
  }
  // Before what it names goes: a seal without its segment means a loss.
  if (last.seal !== null) await writeSeal(disk, checksum, last.path, null);
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
