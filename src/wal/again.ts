// What a restart reads may never have reached the disk: a process that was killed leaves what it wrote
// with the system, and after a sync that failed the system may go on showing what it has dropped
// (fsyncgate; Rebello et al., ATC 2020). Only the last sync of a log can be in doubt, since each is
// durable before the next begins, and the head of the last segment. Before anything is promised that
// rests on them they are written again: first aside, whole, so that a power cut on the way spoils nothing
// that was durable before.
import type { Checksum, Disk, DiskFile } from '../ports/index.ts';
import { corrupt, type Damage } from './corrupt.ts';
import { FieldError, FieldReader, FieldWriter, joined } from './fields.ts';
import { names, recordsFrom, ringSlotAt } from './layout.ts';
import { openListed } from './listed.ts';
import type { LogImage } from './recovery.ts';
import { type Form, readWhole, seal, unseal, writeAside } from './sealed.ts';
import { encodeRingEntry, ringEntryBytes } from './segment.ts';

/** Version 1: text path of a segment, u64 count, for each piece u64 offset and u64 length; then the bytes. */
const form: Form = { magic: 'dzr-agin', version: 1 };
const path = `${names.log}/again`;

type Piece = { readonly offset: number; readonly bytes: Uint8Array };
type Again = { readonly segment: string; readonly pieces: readonly Piece[] };

/** Makes the head of the last segment and the last sync durable, as they were read; its ring slot too. */
export async function writeAgain(disk: Disk, checksum: Checksum, image: LogImage): Promise<void> {
  const { last, lastFrom, mark } = image;
  const file = await openListed(disk, last.path, 'read');
  const [head, sync] = await Promise.all([
    file.read(0, recordsFrom),
    file.read(lastFrom, mark.offset - lastFrom),
  ]).finally(() => file.close());
  if (sync.length > 0) fillSlot(head, image, checksum);
  const pieces = [
    { offset: lastFrom, bytes: sync },
    { offset: 0, bytes: head },
  ];
  await writeAside(disk, path, seal(form, encode(last.path, pieces), checksum));
  await writeInPlace(disk, last.path, pieces);
  await forget(disk);
}

/** A power cut may have kept the records and lost the slot that tells of them. */
function fillSlot(head: Uint8Array, { last, mark, replay }: LogImage, checksum: Checksum): void {
  const slot = ringSlotAt(mark.sync);
  const entry = {
    sync: mark.sync,
    last: replay.tally.last,
    end: mark.offset,
    checksum: mark.chain,
  };
  encodeRingEntry(head.subarray(slot, slot + ringEntryBytes), entry, last.seed, checksum);
}

function encode(segment: string, pieces: readonly Piece[]): Uint8Array {
  const head = new FieldWriter().text(segment).whole(pieces.length);
  for (const { offset, bytes } of pieces) head.whole(offset).whole(bytes.length);
  return joined([head.finish(), ...pieces.map(({ bytes }) => bytes)]);
}

/** Ends what a crash interrupted. Nothing was written to the log since. */
export async function finishWriteAgain(disk: Disk, checksum: Checksum): Promise<void> {
  const found = await readAgain(disk, checksum);
  if (found === null) return;
  // One that rotted is not needed: what a power cut tore meanwhile shows as such.
  if (typeof found !== 'string' && (await disk.exists(found.segment))) {
    await writeInPlace(disk, found.segment, found.pieces);
  }
  await forget(disk);
}

/** What a start that was interrupted left to be done; `null`: none was. */
type Interrupted = {
  readonly damage: Damage;
  /** For people. */
  readonly means: string;
  /** The folder as a start finds it once that is done. */
  readonly disk: Disk;
};

/** Looks, and changes nothing. */
export async function interruptedStart(
  disk: Disk,
  checksum: Checksum,
): Promise<Interrupted | null> {
  const found = await readAgain(disk, checksum);
  if (found === null) return null;
  const left = (what: string) => ({ file: path, offset: 0, expected: 'no file', found: what });
  if (typeof found === 'string') return { damage: left(found), means: rotten, disk };
  const damage = left(`a copy of the end of ${found.segment}`);
  return { damage, means: toFinish, disk: withAgain(disk, found) };
}

const toFinish =
  'a start was interrupted while it made the end of the log durable: nothing is lost; the next start finishes it';
const rotten =
  'a start was interrupted, and its copy of the end of the log rotted: the log itself shows whether any of it is lost; the next start removes the copy';

/** `null`: no file; in words what is wrong with it. */
async function readAgain(disk: Disk, checksum: Checksum): Promise<Again | string | null> {
  const bytes = await readWhole(disk, path);
  if (bytes === null) return null;
  const sealed = unseal(form, bytes, checksum);
  return typeof sealed === 'string' ? sealed : decode(sealed.body);
}

/** Reads the segment as if it were written again already. */
const withAgain = (disk: Disk, { segment, pieces }: Again): Disk => ({
  name: disk.name,
  list: (folder) => disk.list(folder),
  exists: (name) => disk.exists(name),
  makeFolder: (folder) => disk.makeFolder(folder),
  rename: (from, to) => disk.rename(from, to),
  remove: (name) => disk.remove(name),
  syncFolder: (folder) => disk.syncFolder(folder),
  lock: (name) => disk.lock(name),
  open: async (name, how) => {
    const file = await disk.open(name, how);
    return file === null || name !== segment ? file : covered(file, pieces);
  },
});

const covered = (file: DiskFile, pieces: readonly Piece[]): DiskFile => ({
  write: (position, parts) => file.write(position, parts),
  sync: () => file.sync(),
  truncate: (size) => file.truncate(size),
  size: () => file.size(),
  close: () => file.close(),
  read: async (position, length) => {
    const bytes = (await file.read(position, length)).slice();
    for (const piece of pieces) {
      const from = Math.max(position, piece.offset);
      const to = Math.min(position + bytes.length, piece.offset + piece.bytes.length);
      if (from >= to) continue;
      bytes.set(piece.bytes.subarray(from - piece.offset, to - piece.offset), from - position);
    }
    return bytes;
  },
});

function decode(body: Uint8Array): Again | string {
  try {
    const reader = new FieldReader(body);
    const segment = reader.text();
    const count = reader.whole();
    const places: { offset: number; length: number }[] = [];
    for (let i = 0; i < count; i++) places.push({ offset: reader.whole(), length: reader.whole() });
    let at = body.length - places.reduce((sum, { length }) => sum + length, 0);
    return {
      segment,
      pieces: places.map(({ offset, length }) => {
        const bytes = body.subarray(at, at + length);
        at += length;
        return { offset, bytes };
      }),
    };
  } catch (error) {
    if (error instanceof FieldError) return error.message;
    throw error;
  }
}

/**
 * One piece after the other, each with a sync of its own: a power cut may tear records or the slot that
 * tells of them, never both, so that one of them speaks should the copy be lost too.
 */
async function writeInPlace(disk: Disk, segment: string, pieces: readonly Piece[]): Promise<void> {
  const file = await disk.open(segment, 'write');
  if (file === null) {
    throw corrupt({ file: segment, offset: 0, expected: 'a segment of the log', found: 'no file' });
  }
  try {
    for (const { offset, bytes } of pieces) {
      if (bytes.length === 0) continue;
      await file.write(offset, [bytes]);
      await file.sync();
    }
  } finally {
    await file.close();
  }
}

async function forget(disk: Disk): Promise<void> {
  await disk.remove(path);
  await disk.syncFolder(names.log);
}
