import { assert } from '../base/index.ts';
import type { Checksum, DiskFile, SnapshotSource } from '../ports/index.ts';
import { corrupt } from './corrupt.ts';
import { viewOf } from './fields.ts';
import { pieceAt, pieceSeed, pieceSumBytes, type SnapshotLayout } from './snapshot-format.ts';

/** Reads a snapshot's body, checking each piece. Keeps the last one: readers go step by step. */
export function snapshotSource(
  file: DiskFile,
  path: string,
  layout: SnapshotLayout,
  checksum: Checksum,
): SnapshotSource & { readonly check: (position: number) => Promise<void> } {
  let held = { number: -1, bytes: new Uint8Array(0) as Uint8Array };

  const piece = async (number: number): Promise<Uint8Array> => {
    if (held.number === number) return held.bytes;
    const { offset, length } = pieceAt(layout, number);
    const stored = await file.read(offset, length + pieceSumBytes);
    const found =
      stored.length < length + pieceSumBytes ? null : viewOf(stored).getUint32(length, true);
    const bytes = stored.subarray(0, length);
    if (found !== checksum(bytes, pieceSeed(layout.seed, number))) {
      throw corrupt({
        file: path,
        offset,
        expected: `piece ${number} of the snapshot at index ${layout.meta.index}`,
        found: found === null ? 'the end of the file' : 'bytes with another checksum',
      });
    }
    held = { number, bytes };
    return bytes;
  };

  const read = async (position: number, length: number): Promise<Uint8Array> => {
    assert(position >= 0 && length >= 0, 'a range to read is not negative');
    const end = Math.min(position + length, layout.bodyBytes);
    const out = new Uint8Array(Math.max(0, end - position));
    for (let at = position; at < end; ) {
      const number = Math.floor(at / layout.pieceBytes);
      const bytes = await piece(number);
      const from = at - number * layout.pieceBytes;
      const part = bytes.subarray(from, Math.min(bytes.length, from + end - at));
      out.set(part, at - position);
      at += part.length;
    }
    return out;
  };

  const { meta, bodyBytes: bytes } = layout;
  const close = () => file.close();
  /** Reads the piece at `position` and hands out nothing of it. */
  const check = async (position: number): Promise<void> => {
    await piece(Math.floor(position / layout.pieceBytes));
  };
  return { meta, bytes, read, close, check };
}
