// Kept whole: the list of the parts of a node, and how they meet.
import {
  ClusterError,
  isMember,
  type LeaseId,
  limits,
  type Membership,
  type NodeId,
  prng,
  type Revision,
  type Term,
} from '../base/index.ts';
import type { Glob } from '../paths/index.ts';
import type { Timer } from '../ports/index.ts';
import { type Input, type MembershipChange, type Position, Raft } from '../raft/index.ts';
import { type Command, emptyTree, type InSession, type View } from '../tree/index.ts';
import { CaughtUp, unheardMajorityMs } from './age.ts';
import { Applier } from './applier.ts';
import { type NodeCounts, Tallies } from './counts.ts';
import { Digests } from './digests.ts';
import { Inbound } from './inbound.ts';
import { KeepAlives } from './keep-alives.ts';
import { LeaderClock } from './leader-clock.ts';
import { Leases } from './leases.ts';
import { Liveness } from './liveness.ts';
import { Loop } from './loop.ts';
import { MembershipChanges } from './membership-changes.ts';
import { News } from './news.ts';
import { type NodeOptions, type NodeParts, type Timing, usualTiming } from './options.ts';
import { Outbox } from './outbox.ts';
import { Peers } from './peers.ts';
import { Quarantine } from './quarantine.ts';
import { raftOptionsOf } from './raft-options.ts';
import { Reads } from './reads.ts';
import { condemned, overloaded, refusalError, unserved } from './refusals.ts';
import { RevisionWaiters } from './revision-waiters.ts';
import { Snapshots } from './snapshots.ts';
import { Space } from './space.ts';
import { statusOf } from './status.ts';
import { Turn } from './turn.ts';
import type {
  Cancel,
  EventWatcher,
  LeaseWaiter,
  NodeHandle,
  NodeLife,
  NodeStatus,
  PastEvent,
  ProposalWaiter,
  ViewWaiter,
} from './types.ts';
import { Writes } from './writes.ts';

const sweepEveryMs = 1000;
const expireEveryMs = 50;

/**
 * One node: a core, a tree, and everyone who waits for either, driven by one loop. It alone holds
 * them together; the rest of the house gets the handle.
 */
export class Node implements NodeHandle {
  readonly id: NodeId;
  readonly #options: NodeOptions;
  readonly #parts: NodeParts;
  readonly #timing: Timing;
  readonly #core: Raft;
  readonly #loop: Loop;
  readonly #tallies = new Tallies();
  readonly #applier: Applier;
  readonly #writes: Writes;
  readonly #reads = new Reads(limits.readsMax);
  readonly #leases: Leases;
  readonly #keepAlives: KeepAlives;
  readonly #changes = new MembershipChanges(limits.changesMax);
  readonly #revisions: RevisionWaiters;
  readonly #liveness: Liveness;
  readonly #caughtUp = new CaughtUp();
  readonly #leaderClock = new LeaderClock();
  readonly #peers: Peers;
  readonly #snapshots: Snapshots;
  readonly #space: Space;
  readonly #digests: Digests;
  readonly #quarantine: Quarantine;
  readonly #condemnedListeners = new Set<() => void>();
  readonly #membersListeners = new Set<() => void>();
  readonly #news: News;
  readonly #inbound: Inbound;
  #life: NodeLife = 'joining';
  #ticker: Timer | null = null;
  #sweepAtMs = 0;
  #expireAtMs = 0;
  #stopping: Promise<void> | null = null;

  constructor(options: NodeOptions, parts: NodeParts) {
    this.id = options.id;
    this.#options = options;
    const { clock, links, logger, recovered } = parts;
    // What it begins with is handed on. Held here, all that is forgotten or written over later
    // would stay for as long as the node lives.
    this.#parts = { ...parts, state: emptyTree(), recovered: { ...recovered, entries: [] } };
    this.#timing = options.timing ?? usualTiming;
    const { tickMs, electionTimeoutTicks } = this.#timing;
    const chance = prng(parts.random.seed());
    const core = new Raft(raftOptionsOf(options.id, chance, recovered, this.#timing));
    this.#core = core;
    this.#liveness = new Liveness(clock.now(), tickMs);
    this.#peers = new Peers(options.id, links, 2 * electionTimeoutTicks * tickMs);
    const outbox = new Outbox(links, (to) => this.#digests.tell(to));
    this.#writes = this.#newWrites(outbox);
    this.#applier = new Applier({
      id: options.id,
      boot: recovered.boot,
      state: parts.state,
      meta: recovered.snapshot,
      historyRevisions: options.historyRevisions,
      historyBytesMax: limits.historyBytesMax,
      commitIndex: () => core.view().commitIndex,
      ownApplied: (n, reply) => this.#writes.applied(n, reply),
      granted: (id) => this.#leases.granted(id),
      termApplied: (term) => this.#termApplied(term),
      membershipApplied: (membership, at) => this.#membershipApplied(membership, at),
      passed: (state) => this.#digests.passed(state),
    });
    this.#leases = this.#newLeases();
    this.#keepAlives = this.#newKeepAlives(outbox);
    this.#digests = new Digests({
      id: options.id,
      boot: recovered.boot,
      logger,
      view: () => core.view(),
      state: () => this.#applier.state,
    });
    this.#revisions = new RevisionWaiters((revision) => this.#applier.viewAt(revision));
    this.#news = new News({
      clock,
      logger,
      events: parts.events,
      liveness: this.#liveness,
      leaderClock: this.#leaderClock,
      peers: this.#peers,
      changes: this.#changes,
      writes: this.#writes,
      view: () => core.view(),
      state: () => this.#applier.state,
      membership: recovered.snapshot.membership,
      tallies: this.#tallies,
      recoveredThrough: recovered.entries.at(-1)?.index ?? recovered.snapshot.index,
    });
    this.#snapshots = this.#newSnapshots(outbox);
    this.#quarantine = this.#newQuarantine(outbox);
    this.#space = this.#newSpace();
    const steps = this.#newTurn(outbox);
    const failed = (error: unknown) => this.#fatal(error);
    this.#loop = new Loop({ core, log: parts.log, clock, steps, failed });
    this.#inbound = this.#newInbound();
  }

  #newInbound(): Inbound {
    return new Inbound({
      clock: this.#parts.clock,
      loop: this.#loop,
      liveness: this.#liveness,
      caughtUp: this.#caughtUp,
      writes: this.#writes,
      isFull: () => this.#space.isFull,
      snapshots: this.#snapshots,
      digests: this.#digests,
      keepAlives: this.#keepAlives,
    });
  }

  #newWrites(outbox: Outbox): Writes {
    const { id, requestTimeoutMs } = this.#options;
    const { recovered } = this.#parts;
    return new Writes({
      id,
      boot: recovered.boot,
      bootTerm: recovered.hardState.term,
      outbox,
      requestTimeoutMs,
      clusterTime: () => this.#clusterTime(),
      isFull: () => this.#space.isFull,
      step: (input) => this.#core.step(input),
      now: () => this.#parts.clock.now(),
      tallies: this.#tallies,
    });
  }

  #newLeases(): Leases {
    return new Leases({
      state: () => this.#applier.state,
      reign: () => this.#reign(),
      awakeMs: () => this.#liveness.awakeMs(this.#parts.clock.now()),
      read: (waiter) => this.read(waiter),
      propose: (command, waiter) => this.propose(command, waiter),
    });
  }

  #newKeepAlives(outbox: Outbox): KeepAlives {
    return new KeepAlives({
      boot: this.#parts.recovered.boot,
      outbox,
      view: () => this.#core.view(),
      ask: (leases, renew, waiter) => this.#leases.keepAlive(leases, renew, waiter),
    });
  }

  #newSpace(): Space {
    const { clock, logger, log } = this.#parts;
    return new Space({
      id: this.id,
      clock,
      logger,
      log,
      view: () => this.#core.view(),
      transfer: (to) => this.transferLeadership(to),
      shorten: () => this.#snapshots.shorten(),
      tend: () => this.#snapshots.tend(),
      diskFailed: (error) => this.#fatal(error),
    });
  }

  /** Opens the links and begins to turn. */
  start(): void {
    const { clock, links } = this.#parts;
    const { tickMs } = this.#timing;
    links.start({
      frame: (from, boot, frame) => {
        if (this.#life !== 'stopped') this.#inbound.frame(from, boot, frame);
      },
      closed: (peer) => this.#loop.offer({ kind: 'linkClosed', peer }),
    });
    const { membership } = this.#core.view();
    const { lineage, name } = this.#applier.state;
    this.#news.membersAre(membership);
    this.#news.lineageIs(lineage, name);
    if (lineage !== null && isMember(membership, this.id)) this.#life = 'ready';
    const tick = () => {
      this.#ticker = clock.after(tickMs, tick);
      this.#tick();
    };
    this.#ticker = clock.after(tickMs, tick);
    this.#parts.log.upkeep?.watch((through) => this.#snapshots.heal(through));
    this.#loop.wake();
  }

  /**
   * Ends every wait; what was handed on and has no outcome yet is told as unknown. When it resolves
   * nothing is saved, read or written any more. May be called twice.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Says in the status that this node goes, without stopping it yet. */
  drain(): void {
    if (this.#life !== 'stopped') this.#life = 'draining';
  }

  propose(command: Command, waiter: ProposalWaiter, inSession?: InSession): void {
    this.#tallies.proposals += 1;
    const refusal = this.#refusal();
    if (refusal !== null) {
      this.#tallies.proposalsFailed += 1;
      return waiter.failed(refusal);
    }
    this.#writes.propose(command, waiter, this.#parts.clock.now(), inSession);
    this.#loop.wake();
  }

  read(waiter: ViewWaiter): void {
    const refusal = this.#refusal();
    if (refusal !== null) return waiter.failed(refusal);
    if (this.#reads.full) return waiter.failed(overloaded('reads', limits.readsMax));
    this.#reads.add(waiter, this.#deadlineMs());
    this.#loop.wake();
  }

  keepAlive(leases: readonly LeaseId[], renew: boolean, waiter: LeaseWaiter): void {
    const refusal = this.#refusal();
    if (refusal !== null) return waiter.failed(refusal);
    this.#keepAlives.add(leases, renew, waiter, this.#parts.clock.now(), this.#deadlineMs());
  }

  ageMs(): number | null {
    const { leader, membership, term } = this.#core.view();
    if (leader === null) return null;
    const nowMs = this.#parts.clock.now();
    const unheardMs = (peer: NodeId): number | null => this.#liveness.unheardMs(peer, nowMs);
    if (leader !== this.id) return this.#ageOfFollower(leader, term, nowMs);
    // What was acknowledged before it took office it may not have applied yet.
    return this.#reign() === null ? null : unheardMajorityMs(membership, this.id, unheardMs);
  }

  /** For how long nobody has said that this is all there is. */
  #ageOfFollower(leader: NodeId, term: Term, nowMs: number): number | null {
    const { applied } = this.#applier;
    if (!this.#caughtUp.with(term, applied)) return null;
    const silentMs = this.#liveness.unheardMs(leader, nowMs);
    const freshAtMs = this.#caughtUp.freshAtMs(applied);
    if (silentMs === null || freshAtMs === null) return null;
    return Math.max(silentMs, nowMs - freshAtMs);
  }

  view(): View {
    return this.#applier.state;
  }

  viewAt(revision: Revision): View | 'compacted' | 'future' {
    return this.#applier.viewAt(revision);
  }

  oldestRevision(): Revision {
    return this.#applier.oldest;
  }

  whenRevision(revision: Revision, waiter: ViewWaiter): Cancel {
    const refusal = this.#refusal();
    if (refusal === null) return this.#revisions.add(revision, waiter);
    waiter.failed(refusal);
    return () => {};
  }

  wait(glob: Glob, from: Revision, watcher: EventWatcher): Cancel {
    return this.#applier.wait(glob, from, watcher);
  }

  pastEvent(glob: Glob, from: Revision, revisionsMax: number): PastEvent {
    return this.#applier.pastEvent(glob, from, revisionsMax);
  }

  watch(glob: Glob, from: Revision, watcher: EventWatcher): Cancel {
    return this.#applier.watch(glob, from, watcher);
  }

  async changeMembership(change: MembershipChange, ifMembershipAt: Position | null): Promise<void> {
    if (!this.serves()) throw condemned();
    const time = this.#clusterTime();
    await this.#openChange('change', (ref) => ({
      kind: 'changeMembership',
      ref,
      change,
      ifMembershipAt,
      time,
    }));
  }

  async transferLeadership(to: NodeId | null): Promise<void> {
    if (to === this.id) throw new ClusterError('ERR_BAD_ARGUMENT', 'A node succeeds another one');
    await this.#openChange('transfer', (ref) => ({ kind: 'transfer', ref, to }));
  }

  leads(): boolean {
    return this.serves() && this.#liveness.leadingForMs(this.#parts.clock.now()) !== null;
  }

  serves(): boolean {
    return this.#quarantine.condemnation === null;
  }

  onCondemned(listener: () => void): Cancel {
    this.#condemnedListeners.add(listener);
    return () => {
      this.#condemnedListeners.delete(listener);
    };
  }

  onMembers(listener: () => void): Cancel {
    this.#membersListeners.add(listener);
    return () => {
      this.#membersListeners.delete(listener);
    };
  }

  counts(): NodeCounts {
    return {
      ...this.#tallies,
      proposalsWaiting: this.#writes.waiting,
      readsWaiting: this.#reads.waiting,
      logTailBytes: this.#parts.log.bytesSinceSnapshot(),
    };
  }

  status(): NodeStatus {
    return statusOf({
      options: this.#options,
      boot: this.#parts.recovered.boot,
      life: this.#life,
      raft: this.#core.view(),
      applier: this.#applier,
      liveness: this.#liveness,
      digests: this.#digests,
      condemnation: this.#quarantine.condemnation,
      diskFull: this.#space.isFull,
      nowMs: this.#parts.clock.now(),
    });
  }

  #newTurn(outbox: Outbox): Turn {
    const core = this.#core;
    return new Turn({
      clock: this.#parts.clock,
      outbox,
      applier: this.#applier,
      reads: this.#reads,
      writes: this.#writes,
      snapshots: this.#snapshots,
      step: (input) => core.step(input),
      view: () => core.view(),
      notice: (notice) => this.#news.notice(notice),
      changes: () => this.#changes.take(),
      changeReceipt: (receipt) =>
        this.#changes.receipt(receipt, ({ reason, detail }) =>
          refusalError(reason, detail, this.#leaderAddress()),
        ),
      settle: () => this.#quarantine.settle(),
      installed: () => this.#quarantine.installed(),
      progressed: () => this.#progressed(),
    });
  }

  #newQuarantine(outbox: Outbox): Quarantine {
    return new Quarantine({
      id: this.id,
      logger: this.#parts.logger,
      applier: this.#applier,
      snapshots: this.#snapshots,
      digests: this.#digests,
      view: () => this.#core.view(),
      offer: (input) => this.#loop.offer(input),
      ask: (to, index) => {
        outbox.add(to, { kind: 'snapshotWanted', term: this.#core.view().term, index });
        outbox.flush();
      },
      // Refused or late, it is asked for again.
      transfer: (to) => void this.transferLeadership(to).catch(() => {}),
      condemned: () => {
        this.#writes.condemned();
        this.#reads.failAll(condemned());
        this.#revisions.failAll(condemned());
        for (const listener of [...this.#condemnedListeners]) listener();
      },
      replaced: () => this.#progressed(),
    });
  }

  #newSnapshots(outbox: Outbox): Snapshots {
    const { clock, logger, links, log, snapshots } = this.#parts;
    return new Snapshots({
      clock,
      logger,
      links,
      log,
      store: snapshots,
      snapshotEveryBytes: this.#options.snapshotEveryBytes,
      logKeptBytes: this.#options.logKeptBytes,
      progress: () => this.#core.view().progress,
      commitIndex: () => this.#core.view().commitIndex,
      replaceableFrom: () => this.#quarantine.replaceableFrom,
      present: () => ({ state: this.#applier.state, meta: this.#applier.meta() }),
      offer: (input) => this.#loop.offer(input),
      wake: () => this.#loop.wake(),
      ack: (to, ack) => {
        outbox.add(to, ack);
        outbox.flush();
      },
      diskFailed: (error) => this.#fatal(error),
      tallies: this.#tallies,
    });
  }

  #tick(): void {
    const nowMs = this.#parts.clock.now();
    this.#liveness.ticked(nowMs);
    if (nowMs >= this.#expireAtMs) {
      this.#expireAtMs = nowMs + expireEveryMs;
      this.#expire(nowMs);
    }
    if (nowMs >= this.#sweepAtMs) {
      this.#sweepAtMs = nowMs + sweepEveryMs;
      this.#applier.sweep();
    }
    if (this.#digests.beat(nowMs)) this.#quarantine.beat();
    this.#space.tick(nowMs);
    this.#loop.tick();
  }

  #expire(nowMs: number): void {
    const { role, term, transferring } = this.#core.view();
    this.#writes.expire(nowMs, term);
    this.#reads.expire(nowMs, unserved('quorum'));
    if (role === 'leader' && !transferring) this.#changes.transfersEnded('on');
    this.#changes.expire(nowMs);
    this.#peers.expire(nowMs);
    this.#keepAlives.expire(nowMs);
    if (this.serves()) this.#leases.expire();
    this.#snapshots.expire(nowMs);
  }

  #membershipApplied(membership: Membership, at: Position): void {
    this.#news.membershipApplied(membership, at);
    for (const listener of [...this.#membersListeners]) listener();
  }

  #termApplied(term: Term): void {
    this.#news.termApplied(term);
    if (this.#reign() === term) this.#leases.established(term);
  }

  /** The term in which this node leads, once it has applied something of its own in it. */
  #reign(): Term | null {
    const { role, term } = this.#core.view();
    return role === 'leader' && this.#applier.applied.term === term ? term : null;
  }

  /** The tree moved on. */
  #progressed(): void {
    const { state, applied } = this.#applier;
    this.#reads.applied(applied.index, state);
    this.#revisions.reached(state.revision);
    this.#news.lineageIs(state.lineage, state.name);
    if (this.#life === 'joining' && isMember(this.#core.view().membership, this.id)) {
      this.#life = 'ready';
    }
    if (this.#snapshots.due) this.#snapshots.write(state, this.#applier.meta());
  }

  #openChange(kind: 'change' | 'transfer', inputOf: (ref: number) => Input): Promise<void> {
    if (this.#life === 'stopped') throw unserved('stopped');
    if (this.#changes.full) throw overloaded('changes of members', limits.changesMax);
    const { done } = this.#changes.open(kind, this.#deadlineMs(), inputOf);
    this.#loop.wake();
    return done;
  }

  async #stop(): Promise<void> {
    this.#life = 'stopped';
    this.#ticker?.cancel();
    await this.#loop.stop();
    await this.#space.stop();
    await this.#snapshots.stop();
    this.#writes.endAll();
    this.#reads.failAll(unserved('stopped'));
    this.#keepAlives.failAll();
    this.#changes.failAll(unserved('stopped'));
    this.#revisions.failAll(unserved('stopped'));
  }

  /** Once. Nothing is stepped or promised from here on. */
  #fatal(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#parts.logger.error({ error: text }, 'this node cannot go on');
    if (this.#life === 'stopped') return;
    this.#life = 'stopped';
    this.#ticker?.cancel();
    void this.#loop.stop();
    this.#parts.events.fatal(error);
  }

  #leaderAddress(): string | null {
    const { leader, membership } = this.#core.view();
    return leader === null ? null : (membership.addresses.get(leader) ?? null);
  }

  #clusterTime() {
    return this.#leaderClock.now(this.#liveness.awakeMs(this.#parts.clock.now()));
  }

  /** Why nobody is served here; `null`: they are. */
  #refusal(): ClusterError | null {
    if (this.#life === 'stopped') return unserved('stopped');
    return this.serves() ? null : condemned();
  }

  #deadlineMs(): number {
    return this.#parts.clock.now() + this.#options.requestTimeoutMs;
  }
}
