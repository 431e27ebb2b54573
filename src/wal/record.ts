/*
 * A record, little-endian, at a multiple of 8. Version 1, with the segment:
 *
 *    0  u32  checksum of bytes 4 to 40 and the body, seeded with the segment's header
 *    4  u32  checksum of the record before: the chain
 *    8  u32  length of the body
 *   12  u8   kind; u8 u8 u8 0
 *   16  u64  term
 *   24  u64  index
 *   32  u64  number of the sync it belongs to
 *   40       body, and zeros to the next multiple of 8
 *
 * A record counts once the commit that ends its sync was read, and every record between.
 */
import { assert } from '../base/index.ts';
import { putWhole, wholeAt } from './fields.ts';

/** One entry; body: the entry's own bytes. */
export const entryKind = 1;
/** Entries from `index` on are forgotten; `term` is that of the entry before. No body. */
export const truncateKind = 2;
/** The log restarts after the snapshot at (index, term); all before is forgotten. No body. */
export const restartKind = 3;
/** Ends a sync; (index, term) is the end of the log with it. No body. */
export const commitKind = 4;

export const recordHeaderBytes = 40;

export type RecordHead = {
  readonly kind: number;
  readonly term: number;
  readonly index: number;
};

/** Not with bit operations: a length read from a rotten record may be beyond 31 bits. */
export const alignedLength = (length: number): number => Math.ceil(length / 8) * 8;
/** Bytes a record takes in its segment. */
export const recordBytes = (bodyLength: number): number =>
  recordHeaderBytes + alignedLength(bodyLength);

/** Everything but the checksum, which needs the body. */
export function putHead(
  view: DataView,
  at: number,
  head: RecordHead,
  bodyLength: number,
  sync: number,
  previous: number,
): void {
  assert(at % 8 === 0, 'records are aligned to 8');
  view.setUint32(at + 4, previous, true);
  view.setUint32(at + 8, bodyLength, true);
  view.setUint32(at + 12, head.kind, true);
  putWhole(view, at + 16, head.term);
  putWhole(view, at + 24, head.index);
  putWhole(view, at + 32, sync);
}

/** True where no record was ever begun. */
export function isBlank(view: DataView, at: number): boolean {
  for (let i = at; i < at + recordHeaderBytes; i += 4)
    if (view.getUint32(i, true) !== 0) return false;
  return true;
}

/** Could this be a record's head? Its checksum has yet to say so. */
export function looksLikeHead(view: DataView, at: number, spaceLeft: number): boolean {
  const kind = view.getUint32(at + 12, true);
  return (
    kind >= entryKind &&
    kind <= commitKind &&
    recordBytes(view.getUint32(at + 8, true)) <= spaceLeft &&
    Number.isSafeInteger(wholeAt(view, at + 16)) &&
    Number.isSafeInteger(wholeAt(view, at + 24)) &&
    Number.isSafeInteger(wholeAt(view, at + 32))
  );
}
