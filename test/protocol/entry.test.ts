import { describe, expect, test } from 'vitest';
import { logIndex, noTime, term } from '../../src/base/index.ts';
import {
  decodeEntry,
  decodeMembership,
  decodeSnapshotMeta,
  encodedEntryLength,
  encodeEntry,
  encodeMembership,
  encodeSnapshotMeta,
  entryHeaderBytes,
} from '../../src/protocol/index.ts';
import type { EntryPayload } from '../../src/raft/index.ts';
import {
  addressesOf,
  commandEntry,
  entryOf,
  failureOf,
  jointMembership,
  nodeA,
  nodeB,
  nodeC,
  withByte,
} from './support.ts';

const payloads: EntryPayload[] = [
  { kind: 'noop' },
  { kind: 'command', bytes: new Uint8Array([1, 2, 3]) },
  { kind: 'command', bytes: new Uint8Array(0) },
  { kind: 'membership', membership: jointMembership },
];

describe('entries', () => {
  test.each(payloads)('a $kind entry reads back as it was written', (payload) => {
    const entry = entryOf(42, 3, payload);
    const length = encodedEntryLength(entry);
    const bytes = encodeEntry(entry);
    expect(bytes.length).toBe(length);
    expect(decodeEntry(bytes)).toEqual({ ...entry, encoded: bytes });
  });

  test('an entry is encoded once, and a decoded one never again', () => {
    const entry = commandEntry(1, 1, 'x');
    const bytes = encodeEntry(entry);
    expect(encodeEntry(entry)).toBe(bytes);
    const read = decodeEntry(bytes);
    expect(encodeEntry(read)).toBe(bytes);
    expect(encodedEntryLength(read)).toBe(bytes.length);
  });

  test("a command's payload is a view of the bytes it was read from", () => {
    const bytes = encodeEntry(commandEntry(1, 1, 'abc'));
    const read = decodeEntry(bytes);
    if (read.payload.kind !== 'command') throw new Error('not a command');
    expect(read.payload.bytes.buffer).toBe(bytes.buffer);
    expect(read.payload.bytes.byteOffset).toBe(bytes.byteOffset + entryHeaderBytes);
  });

  test('numbers go up to 2^53 - 1 and no further', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const bytes = encodeEntry(entryOf(0, most, { kind: 'noop' }));
    expect(decodeEntry(bytes).term).toBe(most);
    expect(failureOf(() => decodeEntry(withByte(bytes, 22, 0x20)))).toBe(
      'ERR_BAD_FRAME Cannot read an entry at byte 16: a number is above 2^53 - 1',
    );
  });

  test('a view in the middle of a buffer is read like any other', () => {
    const bytes = encodeEntry(commandEntry(9, 2, 'payload'));
    const room = new Uint8Array(bytes.length + 10).fill(0xff);
    room.set(bytes, 5);
    const read = decodeEntry(room.subarray(5, 5 + bytes.length));
    expect(read.index).toBe(9);
    expect(read.payload).toEqual({ kind: 'command', bytes: new TextEncoder().encode('payload') });
  });

  test.each([
    ['another version', 0, 2, 'at byte 0: form 2 is not known'],
    ['another kind', 1, 9, 'at byte 1: kind 9 is not known'],
    ['bytes that must be zero', 2, 1, 'at byte 2: bytes 2 and 3 are not zero'],
    [
      'a payload length that is not so',
      4,
      2,
      'at byte 4: the payload has 1 bytes, its header says 2',
    ],
  ])('%s is refused', (_, at, value, message) => {
    const bytes = encodeEntry(commandEntry(1, 1, 'x'));
    expect(failureOf(() => decodeEntry(withByte(bytes, at, value)))).toContain(message);
  });

  test('no cut of an entry reads as an entry', () => {
    for (const payload of payloads) {
      const bytes = encodeEntry(entryOf(5, 1, payload));
      for (let length = 0; length < bytes.length; length++) {
        expect(failureOf(() => decodeEntry(bytes.subarray(0, length)))).toContain('ERR_BAD_FRAME');
      }
    }
  });

  test('an entry with bytes after its end is refused', () => {
    const longer = new Uint8Array([...encodeEntry(commandEntry(1, 1, 'x')), 0]);
    expect(failureOf(() => decodeEntry(longer))).toContain('has 2 bytes, its header says 1');
  });

  test('a no-op with a payload is refused', () => {
    const bytes = withByte(encodeEntry(commandEntry(1, 1, 'x')), 1, 0);
    expect(failureOf(() => decodeEntry(bytes))).toContain('1 bytes too many');
  });
});

describe('memberships', () => {
  const final = { ...jointMembership, outgoing: null, learnersNext: [], learners: [nodeB] };

  test.each([
    ['joint', jointMembership],
    ['final', final],
    [
      'empty',
      {
        voters: [],
        outgoing: null,
        learners: [],
        learnersNext: [],
        parked: [],
        addresses: new Map(),
      },
    ],
  ])('a %s one reads back as it was written', (_, membership) => {
    expect(decodeMembership(encodeMembership(membership))).toEqual(membership);
  });

  test('equal memberships are equal bytes, whatever order their maps have', () => {
    const turned = {
      ...jointMembership,
      addresses: new Map([...jointMembership.addresses].reverse()),
    };
    expect(encodeMembership(turned)).toEqual(encodeMembership(jointMembership));
  });

  test('an address that is no ASCII keeps its letters', () => {
    const addresses = new Map([[nodeA, 'höst.例:8046']]);
    const membership = { ...final, voters: [nodeA], learners: [], parked: [], addresses };
    expect(decodeMembership(encodeMembership(membership))).toEqual(membership);
  });

  test('a member without an address is an assertion, not bytes', () => {
    const addresses = addressesOf(nodeA, nodeC);
    expect(() => encodeMembership({ ...jointMembership, addresses })).toThrow(
      'a membership has one address for each member',
    );
  });

  test('no cut and no added byte reads as a membership', () => {
    const bytes = encodeMembership(jointMembership);
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      expect(failureOf(() => decodeMembership(cut))).toContain('ERR_BAD_FRAME');
    }
    const longer = new Uint8Array([...bytes, 0]);
    expect(failureOf(() => decodeMembership(longer))).toContain('1 bytes too many');
  });

  test.each([
    [1, 2, 'flags 2 are not known'],
    [1, 0, 'a final membership has no outgoing voters'],
    [4, 0x61, 'a node id is 16 characters of A-Z2-7'],
  ])('byte %i as %i is refused', (at, value, message) => {
    const bytes = withByte(encodeMembership(jointMembership), at, value);
    expect(failureOf(() => decodeMembership(bytes))).toContain(message);
  });

  test('a place nobody has, a member twice in a list, and a stray address are refused', () => {
    const bytes = encodeMembership(jointMembership);
    const parkedAt = bytes.length - 1;
    expect(failureOf(() => decodeMembership(withByte(bytes, parkedAt, 3)))).toContain(
      'there is no member 3',
    );
    const outgoingSecond = bytes.length - 6;
    expect(failureOf(() => decodeMembership(withByte(bytes, outgoingSecond, 0)))).toContain(
      'a list names a member twice',
    );
    const learnersNextAt = bytes.length - 3;
    const stray = withByte(withByte(bytes, outgoingSecond, 1), learnersNextAt, 0);
    expect(failureOf(() => decodeMembership(stray))).toContain('an address belongs to nobody');
  });
});

describe('snapshot metas', () => {
  const meta = {
    index: logIndex(100),
    term: term(4),
    time: noTime,
    membership: jointMembership,
    membershipAt: { index: logIndex(97), term: term(3) },
  };

  test('one reads back as it was written', () => {
    expect(decodeSnapshotMeta(encodeSnapshotMeta(meta))).toEqual(meta);
  });

  test('another version is refused', () => {
    const bytes = withByte(encodeSnapshotMeta(meta), 0, 7);
    expect(failureOf(() => decodeSnapshotMeta(bytes))).toContain('form 7 is not known');
  });
});
