import { ClusterError, limits, type NodeId } from '../base/index.ts';
import { Client, type ClientOptions } from '../client/index.ts';
import type { Checksum } from '../ports/index.ts';
import { Checkers } from './checkers/checkers.ts';
import { type DiskFault, type Verdict, type VoterStanding, verdictOn } from './disk/atlas.ts';
import { SimDisk } from './disk/disk.ts';
import { History } from './history.ts';
import { Machine } from './machine.ts';
import { calmTemper, SimNet } from './net/net.ts';
import { machinesMax, type Plan } from './plan.ts';
import { Process } from './process.ts';
import { Violation } from './witness.ts';
import type { World } from './world.ts';

const letters = 'ABCDEFGHIJ';
const addressOf = (name: string): string => `${name.toLowerCase()}:1`;
const everyAddress = [...letters].slice(0, machinesMax).map(addressOf);

/** What happened to a cluster, beside what its checkers count. */
export type Happened = Record<
  | 'crashes'
  | 'powerCuts'
  | 'blackouts'
  | 'pauses'
  | 'partitions'
  | 'resets'
  | 'attaches'
  | 'diskErrors'
  | 'diskFull'
  | 'rots'
  | 'foldersLost'
  | 'refusedToStart'
  | 'operatorChanges'
  | 'scribbles'
  | 'selfEnded'
  | 'guestsKilled'
  | 'guestsCutOff'
  | 'guestsStalled'
  /** Runs in which too many folders were lost to go on: operators had left too few voters. */
  | 'excused',
  number
>;

/** Machines, links and people around them: everything a plan acts upon. */
export class Cluster {
  readonly world: World;
  readonly plan: Plan;
  readonly net: SimNet;
  readonly history: History;
  readonly checkers: Checkers;
  readonly machines: Machine[] = [];
  readonly happened: Happened = {
    crashes: 0,
    powerCuts: 0,
    blackouts: 0,
    pauses: 0,
    partitions: 0,
    resets: 0,
    attaches: 0,
    diskErrors: 0,
    diskFull: 0,
    rots: 0,
    foldersLost: 0,
    refusedToStart: 0,
    operatorChanges: 0,
    scribbles: 0,
    selfEnded: 0,
    guestsKilled: 0,
    guestsCutOff: 0,
    guestsStalled: 0,
    excused: 0,
  };
  readonly #checksum: Checksum;
  readonly #chance;
  readonly #failed: (violation: unknown) => void;
  /** Machines whose process may fail with the disk, since something was done to it. */
  readonly #troubled = new Set<Machine>();
  /** Machines that lost something durable, ever. */
  readonly destroyed = new Set<Machine>();
  /** Ids of nodes that may have lost what they promised. */
  readonly #broken = new Set<NodeId>();
  /** Machines that were hit and have not been seen whole since. */
  readonly #hits = new Map<Machine, Hit>();
  /** Guests that came for one thing only. */
  visitors = 0;
  /** Machines to which something was done, ever; and whether anything was done to the net. */
  readonly touched = new Set<Machine>();
  netTouched = false;
  /** Some clock jumped: what waits by it may end at once. */
  clocksJumped = false;
  /** An operator asked for fewer voters, or may have. */
  operatorShrinks = false;
  /** Nothing is done to the cluster any more. */
  calm = false;
  #operator: Client | null = null;
  #operatorProcess: Process | null = null;

  constructor(world: World, plan: Plan, checksum: Checksum, failed: (violation: unknown) => void) {
    this.world = world;
    this.history = new History(() => world.nowMs);
    this.plan = plan;
    this.#checksum = checksum;
    this.#failed = failed;
    this.#chance = world.chance('cluster');
    this.net = new SimNet({ world, temper: calmTemper });
    const { shape } = plan;
    this.checkers = new Checkers({
      history: this.history,
      minVoters: shape.silenceMs === 0 ? 1 : shape.minVoters,
      operatorShrinks: () => this.operatorShrinks,
      isAlwaysThere: (id) => this.#isAlwaysThere(id),
      lostByFault: (id) => this.#broken.has(id),
      // A node alone answers after its own bound, by a clock that may be fast.
      mayBeStale: ({ tookMs }) => this.clocksJumped || tookMs > limits.requestTimeoutMs / 1.3,
      keepsFloor: (guest) => guest.startsWith('l'),
      clocks: () => this.#clocks(),
      hasSession: (guest) =>
        plan.guests.some(
          ({ name, kind, sessionLengthMs }) =>
            name === guest &&
            (kind === 'caller' || (kind === 'library' && sessionLengthMs !== null)),
        ),
    });
    this.net.tapNative(this.checkers.streams);
  }

  /** A new machine, not yet started. `null`: there are enough. */
  addMachine(): Machine | null {
    const { machines, world, plan, net } = this;
    const { shape } = plan;
    const i = machines.length;
    if (i >= machinesMax) return null;
    const name = letters.charAt(i);
    const pace = shape.paces[i] ?? { startMs: 0, rate: 1, lookMs: 0 };
    const temper = shape.disks[i] ?? { slowMs: 0, tailMs: 0, capacityBytes: null };
    const machine = new Machine(name, addressOf(name), {
      world,
      net,
      disk: new SimDisk({ world, name, temper }),
      witness: this.checkers,
      checksum: this.#checksum,
      options: {
        clusterName: 'sim',
        attach: [],
        bootUri: null,
        pulseMs: 2000,
        silenceMs: shape.silenceMs,
        historyRevisions: shape.historyRevisions,
        dataFolder: 'data',
        minVoters: shape.minVoters,
        secrets: { rw: '', ro: '' },
        version: 'sim',
        timing: shape.timing,
        promoteAfterMs: 200,
        wal: { segmentBytes: 32 * 1024, firstSegmentBytes: 16 * 1024, reserveBytes: 16 * 1024 },
        ...(shape.smallLogs && { snapshotEveryBytes: 4000, logKeptBytes: 400 }),
      },
      pace: () => (this.calm ? { ...pace, lookMs: 0 } : pace),
      ended: (ended, error) => this.#processEnded(ended, error),
      failed: this.#failed,
    });
    machines.push(machine);
    return machine;
  }

  /** All addresses but its own: what it is given to attach through. */
  others(machine: Machine): string[] {
    return this.machines.filter((other) => other !== machine).map(({ address }) => address);
  }

  start(machine: Machine): void {
    machine.start(this.others(machine));
  }

  startLater(machine: Machine, ms: number): void {
    this.world.after(ms, () => this.start(machine));
  }

  /** The machine whose node leads in the highest term, as far as it knows itself. */
  leader(): Machine | null {
    let best: Machine | null = null;
    let bestTerm = -1;
    for (const machine of this.machines) {
      const { node } = machine;
      if (node === null || machine.state === 'down' || !node.leads()) continue;
      const { term } = node.status().raft;
      if (term <= bestTerm) continue;
      best = machine;
      bestTerm = term;
    }
    return best;
  }

  /** One time in three whoever leads, else any. */
  victim(who: number): Machine {
    const leader = who % 3 === 0 ? this.leader() : null;
    const machine = leader ?? this.machines[Math.floor(who / 3) % this.machines.length];
    if (machine === undefined) throw new TypeError('there are machines');
    return machine;
  }

  machineOf(id: NodeId): Machine | null {
    return this.machines.find((machine) => machine.id === id) ?? null;
  }

  /** It may end with a disk error from now on. */
  trouble(machine: Machine): void {
    this.#troubled.add(machine);
  }

  /** The person at the console, who is never cut off from anybody. */
  operator(): { readonly client: Client; readonly process: Process } {
    if (this.#operator === null || this.#operatorProcess === null) {
      this.#operatorProcess = new Process(this.world, { startMs: 0, rate: 1, lookMs: 0 });
      this.#operator = this.client(this.#operatorProcess, 'operator');
    }
    return { client: this.#operator, process: this.#operatorProcess };
  }

  /** @param options  of a guest's own. */
  client(
    process: Process,
    name: string,
    options: Pick<ClientOptions, 'sessionLengthMs' | 'requestTimeoutMs'> = {},
  ): Client {
    return new Client(
      { dial: this.net.dial(process), clock: process, prng: this.world.chance(`client ${name}`) },
      // Also those that come later: a client hears of members when it connects, and may outlive them all.
      { addresses: everyAddress, clusterName: 'sim', client: name, ...options },
    );
  }

  /** What an operator tries; what comes of it is the cluster's business. */
  attempt(action: (client: Client) => Promise<unknown>): void {
    this.happened.operatorChanges++;
    action(this.operator().client).catch((error: unknown) => {
      if (!(error instanceof ClusterError)) this.#failed(error);
    });
  }

  /**
   * Nobody can go on: folders are lost, and with them ids, or machines stay away; and what one of the
   * others doubts of its own log, only those could have told.
   */
  isLost(away: ReadonlySet<Machine>): boolean {
    const gone = new Set<NodeId>();
    for (const machine of this.machines) {
      const { ids, folderOf, isUp } = machine;
      // One whose disk lost something may find that it cannot come back under its id.
      const isBroken = this.destroyed.has(machine) && (!isUp || isInDoubt(machine));
      const isGone = away.has(machine) || isBroken;
      for (const id of ids) if (id !== folderOf || isGone) gone.add(id);
    }
    const inForce = this.checkers.votersInForce().flat();
    if (!inForce.some((id) => gone.has(id))) return false;
    for (const machine of this.machines) {
      if (machine.id !== null && isInDoubt(machine)) gone.add(machine.id);
    }
    return !this.checkers.hasQuorumWithout(gone);
  }

  /** Something durable of it is about to go. */
  hit(machine: Machine): void {
    this.destroyed.add(machine);
    for (const id of machine.ids) this.#broken.add(id);
    this.#hits.set(machine, { starts: machine.starts, committed: this.checkers.committedIndex });
  }

  /** What the cluster must survive, if this is done to that machine now. */
  verdict(machine: Machine, fault: DiskFault): Verdict {
    const { bad } = this.plan.shape;
    for (const [victim, hit] of this.#hits)
      if (isWholeAgain(victim, hit)) this.#hits.delete(victim);
    const standing = (id: NodeId): VoterStanding<Machine | null> => {
      const of = this.machines.find(({ ids }) => ids.has(id)) ?? null;
      // An id that its machine has left behind will never be heard again.
      return {
        machine: of,
        isSound: of !== null && of.folderOf === id && !this.#hits.has(of) && !isInDoubt(of),
      };
    };
    const chosen = bad === null ? null : (this.machines[bad] ?? null);
    return verdictOn<Machine | null>(fault, machine, {
      bad: new Set(chosen === null ? [] : [chosen]),
      voters: this.checkers.votersInForce().map((voters) => voters.map(standing)),
      hit: new Set(
        [...this.#hits].filter(([m, { starts }]) => m.starts === starts).map(([m]) => m),
      ),
    });
  }

  #isAlwaysThere(id: NodeId): boolean {
    const { net, disks, paces } = this.plan.shape;
    if (this.calm || this.netTouched || net.lossPercent > 0 || net.tailPercent > 0) return false;
    const i = this.machines.findIndex(({ folderOf }) => folderOf === id);
    const machine = this.machines[i];
    if (machine === undefined || this.touched.has(machine)) return false;
    return disks[i]?.tailMs === 0 && paces[i]?.lookMs === 0;
  }

  /** The fastest of the machines' clocks, and how far a slow machine ever was ahead of the world. */
  #clocks(): { readonly fastest: number; readonly aheadMs: number } {
    const { paces } = this.plan.shape;
    let fastest = 1;
    let aheadMs = 0;
    for (const [i, machine] of this.machines.entries()) {
      fastest = Math.max(fastest, paces[i]?.rate ?? 1);
      aheadMs = Math.max(aheadMs, machine.aheadMs);
    }
    return { fastest, aheadMs };
  }

  /** Asks every node, as a guest would, how old its state may be. */
  askAges(): void {
    for (const machine of this.machines) {
      machine.ask((node) => {
        const { leader, membership } = node.status().raft;
        const { revision } = node.view();
        this.checkers.ages.sampled({
          node: node.status().id,
          ageMs: node.ageMs(),
          revision,
          leader,
          membership,
          localMs: machine.localMs,
          aheadMs: machine.aheadMs,
          nowMs: this.world.nowMs,
          lagMs: null,
        });
      });
    }
  }

  observe(): void {
    for (const machine of this.machines) machine.observe();
  }

  /** A process ended by itself. Somebody starts it again, as a supervisor does. */
  #processEnded(machine: Machine, error: unknown): void {
    const { happened } = this;
    this.touched.add(machine);
    if (error !== null) happened.selfEnded++;
    const restartMs = 50 + this.#chance.below(500);
    const code = error instanceof ClusterError ? error.code : null;
    if (code === 'ERR_DISK_FAILED' && !this.#troubled.has(machine)) {
      return this.#failed(new Violation('disk', `${machine.name} failed without cause: ${error}`));
    }
    if (code === 'ERR_DISK_CORRUPT') {
      happened.refusedToStart++;
      if (!this.destroyed.has(machine)) {
        return this.#failed(
          new Violation('recovery', `${machine.name} cannot read what nobody spoilt: ${error}`),
        );
      }
      // As the error says: the folder goes, and the machine comes back as a new node.
      machine.loseFolder();
    }
    this.startLater(machine, restartMs);
  }
}

type Hit = {
  /** How often its process had been started by then. */
  readonly starts: number;
  /** What was committed by then, as far as anybody had applied it. */
  readonly committed: number;
};

const isInDoubt = ({ node }: Machine): boolean => (node?.status().raft.suspect ?? null) !== null;

/** It was started since, doubts nothing, and has everything that was committed when it was hit. */
function isWholeAgain(machine: Machine, { starts, committed }: Hit): boolean {
  const { node } = machine;
  if (machine.starts === starts || node === null) return false;
  return node.view().appliedIndex >= committed && node.status().raft.suspect === null;
}
