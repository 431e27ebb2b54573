import type { Checksum, Disk, DiskFile } from '../ports/index.ts';
import type { Position } from '../raft/index.ts';
import { copyForPeople } from './damaged.ts';
import { names, ringSlotAt, ringSlotBytes } from './layout.ts';
import { openListed } from './listed.ts';
import type { LogImage } from './recovery.ts';
import { encodeRingEntry, ringEntryBytes } from './segment.ts';
import { writeSeal } from './segments.ts';

const pieceBytes = 1024 * 1024;

/**
 * Makes the disk agree with what could be read: segments behind the end go, and what lies behind the
 * end in its segment becomes zeros, so that it can never be taken for something. Called again after a
 * crash it finds the same end.
 */
export async function repair(disk: Disk, checksum: Checksum, image: LogImage): Promise<void> {
  const { last, unusable, damage, beyond, truncatedTo, mark } = image;
  // The slot that tells of a truncation is there before other evidence goes, and stays until the log
  // tells of it again, in a sync of that number.
  const isKept = (sync: number): boolean => truncatedTo !== null && sync === mark.sync + 1;
  const staleSyncs = image.staleSyncs.filter((sync) => !isKept(sync));
  if (damage !== null) {
    for (const { path } of [last, ...unusable]) {
      await copyForPeople(disk, path, `after-sync-${image.mark.sync}`);
    }
    await disk.syncFolder(names.damaged);
  }
  const isTold = unusable.length === 0 && image.staleSyncs.every(isKept);
  if (truncatedTo !== null && !isTold) await writeSlot(disk, checksum, image, truncatedTo);
  // Before what it names goes: a seal without its segment means a loss.
  if (last.seal !== null) await writeSeal(disk, checksum, last.path, null);
  // From the end, so that a crash in between leaves no hole.
  for (const { path } of unusable.toReversed()) {
    await disk.remove(path);
    await disk.syncFolder(names.log);
  }
  if (beyond.dirtyTo <= beyond.dirtyFrom && staleSyncs.length === 0) return;
  const file = await openListed(disk, last.path, 'write');
  try {
    await fillZero(file, beyond.dirtyFrom, beyond.dirtyTo);
    for (const sync of staleSyncs) {
      await file.write(ringSlotAt(sync), [new Uint8Array(ringSlotBytes)]);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Says in the next sync's slot where the log ended. */
async function writeSlot(
  disk: Disk,
  checksum: Checksum,
  { last: segment, mark }: LogImage,
  last: Position,
): Promise<void> {
  const file = await openListed(disk, segment.path, 'write');
  const sync = mark.sync + 1;
  const slot = new Uint8Array(ringEntryBytes);
  const entry = { sync, last, end: mark.offset, checksum: mark.chain };
  encodeRingEntry(slot, entry, segment.seed, checksum);
  try {
    await file.write(ringSlotAt(sync), [slot]);
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
