import { describe, expect, test } from 'vitest';
import {
  base32Of,
  bytesOfBase32,
  compareText,
  noBytes,
  prng,
  sameBytes,
  textOf,
  utf8,
} from '../../src/base/index.ts';

describe('base32', () => {
  // RFC 4648, section 10; ids have ten bytes, so that the last characters need no padding.
  test.each([
    ['', ''],
    ['fooba', 'MZXW6YTB'],
    ['foobarfoob', 'MZXW6YTBOJTG633C'],
  ])('of "%s" is "%s"', (text, encoded) => {
    expect(base32Of(utf8(text))).toBe(encoded);
    expect(textOf(bytesOfBase32(encoded))).toBe(text);
  });

  test('comes back from any ten bytes as they were, in 16 characters', () => {
    const chance = prng(2026);
    for (let run = 0; run < 500; run++) {
      const bytes = Uint8Array.from({ length: 10 }, () => chance.below(256));
      const text = base32Of(bytes);
      expect(text).toMatch(/^[A-Z2-7]{16}$/);
      expect(bytesOfBase32(text)).toEqual(bytes);
    }
  });

  test('keeps the extremes apart', () => {
    expect(base32Of(new Uint8Array(10))).toBe('AAAAAAAAAAAAAAAA');
    expect(base32Of(new Uint8Array(10).fill(255))).toBe('7777777777777777');
    expect(bytesOfBase32('7777777777777777')).toEqual(new Uint8Array(10).fill(255));
  });
});

describe('utf8() and textOf()', () => {
  test.each([
    ['plain', [0x70, 0x6c, 0x61, 0x69, 0x6e]],
    ['é', [0xc3, 0xa9]],
    ['€', [0xe2, 0x82, 0xac]],
    ['😀', [0xf0, 0x9f, 0x98, 0x80]],
  ])('agree on "%s"', (text, bytes) => {
    expect([...utf8(text)]).toEqual(bytes);
    expect(textOf(Uint8Array.from(bytes))).toBe(text);
  });

  test('read a part of a larger buffer as that part alone', () => {
    const all = utf8('before-inside-after');
    expect(textOf(all.subarray(7, 13))).toBe('inside');
  });

  test('read bytes that are no text as replacement characters, and never throw', () => {
    expect(textOf(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\uFFFDb');
  });
});

describe('sameBytes()', () => {
  test('looks at what is in them, not at which they are', () => {
    expect(sameBytes(utf8('abc'), utf8('abc'))).toBe(true);
    expect(sameBytes(utf8('xabc').subarray(1), utf8('abc'))).toBe(true);
    expect(sameBytes(noBytes, new Uint8Array(0))).toBe(true);
  });

  test('sees another byte, a missing one and one too many', () => {
    expect(sameBytes(utf8('abc'), utf8('abd'))).toBe(false);
    expect(sameBytes(utf8('abc'), utf8('ab'))).toBe(false);
    expect(sameBytes(utf8('abc'), utf8('abcd'))).toBe(false);
    expect(sameBytes(noBytes, Uint8Array.of(0))).toBe(false);
  });
});

describe('compareText()', () => {
  test('orders as bytes do, whatever the locale says', () => {
    const names = ['b', 'a', 'B', 'a-', 'a.', 'A', '', 'aa', '10', '9'];
    expect([...names].sort(compareText)).toEqual([
      '',
      '10',
      '9',
      'A',
      'B',
      'a',
      'a-',
      'a.',
      'aa',
      'b',
    ]);
  });

  test('says 0 of equals and changes its sign when they change places', () => {
    expect(compareText('x', 'x')).toBe(0);
    expect(compareText('x', 'y')).toBe(-1);
    expect(compareText('y', 'x')).toBe(1);
  });
});
