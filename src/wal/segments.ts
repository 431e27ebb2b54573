// Segments as files: made zero-filled ahead of use, given a header and a number when their turn comes.
import type { Checksum, Disk } from '../ports/index.ts';
import { corrupt, type Damage, isLaterRelease } from './corrupt.ts';
import {
  headerBytes,
  names,
  preparedPath,
  sealAt,
  sealBytes,
  segmentNumber,
  segmentPath,
} from './layout.ts';
import { openListed } from './listed.ts';
import type { PreparedSegment } from './preparer.ts';
import {
  decodeHeader,
  decodeSeal,
  encodeHeader,
  encodeSeal,
  type SegmentHeader,
} from './segment.ts';

/** A segment on disk whose header was read or written. */
export type Segment = {
  readonly path: string;
  readonly header: SegmentHeader;
  /** Every checksum in it begins from this. */
  readonly seed: number;
  /** The segment that was begun after it, as it says itself. */
  readonly seal: number | null;
};

/**
 * Gives a prepared segment its header and its number. The header is durable before the name is, so a
 * numbered segment without one is rotten, never torn.
 */
export async function beginSegment(
  disk: Disk,
  checksum: Checksum,
  prepared: PreparedSegment,
  header: SegmentHeader,
): Promise<Segment> {
  const { block, seed } = encodeHeader(header, checksum);
  const path = segmentPath(header.number);
  await prepared.file.write(0, [block]);
  await prepared.file.sync();
  await disk.rename(preparedPath, path);
  await disk.syncFolder(names.log);
  return { path, header, seed, seal: null };
}

/** A place in the row of segments where none can be read. */
export type Gap = {
  readonly number: number;
  readonly path: string;
  /** There is a file, but not with a header of ours. */
  readonly isThere: boolean;
  readonly damage: Damage;
};

export const isGap = (place: Segment | Gap): place is Gap => 'damage' in place;

/** All segments in order of number, with what is missing or cannot be read between them. */
export async function listSegments(disk: Disk, checksum: Checksum): Promise<(Segment | Gap)[]> {
  const numbers = (await disk.list(names.log))
    .map(segmentNumber)
    .filter((number) => number !== null)
    .sort((a, b) => a - b);
  const places: (Segment | Gap)[] = [];
  let before: number | null = null;
  for (const number of numbers) {
    if (before !== null && number > before + 1) places.push(missing(before + 1, before, number));
    before = number;
    places.push(await readSegment(disk, checksum, number));
  }
  const last = places.at(-1);
  if (last !== undefined && !isGap(last) && last.seal !== null && last.seal > last.header.number) {
    places.push(missing(last.header.number + 1, last.header.number, null));
  }
  return places;
}

/** One gap stands for however many files are missing in a row. */
function missing(number: number, before: number, after: number | null): Gap {
  const path = segmentPath(number);
  const expected =
    after === null
      ? `the segment that was begun after ${segmentPath(before)}`
      : `a segment between ${segmentPath(before)} and ${segmentPath(after)}`;
  const damage = { file: path, offset: 0, expected, found: 'no file' };
  return { number, path, isThere: false, damage };
}

async function readSegment(disk: Disk, checksum: Checksum, number: number): Promise<Segment | Gap> {
  const path = segmentPath(number);
  const file = await openListed(disk, path, 'read');
  const block = await file.read(0, headerBytes).finally(() => file.close());
  const decoded = decodeHeader(block, checksum);
  const expected = `the header of segment ${number}`;
  const gap = (found: string): Gap => {
    const damage = { file: path, offset: 0, expected, found };
    return { number, path, isThere: true, damage };
  };
  if (typeof decoded === 'string') {
    // Sound bytes of a later release: nothing of it may be taken for damage.
    const unread = gap(decoded);
    if (isLaterRelease(unread.damage)) throw corrupt(unread.damage);
    return unread;
  }
  if (decoded.header.number !== number) return gap(`that of ${decoded.header.number}`);
  return { path, ...decoded, seal: decodeSeal(block, checksum) };
}

/** Says in `path`, durably, that a segment follows; or that none does. */
export async function writeSeal(
  disk: Disk,
  checksum: Checksum,
  path: string,
  next: number | null,
): Promise<void> {
  const file = await disk.open(path, 'write');
  if (file === null) {
    throw corrupt({ file: path, offset: 0, expected: 'a segment in use', found: 'no file' });
  }
  try {
    await file.write(sealAt, [
      next === null ? new Uint8Array(sealBytes) : encodeSeal(next, checksum),
    ]);
    await file.sync();
  } finally {
    await file.close();
  }
}
