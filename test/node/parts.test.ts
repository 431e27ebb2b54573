// The small parts of a node that keep count of something.
import { expect, test } from 'vitest';
import {
  bootNumber,
  ClusterError,
  clusterTime,
  finalOf,
  logIndex,
  type NodeId,
  revision,
  soleMembership,
  term,
} from '../../src/base/index.ts';
import { CaughtUp, unheardMajorityMs } from '../../src/node/age.ts';
import { Forwards } from '../../src/node/forwards.ts';
import { LeaderClock } from '../../src/node/leader-clock.ts';
import { Liveness } from '../../src/node/liveness.ts';
import { MembershipChanges } from '../../src/node/membership-changes.ts';
import { Peers } from '../../src/node/peers.ts';
import { RevisionWaiters } from '../../src/node/revision-waiters.ts';
import type { PeerLinks } from '../../src/ports/index.ts';
import { emptyTree, type View } from '../../src/tree/index.ts';
import { idOf } from '../support/cluster.ts';

const a = idOf('A');
const b = idOf('B');

test('a stall of our own is taken off every silence it lies in, and off nothing else', () => {
  const liveness = new Liveness(0, 10);
  liveness.know([a, b], 0);
  liveness.leading(true, 0);
  for (let ms = 10; ms <= 1000; ms += 10) liveness.ticked(ms);
  liveness.heard(a, 900);
  expect(liveness.silentMs(a, 1000)).toBe(100);
  expect(liveness.silentMs(b, 1000)).toBe(1000);
  // The process stands still for five seconds. It counts at once, also before the ticker fires.
  expect(liveness.silentMs(b, 6010)).toBe(1010);
  liveness.heard(a, 6010);
  liveness.ticked(6010);
  expect(liveness.silentMs(a, 6110)).toBe(100);
  expect(liveness.awakeMs(6010)).toBe(1010);
  expect(liveness.silentMs(b, 6010)).toBe(1010);
  expect(liveness.leadingForMs(6010)).toBe(1010);
  expect(liveness.sinceChangeMs(6010)).toBe(1010);
  for (let ms = 6020; ms <= 6500; ms += 10) liveness.ticked(ms);
  expect(liveness.silentMs(b, 6510)).toBe(1510);
});

test('what is known of a peer grows old while this node stands still', () => {
  const liveness = new Liveness(0, 10);
  liveness.know([a], 0);
  for (let ms = 10; ms <= 1000; ms += 10) liveness.ticked(ms);
  liveness.heard(a, 900);
  expect(liveness.unheardMs(a, 1000)).toBe(100);
  expect(liveness.unheardMs(a, 6010)).toBe(5110);
  liveness.ticked(6010);
  expect(liveness.unheardMs(a, 6110)).toBe(5210);
  expect(liveness.unheardMs(b, 6110)).toBe(null);
});

test('a leader’s state is as old as its last word from a majority, of both sets of voters while there are two', () => {
  const [c, d, e] = ['C', 'D', 'E'].map(idOf) as [typeof a, typeof a, typeof a];
  const unheardOf = new Map([
    [b, 100],
    [c, 4000],
    [d, 300],
  ]);
  const unheardMs = (peer: typeof a): number | null => unheardOf.get(peer) ?? null;
  const age = (voters: (typeof a)[], outgoing: (typeof a)[] | null = null) =>
    unheardMajorityMs({ voters, outgoing }, a, unheardMs);
  expect(age([a])).toBe(0);
  expect(age([a, b])).toBe(100);
  expect(age([c, a, b])).toBe(100);
  expect(age([a, b, c, d])).toBe(300);
  expect(age([a, b, c], [a, c])).toBe(4000);
  // It leads and does not vote: removed, and the others have not all heard of it.
  expect(age([b, c, d])).toBe(300);
  expect(age([a, e])).toBe(null);
});

test('a node has caught up once it applied what its leader had committed when it first spoke, and an entry of its own', () => {
  const caughtUp = new CaughtUp();
  const append = (termOf: number, commit: number) =>
    caughtUp.heard(
      {
        kind: 'appendRequest',
        term: term(termOf),
        previous: { index: logIndex(0), term: term(0) },
        commit: logIndex(commit),
        entries: [],
      },
      0,
    );
  const isLevel = (termOf: number, index: number, appliedTerm = termOf): boolean =>
    caughtUp.with(term(termOf), { index: logIndex(index), term: term(appliedTerm) });
  caughtUp.heard(
    { kind: 'heartbeat', term: term(3), commit: logIndex(0), newest: logIndex(0), round: 1 },
    0,
  );
  expect(isLevel(3, 50)).toBe(false);
  append(3, 40);
  append(3, 60);
  expect(isLevel(3, 39)).toBe(false);
  expect(isLevel(3, 40)).toBe(true);
  expect(isLevel(3, 40, 2)).toBe(false);
  append(2, 10);
  expect(isLevel(2, 40)).toBe(false);
  append(4, 70);
  expect([isLevel(3, 70), isLevel(4, 69), isLevel(4, 70, 3), isLevel(4, 71)]).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

test('a state is as old as the last word that there is no more than it', () => {
  const caughtUp = new CaughtUp();
  const applied = (index: number) => ({ index: logIndex(index), term: term(1) });
  const told = (newest: number, nowMs: number, of = 1) =>
    caughtUp.heard(
      {
        kind: 'heartbeat',
        term: term(of),
        commit: logIndex(0),
        newest: logIndex(newest),
        round: 0,
      },
      nowMs,
    );
  expect(caughtUp.freshAtMs(applied(5))).toBe(null);
  for (let n = 1; n <= 10; n++) told(n, n * 100);
  expect(caughtUp.freshAtMs(applied(0))).toBe(null);
  expect(caughtUp.freshAtMs(applied(3))).toBe(300);
  // Ten seconds of silence, then there is more: the state is that much older.
  told(10, 1100);
  expect(caughtUp.freshAtMs(applied(10))).toBe(1100);
  told(12, 11_000);
  told(12, 11_100);
  expect(caughtUp.freshAtMs(applied(11))).toBe(1100);
  expect(caughtUp.freshAtMs(applied(12))).toBe(11_100);
  // Told one after the other without a pause: something is always applied in time.
  for (let n = 0; n < 5000; n++) {
    told(100 + n, 12_000 + n);
    if (n > 100) expect(caughtUp.freshAtMs(applied(n))).toBeGreaterThanOrEqual(11_850 + n - 100);
  }
  // Far behind, moments are fewer, and none is told too late.
  for (let n = 0; n < 5000; n++) told(10_000 + n, 20_000 + n * 100);
  for (const n of [0, 1, 2500, 4998]) {
    expect(caughtUp.freshAtMs(applied(10_000 + n)) ?? 0).toBeLessThanOrEqual(20_000 + n * 100);
  }
});

test('the noise of the event loop is no stall', () => {
  const liveness = new Liveness(0, 10);
  liveness.know([a], 0);
  for (let ms = 90; ms <= 900; ms += 90) liveness.ticked(ms);
  expect(liveness.silentMs(a, 900)).toBe(900);
});

test('silence of a peer that was never heard counts from when it became one', () => {
  const liveness = new Liveness(0, 10);
  expect(liveness.silentMs(a, 0)).toBe(null);
  liveness.know([a], 0);
  for (let ms = 10; ms <= 1000; ms += 10) liveness.ticked(ms);
  liveness.know([a], 500);
  expect(liveness.silentMs(a, 1000)).toBe(1000);
  liveness.heard(b, 1000);
  expect(liveness.silentMs(b, 1000)).toBe(null);
  liveness.forget((id) => id !== a);
  expect(liveness.silentMs(a, 1000)).toBe(null);
});

test('leading counts from the office now held', () => {
  const liveness = new Liveness(0, 10);
  expect(liveness.leadingForMs(100)).toBe(null);
  const at = (ms: number) => {
    liveness.ticked(ms);
    return ms;
  };
  liveness.leading(true, at(100));
  liveness.leading(true, at(150));
  expect(liveness.leadingForMs(at(200))).toBe(100);
  liveness.leading(false, at(250));
  liveness.leading(true, at(300));
  expect(liveness.leadingForMs(at(350))).toBe(50);
});

test('cluster time goes on from the last stamp, in office only, and never falls', () => {
  const clock = new LeaderClock();
  expect(clock.now(5000)).toBe(0);
  clock.lead(clusterTime(70), 5000);
  expect(clock.now(5000)).toBe(70);
  expect(clock.now(5100.7)).toBe(170);
  // A stall that is found out takes back time that was stamped already.
  expect(clock.now(5050)).toBe(170);
  expect(clock.now(5200)).toBe(270);
  // The own no-op is applied: what the log held is known now.
  clock.lead(clusterTime(100), 5200);
  expect(clock.now(5200)).toBe(270);
  clock.lead(clusterTime(1000), 5200);
  expect(clock.now(5300)).toBe(1100);
  clock.follow();
  expect(clock.now(9000)).toBe(1100);
  clock.lead(clusterTime(1500), 20_000);
  expect(clock.now(20_010)).toBe(1510);
});

test('a forward is taken once, in whatever order, by sender, boot, term and batch', () => {
  const forwards = new Forwards();
  const look = (from: NodeId, boot: number, batch: number, inTerm = 3) =>
    forwards.look(from, bootNumber(boot), {
      kind: 'forward',
      term: term(inTerm),
      batch,
      commands: [],
    });
  expect(look(a, 1, 1)).toBe('new');
  expect(look(a, 1, 1)).toBe('repeat');
  // The second was lost with its link, and comes after the third.
  expect(look(a, 1, 3)).toBe('new');
  expect(look(a, 1, 2)).toBe('new');
  expect(look(a, 1, 2)).toBe('repeat');
  expect(look(b, 1, 2)).toBe('new');
  expect(look(a, 1, 9, 4)).toBe('new');
  expect(look(a, 1, 4, 3)).toBe('repeat');
  expect(look(a, 2, 1, 4)).toBe('new');
  expect(look(a, 1, 10, 4)).toBe('repeat');
  // What is too old to be remembered is taken for a repeat.
  expect(look(a, 2, 20_000, 4)).toBe('new');
  expect(look(a, 2, 11_000, 4)).toBe('repeat');
  expect(look(a, 2, 19_000, 4)).toBe('new');
});

test('a refusal is repeated as it was, for a repeat of what was refused', () => {
  const forwards = new Forwards();
  const forward = { kind: 'forward', term: term(3), batch: 5, commands: [] } as const;
  expect(forwards.look(a, bootNumber(1), forward)).toBe('new');
  forwards.opened(7, a, forward);
  const open = forwards.closed(7);
  expect(open).toEqual({ from: a, term: 3, batch: 5 });
  expect(forwards.closed(7)).toBe(null);
  if (open !== null) forwards.refused(open, 'transferring');
  expect(forwards.look(a, bootNumber(1), forward)).toEqual({ refused: 'transferring' });
});

const joint = {
  ...soleMembership(a, 'a:1'),
  voters: [a, b],
  outgoing: [a],
  addresses: new Map([
    [a, 'a:1'],
    [b, 'b:1'],
  ]),
};
const at = (index: number, inTerm: number) => ({ index: logIndex(index), term: term(inTerm) });
const refusal = () => new ClusterError('ERR_MEMBERSHIP_REFUSED', 'no');
const outcome = (done: Promise<void>) =>
  done.then(
    () => 'made',
    (error: ClusterError) => error.code,
  );
const asked = (ref: number) => ({ kind: 'transfer', ref, to: null }) as const;
const appended = (ref: number) =>
  ({ ref, kind: 'appended', first: logIndex(5), count: 1, term: term(2) }) as const;

test('a change is made when the final membership is applied, of the term that began it', async () => {
  const changes = new MembershipChanges(8);
  const first = changes.open('change', 1000, asked);
  changes.take();
  changes.receipt(appended(first.ref), refusal);
  changes.applied(finalOf(joint), at(4, 2));
  changes.applied(joint, at(5, 2));
  changes.expire(999);
  changes.applied(finalOf(joint), at(6, 2));
  expect(await outcome(first.done)).toBe('made');

  const second = changes.open('change', 1000, asked);
  changes.take();
  changes.receipt(appended(second.ref), refusal);
  changes.applied(finalOf(joint), at(6, 3));
  expect(await outcome(second.done)).toBe('ERR_OUTCOME_UNKNOWN');
});

test('a change is refused, done already, or ended by time', async () => {
  const changes = new MembershipChanges(8);
  const refused = changes.open('change', 1000, asked);
  const done = changes.open('change', 1000, asked);
  const begun = changes.open('change', 1000, asked);
  expect(changes.take().length).toBe(3);
  const unbegun = changes.open('change', 1000, asked);
  changes.receipt({ ref: refused.ref, kind: 'refused', reason: 'stale', detail: '' }, refusal);
  changes.receipt({ ref: done.ref, kind: 'done' }, refusal);
  changes.receipt(appended(begun.ref), refusal);
  changes.expire(1000);
  expect(await outcome(refused.done)).toBe('ERR_MEMBERSHIP_REFUSED');
  expect(await outcome(done.done)).toBe('made');
  expect(await outcome(begun.done)).toBe('ERR_OUTCOME_UNKNOWN');
  expect(await outcome(unbegun.done)).toBe('ERR_TIMEOUT');
  expect(changes.take()).toEqual([]);
});

test('what the core was asked and did not answer in time may yet be done', async () => {
  const changes = new MembershipChanges(8);
  const one = changes.open('change', 1000, asked);
  expect(changes.take()).toEqual([asked(one.ref)]);
  changes.expire(1000);
  expect(await outcome(one.done)).toBe('ERR_OUTCOME_UNKNOWN');
});

test('a transfer is done when this node leads no more, not when it is begun', async () => {
  const changes = new MembershipChanges(8);
  const one = changes.open('transfer', 1000, asked);
  changes.transfersEnded('on');
  changes.receipt({ ref: one.ref, kind: 'done' }, refusal);
  changes.transfersEnded('no more');
  expect(await outcome(one.done)).toBe('made');
  const two = changes.open('transfer', 1000, asked);
  changes.receipt({ ref: two.ref, kind: 'done' }, refusal);
  changes.transfersEnded('on');
  expect(await outcome(two.done)).toBe('ERR_TIMEOUT');
});

test('N3: so many changes wait at once', () => {
  const changes = new MembershipChanges(1);
  expect(changes.full).toBe(false);
  changes.open('change', 1000, asked).done.catch(() => {});
  expect(changes.full).toBe(true);
  changes.failAll(new ClusterError('ERR_STOPPED', 'stopping'));
  expect(changes.full).toBe(false);
});

test('who waits for a revision is told when it is there, or when it was jumped over', () => {
  let now = 5;
  let oldest = 1;
  const view = emptyTree();
  const viewAt = (r: number): View | 'compacted' | 'future' =>
    r > now ? 'future' : r < oldest ? 'compacted' : view;
  const waiters = new RevisionWaiters(viewAt);
  const told: string[] = [];
  const add = (r: number) =>
    waiters.add(revision(r), {
      ready: () => told.push(`${r}`),
      failed: ({ code }) => told.push(`${r} ${code}`),
    });
  add(5);
  expect(told.splice(0)).toEqual(['5']);
  add(7);
  add(8)();
  add(9);
  add(20);
  now = 6;
  waiters.reached(revision(6));
  expect(told.splice(0)).toEqual([]);
  now = 7;
  waiters.reached(revision(7));
  expect(told.splice(0)).toEqual(['7']);
  now = 15;
  oldest = 15;
  waiters.reached(revision(15));
  expect(told.splice(0)).toEqual(['9 ERR_COMPACTED']);
  waiters.failAll(new ClusterError('ERR_STOPPED', 'stopping'));
  expect(told).toEqual(['20 ERR_STOPPED']);
  expect(waiters.size).toBe(0);
});

test('a member that left is dialled a little longer, so that it hears of it', () => {
  let dialled: string[] = [];
  const links = {
    setPeers: (peers: ReadonlyMap<string, string>) => {
      dialled = [...peers.values()].sort();
    },
  } as unknown as PeerLinks;
  const peers = new Peers(a, links, 1000);
  peers.set(joint.addresses, 0);
  expect(dialled).toEqual(['b:1']);
  peers.set(new Map([[a, 'a:1']]), 100);
  expect(dialled).toEqual(['b:1']);
  expect(peers.isPeer(b)).toBe(false);
  peers.expire(1000);
  expect(dialled).toEqual(['b:1']);
  peers.expire(1100);
  expect(dialled).toEqual([]);
});
