import { compareText, type Membership } from '../base/index.ts';
import { ByteWriter } from './bytes.ts';
import { addDigests, type Digest, digestHex, digestOfBytes } from './digest.ts';
import type { Lease } from './lease.ts';
import { writeReply } from './replies.ts';
import type { TreeState } from './state.ts';
import { type Event, laterLimits, sessionsVersion } from './types.ts';

/**
 * The format of snapshots, by version:
 *
 * 1: one byte with the version, then records, each after its length (4 bytes, little-endian): the
 *    header, from behaviour version 2 on what the last event's file held before, each lease, each file in walk order, and 16 bytes of digest. Numbers
 *    are seven bits a byte, the lowest first; texts are UTF-8 after their length.
 *
 *    header       behaviour version, applied index and term, cluster time, revision; 0, or 1 and
 *                 cluster id, epoch, epoch id; name; limits of values and paths, from behaviour
 *                 version 2 on also the other limits; the last final membership and the one in
 *                 force; kind and path of the last event; 0, how many leases, files
 *    before       only if there is a last event: 0, or 1 and the body. The state's digest knows nothing
 *                 of it; the one at the end is that plus the digest of this body
 *    membership   ids after their count: voters, then 0, or 1 and outgoing, then learners,
 *                 learners next, parked; count, then id and address, by id
 *    lease        id, length; window of its session, or 0, and then nothing more; the number below
 *                 which answers are acknowledged; how many answers, each with its number, by number
 *                 (`replies.ts`). By id as text. Its files are those that name it
 *    file         path, created, changed, lease, then its body
 */
export const snapshotVersion = 1;

/** The event kinds by their number in a snapshot; 0 is "none yet". */
export const eventKinds: readonly (Event['kind'] | null)[] = [null, 'set', 'delete', 'nop'];

const chunkBytes = 64 * 1024;

/**
 * Writes a state down, in pieces of at most 64 KiB, so that the caller can do other things in
 * between. Equal states give equal bytes, however they came about and on whichever node.
 */
export function* encodeSnapshot(state: TreeState): Generator<Uint8Array, void> {
  const writer = new ByteWriter();
  writer.byte(snapshotVersion);
  writeRecord(writer, headerOf(state));
  if (hasBefore(state)) writeBefore(writer, state.lastEvent);
  for (const [, lease] of state.leases.entries()) {
    writeLease(writer, lease);
    if (writer.length >= chunkBytes) yield* chunksOf(writer);
  }
  for (const [path, { body, created, changed, lease }] of state.files.entries()) {
    const from = writer.begin();
    writer.text(path);
    writer.number(created);
    writer.number(changed);
    writer.number(lease);
    writer.raw(body);
    writer.end(from);
    if (writer.length >= chunkBytes) yield* chunksOf(writer);
  }
  writeRecord(writer, bytesOfDigest(snapshotDigest(state)));
  yield* chunksOf(writer);
  if (writer.length > 0) yield writer.bytes();
}

/** Whether a record with the last event's previous body follows the header. */
export const hasBefore = (
  state: Pick<TreeState, 'behaviourVersion'> & { readonly lastEvent: object | null },
): boolean => state.behaviourVersion >= sessionsVersion && state.lastEvent !== null;

function writeBefore(writer: ByteWriter, lastEvent: Event | null): void {
  const previous = lastEvent?.previous ?? null;
  const from = writer.begin();
  writer.byte(previous === null ? 0 : 1);
  if (previous !== null) writer.raw(previous);
  writer.end(from);
}

function writeLease(writer: ByteWriter, { id, lengthMs, session }: Lease): void {
  const from = writer.begin();
  writer.number(id);
  writer.number(lengthMs);
  writer.number(session?.window ?? 0);
  if (session !== null) {
    writer.number(session.ackedBelow);
    writer.number(session.replies.length);
    for (const { seq, reply } of session.replies) {
      writer.number(seq);
      writeReply(writer, reply);
    }
  }
  writer.end(from);
}

function writeRecord(writer: ByteWriter, bytes: Uint8Array): void {
  const from = writer.begin();
  writer.raw(bytes);
  writer.end(from);
}

/** All pieces that are full. */
function* chunksOf(writer: ByteWriter): Generator<Uint8Array, void> {
  const whole = Math.floor(writer.length / chunkBytes) * chunkBytes;
  if (whole === 0) return;
  const bytes = writer.take(whole);
  for (let at = 0; at < whole; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/**
 * The digest of all that a state holds. Equal on every node at an equal index and behaviour
 * version, also on one that began with a snapshot (T2).
 */
export function digestOf(state: TreeState): Digest {
  const sum = addDigests(state.filesDigest, state.leasesDigest);
  return addDigests(sum, digestOfBytes(headerOf(state)));
}

/** What stands at the end of a snapshot. */
export function snapshotDigest(state: TreeState): Digest {
  const previous = hasBefore(state) ? (state.lastEvent?.previous ?? null) : null;
  const digest = digestOf(state);
  return previous === null ? digest : addDigests(digest, digestOfBytes(previous));
}

/** `digestOf` as 32 hexadecimal digits. */
export const digestText = (state: TreeState): string => digestHex(digestOf(state));

export const bytesOfDigest = (digest: Digest): Uint8Array => {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  [digest.a, digest.b, digest.c, digest.d].forEach((lane, i) => {
    view.setInt32(i * 4, lane);
  });
  return bytes;
};

function headerOf(state: TreeState): Uint8Array {
  const { lineage, lastEvent } = state;
  const writer = new ByteWriter();
  writer.number(state.behaviourVersion);
  writer.number(state.appliedIndex);
  writer.number(state.appliedTerm);
  writer.number(state.clusterTime);
  writer.number(state.revision);
  writer.byte(lineage === null ? 0 : 1);
  if (lineage !== null) {
    writer.text(lineage.clusterId);
    writer.number(lineage.epoch);
    writer.text(lineage.epochId);
  }
  writer.text(state.name);
  writer.number(state.limits.valueBytesMax);
  writer.number(state.limits.pathBytesMax);
  if (state.behaviourVersion >= sessionsVersion) {
    for (const name of laterLimits) writer.number(state.limits[name]);
  }
  writeMembership(writer, state.membership);
  writeMembership(writer, state.membershipInForce);
  writer.byte(eventKinds.indexOf(lastEvent?.kind ?? null));
  if (lastEvent !== null) writer.text(lastEvent.path);
  // Where behaviour version 1 counted sessions apart.
  writer.number(0);
  writer.number(state.leases.size);
  writer.number(state.files.size);
  return writer.bytes();
}

function writeMembership(writer: ByteWriter, membership: Membership): void {
  writeTexts(writer, membership.voters);
  writer.byte(membership.outgoing === null ? 0 : 1);
  if (membership.outgoing !== null) writeTexts(writer, membership.outgoing);
  writeTexts(writer, membership.learners);
  writeTexts(writer, membership.learnersNext);
  writeTexts(writer, membership.parked);
  // A map's order depends on how it came about; the bytes must not.
  const addresses = [...membership.addresses].sort(([a], [b]) => compareText(a, b));
  writer.number(addresses.length);
  for (const [id, address] of addresses) {
    writer.text(id);
    writer.text(address);
  }
}

function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  writer.number(texts.length);
  for (const text of texts) writer.text(text);
}
