// Every invariant is shown to fail when it is broken on purpose.
import { describe, expect, test } from 'vitest';
import { logIndex, term } from '../../src/base/index.ts';
import { checkLog, checkRaft, checkStep } from '../../src/raft/index.ts';
import type { StepMark } from '../../src/raft/invariants.ts';
import { markOf } from '../../src/raft/invariants.ts';
import { newProgress } from '../../src/raft/progress.ts';
import type { RaftState } from '../../src/raft/state.ts';
import { newState } from '../../src/raft/state.ts';
import { step } from '../../src/raft/step.ts';
import { at, command, id, membershipOf, optionsOf, snapshotOf } from './support/cluster.ts';
import { append, Core, entriesOf } from './support/core.ts';

/** Node 1 follows, holds three entries, and knows two of them to be committed and applied. */
function follower(): RaftState {
  const state = newState(
    optionsOf(1, {
      snapshot: snapshotOf(membershipOf([1, 2, 3])),
      entries: entriesOf([1, 1, 2]),
      hardState: { term: term(2), votedFor: id(2) },
    }),
  );
  Object.assign(state, { commitIndex: 2, handedIndex: 2, appliedIndex: 2 });
  return state;
}

/** The same as a leader that established itself, with one follower in each state. */
function leader(): RaftState {
  const state = follower();
  const progress = new Map([[id(2), newProgress(logIndex(3))]]);
  state.role = { kind: 'leader', progress, termStart: logIndex(3) };
  Object.assign(state, { commitIndex: 3, handedIndex: 3, votedFor: id(1) });
  return state;
}

function progressOf(state: RaftState) {
  if (state.role.kind !== 'leader') throw new Error('a leader');
  const progress = state.role.progress.get(id(2));
  if (progress === undefined) throw new Error('a progress');
  return progress;
}

const memberships = (state: RaftState, ...indexes: number[]) =>
  state.memberships.push(
    ...indexes.map((index) => ({ at: at(index, 1), membership: membershipOf([1, 2, 3]) })),
  );

describe('checkRaft()', () => {
  test('finds nothing wrong with what is right', () => {
    for (const state of [follower(), leader()]) {
      checkRaft(state);
      checkLog(state);
    }
  });

  const broken: readonly (readonly [string, () => RaftState, (state: RaftState) => void])[] = [
    ['R1: applied <= handed out', follower, (s) => Object.assign(s, { appliedIndex: 3 })],
    ['R1: handed out <= commit', follower, (s) => Object.assign(s, { handedIndex: 3 })],
    ['R1: commit <= last', follower, (s) => Object.assign(s, { commitIndex: 4 })],
    [
      'R1: snapshot <= applied',
      follower,
      (s) => Object.assign(s, { snapshot: snapshotOf(membershipOf([1]), 3, 1) }),
    ],
    ['R1: the log begins within the snapshot', follower, (s) => s.log.compact(logIndex(2))],
    ['R2: no term in the log exceeds', follower, (s) => Object.assign(s, { term: 1 })],
    [
      'R8: only what the log holds is durable',
      follower,
      (s) => Object.assign(s, { durableIndex: 4 }),
    ],
    [
      'R8: only what was saved is durable',
      follower,
      (s) => Object.assign(s.outbox, { unsavedFrom: 2 }),
    ],
    ['R9: 0 <= matched', leader, (s) => Object.assign(progressOf(s), { matched: -1 })],
    ['R9: matched < next', leader, (s) => Object.assign(progressOf(s), { matched: 4 })],
    ['R9: next <= last + 1', leader, (s) => Object.assign(progressOf(s), { next: 5 })],
    [
      'R9: in flight lies after matched',
      leader,
      (s) => {
        const inFlight = [{ last: logIndex(2), bytes: 1 }];
        const flow = { mode: 'replicate', inFlight, inFlightBytes: 1 };
        Object.assign(progressOf(s), { matched: 2, flow });
      },
    ],
    [
      'R9: in flight lies before next',
      leader,
      (s) => {
        const inFlight = [{ last: logIndex(3), bytes: 1 }];
        const flow = { mode: 'replicate', inFlight, inFlightBytes: 1 };
        Object.assign(progressOf(s), { next: 3, flow });
      },
    ],
    [
      'R9: what is in flight is what was counted',
      leader,
      (s) =>
        Object.assign(progressOf(s), {
          flow: { mode: 'replicate', inFlight: [], inFlightBytes: 1 },
        }),
    ],
    ['R10: the membership in force stands in the log', follower, (s) => void memberships(s, 9)],
    [
      'R10: one uncommitted membership',
      leader,
      (s) => {
        s.log.append({ ...command(4, 2) });
        s.log.append({ ...command(5, 2) });
        s.memberships.push({ at: at(4, 2), membership: membershipOf([1]) });
        s.memberships.push({ at: at(5, 2), membership: membershipOf([1]) });
      },
    ],
    ['R12: who leads is not suspect', leader, (s) => Object.assign(s, { suspect: at(9, 9) })],
  ];
  test.each(broken)('%s', (claim, begin, breakIt) => {
    const state = begin();
    breakIt(state);
    expect(() => checkRaft(state)).toThrow(claim);
  });

  test('R10: checkLog() finds a membership that the log does not hold', () => {
    const state = follower();
    memberships(state, 2);
    expect(() => checkLog(state)).toThrow('R10: no membership is known that the log does not hold');
  });

  test('R10: checkLog() finds a membership of the log that is not known', () => {
    const state = follower();
    const membership = membershipOf([1, 2]);
    state.log.append({ ...command(4, 2), payload: { kind: 'membership', membership } });
    expect(() => checkLog(state)).toThrow('R10: every membership of the log is known');
  });
});

describe('checkStep()', () => {
  const mark = (state: RaftState, more: Partial<StepMark>): StepMark => ({
    ...markOf(state),
    ...more,
  });

  test.each([
    ['R3: the current term never falls', follower, { term: term(3) }],
    ['R3: a vote is set at most once', follower, { votedFor: id(3) }],
    ['R1: the commit index never falls', follower, { commitIndex: logIndex(3) }],
    ['R1: the applied index never falls', follower, { appliedIndex: logIndex(3) }],
    ['R7: a leader never shortens its log', leader, { last: at(4, 2) }],
    ['R7: a leader never overwrites its log', leader, { last: at(3, 1) }],
  ] as const)('%s', (claim, begin, before) => {
    const state = begin();
    checkStep(markOf(state), state);
    expect(() => checkStep(mark(state, before), state)).toThrow(claim);
  });

  test('R6: a leader that commits an entry of an older term is found', () => {
    const state = leader();
    const before = mark(state, { commitIndex: logIndex(1) });
    checkStep(before, state);
    Object.assign(state, { commitIndex: 2 });
    expect(() => checkStep(before, state)).toThrow('R6');
  });
});

describe('handlers refuse what would break an invariant', () => {
  test('R4: a leader that hears another one of its term', () => {
    const core = new Core();
    core.lead();
    expect(() => core.receive(2, append(1, at(0, 0)))).toThrow('R4');
  });

  test('R7: an append that would overwrite what is committed', () => {
    const core = new Core({ terms: [1, 1] });
    core.receive(2, append(1, at(2, 1), [], 2));
    expect(() => core.receive(2, append(2, at(1, 1), [2]))).toThrow('R7');
  });

  test('R9: an acknowledgement beyond the log of the leader', () => {
    const core = new Core();
    core.lead();
    expect(() =>
      core.receive(2, { kind: 'appendReply', term: term(1), matched: logIndex(9) }),
    ).toThrow('R9');
  });

  test('R11: a joint membership is not brought to its end before a commit of the own term', () => {
    const joint = { ...membershipOf([1, 2]), outgoing: [id(1)] };
    const core = new Core({ membership: joint });
    core.lead();
    expect(core.view.last).toEqual(at(1, 1));
    core.receive(2, { kind: 'appendReply', term: term(1), matched: logIndex(1) });
    expect(core.view.last).toEqual(at(2, 1));
  });

  test('N1: nothing is taken between a save and its report', () => {
    const core = new Core();
    core.receive(2, append(1, at(0, 0), [1]));
    core.take();
    expect(() => core.take()).toThrow('N1');
  });

  test('R1: what is not committed can not be applied', () => {
    const state = follower();
    expect(() => step(state, { kind: 'applied', through: logIndex(3) })).toThrow('R1');
  });
});
