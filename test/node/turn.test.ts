// What has to happen in an order that whole clusters seldom try.
import { expect, test } from 'vitest';
import { clusterTime, logIndex, soleMembership, term } from '../../src/base/index.ts';
import type { Applier } from '../../src/node/applier.ts';
import type { Outbox } from '../../src/node/outbox.ts';
import { Reads } from '../../src/node/reads.ts';
import { SnapshotWriter } from '../../src/node/snapshot-writer.ts';
import type { Snapshots } from '../../src/node/snapshots.ts';
import { Turn } from '../../src/node/turn.ts';
import type { Writes } from '../../src/node/writes.ts';
import type { Entry, Output, SnapshotMeta } from '../../src/raft/index.ts';
import { emptyTree } from '../../src/tree/index.ts';
import { idOf } from '../support/cluster.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { KeptStore } from '../support/kept-store.ts';

const metaAt = (index: number): SnapshotMeta => ({
  index: logIndex(index),
  term: term(2),
  time: clusterTime(0),
  membership: soleMembership(idOf('A'), 'a:1'),
  membershipAt: { index: logIndex(1), term: term(1) },
});

const entry = (index: number): Entry => ({
  index: logIndex(index),
  term: term(2),
  time: clusterTime(0),
  payload: { kind: 'noop' },
  encoded: null,
});

test('what is committed behind a snapshot is applied once that is installed, and not before', () => {
  const journal: string[] = [];
  let index = 5;
  const state = { ...emptyTree(), appliedIndex: logIndex(10) };
  const reads = new Reads(10);
  const applier = {
    get applied() {
      return { index: logIndex(index), term: term(2) };
    },
    state,
    pendingCount: 0,
    push: (entries: readonly Entry[]) => journal.push(`push ${entries.map((e) => e.index)}`),
    install: () => {
      index = 10;
      journal.push('install');
    },
  };
  const turn = new Turn({
    clock: new FakeClock(),
    outbox: { flush: () => {}, addCore: () => journal.push('promise') } as unknown as Outbox,
    applier: applier as unknown as Applier,
    reads,
    writes: { jumped: () => journal.push('jumped') } as unknown as Writes,
    snapshots: {
      install: () => ({ state, meta: metaAt(10) }),
      committed: () => {},
    } as unknown as Snapshots,
    step: () => {},
    changes: () => [],
    view: () => {
      throw new Error('nobody asks');
    },
    notice: () => {},
    changeReceipt: () => {},
    settle: () => {},
    installed: () => {},
    progressed: () => {},
  });
  reads.add({ ready: () => journal.push('read'), failed: () => {} }, 1000);
  const out: Output = {
    persist: {
      snapshot: metaAt(10),
      hardState: null,
      truncateFrom: null,
      entries: [entry(11)],
      through: { index: logIndex(11), term: term(2) },
    },
    sendNow: [],
    sendAfterPersist: [
      { to: idOf('B'), message: { kind: 'appendReply', term: term(2), matched: logIndex(11) } },
    ],
    committed: [entry(11)],
    receipts: [],
    reads: [{ ref: reads.ask(), index: logIndex(10) }],
    notices: [],
  };
  turn.begin(out);
  expect(journal).toEqual([]);
  turn.durable(out);
  expect(journal).toEqual(['promise', 'jumped', 'install', 'push 11', 'read']);
});

/** Writes a snapshot at 100 of a log of 200 entries of 10 bytes each; answers how far the log may go. */
async function compactedThrough(pin: number | null, logKeptBytes: number): Promise<number> {
  const clock = new FakeClock();
  const store = new KeptStore(clock);
  let through = -1;
  const writer = new SnapshotWriter({
    clock,
    log: store.log,
    snapshots: store.snapshots,
    snapshotEveryBytes: 256,
    logKeptBytes,
    pin: () => (pin === null ? null : logIndex(pin)),
    written: (_meta, compactThrough) => {
      through = compactThrough;
    },
    noRoom: () => {},
    diskFailed: (error) => {
      throw error;
    },
  });
  for (let i = 1; i <= 200; i++) writer.committed(logIndex(i), 10);
  writer.start(emptyTree(), metaAt(100));
  await clock.quiet();
  await writer.stop();
  return through;
}

test('a snapshot lets go of the log that it covers, but for what lagging followers may need', async () => {
  expect(await compactedThrough(null, 0)).toBe(100);
  // 1,500 bytes are 150 entries.
  expect(await compactedThrough(null, 1500)).toBe(50);
});

test('a follower that is being fed pins the log, within four snapshots of it', async () => {
  // 1,024 bytes are four snapshots: what is further behind than 102 entries goes all the same.
  expect(await compactedThrough(99, 0)).toBe(99);
  expect(await compactedThrough(10, 0)).toBe(97);
});
