// Segments as files: made zero-filled ahead of use, given a header and a number when their turn comes.
import { assert } from '../base/index.ts';
import type { Checksum, Disk, DiskFile, Logger } from '../ports/index.ts';
import { corrupt } from './corrupt.ts';
import {
  headerBytes,
  names,
  preparedPath,
  preparingPath,
  segmentNumber,
  segmentPath,
} from './layout.ts';
import { decodeHeader, encodeHeader, type SegmentHeader } from './segment.ts';

/** A segment on disk whose header was read or written. */
export type Segment = {
  readonly path: string;
  readonly header: SegmentHeader;
  /** Every checksum in it begins from this. */
  readonly seed: number;
};

/** Zeros go to the disk in pieces, each synced: one big burst would make the log's own sync wait. */
const pieceBytes = 1024 * 1024;
const zeros = new Uint8Array(pieceBytes);

/** Makes a file of zeros and returns it open; its name is not durable yet. */
async function zeroFilled(
  disk: Disk,
  size: number,
  isStopped: () => boolean,
): Promise<DiskFile | null> {
  await disk.remove(preparingPath);
  const file = await disk.open(preparingPath, 'create');
  assert(file !== null, 'a created file is open');
  for (let at = 0; at < size; at += pieceBytes) {
    if (isStopped()) {
      await file.close();
      return null;
    }
    await file.write(at, [zeros.subarray(0, Math.min(pieceBytes, size - at))]);
    await file.sync();
  }
  await disk.rename(preparingPath, preparedPath);
  // Durable before it is renamed again: no other file of that name may come to stand for it.
  await disk.syncFolder(names.log);
  return file;
}

export type PreparedSegment = { readonly file: DiskFile; readonly size: number };

/** Fills the next segment with zeros while the log writes into this one. */
export class Preparer {
  readonly #disk: Disk;
  readonly #logger: Logger;
  #next: Promise<PreparedSegment | null> | null = null;
  /** What the background met; told to whoever needs the segment. */
  #failure: unknown = null;
  #stopped = false;

  constructor(disk: Disk, logger: Logger) {
    this.#disk = disk;
    this.#logger = logger;
  }

  start(size: number): void {
    if (this.#next !== null) return;
    this.#next = this.#prepare(size).catch((error: unknown) => {
      this.#failure = error;
      this.#logger.error({ error: String(error) }, 'next segment could not be prepared');
      return null;
    });
  }

  /** The next segment; waits if it is not ready. @throws ERR_DISK_FAILED */
  async take(size: number): Promise<PreparedSegment> {
    this.start(size);
    const prepared = await this.#next;
    this.#next = null;
    if (this.#failure !== null) throw this.#failure;
    assert(prepared !== null && prepared !== undefined, 'a log that is stopped takes no segment');
    return prepared;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const prepared = await this.#next;
    this.#next = null;
    await prepared?.file.close();
  }

  async #prepare(size: number): Promise<PreparedSegment | null> {
    const left = await this.#disk.open(preparedPath, 'write');
    if (left !== null) {
      // Whole and zero but for a header at most: it is only renamed here once all of it is durable.
      if ((await left.size()) === size) return { file: left, size };
      await left.close();
      await this.#disk.remove(preparedPath);
    }
    const file = await zeroFilled(this.#disk, size, () => this.#stopped);
    return file === null ? null : { file, size };
  }
}

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
  return { path, header, seed };
}

/** All segments in order. @throws ERR_DISK_CORRUPT for an unreadable header or a missing number. */
export async function listSegments(disk: Disk, checksum: Checksum): Promise<Segment[]> {
  const numbers = (await disk.list(names.log))
    .map(segmentNumber)
    .filter((number) => number !== null)
    .sort((a, b) => a - b);
  const segments: Segment[] = [];
  for (const number of numbers) segments.push(await readSegment(disk, checksum, number));
  for (const [i, segment] of segments.entries()) {
    const before = segments[i - 1];
    if (before === undefined || before.header.number + 1 === segment.header.number) continue;
    throw corrupt({
      file: segmentPath(before.header.number + 1),
      offset: 0,
      expected: `a segment between ${before.path} and ${segment.path}`,
      found: 'no file',
    });
  }
  return segments;
}

async function readSegment(disk: Disk, checksum: Checksum, number: number): Promise<Segment> {
  const path = segmentPath(number);
  const file = await disk.open(path, 'read');
  assert(file !== null, 'a listed segment is there');
  const block = await file.read(0, headerBytes).finally(() => file.close());
  const decoded = decodeHeader(block, checksum);
  const expected = `the header of segment ${number}`;
  if (typeof decoded === 'string')
    throw corrupt({ file: path, offset: 0, expected, found: decoded });
  if (decoded.header.number !== number) {
    throw corrupt({ file: path, offset: 0, expected, found: `that of ${decoded.header.number}` });
  }
  return { path, ...decoded };
}
