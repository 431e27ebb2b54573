// A leader's snapshot that came whole waits for the turn in which the core may want it. The store keeps
// one such at a time, so nothing may take its place meanwhile.

import { expect, test } from 'vitest';
import {
  bootNumber,
  clusterTime,
  type LogIndex,
  logIndex,
  noSession,
  soleMembership,
  term,
} from '../../src/base/index.ts';
import { Tallies } from '../../src/node/counts.ts';
import { Snapshots } from '../../src/node/snapshots.ts';
import type { PeerLinks } from '../../src/ports/index.ts';
import type { NodeMessage } from '../../src/protocol/index.ts';
import type { SnapshotMeta } from '../../src/raft/index.ts';
import { apply, emptyTree, encodeSnapshot, type TreeState } from '../../src/tree/index.ts';
import type { Wal } from '../../src/wal/index.ts';
import { idOf, pathOf } from '../support/cluster.ts';
import { FakeClock, settled } from '../support/fake-clock.ts';
import { joined } from '../support/kept-store.ts';
import { memoryDisk } from '../support/memory-disk.ts';
import { entry, fresh, hard, listener, persist } from '../wal/support.ts';

const leader = idOf('L');
const inTerm = term(2);

/** A tree of `count` writes. */
function treeOf(count: number): TreeState {
  let state = emptyTree();
  for (let i = 1; i <= count; i++) {
    const command = { kind: 'set', path: pathOf(`/f/${i}`), body: new Uint8Array(9), guard: -1 };
    const origin = { node: leader, boot: bootNumber(1), n: i };
    const envelope = { origin, session: noSession, seq: 0, ackedBelow: 0, command } as const;
    const body = { kind: 'command', envelope } as Parameters<typeof apply>[1]['body'];
    const place = { index: logIndex(i), term: inTerm, time: clusterTime(i) };
    state = apply(state, { ...place, body }).state;
  }
  return state;
}

const metaOf = (state: TreeState): SnapshotMeta => ({
  index: state.appliedIndex,
  term: state.appliedTerm,
  time: state.clusterTime,
  membership: soleMembership(leader, 'l:1'),
  membershipAt: { index: logIndex(1), term: term(1) },
});

class Follower {
  readonly clock = new FakeClock();
  readonly acks: number[] = [];
  readonly wal: Wal;
  readonly snapshots: Snapshots;

  constructor(wal: Wal) {
    this.wal = wal;
    this.snapshots = new Snapshots({
      clock: this.clock,
      logger: listener(),
      links: {} as PeerLinks,
      log: wal.log,
      store: wal.snapshots,
      snapshotEveryBytes: 1,
      logKeptBytes: 0,
      progress: () => [],
      commitIndex: () => 0 as LogIndex,
      replaceableFrom: () => null,
      present: () => {
        throw new Error('nobody asks');
      },
      offer: () => {},
      wake: () => {},
      ack: (_, { position }) => this.acks.push(position),
      tallies: new Tallies(),
      diskFailed: (error) => {
        throw error;
      },
    });
  }

  /** All of a snapshot, in one piece, and the core's message after it. */
  async feed(state: TreeState): Promise<void> {
    const bytes = joined([...encodeSnapshot(state)]);
    const meta = metaOf(state);
    const { index } = meta;
    const piece: NodeMessage = {
      kind: 'snapshotPiece',
      index,
      term: inTerm,
      meta,
      position: 0,
      size: bytes.length,
      bytes,
    };
    this.snapshots.piece(leader, piece);
    void this.snapshots.arrived(leader, bootNumber(1), { kind: 'snapshot', term: inTerm, meta });
    for (let i = 0; i < 5; i++) await settled();
  }

  /** The turn in which the core wants what arrived. */
  async turn(): Promise<number | null> {
    const input = this.snapshots.take();
    if (input?.kind !== 'message' || input.message.kind !== 'snapshot') return null;
    const { meta } = input.message;
    await this.wal.log.save(persist({ snapshot: meta, hardState: hard(2) }));
    this.snapshots.install(meta.index);
    this.snapshots.settle();
    return meta.index;
  }
}

const follower = async () => new Follower(await fresh(memoryDisk()));

test('a newer one that comes before the turn does not take the place of the one that waits', async () => {
  const node = await follower();
  await node.feed(treeOf(3));
  await node.feed(treeOf(5));
  expect(await node.turn()).toBe(3);
  // It is not lost: its sender sends it again.
  await node.feed(treeOf(5));
  expect(await node.turn()).toBe(5);
});

test('an own snapshot that is due does not take its place either', async () => {
  const node = await follower();
  await node.wal.log.save(persist({ hardState: hard(1), entries: [entry(1, 1, 'own')] }));
  expect(node.snapshots.due).toBe(true);
  await node.feed(treeOf(3));
  expect(node.snapshots.due).toBe(false);
  expect(await node.turn()).toBe(3);
});
