import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leaseId, revision } from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import { DigestSum, digestHex, digestOfBytes, noDigest } from '../../src/tree/digest.ts';
import type { File } from '../../src/tree/index.ts';

const fileOf = (body: Uint8Array, created = 1, changed = 2, lease = 0): File => ({
  body,
  created: revision(created),
  changed: revision(changed),
  lease: leaseId(lease),
});

const digestOf = (at: string, file: File): string => {
  const sum = new DigestSum(noDigest);
  sum.add(path(at), file);
  return digestHex(sum.sum);
};

test('the digest of a sum does not depend on the order, and what is subtracted is gone', () => {
  const some = fc.record({ n: fc.nat({ max: 99 }), body: fc.uint8Array({ maxLength: 70 }) });
  fc.assert(
    fc.property(fc.array(some), fc.array(some), (kept, passing) => {
      const [one, other] = [new DigestSum(noDigest), new DigestSum(noDigest)];
      const at = (n: number) => path(`/some/where/${n}`);
      for (const { n, body } of passing) one.add(at(n), fileOf(body));
      for (const { n, body } of kept) one.add(at(n), fileOf(body));
      for (const { n, body } of passing) one.subtract(at(n), fileOf(body));
      for (const { n, body } of kept.toReversed()) other.add(at(n), fileOf(body));
      expect(one.sum).toEqual(other.sum);
    }),
  );
});

test('any difference shows, also of zeros at the end, and of numbers beyond 32 bits', () => {
  const seen = new Set<string>();
  let count = 0;
  const note = (digest: string) => {
    seen.add(digest);
    count++;
  };
  for (let length = 0; length < 70; length++) note(digestOf('/a', fileOf(new Uint8Array(length))));
  for (let bit = 0; bit < 40 * 8; bit++) {
    const body = new Uint8Array(40);
    body[bit >> 3] = 1 << (bit & 7);
    note(digestOf('/a', fileOf(body)));
  }
  for (let length = 1; length < 70; length++) {
    note(digestOf(`/${'b'.repeat(length)}`, fileOf(new Uint8Array())));
  }
  const high = 2 ** 40;
  for (const [created, changed, lease] of [
    [2, 2, 0],
    [1, 3, 0],
    [1, 2, 1],
    [1, 2 + high, 0],
    [1 + high, 2 + high, 0],
    [1, 2, high],
  ] as const) {
    note(digestOf('/a', fileOf(new Uint8Array(), created, changed, lease)));
  }
  expect(seen.size).toBe(count);
});

test('bits of a digest are as often set as not', () => {
  const counts = new Array<number>(128).fill(0);
  const rounds = 4000;
  for (let n = 0; n < rounds; n++) {
    const digest = BigInt(`0x${digestOf(`/n/${n}`, fileOf(new Uint8Array([n & 255])))}`);
    for (let bit = 0; bit < 128; bit++)
      if ((digest >> BigInt(bit)) & 1n) counts[bit] = (counts[bit] ?? 0) + 1;
  }
  // Six standard deviations.
  const margin = 6 * Math.sqrt(rounds / 4);
  for (const count of counts) expect(Math.abs(count - rounds / 2)).toBeLessThan(margin);
});

test('digests stay what they are: they are compared between releases', () => {
  expect(digestHex(digestOfBytes(new Uint8Array()))).toBe('bd09a6414b269bb7618ff58ea5f6d9c8');
  expect(digestHex(digestOfBytes(new Uint8Array(33).map((_, i) => i)))).toBe(
    '558e8af127be9e6306261eedd3bcb801',
  );
  expect(digestOf('/svc/web/0123456789abcdef', fileOf(new Uint8Array([1, 2, 3])))).toBe(
    '0bdf5b78f046d8a56223a56b5c490fe8',
  );
});

test('a body counts by its bytes, wherever in memory they stand', () => {
  const memory = new Uint8Array(100).map((_, i) => i);
  for (const from of [0, 1, 2, 3, 5]) {
    const body = memory.subarray(from, from + 50);
    expect(digestOf('/a', fileOf(body))).toBe(digestOf('/a', fileOf(body.slice())));
  }
});
