// Kept whole: one test a clause, in the order of the paper, so that its reader can check that none is missing.
// The clauses of the paper ("In Search of an Understandable Consensus Algorithm", 2014) and of the
// dissertation ("Consensus: Bridging Theory and Practice"), one test each.
import { describe, expect, test } from 'vitest';
import { clusterTime, isJoint, logIndex, term, utf8 } from '../../src/base/index.ts';
import type { Entry, Message, VoteAnswer } from '../../src/raft/index.ts';
import { at, id, membershipOf, snapshotOf } from './support/cluster.ts';
import {
  append,
  appendReply,
  asksVote,
  Core,
  entriesOf,
  everything,
  heartbeat,
  heartbeatReply,
  nowhere,
  ofKind,
} from './support/core.ts';

describe('5.1 terms', () => {
  test('a server that sees a later term takes it, durably, and follows', () => {
    const core = new Core();
    core.lead();
    core.receive(2, append(9, nowhere));
    expect(core.view).toMatchObject({ role: 'follower', term: 9, leader: '2' });
    expect(core.take().persist?.hardState).toEqual({ term: 9, votedFor: null });
  });

  test.each([
    { asked: append(2, nowhere), answer: 'appendReply' },
    { asked: heartbeat(2), answer: 'heartbeatReply' },
    { asked: asksVote('voteRequest', 2, at(9, 2)), answer: 'voteReply' },
    { asked: asksVote('preVoteRequest', 2, at(9, 2)), answer: 'preVoteReply' },
  ] as const)(
    '$asked.kind of an earlier term is answered with ours and does nothing',
    ({ asked, answer }) => {
      const core = new Core({ term: 5 });
      core.receive(2, asked);
      expect(core.view).toMatchObject({ term: 5, leader: null });
      const output = core.take();
      expect(output.persist).toBeNull();
      expect(ofKind(everything(output), answer)).toMatchObject([{ to: '2', term: 5 }]);
    },
  );

  test('a leader whose heartbeat is answered with a later term steps down', () => {
    const core = new Core();
    core.lead();
    core.receive(2, heartbeatReply(7));
    expect(core.view).toMatchObject({ role: 'follower', term: 7, leader: null });
  });

  test('a reply of a node that is no member never raises the term', () => {
    const core = new Core();
    core.lead();
    for (const kind of ['appendReply', 'heartbeatReply'] as const) {
      core.receive(9, kind === 'appendReply' ? appendReply(8, 0) : heartbeatReply(8));
    }
    core.receive(9, { kind: 'voteReply', term: term(8), granted: false, doubt: null });
    core.receive(9, { kind: 'preVoteReply', term: term(8), granted: false, doubt: null });
    expect(core.view).toMatchObject({ role: 'leader', term: 1 });
  });
});

describe('5.2 leader election', () => {
  test('a vote is durable before it is given, and one a term', () => {
    // The term is durable already, so only the vote is news.
    const core = new Core({ term: 1 });
    core.receive(2, asksVote('voteRequest', 1, nowhere));
    core.receive(3, asksVote('voteRequest', 1, nowhere));
    core.receive(2, asksVote('voteRequest', 1, nowhere));
    const output = core.take();
    expect(output.persist?.hardState).toEqual({ term: 1, votedFor: '2' });
    expect(ofKind(output.sendNow, 'voteReply')).toEqual([]);
    expect(
      ofKind(output.sendAfterPersist, 'voteReply').map(({ to, granted }) => [to, granted]),
    ).toEqual(
      expect.arrayContaining([
        ['2', true],
        ['2', true],
        ['3', false],
      ]),
    );
  });

  test('a vote survives a restart', () => {
    const core = new Core({ term: 1, votedFor: 2 });
    core.receive(3, asksVote('voteRequest', 1, nowhere));
    expect(ofKind(everything(core.take()), 'voteReply')).toMatchObject([
      { to: '3', granted: false },
    ]);
  });

  test("a candidate's own vote and its requests wait for its disk", () => {
    const core = new Core({ voters: [1, 2] });
    for (let i = 0; core.view.role === 'follower' && i < 200; i++) core.tick(1);
    core.take();
    core.receive(2, { kind: 'preVoteReply', term: term(1), granted: true, doubt: null });
    const output = core.take();
    expect(output.persist?.hardState).toEqual({ term: 1, votedFor: '1' });
    expect(ofKind(output.sendNow, 'voteRequest')).toEqual([]);
    expect(ofKind(output.sendAfterPersist, 'voteRequest')).toMatchObject([{ to: '2', term: 1 }]);
    core.receive(2, { kind: 'voteReply', term: term(1), granted: true, doubt: null });
    expect(core.view.role).toBe('candidate');
    core.persisted(output);
    expect(core.view.role).toBe('leader');
  });

  test('a sole voter leads without asking, once its vote is durable', () => {
    const core = new Core({ voters: [1] });
    core.tick(1);
    expect(core.view).toMatchObject({ role: 'candidate', term: 1 });
    core.turn();
    expect(core.view.role).toBe('leader');
  });

  test('votes of non-voters and of another term do not count', () => {
    const core = new Core({ learners: [4] });
    for (let i = 0; core.view.role === 'follower' && i < 200; i++) core.tick(1);
    core.turn();
    core.receive(4, { kind: 'preVoteReply', term: term(1), granted: true, doubt: null });
    expect(core.view.role).toBe('preCandidate');
    core.receive(2, { kind: 'preVoteReply', term: term(1), granted: true, doubt: null });
    core.turn();
    core.receive(4, { kind: 'voteReply', term: term(1), granted: true, doubt: null });
    core.receive(9, { kind: 'voteReply', term: term(1), granted: true, doubt: null });
    expect(core.view.role).toBe('candidate');
    core.receive(3, { kind: 'voteReply', term: term(1), granted: true, doubt: null });
    expect(core.view.role).toBe('leader');
  });

  test('a candidate that hears the leader of its term follows it', () => {
    const core = new Core({ term: 3 });
    for (let i = 0; core.view.role === 'follower' && i < 200; i++) core.tick(1);
    core.turn();
    core.receive(2, { kind: 'preVoteReply', term: term(4), granted: true, doubt: null });
    core.turn();
    core.receive(3, heartbeat(4));
    expect(core.view).toMatchObject({ role: 'follower', term: 4, leader: '3' });
  });
});

describe('5.3 log replication', () => {
  test('an append without its previous entry is refused, with the best place to try', () => {
    const core = new Core({ terms: [1, 1, 2] });
    core.receive(2, append(5, at(3, 4), [5]));
    core.receive(2, append(5, at(7, 5), [5]));
    const refusals = ofKind(everything(core.take()), 'appendRefusal');
    expect(refusals).toMatchObject([
      { previous: 3, hint: { index: 3, term: 2 } },
      { previous: 7, hint: { index: 3, term: 2 } },
    ]);
    expect(core.view.last).toEqual(at(3, 2));
  });

  test('a conflicting entry goes with all that follow it', () => {
    const core = new Core({ terms: [1, 2, 2, 2] });
    core.receive(2, append(3, at(1, 1), [3]));
    const output = core.take();
    expect(output.persist).toMatchObject({ truncateFrom: 2, through: { index: 2, term: 3 } });
    expect(core.view.last).toEqual(at(2, 3));
  });

  test('an old request takes nothing away', () => {
    const core = new Core({ terms: [1, 1, 1, 1] });
    core.receive(2, append(1, at(1, 1), [1]));
    const output = core.take();
    expect(output.persist).toBeNull();
    expect(core.view.last).toEqual(at(4, 1));
    expect(ofKind(output.sendAfterPersist, 'appendReply')).toMatchObject([{ matched: 2 }]);
  });

  test('commits through the last new entry at most', () => {
    const core = new Core({ terms: [1, 1, 1] });
    core.receive(2, append(2, at(1, 1), [], 3));
    expect(core.view.commitIndex).toBe(1);
    core.receive(2, heartbeat(2, 2));
    expect(core.view.commitIndex).toBe(2);
  });

  test('an acknowledgement leaves after the save, one for all requests of a turn', () => {
    const core = new Core();
    core.receive(2, append(1, nowhere, [1]));
    core.receive(2, append(1, at(1, 1), [1, 1]));
    core.receive(2, append(1, nowhere, [1]));
    const output = core.take();
    expect(output.persist?.entries).toHaveLength(3);
    expect(ofKind(output.sendNow, 'appendReply')).toEqual([]);
    expect(ofKind(output.sendAfterPersist, 'appendReply')).toMatchObject([{ to: '2', matched: 3 }]);
  });

  test('a reply that speaks of a new term waits for it to be durable', () => {
    const core = new Core();
    core.receive(2, heartbeat(4));
    const output = core.take();
    expect(output.sendNow).toEqual([]);
    expect(ofKind(output.sendAfterPersist, 'heartbeatReply')).toHaveLength(1);
  });

  test("the leader's own acknowledgement counts once it is durable", () => {
    const core = new Core({ voters: [1, 2] });
    core.establish(2);
    core.propose('x');
    const output = core.take();
    core.receive(2, appendReply(1, 2));
    expect(core.view.commitIndex).toBe(1);
    core.persisted(output);
    expect(core.view.commitIndex).toBe(2);
  });

  test('others may decide what is not durable here yet', () => {
    const core = new Core();
    core.establish(2, 3);
    core.propose('x');
    const output = core.take();
    core.receive(2, appendReply(1, 2));
    core.receive(3, appendReply(1, 2));
    expect(core.view.commitIndex).toBe(2);
    core.persisted(output);
    expect(core.take().committed).toMatchObject([{ index: 2 }]);
  });

  test('the commit index is told at once, with entries or alone', () => {
    const core = new Core();
    core.establish(2, 3);
    core.propose('x');
    core.turn();
    core.receive(2, appendReply(1, 2));
    const alone = ofKind(core.turn().sendNow, 'appendRequest');
    expect(alone).toMatchObject([
      { to: '2', commit: 2, entries: [] },
      { to: '3', commit: 2, entries: [] },
    ]);
    core.propose('y');
    core.turn();
    core.receive(2, appendReply(1, 3));
    core.propose('z');
    const together = ofKind(core.turn().sendNow, 'appendRequest');
    expect(together).toMatchObject([
      { commit: 3, entries: [{ index: 4 }] },
      { commit: 3, entries: [{ index: 4 }] },
    ]);
  });

  test('what was lost is asked for after the next heartbeat', () => {
    const core = new Core();
    core.establish(2, 3);
    core.propose('x');
    core.turn();
    core.receive(2, heartbeatReply(1));
    expect(ofKind(core.turn().sendNow, 'appendRequest')).toMatchObject([
      { to: '2', previous: { index: 2 }, entries: [] },
    ]);
    core.receive(2, {
      kind: 'appendRefusal',
      term: term(1),
      previous: logIndex(2),
      hint: at(1, 1),
    });
    expect(ofKind(core.turn().sendNow, 'appendRequest')).toMatchObject([
      { to: '2', previous: { index: 1 }, entries: [{ index: 2 }] },
    ]);
  });

  test('what is in flight is bounded in messages and bytes, and cut to size', () => {
    const core = new Core({
      more: { appendEntriesMax: 2, inFlightMessagesMax: 2, appendBytesMax: 1000 },
    });
    core.establish(2);
    core.propose('a', 'b', 'c', 'd', 'e', 'f', 'g');
    const sizes = () =>
      ofKind(core.turn().sendNow, 'appendRequest')
        .filter(({ to }) => to === '2')
        .map(({ entries }) => entries.map(({ index }) => index));
    expect(sizes()).toEqual([
      [2, 3],
      [4, 5],
    ]);
    expect(sizes()).toEqual([]);
    core.receive(2, appendReply(1, 3));
    expect(sizes()).toEqual([[6, 7]]);

    const big = new Core({ more: { appendBytesMax: 100, inFlightBytesMax: 200 } });
    big.establish(2);
    big.propose('x'.repeat(90), 'x'.repeat(90), 'x'.repeat(90));
    const sent = ofKind(big.turn().sendNow, 'appendRequest').filter(({ to }) => to === '2');
    expect(sent.map(({ entries }) => entries.length)).toEqual([1, 1]);
  });
});

describe('5.4 safety', () => {
  test.each([
    { last: at(2, 2), granted: false },
    { last: at(9, 1), granted: false },
    { last: at(3, 2), granted: true },
    { last: at(1, 3), granted: true },
  ])('a candidate whose log ends at $last gets vote: $granted', ({ last, granted }) => {
    for (const kind of ['voteRequest', 'preVoteRequest'] as const) {
      const core = new Core({ terms: [1, 2, 2] });
      core.receive(2, asksVote(kind, 5, last));
      const reply = kind === 'voteRequest' ? 'voteReply' : 'preVoteReply';
      expect(ofKind(everything(core.take()), reply)).toMatchObject([{ granted }]);
    }
  });

  test('a learner that is asked votes, durably: it may not know of its promotion yet', () => {
    const core = new Core({ voters: [2, 3], learners: [1] });
    core.receive(2, asksVote('voteRequest', 1, nowhere));
    const output = core.take();
    expect(output.persist?.hardState?.votedFor).toBe('2');
    expect(ofKind(output.sendAfterPersist, 'voteReply')).toMatchObject([{ granted: true }]);
  });
});

describe('7 log compaction', () => {
  const meta = { ...snapshotOf(membershipOf([1, 2, 3], [4]), 5, 2), membershipAt: at(4, 2) };
  const snapshot: Message = { kind: 'snapshot', term: term(3), meta };

  test('discards a log that does not hold the last entry of the snapshot', () => {
    const core = new Core({ terms: [1, 1, 1, 1, 1, 1] });
    core.receive(2, snapshot);
    expect(core.view).toMatchObject({ commitIndex: 5, firstIndex: 6, last: at(5, 2) });
    expect(core.view).toMatchObject({ membership: meta.membership, membershipAt: at(4, 2) });
    const output = core.take();
    expect(output.persist).toMatchObject({ snapshot: meta, truncateFrom: 6, through: at(5, 2) });
    expect(output.committed).toEqual([]);
    expect(ofKind(output.sendAfterPersist, 'appendReply')).toMatchObject([{ matched: 5 }]);
  });

  test('keeps what follows the last entry of the snapshot', () => {
    const core = new Core({ terms: [1, 1, 2, 2, 2, 2] });
    core.receive(2, snapshot);
    expect(core.view).toMatchObject({ commitIndex: 5, firstIndex: 1, last: at(6, 2) });
    const output = core.take();
    expect(output.persist?.snapshot).toBeNull();
    expect(output.committed).toHaveLength(5);
  });

  test('a snapshot of what is committed already is acknowledged, and does nothing', () => {
    const core = new Core({ terms: [1, 1, 2, 2, 2, 2] });
    core.receive(2, append(3, at(6, 2), [], 6));
    core.turn();
    core.receive(2, snapshot);
    const output = core.take();
    expect(output.persist).toBeNull();
    expect(ofKind(output.sendAfterPersist, 'appendReply')).toMatchObject([{ matched: 6 }]);
  });

  test('a snapshot that is sent and never acknowledged is given up after an election timeout', () => {
    const core = new Core();
    core.establish(2, 3);
    for (const text of ['a', 'b']) core.propose(text);
    core.turn();
    core.receive(2, appendReply(1, 3));
    core.turn();
    const compacted = { ...snapshotOf(membershipOf([1, 2, 3]), 3, 1), membershipAt: nowhere };
    core.step({ kind: 'compacted', meta: compacted, compactThrough: logIndex(3) });
    core.receive(3, heartbeatReply(1), 2);
    expect(ofKind(core.turn().sendNow, 'snapshot')).toMatchObject([
      { to: '3', meta: { index: 3 } },
    ]);
    core.step({ kind: 'snapshotSent', to: id(3), index: logIndex(3), delivered: true });
    const mode = () => core.view.progress.find((it) => it.id === id(3))?.mode;
    for (let i = 0; i < 49; i++) {
      core.receive(2, heartbeatReply(1));
      core.tick(1);
    }
    expect(mode()).toBe('snapshot');
    core.tick(1);
    expect(mode()).toBe('probe');
    core.receive(3, heartbeatReply(1), 2);
    expect(ofKind(core.turn().sendNow, 'snapshot')).toHaveLength(1);
    core.receive(3, appendReply(1, 3), 2);
    expect(mode()).toBe('replicate');
  });
});

describe('8 a leader begins its term with a no-op', () => {
  test('at the time of the last entry', () => {
    const core = new Core();
    core.receive(2, append(1, nowhere, [1, 1]));
    core.turn();
    expect(core.lead().persist?.entries).toMatchObject([{ index: 3, payload: { kind: 'noop' } }]);
  });

  test('time never falls along the log', () => {
    const core = new Core({ voters: [1] });
    core.tick(1);
    core.turn();
    core.turn();
    const commands = [utf8('x')];
    core.step({ kind: 'propose', ref: 1, commands, time: clusterTime(700), onlyInTerm: null });
    core.step({ kind: 'propose', ref: 2, commands, time: clusterTime(300), onlyInTerm: null });
    expect(core.turn().persist?.entries).toMatchObject([{ time: 700 }, { time: 700 }]);
  });
});

describe('proposals', () => {
  test('only a leader appends, and a forward only in its term', () => {
    const core = new Core();
    const commands = [utf8('x')];
    core.propose('x');
    expect(core.take().receipts).toMatchObject([{ kind: 'refused', reason: 'notLeader' }]);
    core.establish(2);
    core.step({ kind: 'propose', ref: 1, commands, time: clusterTime(0), onlyInTerm: term(7) });
    core.step({ kind: 'propose', ref: 2, commands, time: clusterTime(0), onlyInTerm: term(1) });
    expect(core.turn().receipts).toMatchObject([
      { ref: 1, kind: 'refused', reason: 'notLeader' },
      { ref: 2, kind: 'appended', first: 2, count: 1, term: 1 },
    ]);
  });

  test('too much that no quorum holds yet is refused; one batch is always taken', () => {
    const core = new Core({ more: { uncommittedBytesMax: 100 } });
    core.establish(2);
    core.propose('x'.repeat(500));
    core.propose('y');
    expect(core.turn().receipts).toMatchObject([{ kind: 'appended' }, { reason: 'overloaded' }]);
    core.receive(2, appendReply(1, 2));
    core.propose('y');
    expect(core.turn().receipts).toMatchObject([{ kind: 'appended', first: 3 }]);
  });

  test('committed entries come in portions, each once', () => {
    const core = new Core({ voters: [1], terms: Array.from({ length: 5000 }, () => 1) });
    core.tick(1);
    core.turn();
    core.turn();
    const first = core.turn().committed;
    const second = core.turn().committed;
    expect([first.length, second.length, core.take().committed.length]).toEqual([4096, 905, 0]);
    expect(second[0]?.index).toBe(4097);
  });
});

describe('thesis 3.10 leadership transfer', () => {
  test('asks the successor once it holds everything, and appends nothing meanwhile', () => {
    const core = new Core();
    core.establish(2, 3);
    core.propose('x');
    core.turn();
    core.step({ kind: 'transfer', ref: 5, to: id(3) });
    core.propose('y');
    const output = core.turn();
    expect(output.receipts).toMatchObject([{ kind: 'done' }, { reason: 'transferring' }]);
    expect(ofKind(output.sendNow, 'timeoutNow')).toEqual([]);
    core.receive(3, appendReply(1, 2));
    expect(ofKind(core.turn().sendNow, 'timeoutNow')).toMatchObject([{ to: '3', last: at(2, 1) }]);
  });

  test('is given up after an election timeout', () => {
    const core = new Core();
    core.establish(2, 3);
    core.step({ kind: 'transfer', ref: 5, to: null });
    for (let i = 0; i < 50; i++) {
      expect(core.view.transferring).toBe(true);
      core.receive(2, heartbeatReply(1));
      core.tick(1);
    }
    expect(core.view).toMatchObject({ role: 'leader', transferring: false });
  });

  test('goes to nobody silent, and to no learner', () => {
    const core = new Core({ learners: [4] });
    core.establish(2);
    core.step({ kind: 'transfer', ref: 1, to: id(3) });
    core.step({ kind: 'transfer', ref: 2, to: id(4) });
    expect(core.turn().receipts).toMatchObject([
      { reason: 'notCaughtUp' },
      { reason: 'notAMember' },
    ]);
  });

  test.each([
    { name: 'this log and term', last: at(2, 1), ofTerm: 3, role: 'candidate' },
    { name: 'another log', last: at(3, 1), ofTerm: 3, role: 'follower' },
    { name: 'another term', last: at(2, 1), ofTerm: 4, role: 'follower' },
  ])('a request to campaign is meant for $name: $role', ({ last, ofTerm, role }) => {
    const core = new Core({ terms: [1, 1], term: 3 });
    core.receive(2, heartbeat(3));
    core.receive(2, { kind: 'timeoutNow', term: term(ofTerm), last });
    expect(core.view.role).toBe(role);
    if (role !== 'candidate') return;
    expect(ofKind(core.take().sendAfterPersist, 'voteRequest')[0]).toMatchObject({
      transfer: true,
    });
  });
});

describe('thesis 4.2.3, 9.6 disruption and pre-votes', () => {
  test('while a leader was heard lately nobody is helped, unless it hands over', () => {
    const core = new Core();
    core.receive(2, heartbeat(1));
    core.turn();
    core.tick(49);
    core.receive(3, asksVote('voteRequest', 9, at(9, 9)));
    core.receive(3, asksVote('preVoteRequest', 9, at(9, 9)));
    expect(core.view.term).toBe(1);
    expect(ofKind(everything(core.take()), 'preVoteReply')).toMatchObject([
      { granted: false, term: 1 },
    ]);
    core.receive(3, asksVote('voteRequest', 9, at(9, 9), { transfer: true }));
    expect(core.view.term).toBe(9);
  });

  test('the known leader itself may ask: it does not lead any more', () => {
    const core = new Core();
    core.receive(2, heartbeat(1));
    core.turn();
    core.receive(2, asksVote('preVoteRequest', 2, nowhere));
    expect(ofKind(everything(core.take()), 'preVoteReply')).toMatchObject([
      { granted: true, term: 2 },
    ]);
  });

  test('a pre-vote changes nothing: not the term, not the vote, not when a leader was heard', () => {
    const core = new Core();
    core.receive(2, heartbeat(1));
    core.turn();
    core.tick(50);
    core.receive(3, asksVote('preVoteRequest', 2, nowhere));
    const output = core.take();
    expect(output.persist).toBeNull();
    expect(ofKind(output.sendNow, 'preVoteReply')).toMatchObject([{ granted: true }]);
    expect(core.view).toMatchObject({ term: 1, leader: '2' });
    core.receive(3, asksVote('preVoteRequest', 2, nowhere));
    expect(ofKind(core.take().sendNow, 'preVoteReply')).toMatchObject([{ granted: true }]);
  });

  test('a granted pre-vote is not a vote, nor one for another term', () => {
    const core = new Core();
    for (let i = 0; core.view.role === 'follower' && i < 200; i++) core.tick(1);
    core.turn();
    core.receive(2, { kind: 'preVoteReply', term: term(5), granted: true, doubt: null });
    expect(core.view).toMatchObject({ role: 'preCandidate', term: 0 });
    core.receive(2, { kind: 'preVoteReply', term: term(1), granted: true, doubt: null });
    core.turn();
    core.receive(2, { kind: 'preVoteReply', term: term(1), granted: true, doubt: null });
    expect(core.view).toMatchObject({ role: 'candidate', term: 1 });
  });

  test('a refusal with a later term brings the candidate up to it', () => {
    const core = new Core();
    for (let i = 0; core.view.role === 'follower' && i < 200; i++) core.tick(1);
    core.turn();
    core.receive(2, { kind: 'preVoteReply', term: term(6), granted: false, doubt: null });
    expect(core.view).toMatchObject({ role: 'follower', term: 6 });
  });

  test('a closed link ends the own stickiness only', () => {
    const core = new Core();
    core.receive(2, heartbeat(1));
    core.turn();
    core.step({ kind: 'linkClosed', peer: id(3) });
    core.receive(3, asksVote('preVoteRequest', 2, nowhere));
    expect(ofKind(core.take().sendNow, 'preVoteReply')).toMatchObject([{ granted: false }]);
    core.step({ kind: 'linkClosed', peer: id(2) });
    core.receive(3, asksVote('preVoteRequest', 2, nowhere));
    expect(ofKind(core.take().sendNow, 'preVoteReply')).toMatchObject([{ granted: true }]);
  });
});

describe('thesis 6.2 a leader without a quorum', () => {
  test('steps down after an election timeout, and not while a quorum answers', () => {
    const core = new Core();
    core.lead();
    core.tick(40);
    core.receive(2, heartbeatReply(1));
    core.tick(49);
    expect(core.view.role).toBe('leader');
    core.tick(1);
    expect(core.view).toMatchObject({ role: 'follower', leader: null, term: 1 });
  });
});

describe('restarts of followers', () => {
  test('a new boot is asked anew; what an older one promised does not count', () => {
    const core = new Core();
    core.establish(2);
    core.propose('x');
    core.turn();
    core.receive(3, heartbeatReply(1), 4);
    core.receive(3, appendReply(1, 2), 3);
    expect(core.view.commitIndex).toBe(1);
    core.receive(2, heartbeatReply(1), 2);
    expect(core.view.progress[0]).toMatchObject({ id: '2', matched: 0, mode: 'probe' });
    core.receive(2, appendReply(1, 2), 1);
    expect(core.view.commitIndex).toBe(1);
    core.receive(2, appendReply(1, 2), 2);
    expect(core.view.commitIndex).toBe(2);
  });
});

describe('what may be lost (suspect)', () => {
  const suspect = at(4, 2);
  const granted = { granted: true, doubt: null };

  test('puts a vote for a shorter log in doubt', () => {
    const core = new Core({ terms: [1, 2], more: { suspect } });
    for (const kind of ['preVoteRequest', 'voteRequest'] as const) {
      core.receive(2, asksVote(kind, 5, at(3, 2)));
    }
    const output = core.turn();
    const inDoubt = [{ granted: true, doubt: suspect }];
    expect(ofKind(everything(output), 'preVoteReply')).toMatchObject(inDoubt);
    // It is a vote all the same: given once in the term, and durable before it leaves.
    expect(ofKind(output.sendAfterPersist, 'voteReply')).toMatchObject(inDoubt);
    expect(output.persist?.hardState).toEqual({ term: 5, votedFor: '2' });
    core.receive(3, asksVote('voteRequest', 5, at(4, 2)));
    expect(ofKind(everything(core.turn()), 'voteReply')).toMatchObject([{ granted: false }]);
    core.receive(2, asksVote('voteRequest', 6, at(4, 2)));
    expect(ofKind(everything(core.take()), 'voteReply')).toMatchObject([granted]);
  });

  test('does not give a vote to a log that is shorter than what can be shown', () => {
    const core = new Core({ terms: [1, 2], more: { suspect } });
    for (const kind of ['preVoteRequest', 'voteRequest'] as const) {
      core.receive(2, asksVote(kind, 5, at(1, 1)));
    }
    const output = everything(core.turn());
    const refused = [{ granted: false, doubt: null }];
    expect(ofKind(output, 'preVoteReply')).toMatchObject(refused);
    expect(ofKind(output, 'voteReply')).toMatchObject(refused);
  });

  test('keeps a sole voter from leading, says so once, and any suspect from being made to lead', () => {
    const alone = new Core({ voters: [1], terms: [1, 2], more: { suspect } });
    alone.tick(500);
    expect(alone.view).toMatchObject({ role: 'follower', leader: null, term: 2 });
    const told = alone.turn().notices.filter(({ kind }) => kind === 'aloneInDoubt');
    expect(told).toEqual([{ kind: 'aloneInDoubt', suspect }]);
    const core = new Core({ terms: [1, 2], more: { suspect } });
    core.receive(2, heartbeat(2));
    core.receive(2, { kind: 'timeoutNow', term: term(2), last: at(2, 2) });
    expect(core.view).toMatchObject({ role: 'follower', leader: '2', term: 2 });
  });

  /** A suspect voter that asked for votes in earnest, with `preVoters` for it beforehand. */
  function candidate(answers: Readonly<Record<number, VoteAnswer>>, voters = [1, 2, 3]): Core {
    const core = new Core({ voters, terms: [1, 2], more: { suspect } });
    for (let i = 0; i < 300 && core.view.role === 'follower'; i++) core.tick(1);
    core.turn();
    for (const [voter, answer] of Object.entries(answers)) {
      core.receive(Number(voter), { kind: 'preVoteReply', term: term(3), ...answer });
    }
    core.turn();
    return core;
  }

  test('leaves the own vote uncounted: a quorum of others has to be sure', () => {
    const core = candidate({ 2: granted });
    expect(core.view).toMatchObject({ role: 'preCandidate', term: 2 });
    core.receive(3, { kind: 'preVoteReply', term: term(3), ...granted });
    core.turn();
    expect(core.view).toMatchObject({ role: 'candidate', term: 3, suspect });
    core.receive(2, { kind: 'voteReply', term: term(3), ...granted });
    expect(core.view).toMatchObject({ role: 'candidate', suspect });
    core.receive(3, { kind: 'voteReply', term: term(3), ...granted });
    expect(core.view).toMatchObject({ role: 'leader', suspect: null });
    const { notices } = core.turn();
    const news = { kind: 'givenUp', after: at(2, 2), through: suspect, neverHeld: true };
    expect(notices).toContainEqual(news);
  });

  test('is given up by the votes of all voters, and of no fewer; the highest doubt is told', () => {
    const doubt = at(9, 2);
    const core = candidate({ 2: { granted: true, doubt }, 3: { granted: true, doubt: suspect } });
    expect(core.view.role).toBe('candidate');
    // What was said to the question does not count for the vote.
    core.receive(2, { kind: 'voteReply', term: term(3), granted: true, doubt });
    expect(core.view.role).toBe('candidate');
    core.receive(3, { kind: 'voteReply', term: term(3), granted: true, doubt: suspect });
    expect(core.view).toMatchObject({ role: 'leader', suspect: null });
    const news = { kind: 'givenUp', after: at(2, 2), through: doubt, neverHeld: false };
    expect(core.turn().notices).toContainEqual(news);
  });

  test('is not given up when a voter that holds more refuses', () => {
    const core = candidate({ 2: { granted: true, doubt: suspect } });
    core.receive(3, { kind: 'preVoteReply', term: term(2), granted: false, doubt: null });
    expect(core.view).toMatchObject({ role: 'follower', term: 2, suspect });
  });

  test('answers to an earlier term are not counted in a later one', () => {
    const core = candidate({ 2: granted, 3: granted });
    core.receive(2, { kind: 'voteReply', term: term(3), granted: true, doubt: suspect });
    core.receive(3, heartbeat(4));
    core.receive(2, { kind: 'voteReply', term: term(3), ...granted });
    core.receive(3, { kind: 'voteReply', term: term(3), ...granted });
    expect(core.view).toMatchObject({ role: 'follower', term: 4, suspect });
  });

  test('a vote that was sure stays so, a doubtful one may become sure, a refusal is older', () => {
    const core = candidate({ 2: granted, 3: granted });
    core.receive(2, { kind: 'voteReply', term: term(3), ...granted });
    core.receive(2, { kind: 'voteReply', term: term(3), granted: true, doubt: suspect });
    core.receive(2, { kind: 'voteReply', term: term(3), granted: false, doubt: null });
    core.receive(3, { kind: 'voteReply', term: term(3), ...granted });
    expect(core.turn().notices).toContainEqual(expect.objectContaining({ neverHeld: true }));
  });

  test('comes back with a restart, and with it the question, until an entry of a later term is durable', () => {
    const core = candidate({ 2: granted, 3: granted });
    for (const voter of [2, 3])
      core.receive(voter, { kind: 'voteReply', term: term(3), ...granted });
    const { persist } = core.take();
    expect(persist?.entries).toMatchObject([{ index: 3, term: 3 }]);
    const again = new Core({ terms: [1, 2], term: 3, votedFor: 1, more: { suspect } });
    expect(again.view.suspect).toEqual(suspect);
    const after = new Core({ terms: [1, 2, 3], votedFor: 1, more: { suspect } });
    expect(after.view.suspect).toBeNull();
  });

  test('is not left by a power cut where nobody could clear it: also as a lone voter takes in a second', () => {
    const core = new Core({ voters: [1], learners: [2] });
    core.lead();
    core.receive(2, appendReply(1, 1));
    core.turn();
    core.receive(2, appendReply(1, core.view.last.index));
    core.turn();
    core.propose('x');
    expect(core.turn().persist?.alone).toBe(true);
    core.receive(2, appendReply(1, core.view.last.index));
    core.turn();
    core.change({ kind: 'promote', id: id(2) });
    expect(isJoint(core.view.membership)).toBe(true);
    expect(core.turn().persist, 'without the joint entry it would be alone').toMatchObject({
      alone: true,
      entries: [{ payload: { kind: 'membership' } }],
    });
    core.propose('y');
    expect(core.turn().persist?.alone, 'the second voter can clear it').toBe(false);
  });

  test('acknowledges the verified prefix only, and is over once the log reaches it durably', () => {
    const core = new Core({ terms: [1, 2], more: { suspect } });
    core.receive(2, append(3, at(2, 2)));
    expect(ofKind(core.turn().sendAfterPersist, 'appendReply')).toMatchObject([{ matched: 2 }]);
    core.receive(2, append(3, at(2, 2), [2, 2]));
    const output = core.take();
    expect(core.view.suspect).toEqual(suspect);
    core.persisted(output);
    expect(core.view.suspect).toBeNull();
  });

  test('is not over by the report of a save that began before the entries came', () => {
    const core = new Core({ terms: [1, 2], more: { suspect } });
    core.receive(2, asksVote('voteRequest', 3, suspect));
    const vote = core.take();
    core.receive(2, append(3, at(2, 2), [3]));
    core.persisted(vote);
    expect(core.view.suspect).toEqual(suspect);
    core.turn();
    expect(core.view.suspect).toBeNull();
  });

  test('is not over for a log of the same length that an earlier term wrote', () => {
    const core = new Core({ terms: [1, 1], term: 2, more: { suspect: at(2, 2) } });
    core.receive(2, asksVote('voteRequest', 3, at(2, 2)));
    core.turn();
    core.receive(3, append(3, at(2, 1), [1]));
    core.turn();
    expect(core.view).toMatchObject({ last: at(3, 1), suspect: at(2, 2) });
    core.receive(3, append(3, at(3, 1), [3]));
    core.turn();
    expect(core.view.suspect).toBeNull();
  });

  test('commits nothing on the word of a heartbeat, which may speak of an earlier boot', () => {
    // What rotted had put 2@2 in the place of 2@1, was acknowledged, and is committed.
    const core = new Core({ terms: [1, 1], term: 2, more: { suspect: at(2, 2) } });
    core.receive(2, heartbeat(2, 2));
    expect(core.turn().committed).toEqual([]);
    core.receive(2, append(2, at(1, 1), [2], 2));
    expect(core.turn().committed).toMatchObject([{ index: 1 }, { index: 2, term: 2 }]);
    core.receive(2, heartbeat(2, 2));
    expect(core.turn().committed).toEqual([]);
  });
});

describe('thesis 6.4 reads', () => {
  test('wait for a quorum that acknowledges a round begun after them', () => {
    const core = new Core();
    core.establish(2, 3);
    core.step({ kind: 'read', ref: 1 });
    expect(ofKind(core.turn().sendNow, 'heartbeat')).toMatchObject([{ round: 1 }, { round: 1 }]);
    core.step({ kind: 'read', ref: 2 });
    core.turn();
    core.receive(3, heartbeatReply(1, 0));
    expect(core.take().reads).toEqual([]);
    core.receive(3, heartbeatReply(1, 1));
    expect(core.turn().reads).toEqual([{ ref: 1, index: 1 }]);
    core.receive(2, heartbeatReply(1, 2));
    expect(core.turn().reads).toEqual([{ ref: 2, index: 1 }]);
  });

  test('answer with what was committed when the round began', () => {
    const core = new Core();
    core.establish(2, 3);
    core.propose('x');
    core.turn();
    core.step({ kind: 'read', ref: 1 });
    core.turn();
    core.receive(2, appendReply(1, 2));
    core.receive(2, heartbeatReply(1, 1));
    expect(core.turn().reads).toEqual([{ ref: 1, index: 1 }]);
  });

  test('wait until an entry of the own term is committed', () => {
    const core = new Core();
    core.lead();
    core.step({ kind: 'read', ref: 1 });
    expect(ofKind(core.turn().sendNow, 'heartbeat')).toEqual([]);
    core.receive(2, appendReply(1, 1));
    expect(ofKind(core.turn().sendNow, 'heartbeat')).toMatchObject([{ round: 1 }, { round: 1 }]);
  });

  test('of a sole voter need nobody', () => {
    const core = new Core({ voters: [1] });
    core.tick(1);
    for (let i = 0; i < 3; i++) core.turn();
    core.step({ kind: 'read', ref: 1 });
    expect(core.turn().reads).toEqual([{ ref: 1, index: 1 }]);
  });

  test('that wait for those who lose their votes meanwhile are answered by the one who is left', () => {
    const core = new Core({ voters: [1, 2] });
    core.establish(2);
    const asked = Array.from({ length: 12 }, (_, i) => i + 1);
    for (const ref of asked) {
      core.step({ kind: 'read', ref });
      expect(core.turn().reads).toEqual([]);
    }
    // It acknowledges the log, and no round any more.
    core.change({ kind: 'remove', id: id(2) });
    core.turn();
    core.receive(2, appendReply(1, 2));
    const answered = [core.turn(), core.turn(), core.turn()].flatMap(({ reads }) => reads);
    expect(core.view.membership).toMatchObject({ voters: ['1'], outgoing: null });
    expect(answered.map(({ ref }) => ref)).toEqual(asked);
  });

  test('of a follower are one request a turn, and an answer serves all before it', () => {
    const core = new Core();
    core.receive(2, heartbeat(1));
    core.turn();
    core.step({ kind: 'read', ref: 1 });
    core.step({ kind: 'read', ref: 2 });
    const [first] = ofKind(core.turn().sendNow, 'readRequest');
    core.step({ kind: 'read', ref: 3 });
    const [second] = ofKind(core.turn().sendNow, 'readRequest');
    core.step({ kind: 'read', ref: 4 });
    core.turn();
    const n = second?.n ?? 0;
    expect(n).toBe((first?.n ?? 0) + 1);
    core.receive(2, { kind: 'readReply', term: term(1), n, index: logIndex(8) });
    expect(core.turn().reads).toEqual([1, 2, 3].map((ref) => ({ ref, index: 8 })));
  });

  test('of a follower take no answer of another term, nor one to an earlier boot', () => {
    const core = new Core({ term: 3 });
    core.receive(2, heartbeat(3));
    core.turn();
    core.step({ kind: 'read', ref: 1 });
    const n = ofKind(core.turn().sendNow, 'readRequest')[0]?.n ?? 0;
    core.receive(2, { kind: 'readReply', term: term(2), n, index: logIndex(1) });
    core.receive(2, { kind: 'readReply', term: term(3), n: 1, index: logIndex(1) });
    expect(core.turn().reads).toEqual([]);
    core.receive(2, { kind: 'readReply', term: term(3), n, index: logIndex(1) });
    expect(core.turn().reads).toEqual([{ ref: 1, index: 1 }]);
  });

  test('are asked for again, and given back in the end', () => {
    const core = new Core();
    core.receive(2, heartbeat(1));
    core.turn();
    core.step({ kind: 'read', ref: 1 });
    core.turn();
    let asked = 0;
    for (let i = 1; i < 50; i++) {
      core.receive(2, heartbeat(1));
      core.tick(1);
      asked += ofKind(core.turn().sendNow, 'readRequest').length;
    }
    expect(asked).toBe(4);
    core.tick(1);
    expect(core.turn().reads).toEqual([{ ref: 1, index: null }]);
  });

  test('N3: a follower waits once at the leader, with its newest request', () => {
    const leader = new Core();
    leader.lead();
    leader.turn();
    // Nothing of this term is committed yet, so nobody is answered.
    for (const n of [5, 6, 8, 7]) leader.receive(3, { kind: 'readRequest', term: term(1), n });
    leader.receive(2, { kind: 'readRequest', term: term(1), n: 1 });
    expect(ofKind(leader.turn().sendNow, 'readReply')).toEqual([]);
    leader.receive(2, appendReply(1, 1));
    leader.turn();
    leader.receive(2, heartbeatReply(1, 1));
    expect(ofKind(leader.turn().sendNow, 'readReply')).toMatchObject([
      { to: '3', n: 8 },
      { to: '2', n: 1 },
    ]);
  });

  test('are given back when leadership moves, by leader and follower', () => {
    const leader = new Core();
    leader.establish(2, 3);
    leader.step({ kind: 'read', ref: 1 });
    leader.turn();
    leader.step({ kind: 'read', ref: 2 });
    leader.receive(3, { kind: 'readRequest', term: term(1), n: 7 });
    leader.receive(2, heartbeat(4));
    const output = leader.take();
    expect(output.reads).toEqual([
      { ref: 1, index: null },
      { ref: 2, index: null },
    ]);
    expect(ofKind(everything(output), 'readReply')).toMatchObject([{ to: '3', n: 7, index: null }]);

    const follower = new Core();
    follower.receive(2, heartbeat(1));
    follower.turn();
    follower.step({ kind: 'read', ref: 1 });
    follower.turn();
    follower.receive(3, heartbeat(2));
    expect(follower.take().reads).toEqual([{ ref: 1, index: null }]);
  });
});

describe('thesis 4.3 membership', () => {
  test('a change waits for a commit of the own term, and for the change before it', () => {
    const core = new Core();
    core.lead();
    core.change({ kind: 'add', id: id(4), address: 'x:1' });
    expect(core.turn().receipts).toMatchObject([{ reason: 'notReady' }]);
    core.receive(2, appendReply(1, 1));
    core.change({ kind: 'add', id: id(4), address: 'x:1' });
    core.change({ kind: 'add', id: id(5), address: 'x:1' });
    expect(core.turn().receipts).toMatchObject([{ kind: 'appended' }, { reason: 'changePending' }]);
    expect(core.view.membership.learners).toEqual(['4']);
  });

  test.each([
    {
      name: 'the same again',
      change: { kind: 'add', id: id(4), address: 'host4:1' },
      kind: 'done',
    },
    { name: 'a new address', change: { kind: 'add', id: id(4), address: 'y:1' }, kind: 'appended' },
    { name: 'a voter promoted', change: { kind: 'promote', id: id(2) }, kind: 'done' },
    { name: 'a stranger promoted', change: { kind: 'promote', id: id(9) }, kind: 'notAMember' },
    { name: 'a learner never heard', change: { kind: 'promote', id: id(4) }, kind: 'notCaughtUp' },
    { name: 'the leader out', change: { kind: 'remove', id: id(1) }, kind: 'leaderLeaves' },
    {
      name: 'the leader down',
      change: { kind: 'demote', id: id(1), park: true },
      kind: 'leaderLeaves',
    },
    {
      name: 'two voters of which one is silent',
      change: { kind: 'remove', id: id(2) },
      kind: 'notCaughtUp',
    },
    { name: 'two voters that answer', change: { kind: 'remove', id: id(3) }, kind: 'appended' },
    { name: 'a learner out', change: { kind: 'remove', id: id(4) }, kind: 'appended' },
    { name: 'a stranger out', change: { kind: 'remove', id: id(9) }, kind: 'done' },
    {
      name: 'a learner for a voter',
      change: { kind: 'replace', out: id(4), in: id(3), keep: true },
      kind: 'done',
    },
    {
      name: 'the leader replaced',
      change: { kind: 'replace', out: id(1), in: id(4), keep: true },
      kind: 'leaderLeaves',
    },
    {
      name: 'a learner parked',
      change: { kind: 'demote', id: id(4), park: true },
      kind: 'appended',
    },
    {
      name: "a stranger's address",
      change: { kind: 'setAddress', id: id(9), address: 'y:1' },
      kind: 'notAMember',
    },
  ] as const)('$name: $kind', ({ change, kind }) => {
    const core = new Core({ learners: [4] });
    core.establish(2);
    core.change(change);
    const [receipt] = core.turn().receipts;
    expect(receipt?.kind === 'refused' ? receipt.reason : receipt?.kind).toBe(kind);
  });

  test('a condition that names another membership is refused as stale', () => {
    const core = new Core();
    core.establish(2);
    core.change({ kind: 'add', id: id(4), address: 'x:1' }, at(0, 1));
    core.change({ kind: 'add', id: id(4), address: 'x:1' }, nowhere);
    expect(core.turn().receipts).toMatchObject([{ reason: 'stale' }, { kind: 'appended' }]);
  });

  test('the last voter stays, and there are bounds', () => {
    const core = new Core({ voters: [1], more: { membersMax: 1 } });
    core.tick(1);
    for (let i = 0; i < 3; i++) core.turn();
    core.change({ kind: 'demote', id: id(1), park: false });
    core.change({ kind: 'add', id: id(2), address: 'x:1' });
    expect(core.turn().receipts).toMatchObject([{ reason: 'lastVoter' }, { reason: 'tooMany' }]);
  });

  test('a replacement takes the place of the one it replaces, who may stay as a parked learner', () => {
    const core = new Core({ learners: [4] });
    core.establish(2);
    core.receive(4, appendReply(1, 1));
    core.change({ kind: 'replace', out: id(2), in: id(4), keep: true });
    expect(core.view.membership).toMatchObject({
      voters: ['1', '4', '3'],
      outgoing: ['1', '2', '3'],
      learners: [],
      learnersNext: ['2'],
      parked: ['2'],
    });
    core.turn();
    core.receive(4, appendReply(1, 2));
    expect(isJoint(core.view.membership), 'the new majority alone does not decide').toBe(true);
    core.receive(2, appendReply(1, 2));
    expect(core.view.membership).toMatchObject({ outgoing: null, learners: ['2'], parked: ['2'] });
    expect(core.view.changePending).toBe(true);
  });

  test('a node that an uncommitted entry removes may still win for those who stay', () => {
    const joint = {
      ...membershipOf([2, 3]),
      outgoing: [1, 2, 3].map(id),
      addresses: membershipOf([1, 2, 3]).addresses,
    };
    const final = membershipOf([2, 3]);
    const core = new Core({ membership: joint });
    const entry = { ...append(1, nowhere, [1]) };
    if (entry.kind !== 'appendRequest') throw new Error('an append');
    const [only] = entry.entries;
    if (only === undefined) throw new Error('an entry');
    core.receive(2, {
      ...entry,
      entries: [{ ...only, payload: { kind: 'membership', membership: final } }],
    });
    core.turn();
    core.lead();
    expect(core.view.term).toBe(2);
    core.receive(2, appendReply(2, 2));
    core.receive(3, appendReply(2, 2));
    expect(core.view, 'and leaves once that is committed').toMatchObject({
      role: 'follower',
      commitIndex: 2,
    });
  });

  test('and so may one that was started again, and knows no more what is committed', () => {
    // Its log: the joint membership, which was committed before the final one was appended, and that.
    const joint = {
      ...membershipOf([2]),
      outgoing: [1, 2].map(id),
      addresses: membershipOf([1, 2]).addresses,
    };
    const final = { ...membershipOf([2], [1]), addresses: joint.addresses };
    const entries = [joint, final].map((membership, i) => ({
      ...(entriesOf([1], i + 1)[0] as Entry),
      payload: { kind: 'membership' as const, membership },
    }));
    const core = new Core({ voters: [2], learners: [1], term: 1, more: { entries } });
    core.tick(200);
    core.turn();
    expect(core.view.role).toBe('preCandidate');
  });

  test('a member that left is told until it knows', () => {
    const core = new Core({ learners: [4] });
    core.establish(2);
    core.receive(4, appendReply(1, 1));
    core.turn();
    core.change({ kind: 'remove', id: id(4) });
    const to4 = () => ofKind(core.turn().sendNow, 'appendRequest').filter(({ to }) => to === '4');
    expect(to4()).toMatchObject([{ entries: [{ index: 2 }], commit: 1 }]);
    core.receive(2, appendReply(1, 2));
    core.receive(4, appendReply(1, 2));
    expect(to4()).toMatchObject([{ entries: [], commit: 2 }]);
    core.receive(4, appendReply(1, 2));
    core.propose('x');
    expect(to4()).toEqual([]);
  });
});

describe('who was removed', () => {
  /** Node 1 applied a membership of 1, 2 and 3 at 1@1. */
  function settled(): Core {
    const core = new Core({
      more: { snapshot: snapshotOf(membershipOf([1, 2, 3]), 3, 1) },
      term: 1,
    });
    return core;
  }

  test.each([
    { name: 'a stranger that was last listed before', memberIndex: 0, told: true },
    { name: 'one that knows a later entry that lists it', memberIndex: 2, told: false },
  ])('$name is told: $told', ({ memberIndex, told }) => {
    for (const kind of ['preVoteRequest', 'voteRequest'] as const) {
      const core = settled();
      core.receive(9, asksVote(kind, 2, at(3, 1), { memberIndex }));
      const sent = everything(core.take());
      expect(ofKind(sent, 'removed')).toHaveLength(told ? 1 : 0);
      const reply = kind === 'voteRequest' ? 'voteReply' : 'preVoteReply';
      expect(ofKind(sent, reply)).toHaveLength(told ? 0 : 1);
    }
  });

  test('one whose whole log is of earlier terms than the removal is told, whatever its index', () => {
    const membershipAt = at(3, 2);
    const snapshot = { ...snapshotOf(membershipOf([1, 2, 3]), 3, 2), membershipAt };
    const asked: readonly [Message, number][] = [
      [asksVote('preVoteRequest', 2, at(9, 1), { memberIndex: 9 }), 1],
      [asksVote('preVoteRequest', 3, at(9, 2), { memberIndex: 9 }), 0],
      [{ kind: 'lookFor', term: term(1), memberIndex: logIndex(9) }, 1],
      [{ kind: 'lookFor', term: term(2), memberIndex: logIndex(9) }, 0],
    ];
    for (const [message, told] of asked) {
      const core = new Core({ more: { snapshot }, term: 2 });
      core.receive(9, message);
      expect(ofKind(everything(core.take()), 'removed')).toHaveLength(told);
    }
    const listed = new Core({
      membership: membershipOf([1, 2]),
      more: { snapshot: { ...snapshotOf(membershipOf([1, 2]), 9, 1), membershipAt: at(9, 1) } },
      term: 1,
    });
    listed.receive(2, { kind: 'removed', term: term(2), membershipAt: at(4, 1) });
    expect(listed.take().notices).toEqual([]);
    listed.receive(2, { kind: 'removed', term: term(2), membershipAt: at(4, 2) });
    expect(listed.take().notices).toMatchObject([{ kind: 'toldRemoved' }]);
  });

  test('a member is never told, nor anybody by a node that knows no membership, or a joint one', () => {
    const member = settled();
    member.receive(2, { kind: 'lookFor', term: term(1), memberIndex: logIndex(0) });
    const fresh = new Core({ voters: [] });
    fresh.receive(9, { kind: 'lookFor', term: term(1), memberIndex: logIndex(0) });
    const joint = { ...membershipOf([1, 2]), outgoing: [id(1)] };
    const between = new Core({ membership: joint });
    between.receive(9, { kind: 'lookFor', term: term(1), memberIndex: logIndex(0) });
    for (const core of [member, fresh, between]) expect(core.take().sendNow).toEqual([]);
  });

  test('one that is being added again is judged by log and term', () => {
    const core = new Core();
    core.establish(2);
    core.change({ kind: 'add', id: id(9), address: 'x:1' });
    core.turn();
    core.receive(9, { kind: 'lookFor', term: term(1), memberIndex: logIndex(0) });
    expect(ofKind(core.turn().sendNow, 'removed')).toEqual([]);
  });

  test('a learner that hears nobody asks again and again, and never campaigns', () => {
    const core = new Core({ voters: [2, 3], learners: [1] });
    let asked = 0;
    for (let i = 0; i < 400; i++) {
      core.tick(1);
      asked += ofKind(core.turn().sendNow, 'lookFor').length;
    }
    expect(asked).toBeGreaterThanOrEqual(6);
    expect(core.view).toMatchObject({ role: 'follower', term: 0 });
  });

  test('a voter that may have lost entries asks as well, without a new term', () => {
    const core = new Core({ more: { suspect: at(5, 1) }, term: 1 });
    let asked = 0;
    for (let i = 0; i < 400; i++) {
      core.tick(1);
      asked += ofKind(core.turn().sendNow, 'preVoteRequest').length;
    }
    expect(asked).toBeGreaterThanOrEqual(6);
    expect(core.view.term).toBe(1);
  });

  test('being told is news only if it is not older than what lists us', () => {
    const core = settled();
    core.receive(2, { kind: 'removed', term: term(1), membershipAt: nowhere });
    expect(core.take().notices).toEqual([]);
    core.receive(2, { kind: 'removed', term: term(1), membershipAt: at(4, 1) });
    expect(core.take().notices).toEqual([{ kind: 'toldRemoved', by: '2', membershipAt: at(4, 1) }]);
  });
});
