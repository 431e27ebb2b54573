// The steward over a node that says what the test wants: when it looks, and when it holds still.
import { expect, test } from 'vitest';
import {
  ClusterError,
  logIndex,
  revision,
  soleMembership,
  term,
  utf8,
} from '../../src/base/index.ts';
import type { NodeHandle, NodeStatus } from '../../src/node/index.ts';
import type { Logger } from '../../src/ports/index.ts';
import { Steward } from '../../src/steward/index.ts';
import { apply, emptyTree, type View } from '../../src/tree/index.ts';
import { idOf, pathOf } from '../support/cluster.ts';
import { FakeClock } from '../support/fake-clock.ts';

const a = idOf('A');
const b = idOf('B');
const silent: Logger = { error: () => {}, info: () => {}, debug: () => {}, child: () => silent };
const at = { index: logIndex(9), term: term(3) };
const membership = {
  ...soleMembership(a, 'a:1'),
  learners: [b],
  addresses: new Map([
    [a, 'a:1'],
    [b, 'b:1'],
  ]),
};

/** A tree with slot 0 held by A and slot 1 empty, or with other slots. */
function tree(slots: Record<string, string> = { '/ctl/cal/0': a, '/ctl/cal/1': '' }): View {
  let state = emptyTree();
  const set = (path: string, body: string) => {
    state = apply(state, {
      index: logIndex(state.appliedIndex + 1),
      term: term(3),
      time: state.clusterTime,
      body: {
        kind: 'command',
        envelope: {
          origin: { node: a, boot: 1 as never, n: 1 },
          session: 0 as never,
          seq: 0,
          ackedBelow: 0,
          command: { kind: 'set', path: pathOf(path), body: utf8(body), guard: -1 },
        },
      },
    }).state;
  };
  for (const [path, body] of Object.entries(slots)) set(path, body);
  return { ...state, lineage: { clusterId: 'X' as never, epoch: 1, epochId: '' } };
}

const steady: NodeStatus = {
  id: a,
  boot: 1 as never,
  life: 'ready',
  clusterName: 'test',
  lineage: null,
  raft: {
    role: 'leader',
    term: term(3),
    leader: a,
    commitIndex: logIndex(9),
    last: at,
    firstIndex: logIndex(1),
    membership,
    membershipAt: at,
    changePending: false,
    established: true,
    transferring: false,
    suspect: null,
    progress: [{ id: b, mode: 'replicate', matched: at.index, ticksQuiet: 0, caughtUp: true }],
  },
  appliedIndex: at.index,
  members: membership,
  membersAt: at,
  revision: revision(2),
  peers: [{ id: b, address: 'b:1', silentMs: 0 }],
  leadingForMs: 60_000,
  sinceChangeMs: 60_000,
  diskFull: false,
  digests: { condemned: null, outvoted: [], dispute: null },
};

/** What a steward asks for in a second, on a node in this status. */
async function asked(status: NodeStatus, answer: () => Promise<void>): Promise<unknown[]> {
  const changes: unknown[] = [];
  const clock = new FakeClock();
  const view = tree();
  const node = {
    leads: () => status.raft.role === 'leader',
    status: () => status,
    view: () => view,
    changeMembership: (change: unknown, ifAt: unknown) => {
      changes.push([change, ifAt]);
      return answer();
    },
  } as unknown as NodeHandle;
  const options = { silenceMs: 5000, minVoters: 2, promoteAfterMs: 200 };
  const steward = new Steward({ node, clock, logger: silent }, options);
  steward.start();
  await clock.advance(1000);
  steward.stop();
  await clock.advance(1000);
  return changes;
}

const never = () => new Promise<void>(() => {});

test('one step at a time, for the membership that was looked at', async () => {
  expect(await asked(steady, never)).toEqual([[{ kind: 'promote', id: b }, at]]);
});

test('a step that is refused is tried again', async () => {
  const refuse = () => Promise.reject(new ClusterError('ERR_MEMBERSHIP_REFUSED', 'no'));
  expect((await asked(steady, refuse)).length).toBeGreaterThan(3);
});

const { raft } = steady;
test.each<[string, NodeStatus]>([
  ['follows', { ...steady, raft: { ...raft, role: 'follower' } }],
  ['has committed nothing in its term', { ...steady, raft: { ...raft, established: false } }],
  ['has a change under way', { ...steady, raft: { ...raft, changePending: true } }],
  ['hands leadership over', { ...steady, raft: { ...raft, transferring: true } }],
  ['has not applied its own no-op', { ...steady, raft: { ...raft, term: term(4) } }],
  ['has slots older than the membership', { ...steady, appliedIndex: logIndex(8) }],
  ['goes', { ...steady, life: 'draining' }],
])('it holds still on a node that %s', async (_what, status) => {
  expect(await asked(status, never)).toEqual([]);
});

test('a spare that lags at one look begins its time anew', async () => {
  const lagging = [{ ...raft.progress[0], caughtUp: false }] as typeof raft.progress;
  expect(await asked({ ...steady, raft: { ...raft, progress: lagging } }, never)).toEqual([]);
});

test('a leader that was handed over and came back is sent away again ever later', async () => {
  // B holds the only slot, both vote, and leadership returns at once each time.
  const both = { ...membership, voters: [a, b], learners: [] };
  const status: NodeStatus = { ...steady, members: both, raft: { ...raft, membership: both } };
  const clock = new FakeClock();
  const handedOverMs: number[] = [];
  const view = tree({ '/ctl/cal/0': b });
  const node = {
    leads: () => true,
    status: () => status,
    view: () => view,
    transferLeadership: () => {
      handedOverMs.push(clock.now());
      return Promise.resolve();
    },
  } as unknown as NodeHandle;
  const options = { silenceMs: 0, minVoters: 1, promoteAfterMs: 200 };
  const steward = new Steward({ node, clock, logger: silent }, options);
  steward.start();
  await clock.advance(200_000);
  steward.stop();
  const pausesMs = handedOverMs.slice(1).map((at, i) => at - (handedOverMs[i] ?? 0));
  expect(pausesMs.map((ms) => Math.round(ms / 1000))).toEqual([5, 10, 20, 40, 60, 60]);
});
