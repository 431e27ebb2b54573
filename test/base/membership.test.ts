import { describe, expect, test } from 'vitest';
import {
  AssertionError,
  emptyMembership,
  finalOf,
  isJoint,
  isLearner,
  isMember,
  isVoter,
  type Membership,
  membersOf,
  type NodeId,
  nodeId,
  sameMembership,
  soleMembership,
} from '../../src/base/index.ts';

const node = (letter: string): NodeId => nodeId(letter.repeat(16));
const [a, b, c, d, e] = ['A', 'B', 'C', 'D', 'E'].map(node) as [
  NodeId,
  NodeId,
  NodeId,
  NodeId,
  NodeId,
];
const addressesOf = (...ids: NodeId[]): Map<NodeId, string> =>
  new Map(ids.map((id) => [id, `10.0.0.${id.charCodeAt(0)}:8046`]));

const final: Membership = {
  voters: [a, b, c],
  outgoing: null,
  learners: [d],
  learnersNext: [],
  parked: [d],
  addresses: addressesOf(a, b, c, d),
};

/** C leaves for good, D takes its place, and B goes on as a parked learner; E waits. */
const joint: Membership = {
  voters: [a, d],
  outgoing: [a, b, c],
  learners: [e],
  learnersNext: [b],
  parked: [b, c],
  addresses: addressesOf(a, b, c, d, e),
};

describe('who counts', () => {
  test('voters of either side of a joint membership count in a majority, learners never', () => {
    expect([a, b, c, d, e].map((id) => isVoter(joint, id))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
    expect([a, b, c, d, e].map((id) => isVoter(final, id))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  test('who will be a learner next is none yet', () => {
    expect(isLearner(joint, e)).toBe(true);
    expect(isLearner(joint, b)).toBe(false);
    expect(isLearner(finalOf(joint), b)).toBe(true);
  });

  test('membersOf() names each once, voters first', () => {
    expect(membersOf(joint)).toEqual([a, d, b, c, e]);
    expect(membersOf(final)).toEqual([a, b, c, d]);
    expect(membersOf(emptyMembership)).toEqual([]);
  });

  test('a member is who has an address: the same as membersOf()', () => {
    for (const m of [final, joint, finalOf(joint), soleMembership(a, 'x:1'), emptyMembership]) {
      const members = new Set(membersOf(m));
      for (const id of [a, b, c, d, e]) expect(isMember(m, id)).toBe(members.has(id));
    }
  });

  test('a new cluster has one voter, a node without a cluster none', () => {
    const sole = soleMembership(a, '127.0.0.1:8046');
    expect(sole.voters).toEqual([a]);
    expect(sole.addresses.get(a)).toBe('127.0.0.1:8046');
    expect(isJoint(sole)).toBe(false);
    expect(isMember(emptyMembership, a)).toBe(false);
  });
});

describe('finalOf()', () => {
  test('keeps the incoming voters, and demotes those outgoing that shall stay', () => {
    const after = finalOf(joint);
    expect(after.voters).toEqual([a, d]);
    expect(after.learners).toEqual([e, b]);
    expect(after.outgoing).toBeNull();
    expect(after.learnersNext).toEqual([]);
  });

  test('forgets who left, with address and parking', () => {
    const after = finalOf(joint);
    expect([...after.addresses.keys()]).toEqual([a, b, d, e]);
    expect(after.parked).toEqual([b]);
    expect(isMember(after, c)).toBe(false);
  });

  test('leaves the joint membership as it was', () => {
    const before = structuredClone(joint);
    finalOf(joint);
    expect(joint).toEqual(before);
  });

  test('is asked of joint memberships only', () => {
    expect(() => finalOf(final)).toThrow(AssertionError);
    expect(() => finalOf(finalOf(joint))).toThrow('only a joint membership has a final one');
  });
});

describe('sameMembership()', () => {
  const changed: [string, Membership][] = [
    ['a voter more', { ...final, voters: [a, b, c, e] }],
    ['voters in another order', { ...final, voters: [b, a, c] }],
    ['a joint one', { ...final, outgoing: [a, b, c] }],
    ['no learner', { ...final, learners: [] }],
    ['learners to be', { ...final, learnersNext: [e] }],
    ['nobody parked', { ...final, parked: [] }],
    ['another address', { ...final, addresses: new Map([...final.addresses, [d, 'other:1']]) }],
    ['an address less', { ...final, addresses: addressesOf(a, b, c) }],
  ];

  test('holds of a copy', () => {
    expect(sameMembership(final, structuredClone(final))).toBe(true);
    expect(sameMembership(joint, structuredClone(joint))).toBe(true);
    expect(sameMembership(emptyMembership, emptyMembership)).toBe(true);
  });

  test('does not mind the order of the addresses', () => {
    const turned = new Map([...final.addresses].reverse());
    expect(sameMembership(final, { ...final, addresses: turned })).toBe(true);
  });

  test.each(changed)('sees %s, from both sides', (_what, other) => {
    expect(sameMembership(final, other)).toBe(false);
    expect(sameMembership(other, final)).toBe(false);
  });

  test('tells an empty outgoing side from none', () => {
    expect(sameMembership({ ...final, outgoing: [] }, final)).toBe(false);
  });
});
