import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AssertionError } from '../../src/base/index.ts';
import { comparePaths, type Path, path } from '../../src/paths/index.ts';
import { PathMap } from '../../src/tree/path-map.ts';
import { PathMapBuilder } from '../../src/tree/path-map-builder.ts';

const numbered = (i: number): Path => path(`/d${i % 7}/n-${i % 3}/${i}`);
const inOrder = (count: number): Path[] =>
  Array.from({ length: count }, (_, i) => numbered(i)).sort(comparePaths);

function built(paths: readonly Path[]): PathMap<number> {
  const builder = new PathMapBuilder<number>();
  for (const [i, one] of paths.entries()) expect(builder.add(one, i)).toBe(i);
  return builder.finish();
}

function written(paths: readonly Path[]): PathMap<number> {
  let map = PathMap.empty<number>();
  for (const [i, one] of paths.entries()) map = map.with(one, i);
  return map;
}

describe('a map built from sorted paths', () => {
  // Around every number of children at which a node is full, or one is left over.
  const sizes = [0, 1, 2, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 1056, 1057, 32_769];
  for (const size of sizes) {
    test(`of ${size} is the one that writing them makes`, () => {
      const paths = inOrder(size);
      const map = built(paths);
      expect(map.size).toBe(size);
      expect([...map.entries()]).toEqual([...written(paths).entries()]);
      for (const [i, one] of paths.entries()) {
        if (map.get(one) !== i || map.nextAfter(one) !== (paths[i + 1] ?? null)) {
          expect.fail(`${one} is not found as the ${i}th`);
        }
      }
    });
  }

  for (const size of sizes.filter((count) => count < 2000)) {
    test(`of ${size} shrinks to nothing from either end, and grows again`, () => {
      const paths = inOrder(size);
      for (const order of [paths, paths.toReversed()]) {
        let map = built(paths);
        for (const [i, one] of order.entries()) {
          map = map.without(one);
          if (map.size !== size - i - 1 || map.has(one)) expect.fail(`${one} stays`);
        }
        expect([...map.entries()]).toEqual([]);
        expect([...map.with(path('/a'), 1).entries()]).toEqual([['/a', 1]]);
      }
    });
  }

  test('is written to like any other, and stays as it was', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2200 }),
        fc.array(fc.record({ at: fc.nat({ max: 2500 }), gone: fc.boolean() }), { maxLength: 300 }),
        (size, steps) => {
          const paths = inOrder(size);
          const whole = built(paths);
          let [map, model] = [whole, written(paths)];
          for (const { at, gone } of steps) {
            const one = numbered(at);
            map = gone ? map.without(one) : map.with(one, at);
            model = gone ? model.without(one) : model.with(one, at);
          }
          expect([...map.entries()]).toEqual([...model.entries()]);
          expect(map.size).toBe(model.size);
          expect([...whole.entries()]).toEqual(paths.map((one, i) => [one, i]));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('has the values that were replaced on the way, whether their node was full or not', () => {
    const paths = inOrder(100);
    const builder = new PathMapBuilder<number>();
    for (const one of paths) builder.add(one, 0);
    for (let i = 0; i < 100; i++) builder.replace(i, i + 1);
    expect([...builder.finish().entries()]).toEqual(paths.map((one, i) => [one, i + 1]));
  });

  test('is not built from paths out of order', () => {
    const builder = new PathMapBuilder<number>();
    builder.add(path('/a/b'), 1);
    for (const one of ['/a/b', '/a', '/Z']) {
      expect(() => builder.add(path(one), 2)).toThrow(AssertionError);
    }
    builder.add(path('/a-b'), 2);
    expect(() => builder.replace(2, 0)).toThrow(AssertionError);
  });
});
