// Each rule about nodes, broken once by a stream of what nodes do, and nearly broken once.
import { describe, expect, test } from 'vitest';
import { logIndex, type Term, term } from '../../src/base/index.ts';
import type { Message } from '../../src/raft/index.ts';
import { breach, id, members, type Scene, threeVoters } from './checkers-support.ts';

const heartbeat = (of: number, commit = 0): Message => ({
  kind: 'heartbeat',
  term: of as Term,
  commit: logIndex(commit),
  newest: logIndex(commit),
  round: 0,
});
const grant = (of: number): Message => ({
  kind: 'voteReply',
  term: of as Term,
  granted: true,
  doubt: null,
});
const acknowledge = (of: number, matched: number): Message => ({
  kind: 'appendReply',
  term: of as Term,
  matched: logIndex(matched),
});
const candidacy = (of: number): Message => ({
  kind: 'voteRequest',
  term: of as Term,
  last: { index: logIndex(2), term: term(1) },
  transfer: false,
  memberIndex: logIndex(1),
});

describe('election', () => {
  test('a term has one leader, by what nodes say', () => {
    const scene = threeVoters();
    scene.lead('B', 2);
    breach('election', () => scene.lead('C', 2));
  });

  test('a term has one leader, by what nodes send', () => {
    const scene = threeVoters();
    scene.send('A', 'B', heartbeat(1));
    scene.send('B', 'C', heartbeat(2));
    breach('election', () => scene.send('C', 'A', heartbeat(2)));
  });

  test('a leader holds what was committed before its term', () => {
    const scene = threeVoters();
    scene.save('A', [[1, 'x']]);
    scene.save('B', [[1, 'x']]);
    scene.apply('A', 3, 1);
    scene.lead('B', 2);
    breach('election', () => scene.lead('C', 3));
  });

  test('a leader may lack what was committed in a later term than its own', () => {
    const scene = threeVoters();
    scene.lead('C', 2);
    scene.save('A', [[3, 'noop']], { term: 3, vote: 'A' });
    scene.save('B', [[3, 'noop']], { term: 3, vote: 'A' });
    scene.lead('A', 3);
    scene.apply('A', 3, 3);
    scene.lead('C', 2);
  });

  test('what turns out to be committed was in the log of who leads already', () => {
    const scene = threeVoters();
    scene.save('A', [[1, 'x']]);
    scene.save('B', [[1, 'x']]);
    scene.lead('C', 2);
    breach('election', () => scene.apply('B', 3, 1));
  });
});

describe('vote', () => {
  test('a node votes once in a term', () => {
    const scene = threeVoters();
    scene.save('C', [], { term: 2, vote: 'A' });
    scene.send('C', 'A', grant(2));
    scene.send('C', 'A', grant(2));
    breach('vote', () => scene.send('C', 'B', grant(2)));
  });

  test('a node votes once in a term also over two lives', () => {
    const scene = threeVoters();
    scene.save('C', [], { term: 2, vote: 'A' });
    scene.send('C', 'A', grant(2));
    scene.end('C');
    scene.start('C', { term: term(2) });
    breach('vote', () => scene.save('C', [], { term: 2, vote: 'B' }));
  });

  test('a vote that is durable is neither taken back nor given to another, told or not', () => {
    for (const vote of ['B', null]) {
      const scene = threeVoters();
      scene.save('C', [], { term: 2, vote: 'A' });
      breach('vote', () => scene.save('C', [], { term: 2, vote }));
      scene.save('C', [], { term: 3, vote });
      breach('vote', () => scene.save('C', [], { term: 2, vote: 'A' }));
    }
  });

  test('a vote that was never durable may be given to another', () => {
    const scene = threeVoters();
    scene.save('C', [], { term: 2, vote: 'A', durable: false });
    scene.end('C');
    scene.start('C', { term: term(1) });
    scene.save('C', [], { term: 2, vote: 'B' });
    scene.send('C', 'B', grant(2));
  });

  test('a node does not forget its term', () => {
    const scene = threeVoters();
    scene.save('C', [], { term: 5, vote: null });
    scene.end('C');
    breach('vote', () => scene.start('C', { term: term(4) }));
  });
});

describe('promise', () => {
  test('a vote leaves after it is durable', () => {
    const scene = threeVoters();
    scene.save('C', [], { term: 2, vote: 'A', durable: false });
    breach('promise', () => scene.send('C', 'A', grant(2)));
    const later = threeVoters();
    later.save('C', [], { term: 2, vote: 'A', durable: false });
    later.saved('C');
    later.send('C', 'A', grant(2));
  });

  test('a candidate asks after its vote for itself is durable', () => {
    const scene = threeVoters();
    scene.save('C', [], { term: 2, vote: 'C' });
    scene.send('C', 'A', candidacy(2));
    breach('promise', () => scene.send('C', 'A', candidacy(3)));
  });

  test('an acknowledgement leaves after the entries are durable', () => {
    const scene = threeVoters();
    scene.save('C', [[1, 'x']], { durable: false });
    scene.send('C', 'A', acknowledge(1, 2));
    breach('promise', () => scene.send('C', 'A', acknowledge(1, 3)));
    const later = threeVoters();
    later.save('C', [[1, 'x']], { durable: false });
    later.saved('C');
    later.send('C', 'A', acknowledge(1, 3));
  });

  test('an acknowledgement in a term leaves after the term is durable', () => {
    const scene = threeVoters();
    scene.save('C', [], { term: 2, vote: null, durable: false });
    breach('promise', () => scene.send('C', 'B', acknowledge(2, 2)));
  });

  test('what is acknowledged is what the leader holds there', () => {
    const scene = threeVoters();
    scene.save('C', [[1, 'x']]);
    scene.save('B', [[2, 'noop']], { term: 2, vote: 'B' });
    scene.save('C', [], { term: 2, vote: 'B' });
    scene.lead('B', 2);
    scene.send('C', 'B', acknowledge(2, 2));
    breach('promise', () => scene.send('C', 'B', acknowledge(2, 3)));
  });
});

describe('logMatching', () => {
  test('an index and a term name one payload', () => {
    const scene = threeVoters();
    scene.save('A', [[1, 'x']]);
    scene.save('B', [[1, 'x']]);
    breach('logMatching', () => scene.save('C', [[1, 'y']]));
  });

  test('an index and a term name one entry before', () => {
    const scene = threeVoters();
    scene.save('A', [[1, 'x']]);
    scene.save('B', [[2, 'noop']], { term: 2 });
    scene.save('B', [[3, 'noop']], { term: 3 });
    breach('logMatching', () => scene.save('A', [[3, 'noop']], { term: 3 }));
  });

  test('terms never fall along a log, and a log has no gap', () => {
    const scene = threeVoters();
    scene.save('A', [[2, 'x']]);
    breach('logMatching', () => scene.save('A', [[1, 'x']]));
  });

  test('a node recovers only what somebody appended', () => {
    const scene = threeVoters();
    scene.end('C');
    breach('logMatching', () => scene.start('C', { last: { index: logIndex(3), term: term(1) } }));
  });
});

describe('durable', () => {
  test('what was durable is there after a restart', () => {
    const scene = threeVoters();
    scene.save('C', [[1, 'x']]);
    scene.end('C');
    breach('durable', () =>
      scene.start('C', { last: { index: logIndex(2), term: term(1) }, term: term(1) }),
    );
  });

  test('it may be gone if its node doubts it, or the plan destroyed it', () => {
    const raft = { last: { index: logIndex(2), term: term(1) }, term: term(1) };
    const scene = threeVoters();
    scene.save('C', [[1, 'x']]);
    scene.end('C');
    scene.start('C', { ...raft, suspect: { index: logIndex(3), term: term(1) } });
    const destroyed = threeVoters({ lostByFault: (node) => node === id('C') });
    destroyed.save('C', [[1, 'x']]);
    destroyed.end('C');
    destroyed.start('C', raft);
  });

  test('what was being saved may be there or not', () => {
    for (const last of [2, 3, 4]) {
      const scene = threeVoters();
      const drafts = [
        [1, 'x'],
        [1, 'y'],
      ] as const;
      scene.save('C', drafts, { durable: false });
      scene.end('C');
      scene.start('C', { last: { index: logIndex(last), term: term(1) }, term: term(1) });
    }
  });

  test('what is committed is truncated by nobody who must know', () => {
    const scene = threeVoters();
    for (const letter of 'ABC') scene.save(letter, [[1, 'x']]);
    scene.apply('A', 3, 1);
    breach('durable', () => scene.save('C', [[2, 'noop']], { from: 3, term: 2 }));
  });

  test('what is not committed may be truncated', () => {
    const scene = threeVoters();
    scene.save('A', [[1, 'x']]);
    scene.save('B', [[2, 'noop']], { term: 2, vote: 'B' });
    scene.save('A', [[2, 'noop']], { from: 3, term: 2, vote: null });
    expect(scene.checkers.counts.truncations).toBe(1);
  });
});

/** They hold what a cluster of A, B and C began with. */
function fed(scene: Scene, letters: string): void {
  for (const letter of letters) {
    scene.start(letter);
    scene.save(letter, [
      [1, members('ABC')],
      [1, 'noop'],
    ]);
  }
}

describe('quorum', () => {
  test('nothing is applied that less than a majority had durable', () => {
    const scene = threeVoters();
    scene.save('A', [[1, 'x']]);
    scene.save('B', [[1, 'x']], { durable: false });
    breach('quorum', () => scene.apply('A', 3, 1));
    scene.saved('B');
    scene.apply('A', 3, 1);
  });

  test('an entry of an earlier term is committed with one of the leader’s own, not by counting', () => {
    const scene = threeVoters();
    scene.save('A', [[1, 'x']]);
    scene.lead('A', 2);
    scene.save('B', [[1, 'x']]);
    breach('quorum', () => scene.send('A', 'C', heartbeat(2, 3)));
  });

  test('with one of its own it is, and by the leader of its own term it was', () => {
    const scene = threeVoters();
    scene.lead('A', 1);
    scene.save('A', [[1, 'x']]);
    scene.save('B', [[1, 'x']]);
    scene.send('A', 'C', heartbeat(1, 3));
    scene.save('A', [[1, 'y']]);
    scene.lead('A', 2);
    scene.save('A', [[2, 'noop']]);
    scene.save('C', [
      [1, 'x'],
      [1, 'y'],
      [2, 'noop'],
    ]);
    scene.send('A', 'B', heartbeat(2, 5));
  });

  test('while joint, both majorities are needed', () => {
    const scene = threeVoters();
    const joint = members('ADE', { outgoing: 'ABC' });
    fed(scene, 'DE');
    for (const letter of 'ABC') scene.save(letter, [[1, joint]]);
    breach('quorum', () => scene.apply('A', 3, 1));
    scene.save('D', [[1, joint]]);
    scene.apply('A', 3, 1);
  });

  test('learners do not count', () => {
    const scene = threeVoters();
    const more = members('ABC', { learners: 'DE' });
    for (const letter of 'AB') scene.save(letter, [[1, more]]);
    scene.apply('A', 3, 1);
    const log = [
      [1, members('ABC')],
      [1, 'noop'],
      [1, more],
      [1, 'x'],
    ] as const;
    for (const letter of 'DE') {
      scene.start(letter);
      scene.save(letter, log);
    }
    scene.save('A', [[1, 'x']]);
    breach('quorum', () => scene.apply('A', 4, 1));
  });
});

describe('membership', () => {
  const joint = members('AB', { outgoing: 'ABC' });

  /** The joint entry stands at 3 and is applied. */
  function whileJoint(scene = threeVoters()): Scene {
    for (const letter of 'ABC') scene.save(letter, [[1, joint]]);
    for (const letter of 'ABC') scene.apply(letter, 3, 1);
    return scene;
  }

  test('nobody votes who never held anything', () => {
    const admitted = members('ABCD', { outgoing: 'ABC' });
    const scene = threeVoters();
    scene.start('D');
    breach('membership', () => scene.save('A', [[1, admitted]]));
    const other = threeVoters();
    fed(other, 'D');
    other.save('A', [[1, admitted]]);
  });

  test('voters change by way of a joint membership', () => {
    breach('membership', () => threeVoters().save('A', [[1, members('AB')]]));
    const scene = whileJoint();
    for (const letter of 'ABC') scene.save(letter, [[1, members('AB')]]);
    scene.apply('A', 4, 1);
    expect(scene.checkers.membership.voters).toEqual([id('A'), id('B')]);
    expect(scene.checkers.isCommittedMember(id('C'))).toBe(false);
    expect(scene.checkers.counts).toMatchObject({ membershipChanges: 1, removals: 1, shrinks: 1 });
  });

  test('a joint membership leaves those that were in force', () => {
    breach('membership', () => threeVoters().save('A', [[1, members('AB', { outgoing: 'ABD' })]]));
    breach('membership', () => whileJoint().save('A', [[1, members('ABD')]]));
  });

  test('the final entry comes after the joint one is committed', () => {
    const scene = threeVoters();
    scene.save('A', [[1, joint]]);
    breach('membership', () => scene.save('A', [[1, members('AB')]]));
    scene.save('B', [[1, joint]]);
    const good = threeVoters();
    good.save('B', [[1, joint]]);
    good.save('A', [[1, joint]]);
    good.save('A', [[1, members('AB')]]);
  });

  test('a leader changes it only after something of its own term is committed', () => {
    const learner = members('ABC', { learners: 'D' });
    const scene = threeVoters();
    scene.save('B', [[2, 'noop']], { term: 2, vote: 'B' });
    breach('membership', () => scene.save('B', [[2, learner]]));
    const good = threeVoters();
    good.save('B', [[2, 'noop']], { term: 2, vote: 'B' });
    good.save('C', [[2, 'noop']], { term: 2, vote: 'B' });
    good.save('B', [[2, learner]]);
    breach('membership', () => threeVoters().save('C', [[2, learner]], { term: 2 }));
  });

  test('who was removed never comes back', () => {
    const scene = whileJoint();
    for (const letter of 'AB') scene.save(letter, [[1, members('AB')]]);
    for (const letter of 'AB') scene.apply(letter, 4, 1);
    const other = members('AB', { learners: 'D' });
    for (const letter of 'AB') scene.save(letter, [[1, other]]);
    scene.apply('A', 5, 1);
    scene.checkers.setsAside(scene.life('C'));
    for (const letter of 'AB') scene.save(letter, [[1, members('AB', { learners: 'DC' })]]);
    breach('membership', () => scene.apply('A', 6, 1));
  });

  test('the steward keeps enough voters, an operator need not', () => {
    const shrunk = (scene: Scene): void => {
      whileJoint(scene);
      for (const letter of 'AB') scene.save(letter, [[1, members('AB')]]);
      scene.apply('A', 4, 1);
    };
    breach('membership', () => shrunk(threeVoters({ minVoters: 3 })));
    shrunk(threeVoters({ minVoters: 2 }));
    shrunk(threeVoters({ minVoters: 3, operatorShrinks: () => true }));
  });

  test('nobody sets its data aside who is a member', () => {
    const scene = whileJoint();
    breach('membership', () => scene.checkers.setsAside(scene.life('C')));
    for (const letter of 'AB') scene.save(letter, [[1, members('AB')]]);
    scene.apply('A', 4, 1);
    scene.checkers.setsAside(scene.life('C'));
    breach('membership', () => scene.checkers.setsAside(scene.life('B')));
  });

  test('it tells without whom there are still majorities', () => {
    const scene = threeVoters();
    const without = (letters: string) => new Set([...letters].map(id));
    expect(scene.checkers.hasQuorumWithout(without('C'))).toBe(true);
    expect(scene.checkers.hasQuorumWithout(without('BC'))).toBe(false);
    // Not committed, but it may be in force.
    scene.save('A', [[1, members('A', { outgoing: 'ABC' })]]);
    expect(scene.checkers.hasQuorumWithout(without('A'))).toBe(false);
    expect(scene.checkers.hasQuorumWithout(without('C'))).toBe(true);
  });
});
