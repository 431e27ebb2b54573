import {
  bootNumber,
  ClusterError,
  type ClusterTime,
  clusterId,
  type LeaseId,
  logIndex,
  type NodeId,
  nextIndex,
  nodeId,
  noSession,
  type Revision,
  revision,
  soleMembership,
  type Term,
  term,
  utf8,
} from '../../../src/base/index.ts';
import { type NodeCounts, Tallies } from '../../../src/node/counts.ts';
import type {
  Cancel,
  EventWatcher,
  LeaseWaiter,
  NodeHandle,
  NodeStatus,
  PastEvent,
  ProposalWaiter,
  ViewWaiter,
} from '../../../src/node/index.ts';
import { type Glob, path } from '../../../src/paths/index.ts';
import type { MembershipChange, Position } from '../../../src/raft/index.ts';
import {
  apply,
  type Command,
  type Event,
  emptyTree,
  type InSession,
  leaseKey,
  type Reply,
  type TreeLimits,
  type TreeState,
  usualLimits,
  type View,
} from '../../../src/tree/index.ts';

const alone: InSession = { session: noSession, seq: 0, ackedBelow: 0 };

export const fakeId: NodeId = nodeId('AAAABBBBCCCCDDDD');
export const otherId: NodeId = nodeId('BBBBCCCCDDDDEEEE');

type Watch = {
  readonly glob: Glob;
  readonly from: Revision;
  readonly watcher: EventWatcher;
  readonly once: boolean;
};
type Future = { readonly at: Revision; readonly waiter: ViewWaiter };

/**
 * A node of one: a real tree, no log. What is proposed is applied at once, unless a test holds it
 * back; reads pass their barrier at once, unless a test holds them back.
 */
export class FakeNode implements NodeHandle {
  readonly id = fakeId;
  state: TreeState = emptyTree();
  /** The states after each revision, and their events; index 0 is revision 0. */
  readonly states: TreeState[] = [this.state];
  readonly events: (Event | null)[] = [null];
  oldest = revision(1);
  readonly watches = new Set<Watch>();
  readonly futures = new Set<Future>();

  /** While true, proposals and reads wait for `release...` or `fail...`. */
  holdsWrites = false;
  holdsReads = false;
  readonly heldWrites: { command: Command; waiter: ProposalWaiter; inSession: InSession }[] = [];
  readonly heldReads: ViewWaiter[] = [];
  readonly proposed: Command[] = [];
  /** What every proposal and read fails with, at once. */
  failsWith: ClusterError | null = null;
  readonly changes: { change: MembershipChange; at: Position | null }[] = [];
  changeFails: ClusterError | null = null;
  isLeading = true;
  isCondemned = false;
  readonly condemnedListeners = new Set<() => void>();
  readonly membersListeners = new Set<() => void>();
  leader: NodeId | null = fakeId;
  /** Addresses of the members that the log names, if they are not those that the tree has. */
  logMembers: readonly string[] | null = null;

  /** How many revisions each look into the past was allowed. */
  readonly looks: number[] = [];
  /** Leases that were kept alive. */
  readonly kept: LeaseId[] = [];
  age: number | null = 0;

  propose(command: Command, waiter: ProposalWaiter, inSession: InSession = alone): void {
    this.proposed.push(command);
    if (this.failsWith !== null) waiter.failed(this.failsWith);
    else if (this.holdsWrites) this.heldWrites.push({ command, waiter, inSession });
    else this.#commit(command, waiter, inSession);
  }

  /** Each lease that is there lasts its whole length. */
  keepAlive(leases: readonly LeaseId[], renew: boolean, waiter: LeaseWaiter): void {
    if (this.failsWith !== null) return waiter.failed(this.failsWith);
    if (renew) this.kept.push(...leases);
    waiter.left(leases.map((id) => this.state.leases.get(leaseKey(id))?.lengthMs ?? 0));
  }

  ageMs(): number | null {
    return this.age;
  }

  read(waiter: ViewWaiter): void {
    if (this.failsWith !== null) waiter.failed(this.failsWith);
    else if (this.holdsReads) this.heldReads.push(waiter);
    else waiter.ready(this.state);
  }

  releaseWrites(): void {
    for (const { command, waiter, inSession } of this.heldWrites.splice(0)) {
      this.#commit(command, waiter, inSession);
    }
  }

  releaseReads(): void {
    for (const waiter of this.heldReads.splice(0)) waiter.ready(this.state);
  }

  failReads(error: ClusterError): void {
    for (const waiter of this.heldReads.splice(0)) waiter.failed(error);
  }

  view(): View {
    return this.state;
  }

  viewAt(at: Revision): View | 'compacted' | 'future' {
    if (at > this.state.revision) return 'future';
    return at < this.oldest ? 'compacted' : (this.states[at] as TreeState);
  }

  oldestRevision(): Revision {
    return this.oldest;
  }

  whenRevision(at: Revision, waiter: ViewWaiter): Cancel {
    if (at <= this.state.revision) {
      waiter.ready(this.states[at] as TreeState);
      return () => {};
    }
    const future = { at, waiter };
    this.futures.add(future);
    return () => this.futures.delete(future);
  }

  wait(glob: Glob, from: Revision, watcher: EventWatcher): Cancel {
    if (from < this.oldest) {
      watcher.compacted(this.oldest);
      return () => {};
    }
    for (let r: number = from; r <= this.state.revision; r++) {
      const event = this.events[r];
      if (!event || !glob.matches(event.path)) continue;
      watcher.event(event);
      return () => {};
    }
    return this.#add({ glob, from, watcher, once: true });
  }

  pastEvent(glob: Glob, from: Revision, revisionsMax: number): PastEvent {
    this.looks.push(revisionsMax);
    if (from < this.oldest) return { kind: 'compacted', oldest: this.oldest };
    const upto = Math.min(from + revisionsMax, this.state.revision + 1);
    for (let r: number = from; r < upto; r++) {
      const event = this.events[r];
      if (event && glob.matches(event.path)) return { kind: 'found', event };
    }
    return { kind: 'none', next: revision(Math.max(from, upto)) };
  }

  watch(glob: Glob, from: Revision, watcher: EventWatcher): Cancel {
    if (from < this.oldest) {
      watcher.compacted(this.oldest);
      return () => {};
    }
    const cancel = this.#add({ glob, from, watcher, once: false });
    for (let r: number = from; r <= this.state.revision; r++) {
      const event = this.events[r];
      if (event && glob.matches(event.path)) watcher.event(event);
    }
    return cancel;
  }

  async changeMembership(change: MembershipChange, at: Position | null): Promise<void> {
    this.changes.push({ change, at });
    if (this.changeFails !== null) throw this.changeFails;
  }

  async transferLeadership(): Promise<void> {}

  leads(): boolean {
    return this.isLeading;
  }

  serves(): boolean {
    return !this.isCondemned;
  }

  onCondemned(listener: () => void): Cancel {
    this.condemnedListeners.add(listener);
    return () => this.condemnedListeners.delete(listener);
  }

  onMembers(listener: () => void): Cancel {
    this.membersListeners.add(listener);
    return () => this.membersListeners.delete(listener);
  }

  /** Another membership is applied. */
  tellMembers(): void {
    for (const listener of [...this.membersListeners]) listener();
  }

  /** A majority holds another state from now on. */
  condemn(): void {
    this.isCondemned = true;
    for (const listener of [...this.condemnedListeners]) listener();
  }

  counts(): NodeCounts {
    return {
      ...new Tallies(),
      proposals: this.proposed.length,
      proposalsWaiting: 0,
      readsWaiting: 0,
      logTailBytes: 0,
    };
  }

  status(): NodeStatus {
    const membership = soleMembership(fakeId, '127.0.0.1:8046');
    const addresses = new Map([...membership.addresses, [otherId, '127.0.0.1:8047']]);
    const applied = { ...membership, learners: [otherId], addresses };
    const inLog = this.logMembers?.map((address): [NodeId, string] => [fakeId, address]);
    const at: Position = { index: logIndex(1), term: term(1) };
    return {
      id: fakeId,
      boot: bootNumber(1),
      life: 'ready',
      clusterName: 'test',
      lineage: { clusterId: clusterId('CCCCDDDDEEEEFFFF'), epoch: 1, epochId: '' },
      raft: {
        role: this.isLeading ? 'leader' : 'follower',
        term: term(1),
        leader: this.leader,
        commitIndex: this.state.appliedIndex,
        last: at,
        firstIndex: logIndex(1),
        membership: inLog === undefined ? applied : { ...membership, addresses: new Map(inLog) },
        membershipAt: at,
        changePending: false,
        established: this.isLeading,
        transferring: false,
        suspect: null,
        progress: [],
      },
      appliedIndex: this.state.appliedIndex,
      members: applied,
      membersAt: at,
      revision: this.state.revision,
      peers: [],
      leadingForMs: this.isLeading ? 1000 : null,
      sinceChangeMs: 1000,
      diskFull: false,
      digests: { condemned: null, outvoted: [], dispute: null },
    };
  }

  /** Applies a command as if another client had sent it. */
  apply(command: Command, inSession: InSession = alone): Reply {
    const applied = apply(this.state, {
      index: nextIndex(this.state.appliedIndex),
      term: 1 as Term,
      time: 0 as ClusterTime,
      body: {
        kind: 'command',
        envelope: {
          origin: { node: fakeId, boot: bootNumber(1), n: 1 },
          ...inSession,
          command,
        },
      },
    });
    this.state = applied.state;
    for (const event of applied.events) {
      this.states.push(applied.state);
      this.events.push(event);
      this.#deliver(event);
    }
    return applied.reply as Reply;
  }

  /** The cluster's first command: by the rules of this behaviour version, within these limits. */
  found(behaviourVersion: number, bounds: Partial<TreeLimits> = {}): void {
    this.apply({
      kind: 'found',
      lineage: { clusterId: clusterId('CCCCDDDDEEEEFFFF'), epoch: 1, epochId: '' },
      name: 'test',
      behaviourVersion,
      limits: { ...usualLimits, ...bounds },
      files: [],
    });
  }

  set(file: string, body: string): Revision {
    return this.apply({ kind: 'set', path: path(file), body: utf8(body), guard: -1 }).revision;
  }

  /** History before `at` is forgotten. */
  forget(at: number): void {
    this.oldest = revision(at);
  }

  #commit(command: Command, waiter: ProposalWaiter, inSession: InSession): void {
    waiter.applied(this.apply(command, inSession));
  }

  #deliver(event: Event): void {
    for (const watch of [...this.watches]) {
      if (!this.watches.has(watch)) continue;
      if (event.revision < watch.from || !watch.glob.matches(event.path)) continue;
      if (watch.once) this.watches.delete(watch);
      watch.watcher.event(event);
    }
    for (const future of [...this.futures]) {
      if (future.at > event.revision) continue;
      this.futures.delete(future);
      future.waiter.ready(this.state);
    }
  }

  #add(watch: Watch): Cancel {
    this.watches.add(watch);
    return () => this.watches.delete(watch);
  }
}

export const noQuorum = new ClusterError('ERR_NO_LEADER', 'Nobody leads');
