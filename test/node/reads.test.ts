import { expect, test } from 'vitest';
import { ClusterError, logIndex, noIndex } from '../../src/base/index.ts';
import { Reads } from '../../src/node/reads.ts';
import { emptyTree } from '../../src/tree/index.ts';

const late = new ClusterError('ERR_NO_LEADER', 'no quorum');
const view = emptyTree();

class Desk {
  readonly reads: Reads;
  readonly told: string[] = [];

  constructor(max = 100) {
    this.reads = new Reads(max);
  }

  add(name: string, deadlineMs = 5000): void {
    const ready = () => this.told.push(name);
    this.reads.add({ ready, failed: ({ code }) => this.told.push(`${name} ${code}`) }, deadlineMs);
  }

  applied(index: number): string[] {
    this.reads.applied(logIndex(index), view);
    return this.told.splice(0);
  }
}

test('all that wait ask as one; who comes later never joins a round that was asked before', () => {
  const desk = new Desk();
  desk.add('a');
  desk.add('b');
  const first = desk.reads.ask();
  desk.add('c');
  desk.reads.result(first, logIndex(5));
  expect(desk.applied(5)).toEqual(['a', 'b']);
  expect(desk.reads.hasWaiting).toBe(true);
  const second = desk.reads.ask();
  expect(second).not.toBe(first);
  desk.reads.result(first, logIndex(1));
  expect(desk.applied(9)).toEqual([]);
  desk.reads.result(second, logIndex(9));
  expect(desk.applied(9)).toEqual(['c']);
});

test('a read is answered once the tree holds what its barrier said, and not before', () => {
  const desk = new Desk();
  desk.add('a');
  desk.reads.result(desk.reads.ask(), logIndex(5));
  expect(desk.applied(4)).toEqual([]);
  expect(desk.applied(5)).toEqual(['a']);
  expect(desk.applied(6)).toEqual([]);
});

test('rounds may be granted out of order; the tree answers in the order of indexes', () => {
  const desk = new Desk();
  const rounds = ['a', 'b', 'c'].map((name) => {
    desk.add(name);
    return desk.reads.ask();
  });
  const [a = 0, b = 0, c = 0] = rounds;
  desk.reads.result(c, logIndex(7));
  desk.reads.result(a, logIndex(3));
  desk.reads.result(b, logIndex(5));
  expect(desk.applied(4)).toEqual(['a']);
  expect(desk.applied(7)).toEqual(['b', 'c']);
});

test('a round nobody could answer asks again, under another reference', () => {
  const desk = new Desk();
  desk.add('a');
  const first = desk.reads.ask();
  desk.reads.result(first, null);
  expect(desk.reads.hasWaiting).toBe(true);
  const second = desk.reads.ask();
  desk.reads.result(first, noIndex);
  expect(desk.applied(9)).toEqual([]);
  desk.reads.result(second, logIndex(9));
  expect(desk.applied(9)).toEqual(['a']);
});

test('time ends reads in every stage, each once, and frees their places', () => {
  const desk = new Desk(4);
  desk.add('granted', 100);
  desk.reads.result(desk.reads.ask(), logIndex(50));
  desk.add('asked', 100);
  const ref = desk.reads.ask();
  desk.add('waiting', 100);
  desk.add('in time', 200);
  expect(desk.reads.full).toBe(true);
  desk.reads.expire(100, late);
  expect(desk.told.splice(0).sort()).toEqual([
    'asked ERR_NO_LEADER',
    'granted ERR_NO_LEADER',
    'waiting ERR_NO_LEADER',
  ]);
  desk.reads.result(ref, logIndex(1));
  expect(desk.applied(99)).toEqual([]);
  for (const name of ['x', 'y', 'z']) desk.add(name);
  expect(desk.reads.full).toBe(true);
  expect(() => desk.add('one too many')).toThrow('N3');
});

test('rounds given up one after the other still end in time', () => {
  const desk = new Desk();
  desk.add('first', 100);
  const first = desk.reads.ask();
  desk.add('second', 200);
  const second = desk.reads.ask();
  desk.reads.result(first, null);
  // The later deadline now stands in front of the earlier one.
  desk.reads.result(second, null);
  desk.reads.expire(100, late);
  expect(desk.told).toEqual(['first ERR_NO_LEADER']);
});

test('a reader that reads again while it is answered waits for a round of its own', () => {
  const reads = new Reads(10);
  let answers = 0;
  const waiter = {
    ready: () => {
      answers++;
      if (answers === 1) reads.add(waiter, 5000);
    },
    failed: () => {},
  };
  reads.add(waiter, 5000);
  reads.result(reads.ask(), logIndex(1));
  reads.applied(logIndex(1), view);
  expect(answers).toBe(1);
  expect(reads.hasWaiting).toBe(true);
});
