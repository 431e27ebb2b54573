import { emptyMembership, type Membership, type NodeId } from '../../base/index.ts';
import type { NodeStatus } from '../../node/index.ts';
import type { PeerFrame } from '../../protocol/index.ts';
import type { Persist } from '../../raft/index.ts';
import type { Event, View } from '../../tree/index.ts';
import type { History, Operation } from '../history.ts';
import { type LifeName, Violation, type Witness } from '../witness.ts';
import { Ages } from './ages.ts';
import { Cluster } from './cluster.ts';
import { Commands } from './commands.ts';
import { type Counts, noCounts } from './counts.ts';
import { Deeds } from './deeds.ts';
import { Elections } from './election.ts';
import { EventTable } from './events.ts';
import { LeaseClock } from './lease-clock.ts';
import { placeText } from './ledger.ts';
import { Memberships } from './membership.ts';
import { TreeModel } from './model.ts';
import type { NodeLog } from './node-log.ts';
import { Outcomes } from './outcomes.ts';
import { CommandLog, replay } from './replay.ts';
import { checkView, States } from './states.ts';
import { Streams } from './streams.ts';
import { checkTurns } from './turns.ts';
import { Watches } from './watches.ts';

export type CheckersParts = {
  readonly history: History;
  /** The steward leaves at least so many voters. Default 1. */
  readonly minVoters?: number;
  /** Whether an operator asked for fewer voters, at any time of the run. Default: never. */
  readonly operatorShrinks?: () => boolean;
  /** Whether nothing ever came between this node and the others. Default: something may have. */
  readonly isAlwaysThere?: (node: NodeId) => boolean;
  /**
   * Whether the plan broke the disk of this node so that it may have lost, without knowing, what it had made
   * durable. Default: never; what it only *doubts* is told by its status.
   */
  readonly lostByFault?: (node: NodeId) => boolean;
  /** Whether the plan made this node's tree wrong, and it has not taken a right one since. Default: never. */
  readonly treeMayBeWrong?: (node: NodeId) => boolean;
  /**
   * Whether REV may have been answered by a node alone: it took as long as a node waits for a quorum.
   * Default: it may.
   */
  readonly mayBeStale?: (operation: Operation) => boolean;
  /** What is written here besides, and stands in no history: the driver's own. Default: `/alive`. */
  readonly isDrivers?: (path: string) => boolean;
  /** Whether this guest is never told of an older revision than before (a client of ours, over all of its
   * links). Default: not checked. */
  readonly keepsFloor?: (guest: string) => boolean;
  /** Whether the committed log is carried out a second time. Default: it is; not where logs are made up. */
  readonly replays?: boolean;
  /** Whether this guest's writes are numbered in a session. Default: not. */
  readonly hasSession?: (guest: string) => boolean;
  /** How much faster than the world the fastest clock of a node may run, and how far it may be ahead, in
   * ms. Default: as fast, and not at all. */
  readonly clocks?: () => { readonly fastest: number; readonly aheadMs: number };
};

type Known = Required<CheckersParts>;

const never = (): boolean => false;

/**
 * All rules that must hold in a run, each a small checker with a name. They hear what nodes do while it
 * happens, and look at what guests saw when it is over. A rule that does not hold throws a `Violation`.
 */
export class Checkers implements Witness {
  readonly counts: Counts = noCounts();
  readonly #parts: Known;
  readonly #cluster = new Cluster();
  readonly #elections = new Elections(this.#cluster, this.counts);
  readonly #memberships: Memberships;
  readonly #states = new States(this.counts);
  readonly #events = new EventTable(this.counts);
  /** How old nodes say that they are. */
  readonly ages = new Ages(this.counts);
  readonly #watches: Watches;
  /** What guests of the native protocol are sent, as it stands on the wire. */
  readonly streams: Streams;
  readonly #commands = new CommandLog();
  readonly #leases: LeaseClock;
  /** Revisions at which some node's state stood, between two changes. */
  readonly #ends: (true | undefined)[] = [];
  /** By revision within an entry, its last one; `null`: not known. */
  #rangeEnds: ReadonlyMap<number, number> | null = null;

  constructor(parts: CheckersParts) {
    this.#parts = {
      minVoters: 1,
      operatorShrinks: never,
      isAlwaysThere: never,
      lostByFault: never,
      treeMayBeWrong: never,
      mayBeStale: () => true,
      keepsFloor: never,
      replays: true,
      hasSession: never,
      clocks: () => ({ fastest: 1, aheadMs: 0 }),
      isDrivers: (path) => path === '/alive',
      ...parts,
    };
    this.#memberships = new Memberships(this.#cluster, this.counts, this.#parts);
    this.#leases = new LeaseClock(parts.history, this.counts, this.#parts.clocks);
    this.streams = new Streams({ counts: this.counts, events: this.#events });
    this.#watches = new Watches(parts.history.watches, this.#events, this.counts);
  }

  /** The newest committed membership that any node applied; empty before the first. */
  get membership(): Membership {
    return this.#cluster.membership ?? emptyMembership;
  }

  /** The highest index that any node has applied. */
  get committedIndex(): number {
    return this.#cluster.tip.index;
  }

  isCommittedMember(id: NodeId): boolean {
    return this.membership.addresses.has(id);
  }

  /** Whether each membership that may be in force keeps its majorities when these nodes are gone. */
  hasQuorumWithout(gone: ReadonlySet<NodeId>): boolean {
    return this.#cluster.hasQuorumWithout(gone);
  }

  /** The voters of each membership that may be in force, in both halves of a joint one. */
  votersInForce(): (readonly NodeId[])[] {
    return this.#cluster.votersInForce();
  }

  /** Whether every live watch was told of all that happened so far. */
  watchesDrained(): boolean {
    return this.#watches.areDrained();
  }

  /** Something that has a bound is of this size. */
  size(life: LifeName, what: string, size: number, most: number): void {
    if (size <= most) return;
    throw new Violation('bounds', `${life.node} holds ${size} ${what}, and ${most} is the most`);
  }

  // -------------------------------------------------------------------------------------------
  // What nodes do

  readonly started = (life: LifeName, status: NodeStatus, view: View): void => {
    const node = this.#cluster.node(life.node);
    const again = node.boot !== null;
    if (node.alive || (node.boot !== null && life.boot <= node.boot)) {
      throw new Violation(
        'boot',
        `${life.node} starts with boot ${life.boot}, and boot ${node.boot} ${node.alive ? 'still runs' : 'was before'}`,
      );
    }
    node.boot = life.boot;
    this.ages.started(life.node);
    node.alive = true;
    if (again) this.counts.restarts++;
    if (status.raft.suspect !== null) this.counts.suspects++;
    node.recover(status.raft, this.#cluster.ledger, this.#parts.lostByFault(life.node));
    this.#events.started(node, view.revision);
    this.#commit(node, view);
    if (this.#isRight(node)) this.#states.started(node, view);
  };

  readonly ended = (life: LifeName): void => {
    const node = this.#cluster.node(life.node);
    node.alive = false;
    node.leadsIn = null;
  };

  readonly saving = (life: LifeName, batch: Persist): void => {
    this.counts.saves++;
    const node = this.#cluster.node(life.node);
    if (batch.snapshot !== null) this.counts.installs++;
    else if (batch.truncateFrom !== null) this.counts.truncations++;
    node.save(
      batch,
      this.#cluster.ledger,
      (made, fresh) => {
        if (fresh && made.membership !== null) this.#memberships.appended(node, made);
      },
      (made) => {
        if (this.#cluster.committedBefore(node.term + 1) < made.index) return;
        if (this.#cluster.committed[made.index] !== made) return;
        throw new Violation(
          'durable',
          `${node.id} truncates ${placeText(made)} in term ${node.term}, which is committed`,
        );
      },
    );
  };

  readonly saved = (life: LifeName): void => {
    const node = this.#cluster.node(life.node);
    node.saved();
    this.#cluster.held(node);
  };

  readonly sent = (life: LifeName, to: NodeId, frame: PeerFrame): void => {
    if (frame.messages.length > 0) {
      this.#elections.sent(this.#cluster.node(life.node), life, to, frame);
    }
  };

  readonly heard = (life: LifeName, from: NodeId, localMs: number): void => {
    this.ages.heard(life.node, from, localMs);
  };

  readonly applied = (life: LifeName, view: View): void => {
    const node = this.#cluster.node(life.node);
    this.#commit(node, view);
    if (this.#isRight(node)) this.#states.applied(node, view);
  };

  readonly event = (life: LifeName, event: Event): void => {
    const { history } = this.#parts;
    if (event.revision > history.ceiling) history.ceiling = event.revision;
    const node = this.#cluster.node(life.node);
    if (this.#isRight(node)) this.#events.event(node, event);
  };

  readonly jumped = (life: LifeName, oldest: number): void => {
    const node = this.#cluster.node(life.node);
    if (this.#isRight(node)) this.#events.jumped(node, oldest);
  };

  readonly status = (life: LifeName, status: NodeStatus): void => {
    const node = this.#cluster.node(life.node);
    const { commitIndex, last } = status.raft;
    if (commitIndex < node.commit || commitIndex > last.index) {
      throw new Violation(
        'stateMachine',
        `${node.id} has committed ${commitIndex}, ${node.commit} before, and its log ends at ${placeText(last)}`,
      );
    }
    node.commit = commitIndex;
    this.#elections.status(node, status);
  };

  readonly setsAside = (life: LifeName): void => {
    this.counts.setAside++;
    this.#memberships.setsAside(this.#cluster.node(life.node));
  };

  // -------------------------------------------------------------------------------------------
  // What guests saw

  /**
   * Everything guests saw, against the one history of events. Called once, when the run is over.
   *
   * @param isDrained  the cluster was healed and had its time: whatever is still owed will never come.
   */
  finish(isDrained = true): void {
    const { history, mayBeStale, keepsFloor, hasSession, isDrivers } = this.#parts;
    this.#events.checkWhole();
    const model = new TreeModel();
    for (let revision = 1; revision <= this.#events.known; revision++) {
      const event = this.#events.at(revision);
      if (event !== undefined) model.push(event);
    }
    this.#checkViews(model);
    const deeds = new Deeds(history);
    this.#checkCommands(deeds);
    this.#leases.check();
    new Outcomes({
      deeds,
      history,
      events: this.#events,
      model,
      counts: this.counts,
      endOfRange: (revision) => this.#endOfRange(revision),
      mayBeStale,
      keepsFloor,
      hasSession,
      isDrivers,
    }).check();
    this.#watches.check(isDrained, model);
    checkTurns(history, model, this.counts);
    this.streams.check({ model, endOfRange: (revision) => this.#endOfRange(revision) });
  }

  #commit(node: NodeLog, view: View): void {
    const { history } = this.#parts;
    if (view.revision > history.ceiling) history.ceiling = view.revision;
    this.ages.applied(view.revision, history.nowMs);
    this.#ends[view.revision] = true;
    if (view.appliedIndex === 0) return;
    const made = this.#cluster.ledger.find({ index: view.appliedIndex, term: view.appliedTerm });
    if (made === null) {
      throw new Violation(
        'stateMachine',
        `${node.id} applied ${view.appliedIndex}@${view.appliedTerm}, which nobody appended`,
      );
    }
    const fresh = this.#cluster.commit(node, made);
    if (fresh.length > 0) this.#memberships.checkQuorum(node, made);
    for (const one of fresh) {
      this.#memberships.committed(node, one);
      const envelope = this.#commands.add(one);
      if (envelope !== null) this.#leases.committed(one, envelope.command, view);
    }
    this.#elections.checkLeaders();
  }

  /** What nodes hold in the end is whole, and what the events make of it. */
  #checkViews(model: TreeModel): void {
    const seen = new Set<View>();
    for (const node of this.#cluster.nodes.values()) {
      const { view } = node;
      if (view === null || seen.has(view) || !this.#isRight(node)) continue;
      seen.add(view);
      checkView(node.id, view, model);
    }
  }

  /** Each committed command did what it has to, and guests were told of it. */
  #checkCommands(deeds: Deeds): void {
    if (!this.#parts.replays) return;
    const views = new Map<string, View>();
    for (const node of this.#cluster.nodes.values()) {
      if (node.view !== null && this.#isRight(node)) views.set(node.id, node.view);
    }
    const commands = new Commands({ counts: this.counts, deeds, views });
    const rangeEnds = new Map<number, number>();
    this.#rangeEnds = rangeEnds;
    for (const step of replay(this.#cluster.committed, this.#commands, this.#events)) {
      commands.take(step);
      for (let at = step.before + 1; at < step.after; at++) rangeEnds.set(at, step.after);
    }
  }

  #isRight(node: NodeLog): boolean {
    if (!this.#parts.treeMayBeWrong(node.id)) return true;
    // Whatever comes once it is right again may be anywhere.
    node.nextEvent = null;
    node.applied = 0;
    node.appliedRevision = 0;
    node.view = null;
    return false;
  }

  /** Revisions of one entry belong together. */
  #endOfRange(revision: number): number {
    if (this.#rangeEnds !== null) return this.#rangeEnds.get(revision) ?? revision;
    const { newest } = this.#events;
    let at = revision;
    while (at < newest && this.#ends[at] === undefined) at++;
    return at;
  }
}
