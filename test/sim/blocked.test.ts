// Who could still win an election, when a change of members was begun and its leader is gone.
import { expect, test } from 'vitest';
import type { Membership } from '../../src/base/index.ts';
import { isBlockedByChange } from '../../src/sim/blocked.ts';
import type { Machine } from '../../src/sim/machine.ts';
import { id, members } from './checkers-support.ts';

/** A node with the end of its log and the membership in its log; `committed`: the last one it applied. */
const machine = (
  letter: string,
  last: readonly [index: number, term: number],
  membership: Membership,
  committed = members('ABE', { learners: 'C' }),
): Machine => {
  const raft = { last: { index: last[0], term: last[1] }, membership };
  const node = { status: () => ({ raft, members: committed }) };
  return { id: id(letter), isUp: true, node } as unknown as Machine;
};

const before = members('ABE', { learners: 'C' });
const joint = members('ABEC', { outgoing: 'ABE' });

test('a voter whose promotion nobody can commit blocks all, if its log is newer and it does not know', () => {
  const core = [
    machine('A', [40, 3], before),
    machine('E', [55, 3], joint),
    machine('C', [55, 4], before),
  ];
  expect(isBlockedByChange(core)).toBe(true);
});

test('nobody is blocked while one can win: by the joint membership, or because another one is newer', () => {
  const behind = machine('C', [50, 3], before);
  const promoted = machine('E', [55, 3], joint);
  expect(isBlockedByChange([machine('A', [40, 3], before), promoted, behind])).toBe(false);
  const newer = machine('A', [56, 4], before);
  expect(isBlockedByChange([newer, promoted, machine('C', [55, 4], before)])).toBe(false);
});

test('who is a voter by the last committed membership may ask, though a later one leaves it out', () => {
  const leaves = members('BE', { outgoing: 'BE' });
  const core = [
    machine('A', [60, 5], leaves),
    machine('B', [50, 3], before),
    machine('E', [50, 3], before),
  ];
  expect(isBlockedByChange(core)).toBe(false);
});

test('without a change under way nothing is excused, whoever is missing', () => {
  expect(isBlockedByChange([machine('A', [40, 3], before)])).toBe(false);
});
