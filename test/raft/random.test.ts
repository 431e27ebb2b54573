// Random lives of small clusters: messages lost, doubled and late, nodes that crash, power that fails
// everywhere at once, records that rot, members that come and go. What may never happen is checked all
// along; after healing, the cluster must go on.
import { describe, expect, test } from 'vitest';
import type { LogIndex, Membership, NodeId, Term } from '../../src/base/index.ts';
import { clusterTime, isMember, prng, utf8 } from '../../src/base/index.ts';
import type { Entry, MembershipChange, Output, Persist } from '../../src/raft/index.ts';
import { id, membershipOf, snapshotOf, TestCluster, type TestNode } from './support/cluster.ts';

/** What happened in all lives together: a generator that never gets somewhere is blind. */
const coverage = {
  elections: 0,
  commits: 0,
  snapshots: 0,
  memberships: 0,
  reads: 0,
  removed: 0,
  torn: 0,
  rotten: 0,
  blackouts: 0,
  neverHeld: 0,
  heldByNobody: 0,
};

/** Judges a whole cluster, from outside. */
class Checker {
  readonly #leaders = new Map<Term, NodeId>();
  readonly #committed = new Map<LogIndex, Entry>();
  readonly #reads = new Map<number, LogIndex>();
  newest = 0 as LogIndex;

  output(node: TestNode, output: Output): void {
    for (const notice of output.notices) {
      if (notice.kind === 'toldRemoved') coverage.removed++;
      if (notice.kind === 'givenUp') coverage[notice.neverHeld ? 'neverHeld' : 'heldByNobody']++;
      if (notice.kind !== 'role' || notice.role !== 'leader') continue;
      const known = this.#leaders.get(notice.term);
      expect(known ?? node.name, `R4: one leader in term ${notice.term}`).toBe(node.name);
      this.#leaders.set(notice.term, node.name);
      coverage.elections++;
    }
    if ((output.persist?.snapshot ?? null) !== null) coverage.snapshots++;
    for (const entry of output.committed) this.#commit(entry);
    for (const read of output.reads) {
      const least = this.#reads.get(read.ref);
      expect(least, 'a read is answered once').toBeDefined();
      this.#reads.delete(read.ref);
      if (read.index === null) continue;
      expect(read.index, 'a read sees all that was decided before it').toBeGreaterThanOrEqual(
        least ?? 0,
      );
      coverage.reads++;
    }
  }

  #commit(entry: Entry): void {
    const known = this.#committed.get(entry.index);
    if (known === undefined) {
      this.#committed.set(entry.index, entry);
      coverage.commits++;
      if (entry.payload.kind === 'membership') coverage.memberships++;
    } else {
      expect(entry.term, `R7: what is committed at ${entry.index} stays`).toBe(known.term);
      expect(entry.payload).toBe(known.payload);
    }
    if (entry.index > this.newest) this.newest = entry.index;
  }

  beginRead(ref: number): void {
    this.#reads.set(ref, this.newest);
  }

  forgetReadsBut(refs: ReadonlySet<number>): void {
    for (const ref of this.#reads.keys()) if (!refs.has(ref)) this.#reads.delete(ref);
  }

  /** R5, pairwise on what is durable. */
  compareDisks(nodes: Iterable<TestNode>): void {
    const terms = new Map<
      string,
      { readonly payload: Entry['payload']; readonly before: Term | null }
    >();
    for (const { disk } of nodes) {
      let before: Term | null = null;
      for (const { index, term, payload } of disk.entries) {
        const known = terms.get(`${index}@${term}`);
        if (known !== undefined) {
          expect(known.payload, `R5: one entry at ${index} of term ${term}`).toBe(payload);
          if (known.before !== null && before !== null) {
            expect(before, `R5: logs that meet at ${index} agree before`).toBe(known.before);
          }
        }
        if (known === undefined || known.before === null)
          terms.set(`${index}@${term}`, { payload, before });
        before = term;
      }
    }
  }
}

/** How many nodes may be rotten, as far as this one's memberships go. */
function rottenMax({ disk }: TestNode): number {
  const memberships: Membership[] = [disk.snapshot.membership];
  for (const { payload } of disk.entries) {
    if (payload.kind === 'membership') memberships.push(payload.membership);
  }
  let most = Infinity;
  for (const { voters, outgoing } of memberships) {
    if (voters.length === 0) continue;
    for (const some of [voters, outgoing ?? voters]) {
      most = Math.min(most, Math.floor(some.length / 2));
    }
  }
  return most;
}

class Life {
  readonly #dice;
  readonly cluster: TestCluster;
  readonly checker = new Checker();
  readonly #paces = new Map<NodeId, number>();
  readonly #actions: readonly { readonly weight: number; readonly act: () => void }[];
  readonly #total: number;
  readonly #lossPercent: number;
  readonly #latePercent: number;
  #ref = 0;

  constructor(seed: number) {
    this.#dice = prng(seed);
    const { checker } = this;
    this.cluster = new TestCluster({
      seed,
      watcher: { output: (node, output) => checker.output(node, output) },
      tuning: {
        heartbeatTicks: 3,
        electionTimeoutTicks: 10,
        appendEntriesMax: 1 + this.#roll(6),
        inFlightMessagesMax: 1 + this.#roll(4),
        appendBytesMax: 200,
        uncommittedBytesMax: 4000,
      },
    });
    const voters = [1, 2, 3, 4, 5].slice(0, 1 + this.#roll(5));
    for (const name of voters) this.cluster.addNode(name, snapshotOf(membershipOf(voters), 1, 1));
    for (const name of [6, 7]) this.cluster.addNode(name);
    for (const name of this.cluster.nodes.keys()) this.#paces.set(name, 1 + this.#roll(4));
    // Every life has faults of its own: some never crash, some do little else. A mix that is the same
    // for all would only meet what is likely under it.
    const swing = (weight: number) => weight * ([0, 1, 1, 3, 8][this.#roll(5)] ?? 0);
    // And in some the disks are bad.
    const isSick = this.#roll(3) === 0;
    this.#lossPercent = [0, 3, 10, 30][this.#roll(4)] ?? 0;
    this.#latePercent = [0, 10, 50][this.#roll(3)] ?? 0;
    this.#actions = [
      { weight: 450, act: () => this.#deliverSome() },
      { weight: 350, act: () => this.#tickSome() },
      { weight: 80, act: () => this.#propose() },
      { weight: 30, act: () => this.#read() },
      { weight: swing(15), act: () => this.#change() },
      { weight: swing(8), act: () => this.#crashOrStart() },
      { weight: swing(10), act: () => this.#disturb() },
      { weight: swing(10), act: () => this.cluster.compact(this.#someNode(), this.#roll(5)) },
      { weight: swing(4), act: () => this.#transfer() },
      { weight: swing(10), act: () => this.#linkClosed() },
      { weight: swing(15), act: () => this.#holdOrPersist() },
      { weight: isSick ? 40 : swing(4), act: () => this.#rot() },
      { weight: isSick ? 20 : swing(2), act: () => this.#blackout() },
    ];
    this.#total = this.#actions.reduce((sum, { weight }) => sum + weight, 0);
  }

  #roll(below: number): number {
    return this.#dice.below(below);
  }

  #someNode(): TestNode {
    const nodes = [...this.cluster.nodes.values()];
    const node = nodes[this.#roll(nodes.length)];
    if (node === undefined) throw new Error('a cluster has nodes');
    return node;
  }

  step(): void {
    let roll = this.#roll(this.#total);
    for (const { weight, act } of this.#actions) {
      roll -= weight;
      if (roll < 0) {
        act();
        return;
      }
    }
  }

  #tickSome(): void {
    for (const node of this.cluster.nodes.values()) {
      // Clocks differ: what one node takes for an election timeout is a moment for another.
      const pace = this.#paces.get(node.name) ?? 0;
      if (node.raft !== null && this.#roll(4) < pace) this.cluster.tick(node);
    }
  }

  #deliverSome(): void {
    const { packets } = this.cluster;
    for (let times = 1 + this.#roll(8); times > 0 && packets.length > 0; times--) {
      // In order, or any of them, and once, twice or never.
      const late = this.#roll(100) < this.#latePercent ? this.#roll(packets.length) : 0;
      const [packet] = packets.splice(late, 1);
      if (packet === undefined) return;
      if (this.#roll(100) < this.#lossPercent) {
        this.cluster.lose(packet);
        continue;
      }
      if (this.#roll(20) === 0) packets.push(packet);
      this.cluster.deliver(packet);
    }
    const excess = packets.length - 500;
    if (excess > 0) for (const packet of packets.splice(0, excess)) this.cluster.lose(packet);
  }

  #propose(): void {
    const node = this.#roll(3) === 0 ? this.#someNode() : this.cluster.leader();
    if (node === null) return;
    const commands = Array.from({ length: 1 + this.#roll(4) }, () =>
      utf8('x'.repeat(this.#roll(60))),
    );
    this.cluster.step(node, {
      kind: 'propose',
      ref: 0,
      commands,
      time: clusterTime(this.#roll(1000)),
      onlyInTerm: null,
    });
  }

  #read(): void {
    const node = this.#someNode();
    if (node.raft === null) return;
    this.#ref++;
    this.checker.beginRead(this.#ref);
    this.cluster.step(node, { kind: 'read', ref: this.#ref });
  }

  #change(): void {
    const leader = this.cluster.leader();
    if (leader === null) return;
    const subject = this.#someNode().name;
    const other = this.#someNode().name;
    const changes: MembershipChange[] = [
      { kind: 'add', id: subject, address: `host${subject}:${this.#roll(2)}` },
      { kind: 'add', id: id(6 + this.#roll(2)), address: 'spare:1' },
      { kind: 'promote', id: subject },
      { kind: 'promote', id: id(6 + this.#roll(2)) },
      { kind: 'demote', id: subject, park: this.#roll(2) === 0 },
      { kind: 'remove', id: subject },
      { kind: 'replace', out: subject, in: other, keep: this.#roll(2) === 0 },
    ];
    const change = changes[this.#roll(changes.length)];
    if (change !== undefined) this.cluster.change(leader, change);
  }

  #crashOrStart(): void {
    const node = this.#someNode();
    if (node.raft === null) {
      this.cluster.start(node);
      return;
    }
    this.#crash(node);
  }

  #crash(node: TestNode, fate = this.#roll(3)): void {
    // A save under way may have left a trace, or reached the disk, or neither.
    const saving = node.saving?.persist ?? null;
    if (node.raft !== null && saving !== null) {
      if (fate === 0) this.#tear(node, saving);
      else if (fate === 1) node.disk.save(saving);
    }
    this.cluster.crash(node);
  }

  #tear({ disk }: TestNode, saving: Persist): void {
    const before = disk.suspect;
    disk.tear(saving);
    if (disk.suspect !== before) coverage.torn++;
  }

  /** The power fails everywhere, in the middle of saves, and comes back here and there. */
  #blackout(): void {
    const { cluster } = this;
    const leader = cluster.leader();
    if (leader === null) return;
    const nodes = [...cluster.nodes.values()];
    for (const node of nodes) if (node.saving === null) node.isHeld = this.#roll(4) > 0;
    cluster.propose(leader, 'cut');
    cluster.deliverRound();
    const fate = this.#roll(2) === 0 ? 0 : undefined;
    for (const node of nodes) this.#crash(node, fate);
    for (const node of nodes) {
      node.isHeld = false;
      if (this.#roll(4) > 0) cluster.start(node);
    }
    coverage.blackouts++;
  }

  /**
   * A node stops, and the end of its log rots. Of a majority of any voters that count or counted fewer
   * than all may be rotten at once: what they all lose nobody could keep.
   */
  #rot(): void {
    const node = this.#someNode();
    const { disk } = node;
    const nodes = [...this.cluster.nodes.values()];
    const sick = nodes.filter((other) => other !== node && other.disk.rotten !== null).length;
    if (disk.rottable === 0 || sick + 1 > Math.min(...nodes.map(rottenMax))) return;
    this.#crash(node);
    disk.rot(1 + this.#roll(Math.min(4, disk.rottable)));
    if (disk.rotten !== null) coverage.rotten++;
    if (this.#roll(2) === 0) this.cluster.start(node);
  }

  #disturb(): void {
    if (this.#roll(3) === 0) this.cluster.heal();
    else if (this.#roll(2) === 0) this.cluster.isolate(this.#someNode().name);
    else this.cluster.cut(this.#someNode().name, this.#someNode().name);
  }

  #transfer(): void {
    const leader = this.cluster.leader();
    if (leader !== null)
      this.cluster.step(leader, {
        kind: 'transfer',
        ref: 0,
        to: this.#roll(2) === 0 ? null : this.#someNode().name,
      });
  }

  #linkClosed(): void {
    this.cluster.step(this.#someNode(), { kind: 'linkClosed', peer: this.#someNode().name });
  }

  #holdOrPersist(): void {
    const node = this.#someNode();
    if (node.saving === null) {
      node.isHeld = !node.isHeld;
    } else {
      node.isHeld = false;
      this.cluster.persist(node);
    }
  }

  /** No more faults: a leader, a write that commits, and everybody who belongs knows it. */
  healAndProgress(): void {
    const { cluster } = this;
    cluster.heal();
    for (const node of cluster.nodes.values()) {
      node.isHeld = false;
      if (node.raft === null) cluster.start(node);
      else if (node.saving !== null) cluster.persist(node);
    }
    for (let round = 0; round < 100; round++) {
      cluster.run(10);
      const leader = cluster.leader();
      if (leader === null) continue;
      const before = this.checker.newest;
      cluster.propose(leader, 'after');
      cluster.run(10);
      const view = leader.raft?.view();
      if (
        view === undefined ||
        view.role !== 'leader' ||
        view.commitIndex <= before ||
        view.changePending
      )
        continue;
      const members = [...cluster.nodes.values()].filter(({ name }) =>
        isMember(view.membership, name),
      );
      if (members.every(({ raft }) => raft?.view().commitIndex === view.commitIndex)) return;
    }
    const states = [...cluster.nodes.values()].map(({ raft }) => raft?.describe()).join('\n');
    throw new Error(`no progress after healing:\n${states}`);
  }
}

function live(seed: number, steps: number): void {
  const life = new Life(seed);
  for (let i = 0; i < steps; i++) {
    life.step();
    if (i % 200 === 0) life.checker.compareDisks(life.cluster.nodes.values());
  }
  life.healAndProgress();
  life.checker.compareDisks(life.cluster.nodes.values());
}

const seeds = Number(process.env['RAFT_SEEDS'] ?? 200);
const first = Number(process.env['RAFT_SEED'] ?? 1);
const steps = Number(process.env['RAFT_STEPS'] ?? 2000);

describe('random lives', () => {
  test(`${seeds} seeds of ${steps} steps keep R1 to R12 and go on after healing`, {
    timeout: 3_600_000,
  }, () => {
    for (let seed = first; seed < first + seeds; seed++) {
      try {
        live(seed, steps);
      } catch (error) {
        throw new Error(`RAFT_SEED=${seed} RAFT_SEEDS=1 RAFT_STEPS=${steps}: ${String(error)}`, {
          cause: error,
        });
      }
    }
    for (const [what, count] of Object.entries(coverage)) {
      expect(count, `the generator meets ${what}`).toBeGreaterThan(0);
    }
  });
});
