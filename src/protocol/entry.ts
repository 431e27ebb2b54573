import type { Membership } from '../base/index.ts';
import { clusterTime, logIndex, noBytes, term } from '../base/index.ts';
import type { Entry, EntryPayload, SnapshotMeta } from '../raft/index.ts';
import { decodeMembership, encodeMembership } from './membership.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/*
 * An entry in bytes, little-endian. The header is 32 bytes, so a record that is aligned to 8 stays so.
 *
 *   0  u8   1, the form's version
 *   1  u8   kind: 0 noop, 1 command, 2 membership
 *   2  u16  0
 *   4  u32  length of the payload
 *   8  u64  index
 *  16  u64  term
 *  24  u64  time
 *  32       payload: nothing, the command's bytes, the membership's bytes
 */
const formVersion = 1;
const noop = 0;
const command = 1;
const membership = 2;

/** Bytes of an entry before its payload. */
export const entryHeaderBytes = 32;

/**
 * The entry's bytes, made at most once: they are kept in `entry.encoded`, and the same go to the WAL
 * and to every peer. Nobody may write into them.
 */
export function encodeEntry(entry: Entry): Uint8Array {
  if (entry.encoded !== null) return entry.encoded;
  const payload = payloadBytes(entry.payload);
  const writer = new Writer(entryHeaderBytes + payload.length);
  writer.u8(formVersion);
  writer.u8(kindOf(entry.payload));
  writer.u16(0);
  writer.u32(payload.length);
  writer.whole(entry.index);
  writer.whole(entry.term);
  writer.whole(entry.time);
  writer.raw(payload);
  entry.encoded = writer.finish();
  return entry.encoded;
}

/** How long `encodeEntry(entry)` is. Costs nothing for commands and entries already encoded. */
export function encodedEntryLength(entry: Entry): number {
  if (entry.encoded !== null) return entry.encoded.length;
  if (entry.payload.kind === 'command') return entryHeaderBytes + entry.payload.bytes.length;
  return encodeEntry(entry).length;
}

/**
 * The entry that `bytes` are, whole and exactly. `encoded` is `bytes` itself and a command's payload
 * a view of it, so whoever keeps the entry keeps the buffer behind `bytes`.
 *
 * @throws ERR_BAD_FRAME when they are not one.
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  const reader = new Reader(bytes, 'an entry');
  const version = reader.u8();
  if (version !== formVersion) reader.fail(`form ${version} is not known`, 0);
  const kind = reader.u8();
  if (reader.u16() !== 0) reader.fail('bytes 2 and 3 are not zero', 2);
  const length = reader.u32();
  const index = logIndex(reader.whole());
  const entryTerm = term(reader.whole());
  const time = clusterTime(reader.whole());
  if (reader.left !== length) {
    reader.fail(`the payload has ${reader.left} bytes, its header says ${length}`, 4);
  }
  const payload = readPayload(reader, kind);
  return { index, term: entryTerm, time, payload, encoded: bytes };
}

function readPayload(reader: Reader, kind: number): EntryPayload {
  switch (kind) {
    case noop:
      reader.end();
      return { kind: 'noop' };
    case command:
      return { kind: 'command', bytes: reader.rest() };
    case membership:
      return { kind: 'membership', membership: decodeMembership(reader.rest()) };
    default:
      return reader.fail(`kind ${kind} is not known`, 1);
  }
}

function payloadBytes(payload: EntryPayload): Uint8Array {
  switch (payload.kind) {
    case 'noop':
      return noBytes;
    case 'command':
      return payload.bytes;
    case 'membership':
      return encodeMembership(payload.membership);
  }
}

function kindOf(payload: EntryPayload): number {
  switch (payload.kind) {
    case 'noop':
      return noop;
    case 'command':
      return command;
    case 'membership':
      return membership;
  }
}

/*
 * What a snapshot stands for, little-endian: u8 1, then u64 index, term, time, u64 index and term
 * of the membership's entry, then the membership to the end.
 */
const metaHeaderBytes = 1 + 5 * 8;

export function encodeSnapshotMeta(meta: SnapshotMeta): Uint8Array {
  const members = encodeMembership(meta.membership);
  const writer = new Writer(metaHeaderBytes + members.length);
  writer.u8(formVersion);
  writer.whole(meta.index);
  writer.whole(meta.term);
  writer.whole(meta.time);
  writer.whole(meta.membershipAt.index);
  writer.whole(meta.membershipAt.term);
  writer.raw(members);
  return writer.finish();
}

/** @throws ERR_BAD_FRAME when `bytes` are not exactly one. */
export function decodeSnapshotMeta(bytes: Uint8Array): SnapshotMeta {
  const reader = new Reader(bytes, 'a snapshot meta');
  const version = reader.u8();
  if (version !== formVersion) reader.fail(`form ${version} is not known`, 0);
  const index = logIndex(reader.whole());
  const metaTerm = term(reader.whole());
  const time = clusterTime(reader.whole());
  const membershipAt = { index: logIndex(reader.whole()), term: term(reader.whole()) };
  const members: Membership = decodeMembership(reader.rest());
  return { index, term: metaTerm, time, membership: members, membershipAt };
}
