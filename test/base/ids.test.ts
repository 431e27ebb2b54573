import { describe, expect, test } from 'vitest';
import {
  AssertionError,
  bootNumber,
  clusterId,
  clusterTime,
  type Lineage,
  leaseId,
  logIndex,
  nextIndex,
  nextRevision,
  nodeId,
  noIndex,
  noLease,
  noRevision,
  noSession,
  noTerm,
  noTime,
  parseClusterId,
  parseNodeId,
  previousIndex,
  revision,
  sameLineage,
  sessionId,
  term,
} from '../../src/base/index.ts';

const makers = {
  logIndex,
  term,
  revision,
  clusterTime,
  bootNumber,
  leaseId,
  sessionId,
};

describe.each(Object.entries(makers))('%s()', (_name, make) => {
  test('passes whole numbers from 0 to 2^53 - 1', () => {
    for (const n of [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) expect(make(n)).toBe(n);
  });

  test.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('stops at %d', (n) => {
    expect(() => make(n)).toThrow(AssertionError);
    expect(() => make(n)).toThrow(`is a safe whole number, not ${n}`);
  });
});

describe('steps', () => {
  test('lead to the neighbour and back', () => {
    expect(nextIndex(logIndex(41))).toBe(42);
    expect(previousIndex(logIndex(42))).toBe(41);
    expect(nextRevision(revision(0))).toBe(1);
  });

  test('do not lead below the beginning of the log', () => {
    expect(previousIndex(logIndex(1))).toBe(noIndex);
    expect(() => previousIndex(noIndex)).toThrow(AssertionError);
  });

  test('begin at 0, which is before everything', () => {
    expect([noIndex, noTerm, noRevision, noTime, noLease, noSession]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

const good = 'ABCDEFGHIJKLM234';
const bad = [
  '',
  'ABCDEFGHIJKLM23',
  'ABCDEFGHIJKLM2345',
  'abcdefghijklm234',
  'ABCDEFGHIJKLM018',
  ' BCDEFGHIJKLM234',
  `${good}\n`,
  'ÄBCDEFGHIJKLM234',
];

describe.each([
  ['node', parseNodeId, nodeId],
  ['cluster', parseClusterId, clusterId],
] as const)('a %s id', (what, parse, make) => {
  test('is 16 characters of A-Z and 2-7', () => {
    expect(parse(good)).toBe(good);
    expect(make(good)).toBe(good);
  });

  test.each(bad)('is not "%s": null from the outside, a wrong program from the inside', (text) => {
    expect(parse(text)).toBeNull();
    expect(() => make(text)).toThrow(AssertionError);
    expect(() => make(text)).toThrow(`a ${what} id is 16 characters of A-Z2-7, not "${text}"`);
  });
});

describe('sameLineage()', () => {
  const one: Lineage = { clusterId: clusterId(good), epoch: 2, epochId: 'x' };

  test('compares all of it', () => {
    expect(sameLineage(one, { ...one })).toBe(true);
    expect(sameLineage(one, { ...one, clusterId: clusterId('BBBBBBBBBBBBBBBB') })).toBe(false);
    expect(sameLineage(one, { ...one, epoch: 3 })).toBe(false);
  });

  test('tells two recoveries apart that were begun at once', () => {
    expect(sameLineage(one, { ...one, epochId: 'y' })).toBe(false);
  });
});
