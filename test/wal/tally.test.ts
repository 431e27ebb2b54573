import { describe, expect, test } from 'vitest';
import { logIndex, prng, term } from '../../src/base/index.ts';
import { Tally } from '../../src/wal/tally.ts';
import { at } from './support.ts';

const holdsOf = (tally: Tally, upTo: number): (number | null)[] =>
  Array.from({ length: upTo + 2 }, (_, i) => tally.termAt(logIndex(i)));

describe('Tally', () => {
  test('knows the term at each position it holds, and no other', () => {
    const tally = new Tally();
    for (const [index, of] of [
      [1, 1],
      [2, 1],
      [3, 4],
    ] as const)
      tally.append(logIndex(index), term(of), 10);
    expect(holdsOf(tally, 3)).toEqual([0, 1, 1, 4, null]);
    expect(tally.holds(at(2, 1))).toBe(true);
    expect(tally.holds(at(2, 4))).toBe(false);
    expect(tally.last).toEqual(at(3, 4));
  });

  test('refuses a gap, a term that falls, and truncation below its floor', () => {
    const tally = new Tally(at(5, 3));
    expect(() => tally.append(logIndex(7), term(3), 1)).toThrow('no gap');
    expect(() => tally.append(logIndex(6), term(2), 1)).toThrow('R2');
    expect(() => tally.truncateFrom(logIndex(5))).toThrow('never truncated');
  });

  test('counts from its floor on, when it begins in the middle of a log', () => {
    const tally = new Tally(at(40, 2));
    for (let i = 41; i <= 45; i++) tally.append(logIndex(i), term(2), i);
    tally.covered(logIndex(43));
    expect(tally.bytesSinceSnapshot).toBe(44 + 45);
  });

  test('agrees with a plain list through random lives', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const { below } = prng(seed);
      let tally = new Tally();
      let floor = at(0, 0);
      let covered = 0;
      let entries: { of: number; bytes: number }[] = [];
      const last = () => floor.index + entries.length;
      for (let step = 0; step < 60; step++) {
        const what = below(10);
        if (what < 5) {
          const of = (entries.at(-1)?.of ?? floor.term) + (below(4) === 0 ? 1 : 0);
          const bytes = 1 + below(100);
          tally.append(logIndex(last() + 1), term(of), bytes);
          entries.push({ of, bytes });
        } else if (what < 7 && last() > covered) {
          const from = Math.max(covered, floor.index) + 1 + below(last() - covered);
          tally.truncateFrom(logIndex(from));
          entries = entries.slice(0, from - 1 - floor.index);
        } else if (what === 7 && last() > covered) {
          covered += 1 + below(last() - covered);
          tally.covered(logIndex(covered));
        } else if (what === 8 && covered > floor.index) {
          const to = floor.index + 1 + below(covered - floor.index);
          tally.forgetBefore(logIndex(to));
          const forgotten = to - floor.index;
          floor = at(to, entries[forgotten - 1]?.of ?? 0);
          entries = entries.slice(forgotten);
        } else if (what === 9 && below(4) === 0) {
          const base = at(last() + below(5), (entries.at(-1)?.of ?? floor.term) + 1);
          tally.restart(base);
          floor = base;
          entries = [];
          covered = floor.index;
        }
        if (below(50) === 0) {
          // As after a restart: a new one over the same log.
          tally = new Tally(floor);
          tally.covered(logIndex(covered));
          for (const [i, { of, bytes }] of entries.entries()) {
            tally.append(logIndex(floor.index + 1 + i), term(of), bytes);
          }
        }
        const context = `seed ${seed}, step ${step}`;
        expect(tally.last.index, context).toBe(last());
        const bytes = entries
          .filter((_, i) => floor.index + 1 + i > covered)
          .reduce((sum, one) => sum + one.bytes, 0);
        expect(tally.bytesSinceSnapshot, context).toBe(bytes);
        for (const [i, { of }] of entries.entries()) {
          expect(tally.termAt(logIndex(floor.index + 1 + i)), context).toBe(of);
        }
        expect(tally.termAt(logIndex(last() + 1)), context).toBeNull();
      }
    }
  });
});
