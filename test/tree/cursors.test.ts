import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../src/base/index.ts';
import { compileGlob, type Path, path } from '../../src/paths/index.ts';
import { Cursors, childAt, children, matchAt, type View, walk } from '../../src/tree/index.ts';
import { Driver } from './driver.ts';

const glob = (text: string) => must(compileGlob(text), 'a glob');

function treeOf(count: number): View {
  const driver = new Driver(undefined, false);
  for (let i = 0; i < count; i++) {
    driver.set(`/d/${String((i * 11) % count).padStart(6, '0')}${i % 3 === 0 ? '/x' : ''}`, '');
  }
  driver.set('/d-/a', '');
  driver.set('/c', '');
  return driver.state;
}

const largeCount = 100_000;
let built: View | null = null;
/** Made once: it takes longer than what is tested on it. */
const largeTree = (): View => {
  built ??= treeOf(largeCount);
  return built;
};

/** A view that counts how many steps are taken through its files. */
function counted(view: View): { view: View; steps: () => number } {
  let steps = 0;
  const { files } = view;
  const counting = Object.create(files, {
    entries: {
      value: function* (from?: Path) {
        for (const entry of files.entries(from)) {
          steps++;
          yield entry;
        }
      },
    },
    nextAfter: {
      value: (place: Path) => {
        steps++;
        return files.nextAfter(place);
      },
    },
    get: { value: (at: Path) => files.get(at) },
  }) as View['files'];
  return { view: { ...view, files: counting }, steps: () => steps };
}

const directory = path('/d');

describe('listing and walking by offset', () => {
  test('answers as a whole listing and walk do, whatever offsets are asked in whatever order', () => {
    const view = treeOf(500);
    const names = [...children(view, directory)];
    const patterns = ['/**', '/d/*', '/d/**/x', '/d/00001*', '/c', '/none/**'].map(glob);
    const walks = patterns.map((one) => [...walk(view, one)].map(({ path }) => path));
    const cursors = new Cursors(50);
    fc.assert(
      fc.property(
        fc.nat({ max: patterns.length }),
        fc.integer({ min: -2, max: 520 }),
        (i, offset) => {
          const pattern = patterns[i];
          if (pattern === undefined) {
            const child = childAt(view, directory, offset, cursors);
            expect(child.kind === 'name' ? child.name : child.kind).toBe(names[offset] ?? 'range');
          } else {
            const match = matchAt(view, pattern, offset, cursors);
            expect(match?.path).toBe(walks[i]?.[offset]);
            if (match !== null) expect(view.files.get(match.path)).toBe(match.file);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('tells names that look like answers from answers', () => {
    const driver = new Driver();
    driver.set('/range');
    const cursors = new Cursors(10);
    expect(childAt(driver.state, path('/'), 0, cursors)).toEqual({ kind: 'name', name: 'range' });
    expect(childAt(driver.state, path('/range'), 0, cursors)).toEqual({ kind: 'notDirectory' });
    expect(childAt(driver.state, path('/x'), 0, cursors)).toEqual({ kind: 'noEntry' });
    expect(childAt(driver.state, path('/'), 1, cursors)).toEqual({ kind: 'range' });
  });

  const readers = ['a directory', 'a walk'] as const;
  for (const what of readers) {
    const ask = (view: View, offset: number, cursors: Cursors): boolean =>
      what === 'a directory'
        ? childAt(view, directory, offset, cursors).kind === 'name'
        : matchAt(view, glob('/d/**'), offset, cursors) !== null;

    test(`one step each through ${what} of 100,000 names`, () => {
      const count = largeCount;
      const { view, steps } = counted(largeTree());
      const cursors = new Cursors(10_000);
      for (let offset = 0; offset < count; offset++) {
        if (!ask(view, offset, cursors)) expect.fail(`nothing at ${offset}`);
      }
      expect(ask(view, count, cursors)).toBe(false);
      expect(ask(view, count, cursors)).toBe(false);
      // The place before, and the step itself.
      expect(steps()).toBeLessThan(2.1 * count);
      expect(cursors.size).toBeLessThanOrEqual(10_000);
    }, 60_000);

    test(`one step each through ${what} for several readers in turns, and near known places`, () => {
      const count = 3000;
      const { view, steps } = counted(treeOf(count));
      const cursors = new Cursors(10_000);
      const starts = [0, 1, 700, 1500, 2900];
      for (const start of starts) expect(ask(view, start, cursors)).toBe(true);
      const before = steps();
      for (let i = 1; i < 100; i++) for (const start of starts) ask(view, start + i, cursors);
      expect(steps() - before).toBeLessThan(2.1 * 100 * starts.length);
      // Back by one, and the same again: never further than the distance between kept places.
      for (const offset of [2998, 2997, 2997, 1234, 17]) {
        const before = steps();
        expect(ask(view, offset, cursors)).toBe(true);
        expect(steps() - before).toBeLessThan(40);
      }
    });
  }

  test('places are bounded in all: many listings, and empty ones', () => {
    const view = treeOf(1000);
    const cursors = new Cursors(100);
    for (let i = 0; i < 500; i++) {
      matchAt(view, glob(`/d/**${i}*`), 0, cursors);
      matchAt(view, glob(`/none/${i}*`), 0, cursors);
      expect(cursors.size).toBeLessThanOrEqual(100);
    }
    for (let offset = 0; offset < 1000; offset++) matchAt(view, glob('/**'), offset, cursors);
    expect(cursors.size).toBeLessThanOrEqual(100);
  });

  test('one listing is bounded too, and stays right when it keeps fewer places', () => {
    const view = treeOf(140_000);
    const cursors = new Cursors(1_000_000);
    const names = [...children(view, directory)];
    expect(childAt(view, directory, 139_999, cursors)).toEqual({
      kind: 'name',
      name: names[139_999],
    });
    expect(cursors.size).toBeLessThan(4200);
    for (const offset of [0, 63, 64, 65, 131_072, 131_071, 139_000, 139_998]) {
      expect(childAt(view, directory, offset, cursors)).toEqual({
        kind: 'name',
        name: names[offset],
      });
    }
  }, 60_000);

  test('a cursor of one view is not taken for that of another', () => {
    const driver = new Driver();
    for (const name of 'abc') driver.set(`/${name}`);
    const [cursors, before] = [new Cursors(100), driver.state];
    expect(matchAt(before, glob('/*'), 1, cursors)?.path).toBe('/b');
    driver.delete('/a');
    expect(matchAt(driver.state, glob('/*'), 1, cursors)?.path).toBe('/c');
    expect(matchAt(before, glob('/*'), 2, cursors)?.path).toBe('/c');
    expect(matchAt(driver.state, glob('/*'), 2, cursors)).toBe(null);
  });
});
