import { describe, expect, test } from 'vitest';
import type { Membership } from '../../src/base/index.ts';
import { emptyMembership, logIndex } from '../../src/base/index.ts';
import { hasQuorum, quorumIndex, voteOutcome } from '../../src/raft/quorum.ts';
import { id, membershipOf } from './support/cluster.ts';

const joint = (voters: number[], outgoing: number[]): Membership => ({
  ...membershipOf(voters),
  outgoing: outgoing.map(id),
});

describe('quorumIndex()', () => {
  test.each([
    { name: 'one voter', m: membershipOf([1]), held: { 1: 4 }, index: 4 },
    { name: 'two voters need both', m: membershipOf([1, 2]), held: { 1: 9, 2: 3 }, index: 3 },
    { name: 'two of three', m: membershipOf([1, 2, 3]), held: { 1: 9, 2: 3, 3: 1 }, index: 3 },
    { name: 'a silent voter', m: membershipOf([1, 2, 3]), held: { 1: 9 }, index: 0 },
    { name: 'three of four', m: membershipOf([1, 2, 3, 4]), held: { 1: 9, 2: 8, 3: 2 }, index: 2 },
    {
      name: 'three of five',
      m: membershipOf([1, 2, 3, 4, 5]),
      held: { 1: 9, 2: 8, 3: 7, 4: 1 },
      index: 7,
    },
    {
      name: 'both majorities',
      m: joint([1, 2, 4], [1, 2, 3]),
      held: { 1: 9, 3: 9, 4: 5 },
      index: 5,
    },
    {
      name: 'the new one alone',
      m: joint([1, 4, 5], [1, 2, 3]),
      held: { 1: 9, 4: 9, 5: 9 },
      index: 0,
    },
    {
      name: 'the old one alone',
      m: joint([1, 4, 5], [1, 2, 3]),
      held: { 1: 9, 2: 9, 3: 9 },
      index: 0,
    },
    { name: 'nobody', m: emptyMembership, held: { 1: 9 }, index: 0 },
    {
      name: 'a learner does not count',
      m: membershipOf([1, 2], [3]),
      held: { 1: 9, 3: 9 },
      index: 0,
    },
  ])('$name', ({ m, held, index }) => {
    const heldBy = new Map(Object.entries(held));
    expect(quorumIndex(m, (voter) => logIndex(heldBy.get(voter) ?? 0))).toBe(index);
  });
});

describe('voteOutcome()', () => {
  test.each([
    { m: membershipOf([1]), yes: [1], no: [], outcome: 'won' },
    { m: membershipOf([1, 2, 3]), yes: [1], no: [], outcome: 'open' },
    { m: membershipOf([1, 2, 3]), yes: [1, 2], no: [3], outcome: 'won' },
    { m: membershipOf([1, 2, 3]), yes: [1], no: [2, 3], outcome: 'lost' },
    { m: membershipOf([1, 2, 3, 4]), yes: [1, 2], no: [3], outcome: 'open' },
    { m: membershipOf([1, 2, 3, 4]), yes: [1, 2], no: [3, 4], outcome: 'lost' },
    { m: membershipOf([1, 2, 3], [4]), yes: [1, 4], no: [], outcome: 'open' },
    { m: joint([1, 4, 5], [1, 2, 3]), yes: [1, 4, 5], no: [], outcome: 'open' },
    { m: joint([1, 4, 5], [1, 2, 3]), yes: [1, 4, 2], no: [], outcome: 'won' },
    { m: joint([1, 4, 5], [1, 2, 3]), yes: [1, 4, 5], no: [2, 3], outcome: 'lost' },
    { m: joint([1, 4, 5], [1, 2, 3]), yes: [1, 2, 3], no: [4, 5], outcome: 'lost' },
    { m: emptyMembership, yes: [1], no: [], outcome: 'lost' },
  ])('yes $yes, no $no of $m.voters and $m.outgoing is $outcome', ({ m, yes, no, outcome }) => {
    const grants = new Map([
      ...yes.map((name) => [id(name), true] as const),
      ...no.map((name) => [id(name), false] as const),
    ]);
    expect(voteOutcome(m, grants)).toBe(outcome);
  });
});

test('hasQuorum() of a joint membership needs both halves', () => {
  const m = joint([1, 2], [3, 4, 5]);
  const agree = (...names: number[]) => hasQuorum(m, (voter) => names.map(id).includes(voter));
  expect(agree(1, 2, 3, 4)).toBe(true);
  expect(agree(1, 2, 3)).toBe(false);
  expect(agree(1, 3, 4, 5)).toBe(false);
});
