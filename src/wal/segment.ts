// The head of a segment: who it belongs to, where it stands in the log, and the ring.
import { assert, type Lineage, logIndex, type NodeId, term } from '../base/index.ts';
import type { Checksum, DiskFile } from '../ports/index.ts';
import type { Position } from '../raft/index.ts';
import { FieldError, FieldReader, FieldWriter, putWhole, viewOf, wholeAt } from './fields.ts';
import { lineageOf, nodeIdOf, putLineage } from './identity.ts';
import {
  headerBytes,
  headerCopyAt,
  ringSlotBytes,
  ringSlots,
  sealAt,
  sealBytes,
} from './layout.ts';
import { type Form, seal, unseal } from './sealed.ts';

export type SegmentHeader = {
  readonly nodeId: NodeId;
  /** `null` in segments begun before the node knew its cluster. */
  readonly lineage: Lineage | null;
  /** Consecutive from 1. */
  readonly number: number;
  /** The end of the log when this segment began; its first entry is at the next index. */
  readonly previous: Position;
  /** The newest snapshot the log was restarted from; index 0 if it never was. */
  readonly base: Position;
  /** Number and last record's checksum of the sync before; 0 and 0 at the log's beginning. */
  readonly previousSync: number;
  readonly previousChecksum: number;
};

/**
 * Version 1: node id, lineage, number, previous index and term, base index and term, previous sync,
 * previous checksum.
 */
const form: Form = { magic: 'dzr-wlog', version: 1 };

/** The header block, with the header twice; and the seed of every checksum in this segment. */
export function encodeHeader(
  header: SegmentHeader,
  checksum: Checksum,
): { readonly block: Uint8Array; readonly seed: number } {
  const writer = new FieldWriter().text(header.nodeId);
  putLineage(writer, header.lineage);
  writer
    .whole(header.number)
    .whole(header.previous.index)
    .whole(header.previous.term)
    .whole(header.base.index)
    .whole(header.base.term)
    .whole(header.previousSync)
    .u32(header.previousChecksum);
  const sealed = seal(form, writer.finish(), checksum);
  assert(headerCopyAt[1] + sealed.length <= sealAt, 'both copies of a header fit before the seal');
  const block = new Uint8Array(headerBytes);
  for (const at of headerCopyAt) block.set(sealed, at);
  return { block, seed: viewOf(sealed).getUint32(16, true) };
}

/** The header, from the copy that is good; or in words what is wrong with both. */
export function decodeHeader(
  block: Uint8Array,
  checksum: Checksum,
): { readonly header: SegmentHeader; readonly seed: number } | string {
  let reason = '';
  for (const at of headerCopyAt) {
    const sealed = unseal(form, block.subarray(at), checksum);
    if (typeof sealed === 'string') {
      reason ||= sealed;
      continue;
    }
    try {
      return { header: headerOf(new FieldReader(sealed.body)), seed: sealed.checksum };
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      reason ||= error.message;
    }
  }
  return reason;
}

/**
 * The seal of a segment names the next one. It is durable before that one holds anything promised, so a
 * last segment with a seal tells that the one after it is missing: a lost name would else look like a
 * log that ends here.
 */
const sealForm: Form = { magic: 'dzr-next', version: 1 };

export function encodeSeal(next: number, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(sealBytes);
  bytes.set(seal(sealForm, new FieldWriter().whole(next).finish(), checksum));
  return bytes;
}

/** The segment that was begun after this one; `null`: none, as far as can be read. */
export function decodeSeal(block: Uint8Array, checksum: Checksum): number | null {
  const sealed = unseal(sealForm, block.subarray(sealAt, sealAt + sealBytes), checksum);
  if (typeof sealed === 'string') return null;
  const next = wholeAt(viewOf(sealed.body), 0);
  return Number.isSafeInteger(next) ? next : null;
}

const positionOf = (reader: FieldReader): Position => ({
  index: logIndex(reader.whole()),
  term: term(reader.whole()),
});

function headerOf(reader: FieldReader): SegmentHeader {
  const nodeId = nodeIdOf(reader);
  const lineage = lineageOf(reader);
  const number = reader.whole();
  const previous = positionOf(reader);
  const base = positionOf(reader);
  const previousSync = reader.whole();
  return { nodeId, lineage, number, previous, base, previousSync, previousChecksum: reader.u32() };
}

/**
 * One slot of the ring: the end of the log after one sync, in the same sync but in a sector far from
 * the records. If the records cannot be read and the slot can, they were written once.
 */
export type RingEntry = {
  readonly sync: number;
  readonly last: Position;
  /** Where the sync's bytes end. */
  readonly end: number;
  readonly checksum: number;
};

export const ringEntryBytes = 40;

export function encodeRingEntry(
  into: Uint8Array,
  entry: RingEntry,
  seed: number,
  checksum: Checksum,
): void {
  const view = viewOf(into);
  putWhole(view, 0, entry.sync);
  putWhole(view, 8, entry.last.index);
  putWhole(view, 16, entry.last.term);
  putWhole(view, 24, entry.end);
  view.setUint32(32, entry.checksum, true);
  view.setUint32(36, checksum(into.subarray(0, 36), seed), true);
}

/** Every slot that can be read. One that cannot is no evidence of anything. */
export async function readRing(
  file: DiskFile,
  seed: number,
  checksum: Checksum,
): Promise<readonly RingEntry[]> {
  const bytes = await file.read(headerBytes, ringSlots * ringSlotBytes);
  const entries: RingEntry[] = [];
  for (let at = 0; at + ringEntryBytes <= bytes.length; at += ringSlotBytes) {
    const slot = bytes.subarray(at, at + ringEntryBytes);
    const view = viewOf(slot);
    if (view.getUint32(36, true) !== checksum(slot.subarray(0, 36), seed)) continue;
    const [sync, index, lastTerm, end] = [0, 8, 16, 24].map((field) => wholeAt(view, field));
    if (!(Number.isSafeInteger(sync) && Number.isSafeInteger(index))) continue;
    entries.push({
      sync: sync ?? 0,
      last: { index: logIndex(index ?? 0), term: term(lastTerm ?? 0) },
      end: end ?? 0,
      checksum: view.getUint32(32, true),
    });
  }
  return entries;
}
