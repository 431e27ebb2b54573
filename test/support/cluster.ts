// A whole cluster in one process, over made-up time, links and disks. Nothing here waits for real time:
// a test says how far time goes, or what has to come true on the way.
import {
  type ClusterError,
  clusterId,
  type Lineage,
  leaseId,
  limits,
  logIndex,
  type NodeId,
  nodeId,
  noTime,
  soleMembership,
  term,
  textOf,
  utf8,
} from '../../src/base/index.ts';
import { Node, type NodeEvents, type NodeOptions, type NodeStatus } from '../../src/node/index.ts';
import { compileGlob, nodeFile, parsePath, slotPath } from '../../src/paths/index.ts';
import type { Random } from '../../src/ports/index.ts';
import type { MembershipChange } from '../../src/raft/index.ts';
import { Steward, type StewardOptions } from '../../src/steward/index.ts';
import {
  type Command,
  children,
  digestText,
  fileAt,
  type Reply,
  sessionsVersion,
  usualLimits,
  type View,
} from '../../src/tree/index.ts';
import { FakeClock, settled } from './fake-clock.ts';
import { KeptStore } from './kept-store.ts';
import { noting } from './noting.ts';
import { Switchboard } from './switchboard.ts';

export type ClusterOptions = {
  readonly node?: Partial<NodeOptions>;
  /** `null`: nobody moves the membership but the test. */
  readonly steward?: Partial<StewardOptions> | null;
};

/** What became of something that was asked for; `null` while it waits. */
export type Outcome<T> = { value: T | null; error: ClusterError | null; calls: number };

/** `A` stands for the id AAAAAAAAAAAAAAAA. */
export const idOf = (letter: string): NodeId => nodeId(letter.repeat(16));
export const letterOf = (id: string): string => id.charAt(0);

const lineage: Lineage = { clusterId: clusterId('CLUSTERAAAAAAAAA'), epoch: 1, epochId: '' };
const addressOf = (letter: string): string => `${letter}:8046`;

/** One process of a node: what lives from a start to the next stop. */
class Life {
  readonly node: Node;
  readonly steward: Steward | null;
  readonly toldRemovedBy: NodeId[] = [];
  readonly logged: string[] = [];
  lineage: Lineage | null = null;
  fatal: unknown = null;

  constructor(cluster: Cluster, letter: string, store: KeptStore) {
    const { clock, board, options } = cluster;
    const id = idOf(letter);
    const { recovered, state } = store.recover();
    const events: NodeEvents = {
      fatal: (error) => {
        this.fatal = error;
        cluster.fatals.push(`${letter}: ${error instanceof Error ? error.message : error}`);
      },
      toldRemoved: (by) => this.toldRemovedBy.push(by),
      lineageKnown: (known) => {
        this.lineage = known;
      },
    };
    this.node = new Node(
      {
        id,
        clusterName: 'test',
        historyRevisions: limits.historyRevisions,
        snapshotEveryBytes: limits.snapshotEveryBytes,
        logKeptBytes: limits.logKeptBytes,
        requestTimeoutMs: limits.requestTimeoutMs,
        ...options.node,
      },
      {
        clock,
        random: cluster.random(),
        logger: noting(this.logged),
        log: store.log,
        snapshots: store.snapshots,
        links: board.links(id, recovered.boot),
        recovered,
        state,
        events,
      },
    );
    const { steward } = options;
    this.steward =
      steward === null
        ? null
        : new Steward(
            { node: this.node, clock, logger: noting(this.logged) },
            { silenceMs: 2000, minVoters: 2, promoteAfterMs: 50, ...steward },
          );
  }
}

export class Cluster {
  readonly clock = new FakeClock();
  readonly board = new Switchboard(this.clock);
  readonly options: ClusterOptions;
  readonly fatals: string[] = [];
  /** Nodes whose tree is meant to be wrong: theirs is not compared. */
  readonly wrong = new Set<string>();
  readonly #stores = new Map<string, KeptStore>();
  readonly #lives = new Map<string, Life>();
  /** By index, whoever had it first. */
  readonly #digests = new Map<number, string>();
  #seed = 7;

  constructor(options: ClusterOptions = {}) {
    this.options = options;
  }

  /** A cluster of one node, A, that leads and whose tree has slot 0. */
  static async found(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options);
    const membership = soleMembership(idOf('A'), addressOf('A'));
    const entry = {
      index: logIndex(1),
      term: term(1),
      time: noTime,
      payload: { kind: 'membership' as const, membership },
      encoded: null,
    };
    cluster.store('A').fill([entry], { term: term(1), votedFor: idOf('A') });
    cluster.start('A');
    const found = cluster.propose('A', foundCommand());
    await cluster.until(() => found.value !== null, 'the cluster is founded');
    return cluster;
  }

  /** A cluster whose nodes `letters` all vote; the first one leads. */
  static async of(letters: string, options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = await Cluster.found(options);
    for (const letter of letters.slice(1)) await cluster.admit(letter);
    return cluster;
  }

  /** Adds a node and makes it a voter, by a slot of its own or, without stewards, directly. */
  async admit(letter: string): Promise<void> {
    await this.attach(letter);
    if (this.options.steward === null) {
      await this.change({ kind: 'promote', id: idOf(letter) });
    } else {
      const slots = Object.keys(this.slots()).length;
      await this.write(this.leader() ?? 'A', `/ctl/cal/${slots}`, '');
    }
    const isVoter = () => this.voters().includes(letter);
    await this.until(isVoter, `${letter} votes`);
    await this.converge();
  }

  /** Adds a node as a learner and waits until it has caught up. */
  async attach(letter: string): Promise<void> {
    this.start(letter);
    await this.change({ kind: 'add', id: idOf(letter), address: addressOf(letter) });
    await this.converge();
  }

  /** Asks whoever leads, again and again, until the change of members is made. */
  async change(change: MembershipChange): Promise<void> {
    let state: 'idle' | 'asked' | 'made' = 'idle';
    await this.until(() => {
      const leader = this.leader();
      if (state === 'idle' && leader !== null) {
        state = 'asked';
        this.node(leader)
          .changeMembership(change, null)
          .then(
            () => {
              state = 'made';
            },
            () => {
              state = 'idle';
            },
          );
      }
      return state === 'made';
    }, `the change ${change.kind}`);
  }

  // --- life and death ---------------------------------------------------------------------------

  store(letter: string): KeptStore {
    let store = this.#stores.get(letter);
    if (store === undefined) {
      store = new KeptStore(this.clock);
      this.#stores.set(letter, store);
    }
    return store;
  }

  start(letter: string): Node {
    const life = new Life(this, letter, this.store(letter));
    this.#lives.set(letter, life);
    life.node.start();
    life.steward?.start();
    return life.node;
  }

  /** Ends its process: what was saved stays. */
  async kill(letter: string): Promise<void> {
    const { node, steward } = this.life(letter);
    this.#lives.delete(letter);
    steward?.stop();
    this.board.unplug(idOf(letter));
    const stopped = node.stop();
    await this.clock.quiet();
    await stopped;
  }

  life(letter: string): Life {
    const life = this.#lives.get(letter);
    if (life === undefined) throw new Error(`${letter} does not run`);
    return life;
  }

  node(letter: string): Node {
    return this.life(letter).node;
  }

  running(): string[] {
    return [...this.#lives.keys()].sort();
  }

  /** Nothing reaches it and nothing leaves it, and nobody is told. */
  isolate(letter: string): void {
    this.board.isolate(
      idOf(letter),
      this.running().map((other) => idOf(other)),
    );
  }

  // --- time -------------------------------------------------------------------------------------

  async run(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= limits.tickMs) {
      await this.clock.advance(Math.min(left, limits.tickMs));
      this.#compareDigests();
    }
    if (this.fatals.length > 0) throw new Error(this.fatals.join('; '));
  }

  #compareDigests(): void {
    for (const letter of this.running()) {
      if (this.wrong.has(letter)) continue;
      const { appliedIndex, digests } = this.status(letter);
      const { condemned, outvoted, dispute } = digests;
      const isAlarmed = outvoted.length > 0 || dispute !== null;
      if (condemned !== null || (isAlarmed && this.wrong.size === 0)) {
        throw new Error(`C1: nobody is wrong, and ${letter} says so: ${JSON.stringify(digests)}`);
      }
      const digest = digestText(this.node(letter).view());
      const known = this.#digests.get(appliedIndex) ?? digest;
      if (known !== digest) throw new Error(`T2: equal index ${appliedIndex}, equal digest`);
      this.#digests.set(appliedIndex, known);
    }
  }

  /** Lets time go on until `condition` holds. */
  async until(condition: () => boolean, what: string, withinMs = 20_000): Promise<void> {
    const endMs = this.clock.now() + withinMs;
    while (!condition()) {
      if (this.clock.now() >= endMs) throw new Error(`Not within ${withinMs} ms: ${what}`);
      await this.run(limits.tickMs);
    }
    await settled();
  }

  /** Until all nodes that run hold the same, and it is the leader's. */
  async converge(): Promise<void> {
    await this.until(() => {
      const leader = this.leader();
      if (leader === null) return false;
      const { appliedIndex, raft } = this.status(leader);
      if (appliedIndex !== raft.last.index) return false;
      return this.running().every((letter) => this.status(letter).appliedIndex === appliedIndex);
    }, 'all nodes hold the same');
  }

  // --- asking -----------------------------------------------------------------------------------

  propose(letter: string, command: Command): Outcome<Reply> {
    const outcome: Outcome<Reply> = { value: null, error: null, calls: 0 };
    this.node(letter).propose(command, {
      applied: (reply) => {
        outcome.value = reply;
        outcome.calls++;
      },
      failed: (error) => {
        outcome.error = error;
        outcome.calls++;
      },
    });
    return outcome;
  }

  set(letter: string, path: string, body: string, guard = -1): Outcome<Reply> {
    return this.propose(letter, { kind: 'set', path: pathOf(path), body: utf8(body), guard });
  }

  /** Writes and waits for the answer, whatever it is. */
  async write(letter: string, path: string, body: string, guard = -1): Promise<Outcome<Reply>> {
    const outcome = this.set(letter, path, body, guard);
    await this.until(() => outcome.calls > 0, `an answer to ${path}`);
    return outcome;
  }

  async remove(letter: string, path: string): Promise<void> {
    const outcome = this.propose(letter, { kind: 'delete', path: pathOf(path), guard: -1 });
    await this.until(() => outcome.calls > 0, `an answer to ${path}`);
  }

  read(letter: string): Outcome<View> {
    const outcome: Outcome<View> = { value: null, error: null, calls: 0 };
    this.node(letter).read({
      ready: (view) => {
        outcome.value = view;
        outcome.calls++;
      },
      failed: (error) => {
        outcome.error = error;
        outcome.calls++;
      },
    });
    return outcome;
  }

  /** A sign of life for leases, through this node. */
  keepAlive(letter: string, leases: readonly number[], renew = true): Outcome<readonly number[]> {
    const outcome: Outcome<readonly number[]> = { value: null, error: null, calls: 0 };
    this.node(letter).keepAlive(leases.map(leaseId), renew, {
      left: (leftMs) => {
        outcome.value = leftMs;
        outcome.calls++;
      },
      failed: (error) => {
        outcome.error = error;
        outcome.calls++;
      },
    });
    return outcome;
  }

  status(letter: string): NodeStatus {
    return this.node(letter).status();
  }

  /** The one whose term is highest among those that lead. */
  leader(): string | null {
    let found: string | null = null;
    for (const letter of this.running()) {
      const { raft } = this.status(letter);
      if (raft.role !== 'leader') continue;
      if (found === null || raft.term > this.status(found).raft.term) found = letter;
    }
    return found;
  }

  async newLeader(but = ''): Promise<string> {
    let found = '';
    await this.until(() => {
      const leader = this.leader();
      if (leader === null || leader === but || !this.status(leader).raft.established) return false;
      found = leader;
      return true;
    }, `a leader other than "${but}"`);
    return found;
  }

  /** Voters of the membership the leader has applied, as letters; while joint, none. */
  voters(): string {
    const leader = this.leader();
    if (leader === null) return '';
    const { raft, appliedIndex } = this.status(leader);
    if (raft.changePending || appliedIndex < raft.membershipAt.index) return '';
    return raft.membership.voters.map(letterOf).join('');
  }

  learners(): string {
    const leader = this.leader();
    return leader === null
      ? ''
      : this.status(leader).raft.membership.learners.map(letterOf).join('');
  }

  /** Slots as the leader's tree has them: name and letter, or nothing. */
  slots(): Record<string, string> {
    const view = this.node(this.leader() ?? 'A').view();
    const slots: Record<string, string> = {};
    for (const name of children(view, pathOf('/ctl/cal'))) {
      slots[name] = letterOf(textOf(fileAt(view, slotPath(name))?.body ?? utf8('')));
    }
    return slots;
  }

  body(letter: string, path: string): string | null {
    const file = fileAt(this.node(letter).view(), pathOf(path));
    return file === null ? null : textOf(file.body);
  }

  /** Each start draws other numbers, the same in each run of the test. */
  random(): Random {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) >>> 0;
    const seed = this.#seed;
    return { bytes: (count) => new Uint8Array(count), seed: () => seed };
  }
}

export function pathOf(text: string) {
  const path = parsePath(text);
  if (path === null) throw new Error(`no path: ${text}`);
  return path;
}

export function globOf(text: string) {
  const glob = compileGlob(text);
  if (glob === null) throw new Error(`no glob: ${text}`);
  return glob;
}

const foundCommand = (): Command => ({
  kind: 'found',
  lineage,
  name: 'test',
  behaviourVersion: sessionsVersion,
  limits: usualLimits,
  files: [
    { path: nodeFile(idOf('A'), 'addr'), body: utf8(addressOf('A')) },
    { path: slotPath('0'), body: utf8(idOf('A')) },
  ],
});
