import type { Checksum, Disk } from '../ports/index.ts';
import { bootOf } from './hard-state.ts';
import { headerBytes, names, segmentNumber, segmentPath } from './layout.ts';
import { decodeHeader, readRing } from './segment.ts';

/**
 * Did a node live here, whose identity is lost? The identity is written last of a new folder, so without
 * it there is at most what a first start makes: a state that never booted and one empty segment. Only
 * that may be cleared away.
 */
export async function wasUsed(disk: Disk, checksum: Checksum): Promise<boolean> {
  const numbers = (await disk.list(names.log)).map(segmentNumber).filter((n) => n !== null);
  // The state is durable before there is a segment: torn, it is alone.
  if (numbers.length > 0 && (await bootOf(disk, checksum)) !== 0) return true;
  if ((await disk.list(names.snapshots)).length > 0) return true;
  if (numbers.length === 0) return false;
  if (numbers.length > 1 || numbers[0] !== 1) return true;
  const file = await disk.open(segmentPath(1), 'read');
  if (file === null) return false;
  try {
    const decoded = decodeHeader(await file.read(0, headerBytes), checksum);
    if (typeof decoded === 'string') return true;
    return (await readRing(file, decoded.seed, checksum)).length > 0;
  } finally {
    await file.close();
  }
}
