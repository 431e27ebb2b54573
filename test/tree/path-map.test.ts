import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comparePaths, type Path, path } from '../../src/paths/index.ts';
import { PathMap } from '../../src/tree/path-map.ts';

type Step = { readonly kind: 'with' | 'without'; readonly path: Path; readonly value: number };

const numbered = (i: number): Path => path(`/d${i % 7}/n-${i % 3}/${i}`);
const somePath = fc.nat({ max: 400 }).map(numbered);
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('with', 'with', 'without'),
  path: somePath,
  value: fc.nat(),
});
const sortedOf = (model: Map<Path, number>): [Path, number][] =>
  [...model].sort(([a], [b]) => comparePaths(a, b));

function run(map: PathMap<number>, model: Map<Path, number>, { kind, path, value }: Step) {
  if (kind === 'with') model.set(path, value);
  else model.delete(path);
  return kind === 'with' ? map.with(path, value) : map.without(path);
}

describe('a persistent map', () => {
  test('holds what a sorted map holds, and old ones stay as they were', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), somePath, (steps, seek) => {
        let map = PathMap.empty<number>();
        const model = new Map<Path, number>();
        const kept: [PathMap<number>, [Path, number][]][] = [];
        for (const [i, one] of steps.entries()) {
          map = run(map, model, one);
          if (i % 50 === 0) kept.push([map, sortedOf(model)]);
        }
        kept.push([map, sortedOf(model)]);
        for (const [old, entries] of kept) {
          expect([...old.entries()]).toEqual(entries);
          expect(old.size).toBe(entries.length);
          const later = entries.filter(([path]) => comparePaths(path, seek) >= 0);
          expect([...old.entries(seek)]).toEqual(later);
          const after = later.find(([path]) => path !== seek);
          expect(old.nextAfter(seek)).toBe(after?.[0] ?? null);
          expect(old.get(seek)).toBe(entries.find(([path]) => path === seek)?.[1]);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('grows to several levels and shrinks to nothing, in any order', () => {
    const count = 5000;
    const order = (i: number, stride: number): Path => numbered((i * stride) % count);
    for (const [in_, out] of [
      [1, 1],
      [1, 4999],
      [4999, 7],
      [37, 2503],
    ] as const) {
      let map = PathMap.empty<number>();
      for (let i = 0; i < count; i++) map = map.with(order(i, in_), i);
      expect(map.size).toBe(count);
      const full = map;
      for (let i = 0; i < count; i++) {
        const gone = order(i, out);
        expect(map.get(gone)).toBeDefined();
        map = map.without(gone);
        expect(map.get(gone)).toBe(undefined);
      }
      expect([...map.entries()]).toEqual([]);
      expect(full.size).toBe(count);
      expect([...full.entries()].length).toBe(count);
    }
  });

  test('is itself without what it does not hold', () => {
    const map = PathMap.empty<number>().with(path('/a'), 1);
    expect(map.without(path('/b'))).toBe(map);
  });

  test('tells apart paths that begin alike', () => {
    const paths = ['/a', '/a/b', '/a-b', '/a.b', '/ab', '/a/b/c', '/a/b-c', '/'].map(path);
    let map = PathMap.empty<string>();
    for (const one of paths) map = map.with(one, one);
    expect([...map.entries()].map(([at]) => at)).toEqual([...paths].sort(comparePaths));
    for (const one of paths) expect(map.get(one)).toBe(one);
    expect(map.get(path('/a/'.concat('a')))).toBe(undefined);
  });
});
