import { describe, expect, it } from 'vitest';
import {
  bridge,
  chain,
  type Direction,
  isolate,
  majoritiesRing,
  type Shape,
  shapeOf,
  split,
} from '../../src/sim/net/shapes.ts';

const five = ['a', 'b', 'c', 'd', 'e'];

/** Whom each hears, by letters. */
const heard = (addresses: readonly string[], shape: Shape): string[] =>
  addresses.map(
    (to) =>
      `${to}:${addresses
        .filter((from) => from !== to && !shape.some(([f, t]) => f === from && t === to))
        .join('')}`,
  );

describe('shapes of partitions', () => {
  it.each<[Direction, string[]]>([
    ['both', ['a:', 'b:cde', 'c:bde', 'd:bce', 'e:bcd']],
    ['in', ['a:', 'b:acde', 'c:abde', 'd:abce', 'e:abcd']],
    ['out', ['a:bcde', 'b:cde', 'c:bde', 'd:bce', 'e:bcd']],
  ])('isolate one, %s', (direction, expected) => {
    expect(heard(five, isolate(five, 'a', direction))).toEqual(expected);
  });

  it('split in two', () => {
    const shape = split(five, ['b', 'd'], 'both');
    expect(heard(five, shape)).toEqual(['a:ce', 'b:d', 'c:ae', 'd:b', 'e:ac']);
  });

  it('bridge: two halves and one that sees both', () => {
    const shape = bridge(five, 'both');
    expect(heard(five, shape)).toEqual(['a:bcde', 'b:ac', 'c:ab', 'd:ae', 'e:ad']);
  });

  it('chain: each sees its neighbours', () => {
    const shape = chain(five, 'both');
    expect(heard(five, shape)).toEqual(['a:b', 'b:ac', 'c:bd', 'd:ce', 'e:d']);
  });

  it('ring of majorities: each sees one, no two the same', () => {
    for (const count of [4, 5, 6, 7]) {
      const addresses = 'abcdefg'.slice(0, count).split('');
      const seen = heard(addresses, majoritiesRing(addresses, 'both'));
      const sets = seen.map((line) => [...line.replace(':', '')].sort().join(''));
      for (const set of sets) expect(set.length).toBeGreaterThan(count / 2);
      expect(new Set(sets).size).toBe(count);
    }
  });

  it('are the same for the same choice, name only whom they are given, and cut something', () => {
    const kinds = new Set<string>();
    for (const count of [2, 3, 5]) {
      const addresses = five.slice(0, count);
      let uncut = 0;
      for (let choice = 0; choice < 200; choice++) {
        const shape = shapeOf(addresses, choice, 'b');
        expect(shapeOf(addresses, choice, 'b')).toEqual(shape);
        for (const [from, to] of shape) {
          expect(from).not.toBe(to);
          expect(addresses.includes(from) && addresses.includes(to)).toBe(true);
        }
        if (shape.length === 0) uncut++;
        if (count === 5) kinds.add(heard(addresses, shape).join(' '));
      }
      // Two that are neighbours, or one and its bridge, see each other in some shapes.
      expect(uncut).toBeLessThan(count === 2 ? 120 : 1);
    }
    expect(kinds.size).toBeGreaterThan(60);
    expect(shapeOf(['a'], 1, 'a')).toEqual([]);
  });
});
