import { expect, test } from 'vitest';
import { Slabs } from '../../src/tree/slabs.ts';

const some = (length: number, first: number): Uint8Array =>
  new Uint8Array(length).map((_, i) => first + i);

test('values in slabs are copies, each of its own bytes', () => {
  const slabs = new Slabs();
  const lengths = [1, 100, 0, 7, 256, 257, 511, 512, 5000, 100, 3, 400, 511, 511, 511, 511, 100];
  const source = lengths.map((length, i) => some(length + 2, i));
  const copies = source.map((bytes) => slabs.copy(bytes, 1, bytes.length - 1));
  const wanted = source.map((bytes) => bytes.slice(1, -1));
  for (const bytes of source) bytes.fill(255);
  expect(copies).toEqual(wanted);
});

test('small values share slabs of 4 KiB, and no value keeps more than that in memory', () => {
  const slabs = new Slabs();
  const values = Array.from({ length: 10_000 }, (_, i) => slabs.copy(some(100, i), 0, 100));
  const buffers = new Set(values.map(({ buffer }) => buffer));
  expect(Math.max(...[...buffers].map(({ byteLength }) => byteLength))).toBe(4096);
  expect(buffers.size).toBe(250);
});

test('a large value has a buffer of its own, as large as itself', () => {
  const slabs = new Slabs();
  expect(slabs.copy(some(512, 0), 0, 512).buffer.byteLength).toBe(512);
  expect(slabs.copy(some(70_000, 0), 0, 70_000).buffer.byteLength).toBe(70_000);
});
