// Kept whole: the directives of a story and the network they play on are read together.
// A cluster in memory: real cores, disks that keep what was saved, a network that does as it is told.
// Nothing happens by itself; tests and scenarios tick, deliver, cut and crash.
import { expect } from 'vitest';
import type { BootNumber, LogIndex, Membership, NodeId, Term } from '../../../src/base/index.ts';
import {
  bootNumber,
  clusterTime,
  emptyMembership,
  limits,
  logIndex,
  noIndex,
  noTerm,
  noTime,
  prng,
  term,
  utf8,
} from '../../../src/base/index.ts';
import type {
  Entry,
  HardState,
  Input,
  MembershipChange,
  Message,
  Output,
  Persist,
  Position,
  RaftOptions,
  SnapshotMeta,
} from '../../../src/raft/index.ts';
import { Raft } from '../../../src/raft/index.ts';

export const id = (name: number | string): NodeId => String(name) as NodeId;
export const at = (index: number, ofTerm: number): Position => ({
  index: logIndex(index),
  term: term(ofTerm),
});

export const membershipOf = (
  voters: readonly (number | string)[],
  learners: readonly (number | string)[] = [],
): Membership => ({
  voters: voters.map(id),
  outgoing: null,
  learners: learners.map(id),
  learnersNext: [],
  parked: [],
  addresses: new Map([...voters, ...learners].map((name) => [id(name), `host${name}:1`])),
});

export const snapshotOf = (membership: Membership, index = 0, ofTerm = 0): SnapshotMeta => ({
  index: logIndex(index),
  term: term(ofTerm),
  time: noTime,
  membership,
  membershipAt: at(Math.min(index, 1), Math.min(ofTerm, 1)),
});

export const noSnapshot: SnapshotMeta = {
  index: noIndex,
  term: noTerm,
  time: noTime,
  membership: emptyMembership,
  membershipAt: at(0, 0),
};

export const command = (index: number, ofTerm: number, text = `${index}`): Entry => ({
  index: logIndex(index),
  term: term(ofTerm),
  time: clusterTime(0),
  payload: { kind: 'command', bytes: utf8(text) },
  encoded: null,
});

export const defaults = {
  heartbeatTicks: limits.heartbeatTicks,
  electionTimeoutTicks: limits.electionTimeoutTicks,
  linkHintTicksMin: limits.linkHintTicksMin,
  linkHintTicksMax: limits.linkHintTicksMax,
  appendBytesMax: limits.appendBytesMax,
  appendEntriesMax: limits.appendEntriesMax,
  inFlightBytesMax: limits.inFlightBytesMax,
  inFlightMessagesMax: limits.inFlightMessagesMax,
  uncommittedBytesMax: limits.uncommittedBytesMax,
  membersMax: limits.membersMax,
  votersMax: limits.votersMax,
} as const;

export type Tuning = Partial<Record<keyof typeof defaults, number>>;

/** Options of a node that never ran, with what a test wants otherwise. */
export const optionsOf = (name: number | string, more: Partial<RaftOptions> = {}): RaftOptions => ({
  ...defaults,
  id: id(name),
  boot: bootNumber(1),
  prng: prng(Number(name)),
  hardState: { term: noTerm, votedFor: null },
  snapshot: noSnapshot,
  entries: [],
  suspect: null,
  ...more,
});

/** What the tree of a real node would be: the applied commands, and the last membership among them. */
type State = {
  readonly index: LogIndex;
  readonly membership: Membership;
  readonly membershipAt: Position;
};

const later = (a: Position | null, b: Position): Position =>
  a === null || b.term > a.term || (b.term === a.term && b.index > a.index) ? b : a;

/** Saves that may rot, from the end: as many as a ring has slots. */
const undoneMax = 16;

/** Keeps what was saved, and refuses what would not make a log. */
export class TestDisk {
  hardState: HardState;
  snapshot: SnapshotMeta;
  entries: Entry[] = [];
  boot = 0;
  suspect: Position | null = null;
  /** What rotted and is not made good for yet. */
  rotten: Position | null = null;
  /** The log before each of the last saves, and its end after it; none from before a snapshot. */
  readonly #before: { readonly entries: Entry[]; readonly last: Position }[] = [];

  constructor(snapshot: SnapshotMeta) {
    this.snapshot = snapshot;
    this.hardState = { term: snapshot.term, votedFor: null };
  }

  save(persist: Persist): void {
    const before = this.entries;
    if (persist.snapshot !== null) {
      this.#before.length = 0;
      this.snapshot = persist.snapshot;
      this.entries = this.entries.filter((entry) => entry.index > this.snapshot.index);
    } else if (persist.entries.length > 0 || persist.truncateFrom !== null) {
      this.#before.push({ entries: before, last: persist.through });
      if (this.#before.length > undoneMax) this.#before.shift();
    }
    this.#saveVows(persist);
    const { truncateFrom } = persist;
    this.entries = [...this.entries];
    if (truncateFrom !== null) {
      expect(truncateFrom).toBeGreaterThan(this.snapshot.index);
      this.entries = this.entries.filter((entry) => entry.index < truncateFrom);
    }
    for (const entry of persist.entries) {
      expect(entry.index, 'the disk gets no gap and no overlap').toBe(this.last.index + 1);
      this.entries.push(entry);
    }
    expect(this.last, 'the disk ends where it was said to').toEqual(persist.through);
    if (this.#reaches(this.rotten)) this.rotten = null;
  }

  #saveVows({ hardState }: Persist): void {
    if (hardState === null) return;
    this.hardState = hardState;
    if (this.#reaches(this.suspect)) this.suspect = null;
  }

  #reaches(position: Position | null): boolean {
    return position !== null && later(this.last, position) === this.last;
  }

  /** The power fails while `persist` is saved: vows first, then a trace of records without them. */
  tear(persist: Persist): void {
    if (persist.snapshot !== null) return;
    this.#saveVows(persist);
    const hasRecords = persist.entries.length > 0 || persist.truncateFrom !== null;
    // A node that nobody could clear leaves no trace.
    if (hasRecords && persist.alone !== true) this.suspect = later(this.suspect, persist.through);
  }

  /** How many saves could rot. */
  get rottable(): number {
    return this.#before.length;
  }

  /** The last `saves` cannot be read any more: the log is what it was before them. */
  rot(saves: number): void {
    for (let i = 0; i < saves; i++) {
      const undone = this.#before.pop();
      if (undone === undefined) return;
      this.entries = undone.entries;
      this.suspect = later(this.suspect, undone.last);
      this.rotten = later(this.rotten, undone.last);
    }
  }

  get last(): Position {
    const { index, term: ofTerm } = this.entries.at(-1) ?? this.snapshot;
    return { index, term: ofTerm };
  }

  compact(meta: SnapshotMeta): void {
    this.#before.length = 0;
    this.snapshot = meta;
    this.entries = this.entries.filter((entry) => entry.index > meta.index);
  }
}

export class TestNode {
  readonly name: NodeId;
  readonly disk: TestDisk;
  /** `null` while crashed. */
  raft: Raft | null = null;
  state: State;
  /** The output whose save did not end yet. */
  saving: Output | null = null;
  /** Saves end only when told. */
  isHeld = false;
  /** Steps messages although a save is under way, which no driver may do. */
  isImpatient = false;
  readonly inbox: Input[] = [];

  constructor(name: NodeId, snapshot: SnapshotMeta) {
    this.name = name;
    this.disk = new TestDisk(snapshot);
    this.state = snapshot;
  }

  get boot(): BootNumber {
    return bootNumber(this.disk.boot);
  }
}

export type Packet = {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly boot: BootNumber;
  readonly message: Message;
};

/** What a test may listen to. */
export type Watcher = {
  readonly delivered?: (packet: Packet) => void;
  readonly output?: (node: TestNode, output: Output) => void;
  readonly applied?: (node: TestNode, entry: Entry) => void;
};

export class TestCluster {
  readonly nodes = new Map<NodeId, TestNode>();
  packets: Packet[] = [];
  /** Directed links that carry nothing: "1->2". */
  readonly cuts = new Set<string>();
  readonly #tuning: Tuning;
  readonly #watcher: Watcher;
  readonly #seed: number;

  constructor({
    tuning = {},
    watcher = {},
    seed = 0,
  }: { tuning?: Tuning; watcher?: Watcher; seed?: number } = {}) {
    this.#tuning = tuning;
    this.#watcher = watcher;
    this.#seed = seed;
  }

  /** A node that begins with `snapshot` as its base, and runs. */
  addNode(name: number | string, snapshot: SnapshotMeta = noSnapshot): TestNode {
    const node = new TestNode(id(name), snapshot);
    this.nodes.set(node.name, node);
    this.start(node);
    return node;
  }

  node(name: number | string): TestNode {
    const node = this.nodes.get(id(name));
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  start(node: TestNode): void {
    const { disk } = node;
    disk.boot++;
    const { hardState, snapshot, entries, suspect } = disk;
    node.state = snapshot;
    node.saving = null;
    node.raft = new Raft(
      optionsOf(node.name, {
        ...this.#tuning,
        boot: node.boot,
        prng: prng(this.#seed * 1000 + Number(node.name) * 10 + disk.boot),
        hardState,
        snapshot,
        entries: [...entries],
        suspect,
      }),
    );
  }

  /** Everything not on disk is gone, and what it waited for. */
  crash(node: TestNode): void {
    node.raft = null;
    node.saving = null;
    node.inbox.length = 0;
  }

  /** Gives one input, and turns. */
  step(node: TestNode, input: Input): void {
    node.inbox.push(input);
    this.turn(node);
  }

  /** Turns as a driver does: step all that waits, take, send, save, report, promise, apply. */
  turn(node: TestNode): void {
    const { raft } = node;
    if (raft === null) return;
    if (node.saving !== null && node.isImpatient) {
      for (const input of node.inbox.splice(0)) raft.step(input);
    }
    while (node.saving === null) {
      for (const input of node.inbox.splice(0)) raft.step(input);
      const output = raft.take();
      raft.check();
      if (output === null) return;
      this.#watcher.output?.(node, output);
      this.#send(node, output.sendNow);
      if (output.persist !== null && node.isHeld) {
        node.saving = output;
        return;
      }
      this.#finish(node, raft, output);
    }
  }

  /** Ends the save that is held. */
  persist(node: TestNode): void {
    const { raft, saving } = node;
    if (raft === null || saving === null) throw new Error(`${node.name} saves nothing`);
    node.saving = null;
    this.#finish(node, raft, saving);
    this.turn(node);
  }

  #finish(node: TestNode, raft: Raft, output: Output): void {
    if (output.persist !== null) {
      node.disk.save(output.persist);
      if (output.persist.snapshot !== null) node.state = output.persist.snapshot;
      raft.step({ kind: 'persisted', through: output.persist.through });
    }
    this.#send(node, output.sendAfterPersist);
    for (const entry of output.committed) {
      const { payload, index } = entry;
      expect(index, 'each entry is handed out once, in order').toBe(node.state.index + 1);
      node.state =
        payload.kind === 'membership'
          ? { index, membership: payload.membership, membershipAt: { index, term: entry.term } }
          : { ...node.state, index };
      this.#watcher.applied?.(node, entry);
    }
    if (output.committed.length > 0) raft.step({ kind: 'applied', through: node.state.index });
  }

  #send(node: TestNode, envelopes: Output['sendNow']): void {
    for (const { to, message } of envelopes) {
      this.packets.push({ from: node.name, to, boot: node.boot, message });
    }
  }

  /** Hands over one packet, unless its link is cut or nobody is there. */
  deliver(packet: Packet): void {
    const receiver = this.nodes.get(packet.to);
    const isLost =
      receiver === undefined ||
      receiver.raft === null ||
      this.cuts.has(`${packet.from}->${packet.to}`);
    if (!isLost) {
      this.#watcher.delivered?.(packet);
      const { from, boot, message } = packet;
      this.step(receiver, { kind: 'message', from, boot, message });
    }
    if (packet.message.kind === 'snapshot')
      this.#reportStream(packet, packet.message.meta, !isLost);
  }

  /** The network loses a packet. A stream that broke is reported to its sender, as drivers do. */
  lose(packet: Packet): void {
    if (packet.message.kind === 'snapshot') this.#reportStream(packet, packet.message.meta, false);
  }

  #reportStream(packet: Packet, { index }: SnapshotMeta, delivered: boolean): void {
    const sender = this.nodes.get(packet.from);
    if (sender === undefined || sender.boot !== packet.boot) return;
    this.step(sender, { kind: 'snapshotSent', to: packet.to, index, delivered });
  }

  /** Hands over what is under way now; what comes of it waits. */
  deliverRound(): void {
    for (const packet of this.packets.splice(0)) this.deliver(packet);
  }

  /** Hands over everything until nothing is under way. */
  stabilize(): void {
    for (let i = 0; this.packets.length > 0; i++) {
      if (i > 1000) throw new Error('the cluster never comes to rest');
      this.deliverRound();
    }
  }

  tick(node: TestNode, times = 1): void {
    for (let i = 0; i < times; i++) this.step(node, { kind: 'tick' });
  }

  /** Ticks everybody together, delivering in between, `times` over. */
  run(times: number): void {
    for (let i = 0; i < times; i++) {
      for (const node of this.nodes.values()) if (node.raft !== null) this.tick(node);
      this.stabilize();
    }
  }

  /** Ticks `node` until it asks for votes. */
  campaign(node: TestNode): void {
    const { raft } = node;
    const before = this.packets.length;
    // One that asked already asks again.
    const isAsking = raft?.view().role === 'preCandidate';
    const limit = 3 * defaults.electionTimeoutTicks;
    for (let i = 0; i < limit; i++) {
      this.tick(node);
      const isNews = !isAsking && raft?.view().role !== 'follower';
      if (isNews || this.packets.length > before) return;
    }
  }

  /** A snapshot at the applied index; the log keeps `keep` entries before it. */
  compact(node: TestNode, keep = 0): void {
    const { raft, state, disk } = node;
    if (raft === null || state.index <= disk.snapshot.index) return;
    const last = disk.entries.find((entry) => entry.index === state.index);
    if (last === undefined) return;
    const meta: SnapshotMeta = {
      index: state.index,
      term: last.term,
      time: last.time,
      membership: state.membership,
      membershipAt: state.membershipAt,
    };
    disk.compact(meta);
    const compactThrough = logIndex(Math.max(0, meta.index - keep));
    this.step(node, { kind: 'compacted', meta, compactThrough });
  }

  propose(node: TestNode, text: string, onlyInTerm: Term | null = null, ref = 0): void {
    const commands = [utf8(text)];
    this.step(node, { kind: 'propose', ref, commands, time: clusterTime(0), onlyInTerm });
  }

  change(node: TestNode, change: MembershipChange, ifMembershipAt: Position | null = null): void {
    this.step(node, {
      kind: 'changeMembership',
      ref: 0,
      change,
      ifMembershipAt,
      time: clusterTime(0),
    });
  }

  /** The leader of the highest term among those that run, if there is one. */
  leader(): TestNode | null {
    let best: TestNode | null = null;
    let bestTerm = -1;
    for (const node of this.nodes.values()) {
      const view = node.raft?.view();
      if (view?.role === 'leader' && view.term > bestTerm) {
        best = node;
        bestTerm = view.term;
      }
    }
    return best;
  }

  cut(from: number | string, to: number | string): void {
    this.cuts.add(`${from}->${to}`);
  }

  isolate(name: number | string): void {
    for (const other of this.nodes.keys()) {
      if (other === id(name)) continue;
      this.cut(name, other);
      this.cut(other, name);
    }
  }

  heal(): void {
    this.cuts.clear();
  }
}

/** Makes `name` campaign, and lets everybody answer. */
export function elect(cluster: TestCluster, name: number): TestNode {
  const node = cluster.node(name);
  // Whoever led is forgotten first, as after its death.
  for (const other of cluster.nodes.values()) {
    const leader = other.raft?.view().leader ?? null;
    if (leader !== null) cluster.step(other, { kind: 'linkClosed', peer: leader });
  }
  cluster.campaign(node);
  cluster.stabilize();
  expect(node.raft?.view().role, `${name} leads`).toBe('leader');
  return node;
}
