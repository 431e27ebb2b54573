import { describe, expect, test } from 'vitest';
import { prng } from '../../src/base/index.ts';
import {
  badMachinesMax,
  chooseBad,
  diskFaults,
  isDestroying,
  type Standing,
  verdictOn,
} from '../../src/sim/disk/atlas.ts';

const sound = (...machines: string[]) => machines.map((machine) => ({ machine, isSound: true }));
const gone = (machine: string) => ({ machine, isSound: false });

const standing = (given: Partial<Standing<string>>): Standing<string> => ({
  bad: new Set(['a']),
  voters: [sound('a', 'b', 'c')],
  hit: new Set(),
  ...given,
});

describe('the atlas of faults', () => {
  test('a minority of the fewest voters may have bad disks', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(badMachinesMax)).toEqual([0, 0, 1, 1, 2, 2, 3]);
  });

  test('the bad machines are drawn, never too many, and the same from the same chance', () => {
    const sizes = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      const bad = chooseBad(['a', 'b', 'c', 'd', 'e'], 5, prng(seed));
      expect([...bad]).toEqual([...chooseBad(['a', 'b', 'c', 'd', 'e'], 5, prng(seed))]);
      sizes.add(bad.size);
    }
    expect([...sizes].sort()).toEqual([0, 1, 2]);
    expect(chooseBad(['a', 'b'], 2, prng(1)).size).toBe(0);
  });

  test('faults that leave durable data durable may meet everybody, always', () => {
    const worst = standing({ voters: [[gone('a'), gone('b'), gone('c')]], hit: new Set(['b']) });
    for (const fault of diskFaults)
      if (!isDestroying(fault)) expect(verdictOn(fault, 'b', worst)).toBe('survive');
  });

  test('faults that destroy it meet bad machines only', () => {
    expect(verdictOn('rot', 'a', standing({}))).toBe('survive');
    expect(verdictOn('rot', 'b', standing({}))).toBe('spare');
    expect(verdictOn('failed sync', 'b', standing({}))).toBe('survive');
    expect(verdictOn('lost folder', 'b', standing({ bad: new Set() }))).toBe('spare');
  });

  test('a machine is not hit twice before its node recovered', () => {
    expect(verdictOn('rot', 'a', standing({ hit: new Set(['a']) }))).toBe('spare');
  });

  test('a dead voter counts until it is removed, also where its machine came back under a new id', () => {
    const replaced = [gone('a'), ...sound('a', 'b', 'c')];
    expect(verdictOn('lost folder', 'a', standing({ voters: [replaced] }))).toBe('spare');
    expect(verdictOn('lost folder', 'a', standing({ voters: [sound('a', 'b', 'c')] }))).toBe(
      'survive',
    );
    const another = [gone('x'), ...sound('a', 'b')];
    expect(verdictOn('rot', 'a', standing({ voters: [another] }))).toBe('spare');
    // It never lost more than it had: the dead one is hit again.
    const dead = [gone('a'), ...sound('b', 'c')];
    expect(verdictOn('lost folder', 'a', standing({ voters: [dead] }))).toBe('survive');
  });

  test('both halves of a joint membership keep a sound majority', () => {
    const voters = [sound('a', 'b', 'c'), sound('a', 'b')];
    expect(verdictOn('rot', 'a', standing({ voters }))).toBe('spare');
    const away = [sound('a', 'b', 'c'), sound('b', 'c')];
    expect(verdictOn('rot', 'a', standing({ voters: away }))).toBe('survive');
  });

  test('one or two voters have to notice, once', () => {
    for (const voters of [[sound('a')], [sound('a', 'b')]]) {
      const small = standing({ bad: new Set(), voters });
      expect(verdictOn('rot', 'a', small)).toBe('notice');
      expect(verdictOn('rot', 'a', { ...small, hit: new Set(['b']) })).toBe('spare');
    }
    const hurt = standing({ bad: new Set(), voters: [[gone('b'), ...sound('a')]] });
    expect(verdictOn('rot', 'a', hurt)).toBe('spare');
  });
});
