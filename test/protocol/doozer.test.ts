import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/index.ts';
import type { DoozerRequest, DoozerResponse } from '../../src/protocol/doozer/index.ts';
import {
  decodeDoozerRequest,
  decodeDoozerResponse,
  emptyDoozerRequest,
  emptyDoozerResponse,
  encodeDoozerRequest,
  encodeDoozerResponse,
} from '../../src/protocol/doozer/index.ts';
import { fromHex, hexOf } from './support.ts';

const int32 = fc.integer();
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const request: fc.Arbitrary<DoozerRequest> = fc.record({
  tag: optional(int32),
  verb: optional(int32),
  path: optional(fc.string({ unit: 'grapheme' })),
  value: optional(fc.uint8Array({ maxLength: 200 })),
  offset: optional(int32),
  rev: optional(fc.maxSafeInteger()),
});
const response: fc.Arbitrary<DoozerResponse> = fc.record({
  tag: optional(int32),
  flags: optional(int32),
  rev: optional(fc.maxSafeInteger()),
  path: optional(fc.string({ unit: 'grapheme' })),
  value: optional(fc.uint8Array({ maxLength: 200 })),
  len: optional(int32),
  errCode: optional(int32),
  errDetail: optional(fc.string({ unit: 'grapheme' })),
});

/** The same request as the protobuf library writes it. */
function referenceRequest(r: DoozerRequest): Uint8Array {
  const writer = new BinaryWriter();
  if (r.tag !== null) writer.tag(1, WireType.Varint).int32(r.tag);
  if (r.verb !== null) writer.tag(2, WireType.Varint).int32(r.verb);
  if (r.path !== null) writer.tag(4, WireType.LengthDelimited).string(r.path);
  if (r.value !== null) writer.tag(5, WireType.LengthDelimited).bytes(r.value);
  if (r.offset !== null) writer.tag(7, WireType.Varint).int32(r.offset);
  if (r.rev !== null) writer.tag(9, WireType.Varint).int64(String(r.rev));
  return writer.finish();
}

function referenceResponse(r: DoozerResponse): Uint8Array {
  const writer = new BinaryWriter();
  if (r.tag !== null) writer.tag(1, WireType.Varint).int32(r.tag);
  if (r.flags !== null) writer.tag(2, WireType.Varint).int32(r.flags);
  if (r.rev !== null) writer.tag(3, WireType.Varint).int64(String(r.rev));
  if (r.path !== null) writer.tag(5, WireType.LengthDelimited).string(r.path);
  if (r.value !== null) writer.tag(6, WireType.LengthDelimited).bytes(r.value);
  if (r.len !== null) writer.tag(8, WireType.Varint).int32(r.len);
  if (r.errCode !== null) writer.tag(100, WireType.Varint).int32(r.errCode);
  if (r.errDetail !== null) writer.tag(101, WireType.LengthDelimited).string(r.errDetail);
  return writer.finish();
}

/** A request as the protobuf library reads it; `null` when it throws. */
function readByReference(bytes: Uint8Array): DoozerRequest | null {
  const types: Record<number, WireType> = { 1: 0, 2: 0, 4: 2, 5: 2, 6: 0, 7: 0, 9: 0 };
  const r: { -readonly [key in keyof DoozerRequest]: DoozerRequest[key] } = {
    ...emptyDoozerRequest,
  };
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      const expected = types[field];
      if (expected === undefined) {
        reader.skip(type, field);
        continue;
      }
      if (type !== expected) return null;
      if (field === 1) r.tag = reader.int32();
      else if (field === 2) r.verb = reader.int32();
      else if (field === 4) r.path = new TextDecoder().decode(reader.bytes());
      else if (field === 5) r.value = reader.bytes();
      else if (field === 6) reader.int32();
      else if (field === 7) r.offset = reader.int32();
      else {
        const rev = BigInt(reader.int64());
        const most = BigInt(Number.MAX_SAFE_INTEGER);
        r.rev = Number(rev > most ? most : rev < -most ? -most : rev);
      }
    }
    return reader.pos === reader.len ? r : null;
  } catch {
    return null;
  }
}

const lengthOf = (frame: Uint8Array) => new DataView(frame.buffer, frame.byteOffset).getInt32(0);
const body = (frame: Uint8Array) => frame.subarray(4);

describe("doozer's wire format", () => {
  test('requests are the bytes the protobuf library writes, and read back', () => {
    fc.assert(
      fc.property(request, (r) => {
        const frame = encodeDoozerRequest(r);
        expect(hexOf(body(frame))).toBe(hexOf(referenceRequest(r)));
        expect(lengthOf(frame)).toBe(frame.length - 4);
        expect(decodeDoozerRequest(body(frame))).toEqual(r);
      }),
      { numRuns: 1000 },
    );
  });

  test('responses are the bytes the protobuf library writes, and read back', () => {
    fc.assert(
      fc.property(response, (r) => {
        const frame = encodeDoozerResponse(r);
        expect(hexOf(body(frame))).toBe(hexOf(referenceResponse(r)));
        expect(lengthOf(frame)).toBe(frame.length - 4);
        expect(decodeDoozerResponse(body(frame))).toEqual(r);
      }),
      { numRuns: 1000 },
    );
  });

  test('bytes that are nearly a request are read as the protobuf library reads them', () => {
    const soup = fc.array(
      fc.constantFrom(0x08, 0x10, 0x22, 0x2a, 0x30, 0x38, 0x48, 0x00, 0x01, 0x03, 0x7f, 0x80, 0xff),
      { maxLength: 24 },
    );
    const cut = fc
      .tuple(request, fc.nat(300))
      .map(([r, length]) => [...referenceRequest(r).subarray(0, length)]);
    const strange = fc
      .tuple(request, fc.integer({ min: 1, max: 200 }), fc.constantFrom(0, 1, 2, 5))
      .map(([r, field, type]) => {
        const writer = new BinaryWriter().tag(field, type);
        if (type === 0) writer.uint64('18446744073709551615');
        else if (type === 1) writer.fixed64(1);
        else if (type === 2) writer.bytes(new Uint8Array(3));
        else writer.fixed32(1);
        return [...writer.finish(), ...referenceRequest(r)];
      });
    fc.assert(
      fc.property(fc.oneof(soup, cut, strange), (numbers) => {
        const bytes = new Uint8Array(numbers);
        expect(decodeDoozerRequest(bytes)).toEqual(readByReference(bytes));
      }),
      { numRuns: 5000 },
    );
  });

  test('a negative tag is read from five bytes and from ten, and written in ten', () => {
    const five = decodeDoozerRequest(fromHex('08 ffffffff0f'));
    const ten = decodeDoozerRequest(fromHex('08 ffffffffffffffffff01'));
    expect(five?.tag).toBe(-1);
    expect(ten?.tag).toBe(-1);
    const frame = encodeDoozerResponse({ ...emptyDoozerResponse, tag: -1 });
    expect(hexOf(frame)).toBe('0000000b08ffffffffffffffffff01');
  });

  test('a tag of zero is there, an absent one is not', () => {
    expect(decodeDoozerRequest(fromHex('08 00'))?.tag).toBe(0);
    expect(decodeDoozerRequest(fromHex(''))).toEqual(emptyDoozerRequest);
    expect(hexOf(encodeDoozerResponse({ ...emptyDoozerResponse, tag: 0 }))).toBe('000000020800');
    expect(hexOf(encodeDoozerResponse(emptyDoozerResponse))).toBe('00000000');
  });

  test('an empty value is there, too', () => {
    const reply = { ...emptyDoozerResponse, rev: 0, value: utf8('') };
    expect(hexOf(encodeDoozerResponse(reply))).toBe('0000000418003200');
  });

  test('a rev beyond 2^53 is held at the bound, so that it stays a whole number', () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(decodeDoozerRequest(fromHex('48 ffffffffffffffff7f'))?.rev).toBe(most);
    expect(decodeDoozerRequest(fromHex('48 80808080808080808001'))?.rev).toBe(-most);
    expect(decodeDoozerRequest(fromHex('48 ffffffffffffffffff01'))?.rev).toBe(-1);
  });

  test('of a field that is given twice the last counts', () => {
    expect(decodeDoozerRequest(fromHex('08 01 08 02 22 01 61 22 01 62'))).toEqual({
      ...emptyDoozerRequest,
      tag: 2,
      path: 'b',
    });
  });

  test.each([
    ['a varint that does not end', '08 80'],
    ['a varint of eleven bytes', '08 8080808080808080808001'],
    ['a path that is cut short', '22 05 61'],
    ['a length beyond 2^32', '22 ffffffffff01'],
    ['a field number of zero', '00 01'],
    ['a wire type of 6', '0e 01'],
    ['a tag that is a string', '0a 01 61'],
    ['a path that is a number', '20 01'],
    ['a group that is not closed', '5b 08 01'],
    ['a group closed by another', '5b 64'],
    ['the end of a group that was never opened', '5c'],
  ])('%s does not decode', (_, hex) => {
    expect(decodeDoozerRequest(fromHex(hex))).toBeNull();
  });

  test('unknown fields of every wire type are passed over', () => {
    const unknown = '1801 41 0000000000000000 52 03 616263 5d 00000000 5b 08 01 63 64 5c';
    expect(decodeDoozerRequest(fromHex(`0805 ${unknown} 1001`))).toEqual({
      ...emptyDoozerRequest,
      tag: 5,
      verb: 1,
    });
  });

  test('groups nested without end do not decode, and do not exhaust the stack', () => {
    expect(decodeDoozerRequest(new Uint8Array(1_000_000).fill(0x5b))).toBeNull();
  });

  test('a revision that is no safe whole number is an assertion, not bytes', () => {
    expect(() => encodeDoozerResponse({ ...emptyDoozerResponse, rev: 2 ** 53 })).toThrow(
      'a rev is a safe whole number',
    );
  });
});
