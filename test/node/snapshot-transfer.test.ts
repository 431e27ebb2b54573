// A sender and receivers of snapshots against each other, over links that lose and repeat.
import { expect, test } from 'vitest';
import {
  bootNumber,
  clusterTime,
  limits,
  logIndex,
  type NodeId,
  noSession,
  soleMembership,
  term,
} from '../../src/base/index.ts';
import { SnapshotReceiver } from '../../src/node/snapshot-receiver.ts';
import { SnapshotSender } from '../../src/node/snapshot-sender.ts';
import type { Logger, PeerLinks, SnapshotStore } from '../../src/ports/index.ts';
import type { NodeMessage, PeerFrame } from '../../src/protocol/index.ts';
import type { SnapshotMeta } from '../../src/raft/index.ts';
import { apply, emptyTree, encodeSnapshot, type TreeState } from '../../src/tree/index.ts';
import { idOf, pathOf } from '../support/cluster.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { joined, KeptStore } from '../support/kept-store.ts';

const leader = idOf('A');
const silent: Logger = { error: () => {}, info: () => {}, debug: () => {}, child: () => silent };

/** A tree with files of `count` times 100 KiB. */
function bigTree(count: number): TreeState {
  let state = emptyTree();
  for (let i = 1; i <= count; i++) {
    const body = new Uint8Array(100 * 1024).fill(i);
    const command = { kind: 'set', path: pathOf(`/f/${i}`), body, guard: -1 } as const;
    const origin = { node: leader, boot: bootNumber(1), n: i };
    const envelope = { origin, session: noSession, seq: 0, ackedBelow: 0, command };
    state = apply(state, {
      index: logIndex(i),
      term: term(2),
      time: clusterTime(i),
      body: { kind: 'command', envelope },
    }).state;
  }
  return state;
}

const metaOf = (state: TreeState): SnapshotMeta => ({
  index: state.appliedIndex,
  term: state.appliedTerm,
  time: state.clusterTime,
  membership: soleMembership(leader, 'a:1'),
  membershipAt: { index: logIndex(1), term: term(1) },
});

async function keep(store: SnapshotStore, state: TreeState, spoil = false): Promise<void> {
  const sink = await store.begin(metaOf(state));
  for (const chunk of encodeSnapshot(state)) {
    if (spoil) chunk[chunk.length >> 1] = (chunk[chunk.length >> 1] ?? 0) ^ 1;
    await sink.write(chunk);
  }
  await sink.finish();
}

type Piece = Extract<NodeMessage, { kind: 'snapshotPiece' }>;
type Ack = Extract<NodeMessage, { kind: 'snapshotAck' }>;

class Stage {
  readonly clock = new FakeClock();
  readonly sender: SnapshotSender;
  readonly source = new KeptStore(this.clock);
  readonly receivers = new Map<NodeId, SnapshotReceiver>();
  readonly stores = new Map<NodeId, KeptStore>();
  /** Highest unacknowledged piece's end, and all that was sent. */
  readonly pieces: Piece[] = [];
  readonly ended: string[] = [];
  readonly arrived: string[] = [];
  readonly failures: unknown[] = [];
  has = 0;
  busy = false;
  /** How often a piece, or an acknowledgement, arrives. */
  copies: (message: Piece | Ack) => number = () => 1;

  constructor() {
    const links = {
      send: (to: NodeId, frame: PeerFrame) => this.clock.soon(() => this.deliver(to, frame)),
    } as PeerLinks;
    this.sender = new SnapshotSender({
      clock: this.clock,
      logger: silent,
      links,
      snapshots: this.source.snapshots,
      streamsMax: 2,
      tooOld: () => this.ended.push('too old'),
      ended: (to, index, delivered) =>
        this.ended.push(`${to.charAt(0)} ${index} ${delivered ? 'delivered' : 'given up'}`),
    });
  }

  join(letter: string): SnapshotReceiver {
    const id = idOf(letter);
    const store = new KeptStore(this.clock);
    const receiver = new SnapshotReceiver({
      clock: this.clock,
      logger: silent,
      snapshots: store.snapshots,
      busy: () => this.busy,
      has: (index) => index <= this.has,
      ack: (_to, index, inTerm, position) =>
        this.clock.soon(() => {
          const ack = { kind: 'snapshotAck', index, term: inTerm, position } as const;
          for (let i = this.copies(ack); i > 0; i--) this.sender.acked(id, ack);
        }),
      diskFailed: (error) => this.failures.push(error),
    });
    this.receivers.set(id, receiver);
    this.stores.set(id, store);
    return receiver;
  }

  send(letter: string, state: TreeState): void {
    const message = { kind: 'snapshot', term: term(2), meta: metaOf(state) } as const;
    this.sender.send(idOf(letter), message);
  }

  deliver(to: NodeId, { messages, nodeMessages }: PeerFrame): void {
    const receiver = this.receivers.get(to);
    for (const message of nodeMessages) {
      if (message.kind !== 'snapshotPiece') continue;
      this.pieces.push(message);
      for (let i = this.copies(message); i > 0; i--) receiver?.piece(leader, message);
    }
    for (const message of messages) {
      if (message.kind !== 'snapshot') continue;
      const { index, term: inTerm } = message.meta;
      void receiver?.whole(index, inTerm).then((received) => {
        const revision = received?.state.revision ?? 'nothing';
        this.arrived.push(`${to.charAt(0)} ${index}: ${revision}`);
      });
    }
  }
}

test('a snapshot arrives whole, durable before it is announced, and equal', async () => {
  const stage = new Stage();
  const state = bigTree(30);
  await stage.clock.quiet();
  const kept = keep(stage.source.snapshots, state);
  await stage.clock.quiet();
  await kept;
  const receiver = stage.join('B');
  stage.send('B', state);
  await stage.clock.advance(100);
  expect(stage.ended).toEqual(['B 30 delivered']);
  expect(stage.arrived).toEqual(['B 30: 30']);
  const received = await receiver.whole(logIndex(30), term(2));
  expect(received?.state.filesDigest).toEqual(state.filesDigest);
  expect(stage.stores.get(idOf('B'))?.snapshotsWritten).toBe(1);
  // Until the core took it or did not want it, no other may take its place.
  expect(receiver.active).toBe(true);
  receiver.done();
  expect(receiver.active).toBe(false);
  expect(await receiver.whole(logIndex(30), term(2))).toBe(null);
});

/** A stage whose source holds `state`. */
async function stageWith(state: TreeState, spoil = false): Promise<Stage> {
  const stage = new Stage();
  const kept = keep(stage.source.snapshots, state, spoil);
  await stage.clock.quiet();
  await kept;
  return stage;
}

test('no more than a window is on its way unacknowledged', async () => {
  const state = bigTree(60);
  const stage = await stageWith(state);
  stage.join('B');
  stage.copies = ({ kind }) => (kind === 'snapshotAck' ? 0 : 1);
  stage.send('B', state);
  await stage.clock.advance(500);
  expect(stage.pieces.length).toBe(8);
  const sent = stage.pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(sent).toBeLessThanOrEqual(8 * limits.snapshotPieceBytesMax);
});

test('lost and repeated pieces and acknowledgements delay it, and no more', async () => {
  const state = bigTree(60);
  const stage = await stageWith(state);
  stage.join('B');
  let n = 0;
  stage.copies = () => [1, 2, 0, 1, 1][n++ % 5] ?? 1;
  stage.send('B', state);
  await stage.clock.advance(20_000);
  expect(stage.ended).toEqual(['B 60 delivered']);
  expect(stage.arrived).toEqual(['B 60: 60']);
  expect(stage.stores.get(idOf('B'))?.snapshotsWritten).toBe(1);
});

test('a receiver that never answers has its stream ended, and may be sent to again', async () => {
  const state = bigTree(3);
  const stage = await stageWith(state);
  stage.send('B', state);
  await stage.clock.advance(4900);
  expect(stage.ended).toEqual([]);
  await stage.clock.advance(2000);
  expect(stage.ended).toEqual(['B 3 given up']);
  expect(stage.sender.count).toBe(0);
  stage.join('B');
  stage.send('B', state);
  await stage.clock.advance(100);
  expect(stage.ended[1]).toBe('B 3 delivered');
});

test('two at once are fed; a third is refused at once, and so is one that is being fed', async () => {
  const state = bigTree(30);
  const stage = await stageWith(state);
  for (const letter of 'BCD') stage.join(letter);
  for (const letter of 'BCDB') stage.send(letter, state);
  expect(stage.ended).toEqual(['D 30 given up', 'B 30 given up']);
  await stage.clock.advance(100);
  expect(stage.arrived.sort()).toEqual(['B 30: 30', 'C 30: 30']);
});

test('bytes that are no snapshot are not acknowledged: the sender gives up', async () => {
  const state = bigTree(3);
  const stage = await stageWith(state, true);
  const receiver = stage.join('B');
  stage.send('B', state);
  await stage.clock.advance(10_000);
  expect(stage.ended).toEqual(['B 3 given up']);
  expect(stage.arrived).toEqual([]);
  expect(stage.failures).toEqual([]);
  expect(receiver.active).toBe(false);
  expect(stage.stores.get(idOf('B'))?.snapshotsWritten).toBe(0);
});

test('a snapshot of another place than it says is not taken', async () => {
  const state = bigTree(3);
  const stage = await stageWith(state);
  const receiver = stage.join('B');
  const whole: Uint8Array[] = [...encodeSnapshot(state)];
  const size = whole.reduce((sum, part) => sum + part.length, 0);
  const meta = { ...metaOf(state), index: logIndex(4) };
  let position = 0;
  for (const bytes of whole) {
    const first = position === 0 ? meta : null;
    const place = { index: logIndex(4), term: term(2), position, size } as const;
    receiver.piece(leader, { kind: 'snapshotPiece', ...place, meta: first, bytes });
    position += bytes.length;
  }
  await stage.clock.quiet();
  expect(await receiver.whole(logIndex(4), term(2))).toBe(null);
  expect(receiver.active).toBe(false);
});

test('what this node has already is acknowledged whole at once, and nothing is written', async () => {
  const state = bigTree(30);
  const stage = await stageWith(state);
  stage.join('B');
  stage.has = 30;
  stage.send('B', state);
  await stage.clock.advance(100);
  expect(stage.ended).toEqual(['B 30 delivered']);
  expect(stage.arrived).toEqual(['B 30: nothing']);
  expect(stage.stores.get(idOf('B'))?.snapshotsWritten).toBe(0);
});

test('while a snapshot of its own is being written none is begun; the sender tries again', async () => {
  const state = bigTree(3);
  const stage = await stageWith(state);
  stage.join('B');
  stage.busy = true;
  stage.send('B', state);
  await stage.clock.advance(1500);
  expect(stage.arrived).toEqual([]);
  stage.busy = false;
  await stage.clock.advance(2000);
  expect(stage.arrived).toEqual(['B 3: 3']);
});

test('a transfer whose sender is gone ends, and its place is free', async () => {
  const state = bigTree(60);
  const stage = await stageWith(state);
  const receiver = stage.join('B');
  stage.copies = ({ kind }) => (kind === 'snapshotAck' ? 0 : 1);
  stage.send('B', state);
  await stage.clock.advance(100);
  expect(receiver.active).toBe(true);
  void stage.sender.stop();
  await stage.clock.advance(9000);
  receiver.expire(stage.clock.now());
  expect(receiver.active).toBe(true);
  await stage.clock.advance(2000);
  receiver.expire(stage.clock.now());
  await stage.clock.quiet();
  expect(receiver.active).toBe(false);
  expect(stage.ended).toEqual([]);
});

test('another snapshot takes the place of one that is under way', async () => {
  const state = bigTree(60);
  const stage = await stageWith(state);
  const receiver = stage.join('B');
  stage.copies = ({ kind }) => (kind === 'snapshotAck' ? 0 : 1);
  stage.send('B', state);
  await stage.clock.advance(100);
  const small = bigTree(2);
  const bytes = joined([...encodeSnapshot(small)]);
  const place = { index: logIndex(2), term: term(2), position: 0, size: bytes.length };
  receiver.piece(idOf('C'), { kind: 'snapshotPiece', ...place, meta: metaOf(small), bytes });
  await stage.clock.quiet();
  const received = await receiver.whole(logIndex(2), term(2));
  expect(received?.state.filesDigest).toEqual(small.filesDigest);
});

test('stop ends transfers on both sides', async () => {
  const state = bigTree(60);
  const stage = await stageWith(state);
  const receiver = stage.join('B');
  stage.copies = ({ kind }) => (kind === 'snapshotAck' ? 0 : 1);
  stage.send('B', state);
  await stage.clock.advance(100);
  const stopped = Promise.all([stage.sender.stop(), receiver.stop()]);
  await stage.clock.quiet();
  await stopped;
  expect(receiver.active).toBe(false);
  expect(stage.sender.count).toBe(0);
  const sent = stage.pieces.length;
  await stage.clock.advance(10_000);
  expect(stage.pieces.length).toBe(sent);
  expect(stage.ended).toEqual([]);
});

test('the log is pinned for those that are fed, until they have caught up', async () => {
  const state = bigTree(3);
  const stage = await stageWith(state);
  stage.join('B');
  stage.send('B', state);
  await stage.clock.advance(100);
  const follower = (matched: number, caughtUp: boolean) => [
    {
      id: idOf('B'),
      mode: 'replicate' as const,
      matched: logIndex(matched),
      ticksQuiet: 0,
      caughtUp,
    },
  ];
  expect(stage.sender.pin(follower(0, false))).toBe(3);
  expect(stage.sender.pin(follower(8, false))).toBe(8);
  expect(stage.sender.pin(follower(9, true))).toBe(null);
  expect(stage.sender.pin(follower(9, false))).toBe(null);
});

test('a first piece that comes again late does not begin it anew', async () => {
  const state = bigTree(60);
  const stage = await stageWith(state);
  const receiver = stage.join('B');
  let acks = 0;
  stage.copies = ({ kind }) => (kind === 'snapshotAck' && ++acks > 4 ? 0 : 1);
  stage.send('B', state);
  await stage.clock.quiet();
  const [first] = stage.pieces;
  if (first === undefined) throw new Error('a piece was sent');
  receiver.piece(leader, first);
  await stage.clock.quiet();
  const sent = stage.pieces.length;
  stage.copies = () => 1;
  await stage.clock.advance(3000);
  expect(stage.ended).toEqual(['B 60 delivered']);
  // What was acknowledged before is not sent again.
  expect(stage.pieces.slice(sent).every(({ position }) => position > 0)).toBe(true);
});
