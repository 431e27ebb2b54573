import {
  assert,
  type BootNumber,
  type LeaseId,
  type LogIndex,
  type Membership,
  type NodeId,
  type Revision,
  type Term,
} from '../base/index.ts';
import type { Glob } from '../paths/index.ts';
import { decodeEnvelope } from '../protocol/index.ts';
import type { Entry, Position, SnapshotMeta } from '../raft/index.ts';
import { apply, type Change, type Reply, type TreeState, type View } from '../tree/index.ts';
import { type Delivery, History, Hub, type Waiting } from '../watch/index.ts';
import { digestEveryEntries } from './digest-points.ts';
import type { Cancel, EventWatcher, PastEvent } from './types.ts';

export type ApplierParts = {
  readonly id: NodeId;
  readonly boot: BootNumber;
  readonly state: TreeState;
  readonly meta: SnapshotMeta;
  readonly historyRevisions: number;
  readonly historyBytesMax: number;
  /** What is committed will be applied, however long that takes. */
  readonly commitIndex: () => LogIndex;
  /** A command this node proposed in this boot was applied. */
  readonly ownApplied: (n: number, reply: Reply) => void;
  /** A lease was granted. */
  readonly granted: (id: LeaseId) => void;
  /** The first entry of a later term than any before was applied. */
  readonly termApplied: (term: Term) => void;
  readonly membershipApplied: (membership: Membership, at: Position) => void;
  /** The state at an index at which the states of all nodes are compared. */
  readonly passed: (state: TreeState) => void;
};

/** A watcher and whether it still wants to hear: deliveries may be on their way when it does not. */
type Listener = { readonly watcher: EventWatcher; live: boolean };

/** Holds the tree, its history and who waits for it; takes committed entries in, in order. */
export class Applier {
  /** Without the state it begins with, which would stay whatever is written over it. */
  readonly #parts: Omit<ApplierParts, 'state'>;
  readonly #history: History;
  readonly #hub: Hub<Listener>;
  #state: TreeState;
  #membership: Membership;
  #membershipAt: Position;
  #applied: Position;
  /** Committed and not applied yet; consumed from `#at` on. */
  #queue: Entry[] = [];
  #at = 0;
  #isFrozen = false;

  constructor({ state, ...parts }: ApplierParts) {
    this.#parts = parts;
    this.#state = state;
    this.#history = new History({
      revisionsMax: parts.historyRevisions,
      bytesMax: parts.historyBytesMax,
    });
    this.#history.start(state);
    this.#hub = new Hub(this.#history);
    this.#membership = parts.meta.membership;
    this.#membershipAt = parts.meta.membershipAt;
    this.#applied = { index: parts.meta.index, term: parts.meta.term };
  }

  get state(): TreeState {
    return this.#state;
  }

  get applied(): Position {
    return this.#applied;
  }

  /** What `run` would apply. What waits while the state stands still is the log's, and no copy. */
  get pendingCount(): number {
    return this.#isFrozen ? 0 : this.#queue.length - this.#at;
  }

  /** The last committed entry that was handed over, applied or not. */
  get takenIndex(): LogIndex {
    return this.#queue.at(-1)?.index ?? this.#applied.index;
  }

  get oldest(): Revision {
    return this.#history.oldest;
  }

  /** What a snapshot of the present state stands for. */
  meta(): SnapshotMeta {
    return {
      ...this.#applied,
      time: this.#state.clusterTime,
      membership: this.#membership,
      membershipAt: this.#membershipAt,
    };
  }

  push(committed: readonly Entry[]): void {
    if (committed.length === 0) return;
    if (this.#at === this.#queue.length) {
      this.#queue = committed as Entry[];
      this.#at = 0;
    } else {
      this.#queue = this.#queue.slice(this.#at).concat(committed);
      this.#at = 0;
    }
  }

  /** Applies what waits until `isLate()` says to let others run; at least a few. True when all is done. */
  run(isLate: () => boolean): boolean {
    assert(!this.#isFrozen, 'C2: a condemned state is not built upon');
    let count = 0;
    while (this.#at < this.#queue.length) {
      const entry = this.#queue[this.#at++];
      assert(entry !== undefined, 'the queue holds what its count says');
      this.#apply(entry);
      if ((++count & 63) !== 0) continue;
      this.#forgetOutrun();
      if (isLate()) break;
    }
    const done = this.#at === this.#queue.length;
    if (done) {
      this.#queue = [];
      this.#at = 0;
    }
    return done;
  }

  /** The state becomes that of a snapshot. What it jumped over is told as compacted, never skipped. */
  install(state: TreeState, meta: SnapshotMeta): void {
    assert(meta.index > this.#applied.index, 'a snapshot only goes forward');
    this.#queue = [];
    this.#at = 0;
    this.#begin(state, meta);
  }

  /** The state is wrong: it stands still until another one takes its place. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /**
   * Another node's state takes the place of this one, which is wrong, and what the log holds after it
   * is applied to it. The log knows nothing of this: `meta` lies within what it handed over.
   */
  replace(state: TreeState, meta: SnapshotMeta): void {
    assert(this.#isFrozen, 'C2: only a condemned state is replaced');
    assert(meta.index >= this.#applied.index, 'C2: what was applied stays applied');
    assert(meta.index <= this.takenIndex, 'C2: the log goes on where the state ends');
    this.#queue = this.#queue.slice(this.#at).filter(({ index }) => index > meta.index);
    this.#at = 0;
    this.#begin(state, meta);
  }

  #begin(state: TreeState, meta: SnapshotMeta): void {
    assert(state.appliedIndex === meta.index, 'a snapshot is the state at its index');
    this.#isFrozen = false;
    this.#state = state;
    this.#applied = { index: meta.index, term: meta.term };
    this.#history.start(state);
    this.#setMembership(meta.membership, meta.membershipAt);
    const { lost, deliveries } = this.#hub.restart();
    for (const listener of lost) {
      if (!listener.live) continue;
      listener.live = false;
      listener.watcher.compacted(this.#history.oldest);
    }
    this.#deliver(deliveries);
  }

  viewAt(revision: Revision): View | 'compacted' | 'future' {
    return this.#history.viewAt(revision);
  }

  wait(glob: Glob, from: Revision, watcher: EventWatcher): Cancel {
    const listener = { watcher, live: true };
    const found = this.#hub.wait(glob, from, listener);
    if (found === 'compacted') {
      watcher.compacted(this.#history.oldest);
      return noCancel;
    }
    if (found.kind !== 'waiting') {
      watcher.event(found);
      return noCancel;
    }
    return () => this.#cancel(listener, found);
  }

  pastEvent(glob: Glob, from: Revision, revisionsMax: number): PastEvent {
    const looked = this.#hub.look(glob, from, revisionsMax);
    if (looked === 'compacted') return { kind: 'compacted', oldest: this.#history.oldest };
    return looked.kind === 'found' ? looked : { kind: 'none', next: looked.next as Revision };
  }

  watch(glob: Glob, from: Revision, watcher: EventWatcher): Cancel {
    const listener = { watcher, live: true };
    const found = this.#hub.watch(glob, from, listener);
    if (found === 'compacted') {
      watcher.compacted(this.#history.oldest);
      return noCancel;
    }
    for (const event of found.past) watcher.event(event);
    return () => this.#cancel(listener, found.waiting);
  }

  /** Once a second: what is older than the history may be goes. */
  sweep(): void {
    this.#history.sweep();
  }

  #forgetOutrun(): void {
    const { historyRevisions, commitIndex } = this.#parts;
    if (commitIndex() - this.#applied.index > historyRevisions) this.#history.outrun();
  }

  #apply(entry: Entry): void {
    assert(entry.index === this.#applied.index + 1, 'R1: entries are applied one by one, in order');
    const change = changeOf(entry);
    const { state, reply, events } = apply(this.#state, change);
    this.#state = state;
    const newTerm = entry.term > this.#applied.term;
    this.#applied = { index: entry.index, term: entry.term };
    this.#history.push(state, events);
    if (events.length > 0) {
      this.#deliver(this.#hub.publish(events));
    }
    if (entry.index % digestEveryEntries === 0) this.#parts.passed(state);
    if (newTerm) this.#parts.termApplied(entry.term);
    if (change.body.kind === 'membership')
      this.#setMembership(change.body.membership, this.#applied);
    if (change.body.kind === 'command' && reply !== null) {
      if (reply.kind === 'granted') this.#parts.granted(reply.lease);
      const { origin } = change.body.envelope;
      if (origin.node === this.#parts.id && origin.boot === this.#parts.boot) {
        this.#parts.ownApplied(origin.n, reply);
      }
    }
  }

  #deliver(deliveries: readonly Delivery<Listener>[]): void {
    for (const { watcher: listener, event } of deliveries) {
      // One watcher may have cancelled another, or itself, a moment ago.
      if (listener.live) listener.watcher.event(event);
    }
  }

  #cancel(listener: Listener, waiting: Waiting<Listener>): void {
    listener.live = false;
    this.#hub.cancel(waiting);
  }

  #setMembership(membership: Membership, at: Position): void {
    this.#membership = membership;
    this.#membershipAt = at;
    this.#parts.membershipApplied(membership, at);
  }
}

const noCancel: Cancel = () => {};

function changeOf(entry: Entry): Change {
  const { index, term, time, payload } = entry;
  switch (payload.kind) {
    case 'noop':
      return { index, term, time, body: { kind: 'nothing' } };
    case 'membership':
      return { index, term, time, body: { kind: 'membership', membership: payload.membership } };
    case 'command':
      return {
        index,
        term,
        time,
        body: { kind: 'command', envelope: decodeEnvelope(payload.bytes) },
      };
  }
}
