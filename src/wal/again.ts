// What a restart reads may never have reached the disk: a process that was killed leaves what it wrote
// with the system, and after a sync that failed the system may go on showing what it has dropped
// (fsyncgate; Rebello et al., ATC 2020). Only the last sync of a log can be in doubt, since each is
// durable before the next begins, and the head of the last segment. Before anything is promised that
// rests on them they are written again: first aside, whole, so that a power cut on the way spoils nothing
// that was durable before.
import { assert } from '../base/index.ts';
import type { Checksum, Disk } from '../ports/index.ts';
import { corrupt } from './corrupt.ts';
import { FieldError, FieldReader, FieldWriter, joined } from './fields.ts';
import { names, recordsFrom, ringSlotAt } from './layout.ts';
import type { LogImage } from './recovery.ts';
import { type Form, readWhole, seal, unseal, writeAside } from './sealed.ts';
import { encodeRingEntry, ringEntryBytes } from './segment.ts';

/** Version 1: text path of a segment, u64 count, for each piece u64 offset and u64 length; then the bytes. */
const form: Form = { magic: 'dzr-agin', version: 1 };
const path = `${names.log}/again`;

type Piece = { readonly offset: number; readonly bytes: Uint8Array };

/** Makes the head of the last segment and the last sync durable, as they were read; its ring slot too. */
export async function writeAgain(disk: Disk, checksum: Checksum, image: LogImage): Promise<void> {
  const { last, lastFrom, mark } = image;
  const file = await disk.open(last.path, 'read');
  assert(file !== null, 'a listed segment is there');
  const [head, sync] = await Promise.all([
    file.read(0, recordsFrom),
    file.read(lastFrom, mark.offset - lastFrom),
  ]).finally(() => file.close());
  if (sync.length > 0) fillSlot(head, image, checksum);
  const pieces = [
    { offset: 0, bytes: head },
    { offset: lastFrom, bytes: sync },
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
  const bytes = await readWhole(disk, path);
  if (bytes === null) return;
  const sealed = unseal(form, bytes, checksum);
  // One that rotted, or never became whole, changes nothing: what it is a copy of was not touched.
  if (typeof sealed !== 'string') {
    const found = decode(sealed.body);
    if (found !== null && (await disk.exists(found.segment))) {
      await writeInPlace(disk, found.segment, found.pieces);
    }
  }
  await forget(disk);
}

function decode(body: Uint8Array): { segment: string; pieces: Piece[] } | null {
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
    if (error instanceof FieldError) return null;
    throw error;
  }
}

async function writeInPlace(disk: Disk, segment: string, pieces: readonly Piece[]): Promise<void> {
  const file = await disk.open(segment, 'write');
  if (file === null) {
    throw corrupt({ file: segment, offset: 0, expected: 'a segment of the log', found: 'no file' });
  }
  try {
    for (const { offset, bytes } of pieces) {
      if (bytes.length > 0) await file.write(offset, [bytes]);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function forget(disk: Disk): Promise<void> {
  await disk.remove(path);
  await disk.syncFolder(names.log);
}
