// Kept whole: what may happen to a cluster, what guests ask of it meanwhile and what is judged afterwards
// are read together. Everything comes from one number.
import { expect } from 'vitest';
import {
  ClusterError,
  clusterId,
  limits,
  logIndex,
  type NodeId,
  nodeId,
  noTime,
  type Prng,
  prng,
  revision,
  soleMembership,
  term,
  utf8,
} from '../../src/base/index.ts';
import type { Node } from '../../src/node/index.ts';
import { nodeFile, slotPath } from '../../src/paths/index.ts';
import type { Random } from '../../src/ports/index.ts';
import type { MembershipChange } from '../../src/raft/index.ts';
import { type Command, fileAt, type Reply } from '../../src/tree/index.ts';
import { globOf, pathOf } from './cluster.ts';
import { FakeClock } from './fake-clock.ts';
import { Judge } from './judge.ts';
import { Machine } from './machine.ts';
import { allLost, byChance } from './memory-disk.ts';
import { Switchboard } from './switchboard.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const idOf = (letter: string): NodeId => nodeId(letter.repeat(16));
const everything = globOf('/**');

type Write = {
  /** The node that was asked. When its process ends, nobody hears what became of it. */
  readonly node: Node;
  readonly path: string;
  readonly body: string;
  reply: Reply | null;
  error: ClusterError | null;
  calls: number;
};

type Mode = {
  readonly steward: boolean;
  readonly voters: number;
  readonly slowDisk: number;
  readonly lossPercent: number;
  readonly powerPercent: number;
  readonly smallLogs: boolean;
  /** One disk loses and keeps as chance has it when the power goes, and rots. */
  readonly badDisk: boolean;
};

/** What happened: a generator that never gets somewhere is blind. */
export type Seen = Record<
  'applied' | 'unknown' | 'reads' | 'leaders' | 'installs' | 'removed',
  number
>;

export class HardLife {
  readonly #clock = new FakeClock();
  readonly #board = new Switchboard(this.#clock);
  readonly #judge = new Judge();
  readonly #machines = new Map<NodeId, Machine>();
  readonly lines: string[] = [];
  readonly #chance: Prng;
  readonly #mode: Mode;
  readonly #writes: Write[] = [];
  readonly #bad: string[] = [];
  #cuts = new Set<string>();
  #calm = false;
  #n = 0;
  #letter = 0;
  readonly seen: Seen = { applied: 0, unknown: 0, reads: 0, leaders: 0, installs: 0, removed: 0 };
  #confirming = new Set<NodeId>();

  constructor(seed: number) {
    this.#chance = prng(seed);
    const { below } = this.#chance;
    this.#mode = {
      steward: below(3) > 0,
      voters: [1, 2, 3, 3, 3, 4, 5][below(7)] ?? 3,
      slowDisk: [0, 1, 8, 40][below(4)] ?? 0,
      lossPercent: [0, 0, 3, 15][below(4)] ?? 0,
      powerPercent: [0, 0, 30][below(3)] ?? 0,
      smallLogs: below(2) === 0,
      badDisk: below(3) === 0,
    };
    this.#board.rules.push((from, to) => this.#fate(from, to));
  }

  #below(n: number): number {
    return this.#chance.below(n);
  }

  #fate(from: NodeId, to: NodeId) {
    if (this.#cuts.has(`${from}>${to}`)) return { copies: 0, delayRounds: 0 };
    if (this.#calm) return null;
    const dice = this.#below(100);
    if (dice < this.#mode.lossPercent) return { copies: 0, delayRounds: 0 };
    if (dice < this.#mode.lossPercent + 3) return { copies: 2, delayRounds: this.#below(5) };
    return { copies: 1, delayRounds: dice > 90 ? this.#below(8) : 0 };
  }

  #machine(): Machine {
    const letter = letters.charAt(this.#letter++);
    // Disks differ, so that what one has already another has not.
    const slowMs = this.#below(2) === 0 ? 0 : this.#mode.slowDisk;
    const machine = new Machine(idOf(letter), {
      clock: this.#clock,
      board: this.#board,
      random: () => this.#random(),
      below: (n) => this.#below(n),
      delayMs: () => (slowMs === 0 || this.#below(3) > 0 ? 0 : this.#below(slowMs)),
      node: this.#mode.smallLogs ? { snapshotEveryBytes: 4000, logKeptBytes: 400 } : {},
      steward: this.#mode.steward ? { silenceMs: 2000, minVoters: 2, promoteAfterMs: 50 } : null,
      fatal: (id, error) => this.#fatal(id, error),
      toldRemoved: (told) => this.#toldRemoved(told),
      log: (line) => {
        if (line.includes('"role":"leader"')) this.seen.leaders++;
        this.lines.push(line);
      },
    });
    this.#machines.set(machine.id, machine);
    return machine;
  }

  #random(): Random {
    const seed = this.#below(2 ** 31);
    return { bytes: (count) => new Uint8Array(count), seed: () => seed };
  }

  #say(line: string): void {
    this.lines.push(`${this.#clock.now()} -- ${line}`);
  }

  async found(): Promise<void> {
    const first = this.#machine();
    const membership = soleMembership(first.id, first.address);
    await first.format(async (wal) => {
      const entry = {
        index: logIndex(1),
        term: term(1),
        time: noTime,
        payload: { kind: 'membership' as const, membership },
        encoded: null,
      };
      await wal.log.save({
        snapshot: null,
        hardState: { term: term(1), votedFor: first.id },
        truncateFrom: null,
        entries: [entry],
        through: { index: entry.index, term: entry.term },
      });
    });
    first.start();
    const calm = this.#calm;
    this.#calm = true;
    await this.#until(() => first.node !== null, 'the founder is up');
    let founded = false;
    first.node?.propose(foundCommand(first.id), {
      applied: () => {
        founded = true;
      },
      failed: () => {},
    });
    await this.#until(() => founded, 'the cluster is founded');
    for (let i = 1; i < this.#mode.voters; i++) {
      const { id } = await this.#attach();
      if (this.#mode.steward) {
        this.#propose(this.#anyUp(), {
          kind: 'set',
          path: slotPath(`${i}`),
          body: utf8(''),
          guard: -1,
        });
        await this.#until(
          () => this.#leader()?.status().raft.membership.voters.includes(id) === true,
          'it votes',
        );
      } else {
        await this.#change({ kind: 'promote', id });
      }
    }
    this.#calm = calm;
    const list = [...this.#machines.keys()].map((id) => id.charAt(0)).join('');
    this.#say(`founded ${list} ${JSON.stringify(this.#mode)}`);
  }

  async #attach(): Promise<Machine> {
    const machine = this.#machine();
    await machine.format(null);
    machine.start();
    await this.#change({ kind: 'add', id: machine.id, address: machine.address });
    return machine;
  }

  async #change(change: MembershipChange): Promise<void> {
    let state: 'idle' | 'asked' | 'made' = 'idle';
    await this.#until(() => {
      const leader = this.#leader();
      if (state === 'idle' && leader !== null) {
        state = 'asked';
        void this.#ask(leader, change).then((made) => {
          state = made ? 'made' : 'idle';
        });
      }
      return state === 'made';
    }, `the change ${change.kind}`);
  }

  async #ask(leader: Node, change: MembershipChange): Promise<boolean> {
    try {
      await leader.changeMembership(change, null);
      return true;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      return false;
    }
  }

  #leader(): Node | null {
    let best: Node | null = null;
    for (const { node, isUp } of this.#machines.values()) {
      if (node === null || !isUp) continue;
      const { raft } = node.status();
      if (raft.role !== 'leader') continue;
      if (best === null || raft.term > best.status().raft.term) best = node;
    }
    return best;
  }

  #anyUp(): Node | null {
    const up = [...this.#machines.values()].filter(({ isUp }) => isUp);
    return up[this.#below(Math.max(1, up.length))]?.node ?? null;
  }

  #any(): Machine {
    const all = [...this.#machines.values()];
    const machine = all[this.#below(all.length)];
    if (machine === undefined) throw new Error('there are machines');
    return machine;
  }

  // --- time -------------------------------------------------------------------------------------

  async #run(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= limits.tickMs) {
      await this.#clock.advance(Math.min(left, limits.tickMs));
      for (const { node } of this.#machines.values())
        if (node !== null) this.#judge.sees(node.view());
      this.#listen();
    }
    if (this.#bad.length > 0) throw new Error(this.#bad.join('; '));
  }

  async #until(condition: () => boolean, what: string, withinMs = 30_000): Promise<void> {
    const endMs = this.#clock.now() + withinMs;
    while (!condition()) {
      if (this.#clock.now() >= endMs) throw new Error(`Not within ${withinMs} ms: ${what}`);
      await this.#run(limits.tickMs);
    }
  }

  // --- guests -----------------------------------------------------------------------------------

  #propose(node: Node | null, command: Command): void {
    node?.propose(command, { applied: () => {}, failed: () => {} });
  }

  #write(machine: Machine = this.#any()): void {
    const { node } = machine;
    if (node === null) return;
    const n = this.#n++;
    const isNew = this.#below(2) === 0;
    const write: Write = {
      node,
      path: isNew ? `/w/${n}` : `/r/${this.#below(3)}`,
      body: `${n}`,
      reply: null,
      error: null,
      calls: 0,
    };
    this.#writes.push(write);
    const { floor } = this.#judge;
    const body = utf8(`${write.body} ${'x'.repeat(this.#below(150))}`);
    const command: Command = { kind: 'set', path: pathOf(write.path), body, guard: isNew ? 0 : -1 };
    machine.ask(() =>
      node.propose(command, {
        applied: (reply) => {
          write.reply = reply;
          this.seen.applied++;
          write.calls++;
          if (reply.revision <= floor) {
            this.#bad.push(`${write.path} got ${reply.revision}, begun after ${floor} was known`);
          }
          this.#judge.floor = Math.max(this.#judge.floor, reply.revision);
        },
        failed: (error) => {
          write.error = error;
          if (error.effect === 'unknown') this.seen.unknown++;
          write.calls++;
        },
      }),
    );
  }

  #read(machine: Machine = this.#any()): void {
    const { node } = machine;
    if (node === null) return;
    const { floor } = this.#judge;
    machine.ask(() =>
      node.read({
        ready: (view) => {
          this.seen.reads++;
          if (view.revision < floor) {
            this.#bad.push(
              `${node.id.charAt(0)} read ${view.revision}, begun after ${floor} was known`,
            );
          }
          this.#judge.sees(view);
          this.#judge.floor = Math.max(this.#judge.floor, view.revision);
        },
        failed: () => {},
      }),
    );
  }

  readonly #listening = new Map<Node, { next: number }>();

  /** Every node tells its history, from where it remembers it. */
  #listen(): void {
    for (const { node } of this.#machines.values()) {
      if (node === null || this.#listening.has(node)) continue;
      const at = { next: Math.max(1, node.oldestRevision()) };
      this.#listening.set(node, at);
      node.watch(everything, revision(at.next), {
        event: (event) => {
          if (event.revision !== at.next) this.#bad.push(`W1: ${event.revision}, not ${at.next}`);
          at.next = event.revision + 1;
          this.#judge.happened(event);
        },
        compacted: (oldest) => {
          if (oldest < at.next) this.#bad.push(`compacted at ${oldest}, ${at.next} was wanted`);
          this.#listening.delete(node);
          this.seen.installs++;
        },
      });
    }
  }

  // --- members ----------------------------------------------------------------------------------

  /** As a daemon does: another node must say so, behind a barrier, before anything is set aside. */
  #toldRemoved(machine: Machine): void {
    if (this.#confirming.has(machine.id)) return;
    const other = this.#anyUp();
    if (other === null || other.id === machine.id) return;
    this.#confirming.add(machine.id);
    other.read({
      ready: () => {
        this.#confirming.delete(machine.id);
        const { members } = other.status();
        if (members.voters.length === 0 || members.addresses.has(machine.id)) return;
        if (this.#judge.isCommittedMember(machine.id)) {
          this.#bad.push(`${machine.id.charAt(0)} is a committed member and sets its data aside`);
        }
        if (this.#machines.get(machine.id) !== machine) return;
        this.#say(`${machine.id.charAt(0)} was removed`);
        machine.kill();
        this.#machines.delete(machine.id);
        this.seen.removed++;
        this.#wanted++;
      },
      failed: () => {
        this.#confirming.delete(machine.id);
      },
    });
  }

  /** Machines that want to attach under a new id. */
  #wanted = 0;
  #attaching = false;

  #attachWanted(): void {
    if (this.#wanted === 0 || this.#attaching || this.#letter >= letters.length) return;
    this.#wanted--;
    this.#attaching = true;
    const machine = this.#machine();
    void machine.format(null).then(() => machine.start());
    const ask = (): void => {
      const leader = this.#leader();
      const again = () => this.#clock.after(100, ask);
      if (leader === null) again();
      else {
        void this.#ask(leader, { kind: 'add', id: machine.id, address: machine.address }).then(
          (made) => {
            if (!made) again();
            else {
              this.#attaching = false;
              this.#say(`${machine.id.charAt(0)} attached`);
            }
          },
        );
      }
    };
    this.#clock.after(1, ask);
  }

  // --- a life -----------------------------------------------------------------------------------

  async live(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      await this.#step();
      this.#attachWanted();
      await this.#run(10 * this.#below(12));
    }
  }

  /** Any machine, and as often as not the one that leads. */
  #victim(): Machine {
    const leader = this.#leader();
    const machine = leader === null ? undefined : this.#machines.get(leader.id);
    return machine === undefined || this.#below(2) === 0 ? this.#any() : machine;
  }

  /** One is away for longer than members may be silent, while the others go on. */
  async #sleepLong(machine: Machine): Promise<void> {
    if (!machine.isUp) return;
    this.#say(`stop ${machine.id.charAt(0)} for long`);
    machine.stop();
    for (let i = 20 + this.#below(40); i > 0; i--) {
      this.#write();
      if (this.#below(5) === 0) this.#write(machine);
      if (this.#below(10) === 0) this.#operate();
      await this.#run(100);
    }
    this.#say(`wake ${machine.id.charAt(0)}`);
    machine.wake();
  }

  /** The leader is cut off or stopped; the others hear its links close and go on; guests stay with it. */
  async #deposeInSilence(): Promise<void> {
    const leader = this.#leader();
    const machine = leader === null ? undefined : this.#machines.get(leader.id);
    if (machine === undefined) return;
    const stops = this.#below(2) === 0;
    this.#say(`${stops ? 'stop' : 'cut off'} ${machine.id.charAt(0)}, and its links close`);
    for (const other of this.#machines.values()) {
      if (other === machine) continue;
      if (!stops) this.#cut(machine, other, true);
      this.#board.close(machine.id, other.id);
    }
    if (stops) machine.stop();
    for (let i = 5 + this.#below(40); i > 0; i--) {
      this.#write();
      if (this.#below(4) === 0) this.#write(machine);
      this.#read(machine);
      await this.#run(10);
    }
    machine.wake();
    if (this.#below(2) === 0) this.#cuts.clear();
  }

  /** In the middle of writes; some come back at once, and the others may be late. */
  async #allDie(): Promise<void> {
    const leader = this.#leader();
    for (let i = this.#below(10); i >= 0; i--) this.#write();
    await this.#clock.advance(this.#below(12));
    this.#say('all die');
    for (const one of this.#machines.values()) {
      one.kill(this.#below(100) < this.#mode.powerPercent ? allLost : undefined);
    }
    for (const one of this.#machines.values()) {
      const isLate = one.id === leader?.id ? this.#below(3) > 0 : this.#below(8) === 0;
      if (!isLate) one.start();
    }
    await this.#run(1000);
  }

  async #step(): Promise<void> {
    const dice = this.#below(100);
    const machine = this.#victim();
    const name = machine.id.charAt(0);
    if (dice < 40) {
      for (let i = this.#below(6); i >= 0; i--) this.#write();
      if (this.#below(2) === 0) this.#read();
    } else if (dice < 52) {
      for (let i = this.#below(3); i >= 0; i--) this.#read();
    } else if (dice < 58) {
      if (machine.isDown) return;
      const power = this.#below(100) < this.#mode.powerPercent;
      this.#say(`${power ? 'power goes at' : 'kill'} ${name}`);
      const isBad = this.#mode.badDisk && machine === this.#badDisk();
      machine.kill(isBad ? byChance(this.#chance) : power ? allLost : undefined);
      if (isBad && this.#below(2) === 0) this.#rot(machine);
    } else if (dice < 68) {
      for (const one of this.#machines.values()) {
        if (one.isDown && this.#below(2) === 0) {
          this.#say(`start ${one.id.charAt(0)}`);
          one.start();
        }
      }
    } else if (dice < 73) {
      if (machine.isUp) {
        this.#say(`stop ${name}`);
        machine.stop();
      }
    } else if (dice < 81) {
      for (const one of this.#machines.values()) {
        if (one.isStopped && this.#below(2) === 0) {
          this.#say(`wake ${one.id.charAt(0)}`);
          one.wake();
        }
      }
    } else if (dice < 85) {
      this.#cut(machine, this.#any(), this.#below(2) === 0);
    } else if (dice < 90) {
      if (this.#cuts.size > 0) this.#say('heal');
      this.#cuts.clear();
    } else if (dice < 91) {
      if (this.#below(2) === 0) this.#flap(machine, this.#any());
      else await this.#sleepLong(machine);
    } else if (dice < 93) {
      await this.#deposeInSilence();
    } else if (dice < 97) {
      await this.#allDie();
    } else if (dice < 99) {
      this.#operate();
    } else {
      this.#changeByHand();
    }
  }

  #fatal(id: NodeId, error: unknown): void {
    const machine = this.#machines.get(id);
    const isCorrupt = error instanceof ClusterError && error.code === 'ERR_DISK_CORRUPT';
    if (machine !== undefined && machine === this.#badDisk() && isCorrupt) {
      // What it promised is lost: it says so and does not start. People set the folder aside.
      this.#say(`the disk of ${id.charAt(0)} is given up`);
      machine.kill();
      this.#machines.delete(id);
      return;
    }
    this.#bad.push(`${id.charAt(0)} ${error instanceof Error ? error.stack : String(error)}`);
  }

  #badDisk(): Machine | undefined {
    return this.#machines.get(idOf('B'));
  }

  #rot(machine: Machine): void {
    // The last sync of a lone voter is nowhere else that could vote: its rot is taken for a torn write.
    if (this.#judge.voters().length < 2) return;
    const { disk } = machine;
    const segments = disk.paths().filter((path) => path.endsWith('.seg'));
    const path = segments.at(-1);
    if (path === undefined) return;
    const bytes = disk.peek(path);
    const end = bytes.findLastIndex((byte) => byte !== 0);
    const offset = Math.max(12_288, end - this.#below(400));
    this.#say(`rot at ${machine.id.charAt(0)} ${path} ${offset}`);
    disk.rot(path, offset, 1 + this.#below(255));
  }

  #cut(a: Machine, b: Machine, both: boolean): void {
    if (a === b) return;
    this.#say(`cut ${a.id.charAt(0)}${both ? '<' : ''}>${b.id.charAt(0)}`);
    this.#cuts.add(`${a.id}>${b.id}`);
    if (both) this.#cuts.add(`${b.id}>${a.id}`);
  }

  #flap(a: Machine, b: Machine): void {
    if (a !== b) this.#board.close(a.id, b.id);
  }

  #operate(): void {
    const node = this.#anyUp();
    if (node === null) return;
    const slot = slotPath(`${this.#below(4)}`);
    const ids = [...this.#machines.keys()];
    const dice = this.#below(10);
    if (dice < 3) this.#propose(node, { kind: 'set', path: slot, body: utf8(''), guard: -1 });
    else if (dice < 6) {
      const id = ids[this.#below(ids.length)] ?? '';
      this.#propose(node, { kind: 'set', path: slot, body: utf8(id), guard: -1 });
    } else if (dice < 7) this.#propose(node, { kind: 'delete', path: slot, guard: -1 });
    else if (dice < 8) {
      const id = ids[this.#below(ids.length)] ?? node.id;
      const path = nodeFile(id, ['addr', 'state', 'writable'][this.#below(3)] ?? 'addr');
      this.#propose(node, { kind: 'set', path, body: utf8('down: scribble'), guard: -1 });
    } else if (this.#machines.size < 7) this.#wanted++;
  }

  #changeByHand(): void {
    const leader = this.#leader();
    if (leader === null) return;
    const subject = this.#any().id;
    const dice = this.#below(5);
    if (dice === 0) {
      leader.transferLeadership(null).catch(() => {});
      return;
    }
    if (this.#mode.steward && dice < 4) return;
    const changes: MembershipChange[] = [
      { kind: 'promote', id: subject },
      { kind: 'promote', id: subject },
      { kind: 'demote', id: subject, park: false },
      { kind: 'remove', id: subject },
      { kind: 'replace', out: subject, in: this.#any().id, keep: true },
    ];
    const change = changes[this.#below(changes.length)];
    if (change !== undefined) void this.#ask(leader, change);
  }

  /** No more faults: everything goes on, and what was promised is there. */
  async settle(): Promise<void> {
    this.#calm = true;
    this.#cuts.clear();
    this.#say('all is well again');
    for (const machine of this.#machines.values()) {
      machine.wake();
      machine.start();
    }
    if (this.#isExcused()) return;
    let done: Reply | null = null;
    let asked = false;
    await this.#until(() => {
      this.#attachWanted();
      const leader = this.#leader();
      if (leader !== null && !asked) {
        asked = true;
        leader.propose(
          { kind: 'set', path: pathOf('/after'), body: utf8('x'), guard: -1 },
          {
            applied: (reply) => {
              done = reply;
            },
            failed: () => {
              asked = false;
            },
          },
        );
      }
      return done !== null;
    }, 'a write after all is well');
    await this.#until(() => this.#isSettled(), 'all members hold the same');
    await this.#run(limits.requestTimeoutMs + 1000);
    await this.#until(() => this.#isSettled(), 'all members hold the same');
    for (const { node } of this.#machines.values()) {
      let answered = false;
      node?.read({
        ready: () => {
          answered = true;
        },
        failed: () => {},
      });
      if (node !== null && this.#judge.isCommittedMember(node.id)) {
        await this.#until(() => answered, `a read of ${node.id.charAt(0)}`);
      }
    }
    this.#judgeWrites();
  }

  /** Too few voters are left whose disks can be trusted: no quorum can be had, as it should be. */
  #isExcused(): boolean {
    if (!this.#mode.badDisk) return false;
    const voters = this.#judge.voters();
    const whole = voters.filter((id) => id !== idOf('B') && this.#machines.has(id));
    return whole.length * 2 <= voters.length;
  }

  #isSettled(): boolean {
    this.#attachWanted();
    const leader = this.#leader();
    if (leader === null) return false;
    const { raft, appliedIndex } = leader.status();
    if (!raft.established || raft.changePending || appliedIndex < raft.last.index - 3) return false;
    return [...raft.membership.addresses.keys()].every((id) => {
      const status = this.#machines.get(id)?.node?.status();
      // A member whose machine never came (its attach was given up) is only counted.
      return status === undefined || status.appliedIndex >= appliedIndex - 3;
    });
  }

  #judgeWrites(): void {
    const leader = this.#leader();
    if (leader === null) throw new Error('there is a leader');
    const view = leader.view();
    const bodies = new Map<string, number>();
    for (const text of this.#judge.events.values()) {
      const [, path, body] = text.split(' ');
      if (path?.startsWith('/w/') === true || path?.startsWith('/r/') === true) {
        bodies.set(body ?? '', (bodies.get(body ?? '') ?? 0) + 1);
      }
    }
    for (const { node, path, body, reply, error, calls } of this.#writes) {
      const lives = this.#machines.get(node.id)?.node === node;
      expect([path, calls === 1 || (calls === 0 && !lives)]).toEqual([path, true]);
      if (reply !== null) {
        // Its guard was "absent": a second coming would have been refused, and answered so.
        expect([path, body, reply.kind]).toEqual([path, body, 'applied']);
        const event = this.#judge.events.get(reply.revision);
        if (event !== undefined) expect(event.startsWith(`set ${path} ${body} `)).toBe(true);
        if (path.startsWith('/w/'))
          expect([path, fileAt(view, pathOf(path)) !== null]).toEqual([path, true]);
      } else if (error?.effect === 'none') {
        expect([path, body, error.code, bodies.get(body) ?? 0]).toEqual([
          path,
          body,
          error.code,
          0,
        ]);
      }
      expect([path, body, (bodies.get(body) ?? 0) <= 1]).toEqual([path, body, true]);
    }
  }
}

const foundCommand = (id: NodeId): Command => ({
  kind: 'found',
  lineage: { clusterId: clusterId('CLUSTERAAAAAAAAA'), epoch: 1, epochId: '' },
  name: 'test',
  behaviourVersion: 1,
  limits: { valueBytesMax: limits.valueBytesMax, pathBytesMax: limits.pathBytesMax },
  files: [
    { path: nodeFile(id, 'addr'), body: utf8('A:8046') },
    { path: slotPath('0'), body: utf8(id) },
  ],
});
