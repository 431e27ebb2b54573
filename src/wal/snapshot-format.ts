/*
 * A snapshot file, version 1:
 *
 *   sealed header     node id, piece size, meta
 *   pieces            each `pieceBytes` of body (the last one less) and a u32: its checksum, seeded with
 *                     the header's checksum xor the piece's number
 *   sealed trailer    body length, 1 if the log held the snapshot's position when it was finished, and
 *                     the header's checksum
 *
 * The trailer is written last, so a file that has a good one is whole.
 */
import { ClusterError, type NodeId } from '../base/index.ts';
import type { Checksum, DiskFile } from '../ports/index.ts';
import { decodeSnapshotMeta, encodeSnapshotMeta } from '../protocol/index.ts';
import type { SnapshotMeta } from '../raft/index.ts';
import { corrupt } from './corrupt.ts';
import { FieldError, FieldReader, FieldWriter } from './fields.ts';
import { nodeIdOf } from './identity.ts';
import { envelopeBytes, type Form, seal, unseal } from './sealed.ts';

const headerForm: Form = { magic: 'dzr-snap', version: 1 };
const trailerForm: Form = { magic: 'dzr-sEND', version: 1 };

/** Rot is found, and located, in steps of this. */
export const pieceBytes = 256 * 1024;
export const pieceSumBytes = 4;
const trailerBytes = envelopeBytes + 13;
/** Header and meta of a snapshot are far smaller; a reader looks no further. */
const headerBytesMax = 1024 * 1024;

export type SnapshotLayout = {
  readonly meta: SnapshotMeta;
  readonly pieceBytes: number;
  readonly headerBytes: number;
  readonly seed: number;
  readonly bodyBytes: number;
  /** The log held its position when it was finished, so it needs no restart record to count. */
  readonly vouched: boolean;
};

export function encodeSnapshotHeader(
  nodeId: NodeId,
  meta: SnapshotMeta,
  checksum: Checksum,
): Uint8Array {
  const body = new FieldWriter().text(nodeId).u32(pieceBytes).long(encodeSnapshotMeta(meta));
  return seal(headerForm, body.finish(), checksum);
}

export function encodeSnapshotTrailer(
  bodyBytes: number,
  vouched: boolean,
  seed: number,
  checksum: Checksum,
): Uint8Array {
  const body = new FieldWriter()
    .whole(bodyBytes)
    .u8(vouched ? 1 : 0)
    .u32(seed);
  return seal(trailerForm, body.finish(), checksum);
}

/** Bytes the pieces take for a body of `bodyBytes`. */
export const storedBytes = (bodyBytes: number, piece: number): number =>
  bodyBytes + Math.ceil(bodyBytes / piece) * pieceSumBytes;

/** Header and trailer, checked against each other and the size. @throws ERR_DISK_CORRUPT */
export async function readLayout(
  file: DiskFile,
  path: string,
  checksum: Checksum,
): Promise<SnapshotLayout> {
  const damaged = (offset: number, expected: string, found: string, cause?: unknown) =>
    corrupt({ file: path, offset, expected, found }, undefined, cause);
  const size = await file.size();
  const head = await file.read(0, Math.min(size, headerBytesMax));
  const header = unseal(headerForm, head, checksum);
  if (typeof header === 'string') throw damaged(0, 'the header of a snapshot', header);
  const trailerAt = Math.max(0, size - trailerBytes);
  const tail = await file.read(trailerAt, trailerBytes);
  const trailer = unseal(trailerForm, tail, checksum);
  if (typeof trailer === 'string') throw damaged(trailerAt, 'the end of a snapshot', trailer);
  try {
    const front = new FieldReader(header.body);
    nodeIdOf(front);
    const piece = front.u32();
    const meta = decodeSnapshotMeta(front.long().slice());
    const back = new FieldReader(trailer.body);
    const bodyBytes = back.whole();
    const vouched = back.u8() === 1;
    if (
      back.u32() !== header.checksum ||
      header.bytes + storedBytes(bodyBytes, piece) !== trailerAt
    ) {
      throw damaged(trailerAt, 'the end of this snapshot', 'the end of another');
    }
    const layout = { pieceBytes: piece, headerBytes: header.bytes, seed: header.checksum };
    return { meta, ...layout, bodyBytes, vouched };
  } catch (error) {
    if (error instanceof FieldError) throw damaged(0, 'the fields of a snapshot', error.message);
    if (error instanceof ClusterError && error.code === 'ERR_BAD_FRAME') {
      throw damaged(0, 'the meta of a snapshot', error.message, error);
    }
    throw error;
  }
}

/** Where piece `number` stands in the file, and how many bytes of body it holds. */
export function pieceAt(
  layout: SnapshotLayout,
  number: number,
): { readonly offset: number; readonly length: number } {
  const { headerBytes, pieceBytes: piece, bodyBytes } = layout;
  return {
    offset: headerBytes + number * (piece + pieceSumBytes),
    length: Math.min(piece, bodyBytes - number * piece),
  };
}

export const pieceSeed = (headerSum: number, number: number): number => (headerSum ^ number) >>> 0;
