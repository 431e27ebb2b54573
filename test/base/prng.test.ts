import { describe, expect, test } from 'vitest';
import { prng } from '../../src/base/index.ts';

const whole = 2 ** 32;

function draw(seed: number, below: number, count: number): number[] {
  const chance = prng(seed);
  return Array.from({ length: count }, () => chance.below(below));
}

describe('prng()', () => {
  // Computed by a program in another language from the published algorithm (xoshiro128**, its state
  // filled by a Weyl sequence through murmur3's finalizer).
  test.each([
    [0, [3809008728, 1133695204, 53579671, 2891528803, 139681546, 2203266335]],
    [1, [2442144158, 3238099751, 3819917871, 2104621829, 2021136066, 4223536128]],
    [42, [2837322924, 544945897, 479756282, 3500138142, 339756180, 113173290]],
    [0xffffffff, [835879718, 1921286648, 2356205009, 1885780724, 980451116, 1053911718]],
  ])('of seed %i draws the words that the algorithm says', (seed, words) => {
    expect(draw(seed, whole, words.length)).toEqual(words);
  });

  test('still follows the algorithm after a million draws', () => {
    const chance = prng(1);
    let last = 0;
    for (let i = 0; i < 1_000_000; i++) last = chance.below(whole);
    expect(last).toBe(187170770);
  });

  test('scales a word down to the range asked for', () => {
    expect(draw(42, 10, 16)).toEqual([6, 1, 1, 8, 0, 0, 0, 2, 8, 3, 1, 4, 9, 9, 7, 7]);
    expect(draw(7, 6, 16)).toEqual([1, 3, 2, 1, 3, 2, 3, 2, 5, 1, 3, 1, 2, 2, 1, 1]);
  });

  test('takes a seed by its lowest 32 bits', () => {
    expect(draw(42 + whole, whole, 4)).toEqual(draw(42, whole, 4));
    expect(draw(-1, whole, 4)).toEqual(draw(0xffffffff, whole, 4));
  });

  test('with nothing to choose from draws 0', () => {
    expect(draw(3, 1, 5)).toEqual([0, 0, 0, 0, 0]);
  });

  test('draws below the bound and every number about equally often', () => {
    const counts = new Array<number>(10).fill(0);
    for (const n of draw(99, 10, 100_000)) counts[n] = (counts[n] ?? 0) + 1;
    expect(counts).toHaveLength(10);
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  test('has no state outside of itself: two of one seed do not disturb each other', () => {
    const a = prng(5);
    const b = prng(5);
    const mixed = Array.from({ length: 8 }, () => [a.below(whole), b.below(whole)]);
    for (const [x, y] of mixed) expect(x).toBe(y);
  });
});
