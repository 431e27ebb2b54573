// How old a node says that its state may be, against what is known of it.
import { describe, expect, test } from 'vitest';
import { type AgeSample, Ages } from '../../src/sim/checkers/ages.ts';
import { breach, id, members } from './checkers-support.ts';

const [a, b, c] = [id('A'), id('B'), id('C')];

/** A follows B, of which it heard at 1,000; and revision 8 came to be at 1,200. */
function asked(says: Partial<AgeSample>): Ages {
  const ages = new Ages({ ages: 0 });
  ages.heard(a, b, 1000);
  ages.heard(a, c, 400);
  ages.applied(7, 900);
  ages.applied(8, 1200);
  ages.sampled({
    node: a,
    ageMs: 500,
    revision: 8,
    leader: b,
    membership: members('ABC'),
    localMs: 1500,
    aheadMs: 0,
    nowMs: 1500,
    lagMs: null,
    ...says,
  });
  return ages;
}

const isRefused = (says: Partial<AgeSample>): void => breach('age', () => asked(says));

describe('the age that a node tells', () => {
  test('of a follower is no less than its leader was not heard of, stalls and all', () => {
    asked({});
    asked({ ageMs: 499 });
    asked({ ageMs: 450, aheadMs: 50 });
    asked({ ageMs: null });
    isRefused({ ageMs: 450 });
    isRefused({ ageMs: 500, localMs: 6000 });
  });

  test('of a leader is no less than a majority was not heard of', () => {
    asked({ leader: a, ageMs: 500 });
    asked({ leader: a, ageMs: 0, membership: members('A') });
    isRefused({ leader: a, ageMs: 0 });
    asked({ leader: a, ageMs: 1100, membership: members('ABC', { outgoing: 'AC' }) });
    isRefused({ leader: a, ageMs: 500, membership: members('ABC', { outgoing: 'AC' }) });
  });

  test('is no less than its state is old, where nothing is wrong with links', () => {
    asked({ revision: 7, nowMs: 1900, lagMs: 200 });
    isRefused({ revision: 7, nowMs: 2000, lagMs: 200 });
    asked({ revision: 8, nowMs: 2000, lagMs: 200 });
    isRefused({ revision: 5, nowMs: 1650, lagMs: 200 });
    asked({ revision: 7, nowMs: 9000, lagMs: null });
  });

  test('counts anew in a new life, and is counted', () => {
    const counts = { ages: 0 };
    const ages = new Ages(counts);
    ages.heard(a, b, 1000);
    ages.started(a);
    const membership = members('ABC');
    const now = { localMs: 9, nowMs: 9, aheadMs: 0, lagMs: null };
    ages.sampled({ node: a, ageMs: 0, revision: 0, leader: b, membership, ...now });
    expect(counts.ages).toBe(1);
  });
});
