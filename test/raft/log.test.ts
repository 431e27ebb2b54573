import { describe, expect, test } from 'vitest';
import {
  AssertionError,
  logIndex,
  noIndex,
  noTerm,
  noTime,
  term,
  utf8,
} from '../../src/base/index.ts';
import { entryBytes } from '../../src/raft/index.ts';
import { comparePositions, Log } from '../../src/raft/log.ts';
import { at, command, membershipOf } from './support/cluster.ts';

const emptyBase = { index: noIndex, term: noTerm, time: noTime };

/** A log whose entries have these terms, from index 1 on. */
const logOf = (...terms: number[]): Log =>
  new Log(
    emptyBase,
    terms.map((it, i) => command(i + 1, it)),
  );

describe('Log', () => {
  test('an empty log ends at its base', () => {
    const log = new Log({ index: logIndex(7), term: term(3), time: noTime }, []);
    expect(log.last).toEqual(at(7, 3));
    expect(log.firstIndex).toBe(8);
    expect(log.termAt(logIndex(7))).toBe(3);
    expect(log.termAt(logIndex(6))).toBeNull();
    expect(log.at(logIndex(7))).toBeNull();
  });

  test('appends leave no gap and terms never fall', () => {
    const log = logOf(1, 2);
    expect(() => log.append(command(4, 2))).toThrow('appends leave no gap');
    expect(() => log.append(command(3, 1))).toThrow('R2');
    expect(() => log.append(command(2, 2))).toThrow(AssertionError);
  });

  test('truncating removes the tail and appending goes on from there', () => {
    const log = logOf(1, 2, 2, 3);
    log.truncateFrom(logIndex(3));
    expect(log.last).toEqual(at(2, 2));
    log.append(command(3, 5));
    expect(log.termAt(logIndex(3))).toBe(5);
    expect(() => log.truncateFrom(noIndex)).toThrow('never truncated');
  });

  test.each([1, 2, 3, 5, 6])('compaction through %i keeps every index where it was', (through) => {
    const log = logOf(1, 1, 2, 3, 3, 4);
    log.compact(logIndex(through));
    expect(log.base.index).toBe(through);
    expect(log.lastIndex).toBe(6);
    expect(log.last).toEqual(at(6, 4));
    for (let i = through + 1; i <= 6; i++) expect(log.at(logIndex(i))?.index).toBe(i);
    expect(log.at(logIndex(through))).toBeNull();
    expect(log.termAt(logIndex(through))).not.toBeNull();
    log.append(command(7, 4));
    expect(log.slice(logIndex(through + 1), logIndex(8)).map(({ index }) => index)).toEqual(
      Array.from({ length: 7 - through }, (_, i) => through + 1 + i),
    );
  });

  test('compaction in small steps gives every slot back in the end', () => {
    const log = logOf(...Array.from({ length: 100 }, () => 1));
    for (let i = 1; i <= 99; i++) log.compact(logIndex(i));
    expect(log.slice(logIndex(100), logIndex(101))).toHaveLength(1);
    log.truncateFrom(logIndex(100));
    expect(log.last).toEqual(at(99, 1));
    expect(log.lastTime).toBe(0);
  });

  // Where a follower's log may agree with one that has `ofTerm` at `index`.
  test.each([
    { terms: [1, 1, 1, 4, 4, 5, 5, 6, 6], index: 9, ofTerm: 6, found: 9 },
    { terms: [1, 1, 1, 4, 4, 4, 4], index: 7, ofTerm: 5, found: 7 },
    { terms: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], index: 10, ofTerm: 6, found: 10 },
    { terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6], index: 10, ofTerm: 3, found: 3 },
    { terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6], index: 2, ofTerm: 3, found: 2 },
    { terms: [4, 4], index: 2, ofTerm: 3, found: 0 },
    { terms: [1, 2], index: 9, ofTerm: 2, found: 2 },
    { terms: [], index: 0, ofTerm: 3, found: 0 },
  ])('lastIndexWithTermAtMost($index, $ofTerm) in $terms is $found', (row) => {
    const log = logOf(...row.terms);
    expect(log.lastIndexWithTermAtMost(logIndex(row.index), term(row.ofTerm))).toBe(row.found);
  });

  test('the search for agreement looks no further back than the base', () => {
    const log = new Log({ index: logIndex(5), term: term(3), time: noTime }, [command(6, 4)]);
    expect(log.lastIndexWithTermAtMost(logIndex(6), term(3))).toBe(5);
    expect(log.lastIndexWithTermAtMost(logIndex(6), term(2))).toBe(4);
    expect(log.lastIndexWithTermAtMost(logIndex(3), term(1))).toBe(3);
  });
});

// Raft 5.4.1: the later last term wins; with equal terms the longer log.
test.each([
  { a: at(1, 2), b: at(9, 1), order: 1 },
  { a: at(3, 2), b: at(2, 2), order: 1 },
  { a: at(2, 2), b: at(2, 2), order: 0 },
  { a: at(0, 0), b: at(1, 1), order: -1 },
])('comparePositions($a, $b) is of sign $order', ({ a, b, order }) => {
  expect(Math.sign(comparePositions(a, b))).toBe(order);
});

test('entryBytes() counts the payload and a fixed rest', () => {
  const small = entryBytes(command(1, 1, ''));
  expect(entryBytes({ ...command(1, 1), payload: { kind: 'noop' } })).toBe(small);
  expect(entryBytes(command(1, 1, 'x'.repeat(100)))).toBe(small + 100);
  expect(utf8('x'.repeat(100))).toHaveLength(100);
  const membership = membershipOf([1, 2, 3]);
  const change = { ...command(1, 1), payload: { kind: 'membership', membership } as const };
  expect(entryBytes(change)).toBeGreaterThan(small);
});
