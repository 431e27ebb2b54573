// C1: who condemns whom.
import { expect, test } from 'vitest';
import {
  bootNumber,
  logIndex,
  type Membership,
  type NodeId,
  prng,
  term,
} from '../../src/base/index.ts';
import { type Judgement, judge } from '../../src/node/digest-judge.ts';
import { DigestPoints, type PointsOf } from '../../src/node/digest-points.ts';
import { Digests } from '../../src/node/digests.ts';
import { emptyTree } from '../../src/tree/index.ts';
import { silentLogger } from '../server/support/silent.ts';
import { idOf, letterOf } from '../support/cluster.ts';

const ids = (letters: string): NodeId[] => [...letters].map(idOf);

const membershipOf = (
  voters: string,
  outgoing: string | null = null,
  learners = '',
): Membership => ({
  voters: ids(voters),
  outgoing: outgoing === null ? null : ids(outgoing),
  learners: ids(learners),
  learnersNext: [],
  parked: [],
  addresses: new Map(),
});

/** `A 64:x 128:y` says that A held x at 64 and y at 128; `64/2:x` under behaviour version 2. */
const claimOf = (text: string): PointsOf => {
  const [letter = '', ...points] = text.split(' ');
  return {
    node: idOf(letter),
    points: points.map((point) => {
      const [at = '', digest = ''] = point.split(':');
      const [index, version = '1'] = at.split('/');
      return { index: logIndex(Number(index)), version: Number(version), digest };
    }),
  };
};

const judged = (self: string, membership: Membership, ...claims: string[]): Judgement =>
  judge(idOf(self), membership, claims.map(claimOf));

const abc = membershipOf('ABC');

test('two of three that agree condemn the third, whichever it is', () => {
  const claims = ['A 64:x', 'B 64:y', 'C 64:x'];
  expect(judged('B', abc, ...claims).condemned).toEqual({
    index: 64,
    digest: 'y',
    majority: 'x',
    agree: ids('AC'),
  });
  expect(judged('A', abc, ...claims)).toEqual({
    condemned: null,
    outvoted: ids('B'),
    dispute: null,
  });
});

test('what was not heard counts against nobody', () => {
  expect(judged('B', abc, 'A 64:x', 'B 64:y').condemned).toBeNull();
  expect(judged('B', membershipOf('ABCDE'), 'A 64:x', 'B 64:y', 'C 64:x').condemned).toBeNull();
  expect(judged('B', membershipOf('AB'), 'A 64:x', 'B 64:y').condemned).toBeNull();
});

test('half of the voters is no majority', () => {
  const four = membershipOf('ABCD');
  const { condemned, dispute } = judged('B', four, 'A 1:x', 'B 1:y', 'C 1:x', 'D 1:y');
  expect(condemned).toBeNull();
  expect([...(dispute?.groups.entries() ?? [])]).toEqual([
    ['x', ids('AC')],
    ['y', ids('BD')],
  ]);
});

test('points of different indexes or behaviour versions are not compared', () => {
  expect(judged('B', abc, 'A 64:x', 'B 128:y', 'C 64:x')).toEqual(judged('B', abc));
  expect(judged('B', abc, 'A 64/2:x', 'B 64/1:y', 'C 64/2:x')).toEqual(judged('B', abc));
});

test('while the membership is joint both majorities must agree', () => {
  const joint = membershipOf('ADE', 'ABC');
  const onlyNew = ['A 64:x', 'B 64:y', 'C 64:z', 'D 64:x', 'E 64:x'];
  expect(judged('B', joint, ...onlyNew).condemned).toBeNull();
  expect(judged('B', joint, ...onlyNew).dispute).not.toBeNull();
  const onlyOld = ['A 64:x', 'B 64:x', 'C 64:x', 'D 64:y', 'E 64:z'];
  expect(judged('D', joint, ...onlyOld).condemned).toBeNull();
  const both = ['A 64:x', 'B 64:x', 'C 64:z', 'D 64:x', 'E 64:y'];
  expect(judged('C', joint, ...both).condemned?.agree).toEqual(ids('ABD'));
  expect(judged('E', joint, ...both).condemned?.majority).toBe('x');
});

test('learners are judged and do not judge', () => {
  const withLearners = membershipOf('AB', null, 'CD');
  expect(judged('C', withLearners, 'A 64:x', 'B 64:x', 'C 64:y').condemned).not.toBeNull();
  const split = judged('B', withLearners, 'A 64:x', 'B 64:y', 'C 64:x', 'D 64:x');
  expect(split.condemned).toBeNull();
  expect(split.dispute?.groups.get('x')).toEqual(ids('A'));
  expect(judged('A', withLearners, 'A 64:x', 'C 64:y').dispute).toBeNull();
});

test('one point at which a majority agrees ends a dispute about another', () => {
  const { condemned, dispute } = judged('B', abc, 'A 70:u 64:x', 'B 70:v 64:y', 'C 64:x');
  expect(condemned?.index).toBe(64);
  expect(dispute).toBeNull();
});

test('the newest point that condemns is the one that is told', () => {
  const claims = ['A 64:x 128:u', 'B 64:y 128:v', 'C 64:x 128:u'];
  expect(judged('B', abc, ...claims).condemned?.index).toBe(128);
});

/** A node whose tree came by everything through `index`; only what it could keep is made up. */
function pointsThrough(index: number): DigestPoints {
  const points = new DigestPoints();
  const passed = new Set<number>();
  for (let exponent = 6; exponent <= 22; exponent++) {
    const last = Math.floor(index / 2 ** exponent);
    for (const n of [last - 2, last - 1, last]) if (n > 0) passed.add(n * 2 ** exponent);
  }
  for (const at of [...passed].sort((a, b) => a - b)) {
    points.passed({ ...emptyTree(), appliedIndex: logIndex(at) });
  }
  points.look({ ...emptyTree(), appliedIndex: logIndex(index) });
  return points;
}

test('a node that lags shares an index with the others, however fast they are', () => {
  const chance = prng(5);
  for (let round = 0; round < 12; round++) {
    const ahead = 3_000_000 + chance.below(1_000_000);
    const behind = ahead - chance.below(2 ** (7 + round));
    const seen = new Set(
      pointsThrough(ahead)
        .all()
        .map(({ index }) => index),
    );
    const shared = pointsThrough(behind)
      .all()
      .filter(({ index }) => seen.has(index));
    expect(shared.length, `${behind} and ${ahead}`).toBeGreaterThan(0);
    expect(seen.size).toBeLessThanOrEqual(18);
  }
});

test('a tree that is replaced forgets what the old one held', () => {
  const points = pointsThrough(1000);
  expect(points.all().length).toBeGreaterThan(2);
  points.clear();
  expect(points.all()).toEqual([]);
});

/** B, a follower of A and C with an empty tree at 64, as it judges what it is sent. */
function digestsOfB(): Digests {
  const view = { role: 'follower' as const, term: term(1), membership: membershipOf('ABC') };
  const addresses = new Map(ids('ABC').map((id) => [id, 'x:1']));
  const membership = { ...view.membership, addresses };
  const state = { ...emptyTree(), appliedIndex: logIndex(64) };
  const digests = new Digests({
    id: idOf('B'),
    boot: bootNumber(1),
    logger: silentLogger,
    view: () => ({ ...view, membership }),
    state: () => state,
  });
  digests.beat(0);
  return digests;
}

const sent = (boot: number, n: number, ...claims: string[]) => ({
  kind: 'digest' as const,
  term: term(1),
  claims: claims.map((text) => ({ ...claimOf(text), boot: bootNumber(boot), n })),
});

test('of two claims of a node the later one counts, in whichever order they come', () => {
  const digests = digestsOfB();
  digests.arrived(sent(1, 7, 'A 64/0:wrong', 'C 64/0:wrong'));
  digests.beat(2000);
  expect(digests.judgement.condemned?.majority).toBe('wrong');
  digests.arrived(sent(2, 1, 'A 128/0:x'));
  digests.arrived(sent(1, 8, 'A 64/0:wrong'));
  digests.beat(4000);
  expect(digests.judgement.condemned).toBeNull();
  digests.arrived(sent(2, 3, 'A 64/0:wrong'));
  digests.arrived(sent(2, 2, 'A 128/0:x'));
  digests.beat(6000);
  expect(digests.judgement.condemned?.majority).toBe('wrong');
});

test('what strangers claim, and what others say that this node claims, is not heard', () => {
  const digests = digestsOfB();
  digests.arrived(sent(1, 7, 'D 64/0:wrong', 'E 64/0:wrong', 'B 64/0:wrong'));
  digests.beat(2000);
  expect(digests.judgement).toEqual({ condemned: null, outvoted: [], dispute: null });
});

test('each peer is told once a beat, and by one that follows only what it holds itself', () => {
  const digests = digestsOfB();
  digests.arrived(sent(1, 7, 'A 64/0:x', 'C 64/0:x'));
  const told = digests.tell(idOf('A'));
  expect(told?.kind === 'digest' && told.claims.map(({ node }) => letterOf(node))).toEqual(['B']);
  expect(digests.tell(idOf('A'))).toBeNull();
  expect(digests.beat(500)).toBe(false);
  expect(digests.tell(idOf('A'))).toBeNull();
  digests.beat(2000);
  expect(digests.tell(idOf('A'))).not.toBeNull();
  expect(digests.tell(idOf('D'))).toBeNull();
});
