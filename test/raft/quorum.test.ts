import { describe, expect, test } from 'vitest';
import type { Membership, NodeId } from '../../src/base/index.ts';
import { emptyMembership, logIndex } from '../../src/base/index.ts';
import type { VoteAnswer } from '../../src/raft/index.ts';
import { hasQuorum, quorumIndex, voteOutcome } from '../../src/raft/quorum.ts';
import { at, id, membershipOf } from './support/cluster.ts';

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
    expect(voteOutcome(m, answersOf(yes, no))).toBe(outcome);
  });

  test.each([
    { m: membershipOf([1, 2, 3]), yes: [1, 2], unsure: [3], no: [], outcome: 'won' },
    { m: membershipOf([1, 2, 3]), yes: [1], unsure: [2], no: [], outcome: 'open' },
    { m: membershipOf([1, 2, 3]), yes: [1], unsure: [2], no: [3], outcome: 'lost' },
    { m: membershipOf([1, 2, 3]), yes: [1], unsure: [2, 3], no: [], outcome: 'wonByAll' },
    { m: membershipOf([1, 2, 3]), yes: [2], unsure: [1], no: [], outcome: 'open' },
    { m: membershipOf([1, 2, 3]), yes: [2, 3], unsure: [1], no: [], outcome: 'won' },
    { m: membershipOf([1, 2]), yes: [], unsure: [1, 2], no: [], outcome: 'wonByAll' },
    { m: membershipOf([1, 2]), yes: [1], unsure: [2], no: [], outcome: 'won' },
    // What two of four never held, three of four never did.
    { m: membershipOf([1, 2, 3, 4]), yes: [1, 2], unsure: [3], no: [], outcome: 'won' },
    { m: membershipOf([1, 2, 3, 4]), yes: [1, 2], unsure: [], no: [3], outcome: 'open' },
    { m: membershipOf([1, 2, 3, 4]), yes: [1], unsure: [2, 3], no: [], outcome: 'open' },
    { m: membershipOf([1, 2, 3, 4]), yes: [1], unsure: [2, 3], no: [4], outcome: 'lost' },
    { m: joint([1, 2], [1, 2, 3]), yes: [1, 3], unsure: [2], no: [], outcome: 'won' },
    { m: joint([1, 2], [1, 2, 3]), yes: [1], unsure: [2], no: [3], outcome: 'lost' },
    { m: membershipOf([1, 2, 3], [4]), yes: [4], unsure: [1, 2, 3], no: [], outcome: 'wonByAll' },
    { m: membershipOf([1, 2, 3, 4, 5]), yes: [2, 3], unsure: [1], no: [], outcome: 'open' },
    { m: membershipOf([1, 2, 3, 4, 5]), yes: [2, 3, 4], unsure: [1], no: [5], outcome: 'won' },
    { m: membershipOf([1, 2, 3, 4, 5]), yes: [2, 3], unsure: [1, 4], no: [5], outcome: 'lost' },
    { m: joint([1, 4, 5], [1, 2, 3]), yes: [4, 5], unsure: [1, 2], no: [], outcome: 'open' },
    { m: joint([1, 4, 5], [1, 2, 3]), yes: [4, 5], unsure: [1, 2, 3], no: [], outcome: 'wonByAll' },
    { m: joint([1, 4, 5], [1, 2, 3]), yes: [4, 5, 3], unsure: [1, 2], no: [], outcome: 'wonByAll' },
    { m: joint([1, 4, 5], [1, 2, 3]), yes: [4, 5, 2, 3], unsure: [1], no: [], outcome: 'won' },
    { m: joint([1, 4, 5], [1, 2, 3]), yes: [4, 5], unsure: [1, 2], no: [3], outcome: 'lost' },
    // What a lone voter lost may be how others became voters: it does not clear itself.
    { m: membershipOf([1]), yes: [], unsure: [1], no: [], outcome: 'lost' },
    { m: membershipOf([1], [2]), yes: [2], unsure: [1], no: [], outcome: 'lost' },
  ])(
    'yes $yes, in doubt $unsure, no $no of $m.voters and $m.outgoing is $outcome',
    ({ m, yes, unsure, no, outcome }) => {
      expect(voteOutcome(m, answersOf(yes, no, unsure))).toBe(outcome);
    },
  );
});

const answersOf = (yes: readonly number[], no: readonly number[], unsure: readonly number[] = []) =>
  new Map<NodeId, VoteAnswer>([
    ...yes.map((name) => [id(name), { granted: true, doubt: null }] as const),
    ...unsure.map((name) => [id(name), { granted: true, doubt: at(9, 9) }] as const),
    ...no.map((name) => [id(name), { granted: false, doubt: null }] as const),
  ]);

test('hasQuorum() of a joint membership needs both halves', () => {
  const m = joint([1, 2], [3, 4, 5]);
  const agree = (...names: number[]) => hasQuorum(m, (voter) => names.map(id).includes(voter));
  expect(agree(1, 2, 3, 4)).toBe(true);
  expect(agree(1, 2, 3)).toBe(false);
  expect(agree(1, 3, 4, 5)).toBe(false);
});
