import * as zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { prng, utf8 } from '../../src/base/index.ts';
import { tableChecksum } from '../../src/platform/checksum.ts';
import { checksum, systemClock, systemRandom } from '../../src/platform/index.ts';

describe('checksum()', () => {
  // The check value of CRC-32/ISO-HDLC in every catalogue of CRCs.
  test('of "123456789" is cbf43926', () => {
    expect(checksum(utf8('123456789'))).toBe(0xcbf43926);
    expect(tableChecksum()(utf8('123456789'))).toBe(0xcbf43926);
  });

  test('goes on from a seed as if the bytes were one', () => {
    expect(checksum(utf8('56789'), checksum(utf8('1234')))).toBe(0xcbf43926);
  });

  test.runIf('crc32' in zlib)('by table and by zlib are the same', () => {
    const chance = prng(1);
    const table = tableChecksum();
    for (let length = 0; length < 300; length++) {
      const bytes = Uint8Array.from({ length }, () => chance.below(256));
      const seed = chance.below(2 ** 32);
      expect(table(bytes, seed)).toBe(zlib.crc32(bytes, seed));
    }
  });
});

describe('systemClock()', () => {
  const clock = systemClock();

  test('never falls', () => {
    let last = clock.now();
    for (let i = 0; i < 1000; i++) {
      const now = clock.now();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  test('calls soon() before a timer, and not after cancel()', async () => {
    const seen: string[] = [];
    const cancelled = clock.after(1, () => seen.push('cancelled'));
    cancelled.cancel();
    cancelled.cancel();
    clock.soon(() => seen.push('soon'));
    await new Promise<void>((resolve) => {
      const from = clock.now();
      clock.after(20, () => {
        seen.push('after');
        expect(clock.now() - from).toBeGreaterThanOrEqual(19);
        resolve();
      });
    });
    expect(seen).toEqual(['soon', 'after']);
  });
});

describe('systemRandom()', () => {
  const random = systemRandom();

  test('gives as many bytes as asked, never the same', () => {
    expect(random.bytes(10)).toHaveLength(10);
    expect(random.bytes(32)).not.toEqual(random.bytes(32));
  });

  test('refuses sizes nobody should ask for', () => {
    expect(() => random.bytes(0)).toThrow('1 to 1024');
    expect(() => random.bytes(1025)).toThrow('1 to 1024');
  });

  test('seeds are 32 bits', () => {
    for (let i = 0; i < 100; i++) {
      const seed = random.seed();
      expect(seed).toBe(seed >>> 0);
    }
  });
});
