import { ClusterError, type NodeId, utf8 } from '../base/index.ts';
import type { Client } from '../client/index.ts';
import { slotPath } from '../paths/index.ts';
import type { Checksum } from '../ports/index.ts';
import { isBlockedByChange } from './blocked.ts';
import { Cluster } from './cluster.ts';
import { sleep } from './guests/desk.ts';
import type { Errand, GuestKind, GuestPlan } from './guests/errands.ts';
import { endGuest, sendGuest } from './guests/send.ts';
import { leasesGone } from './leases-gone.ts';
import type { Machine } from './machine.ts';
import { calmTemper, guestsWay } from './net/net.ts';
import type { Left, Plan } from './plan.ts';
import { Process } from './process.ts';
import { carryOut } from './steps.ts';
import { Violation } from './witness.ts';
import { World } from './world.ts';

/** How a run ended. */
export type Outcome = {
  readonly seed: number;
  readonly violation: { readonly checker: string; readonly message: string } | null;
  readonly happened: Readonly<Record<string, number>>;
  readonly madeUpMs: number;
  readonly happenings: number;
  /** Equal for two runs of one plan by one build. */
  readonly fingerprint: string;
};

export type RunOptions = {
  readonly checksum: Checksum;
  /** A line for each thing that happens. */
  readonly listener?: (line: string) => void;
  /** What of the plan is left out, if anything. */
  readonly left?: Left;
};

/** No run takes longer, made-up: beyond, it is stuck. */
const runMsMax = 300_000;
/** Nor does it hold more happenings. */
const happeningsMax = 3_000_000;
const foundWithinMs = 20_000;
const drainWithinMs = 30_000;
const agesEveryMs = 53;
/** While some are half cut off, and nothing else is wrong. */
const electionsMax = 2;
/** Guests that may be killed; of the others something is wanted at the end. */
const mayDie: ReadonlySet<GuestKind> = new Set(['library', 'caller', 'locker']);

/**
 * One life of a cluster, in two phases: anything may happen, and everything must stay true; then a core is
 * healed, and it must go on.
 */
export class Run {
  readonly #plan: Plan;
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #left: Left | null;
  #over = false;
  #failure: unknown = null;
  #guestsBusy = 0;
  #recoveredMs = 0;
  #isUnlucky = false;

  constructor(plan: Plan, options: RunOptions) {
    this.#plan = plan;
    this.#left = options.left ?? null;
    this.#world = new World(plan.seed);
    if (options.listener !== undefined) this.#world.listen(options.listener);
    this.#cluster = new Cluster(this.#world, plan, options.checksum, (failure) =>
      this.fail(failure),
    );
    this.#story().catch((error: unknown) => this.fail(error));
  }

  /** One happening. False once it is over. To be called again when every promise has gone on. */
  step(): boolean {
    if (this.#over) return false;
    try {
      this.#cluster.observe();
      const { nowMs, happened } = this.#world;
      if (nowMs > runMsMax || happened > happeningsMax) {
        throw new Violation(
          'progress',
          `still busy after ${nowMs} made-up ms, ${happened} happenings`,
        );
      }
      if (!this.#world.step()) throw new Violation('progress', 'nothing happens any more');
    } catch (error) {
      this.fail(error);
    }
    return !this.#over;
  }

  outcome(): Outcome {
    const { happened, checkers, net } = this.#cluster;
    const failure = this.#failure;
    return {
      seed: this.#plan.seed,
      violation: failure === null ? null : describe(failure),
      happened: {
        ...checkers.counts,
        ...happened,
        ...prefixed('frames', net.counts),
        ...this.#diskCounts(),
      },
      madeUpMs: this.#world.nowMs,
      happenings: this.#world.happened,
      fingerprint: this.#world.fingerprint,
    };
  }

  /** For whoever drives the run: something went wrong that nothing in it could tell. */
  fail(failure: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    this.#world.say(() => `!! ${describe(failure).message}`);
  }

  // --- the story --------------------------------------------------------------------------------

  async #story(): Promise<void> {
    const { shape } = this.#plan;
    await this.#found();
    this.#world.say(() => '-- founded');
    this.#cluster.net.setTemper(shape.net);
    this.#inviteGuests();
    this.#askAges();
    this.#plan.steps.forEach((step, i) => {
      if (this.#left !== null && !this.#left.steps.has(i)) return;
      this.#world.after(step.atMs, () => carryOut(this.#cluster, step));
    });
    await this.#sleep(shape.lengthMs);
    this.#cluster.calm = true;
    let core = this.#heal();
    const isAlive = await this.#progress(core);
    if (isAlive && shape.halfCut) core = await this.#rejoin(core);
    const isDrained = isAlive && (await this.#drained(core));
    this.#cluster.observe();
    this.#cluster.checkers.finish(isDrained);
    this.#over = true;
  }

  async #found(): Promise<void> {
    const { shape } = this.#plan;
    const cluster = this.#cluster;
    const first = cluster.addMachine();
    first?.start([]);
    await this.#until(() => first?.isUp === true, 'the founder is up', foundWithinMs);
    const { client } = cluster.operator();
    for (let i = 1; i < shape.voters + shape.spares; i++) {
      const machine = cluster.addMachine();
      if (machine === null) break;
      cluster.start(machine);
      if (i < shape.voters) await client.set(slotPath(`${i}`), '', -1);
    }
    const voters = (): number => cluster.checkers.membership.voters.length;
    await this.#until(() => voters() === shape.voters, 'all slots are filled', foundWithinMs);
    const isUp = ({ isUp }: Machine): boolean => isUp;
    await this.#until(() => cluster.machines.every(isUp), 'all are up', foundWithinMs);
  }

  #inviteGuests(): void {
    for (const plan of this.#plan.guests) {
      const process = new Process(this.#world, { startMs: 0, rate: 1, lookMs: 0 });
      this.#guestsBusy++;
      let isBusy = true;
      const left = (): void => {
        if (isBusy) this.#guestsBusy--;
        isBusy = false;
      };
      const parts = {
        cluster: this.#cluster,
        plan,
        process,
        fail: (error: unknown) => this.fail(error),
      };
      sendGuest(parts, this.#errands(plan)).then(left, parts.fail);
      const { diesMs, kind } = plan;
      if (diesMs === null || !mayDie.has(kind)) continue;
      this.#world.after(diesMs, () => {
        this.#world.say(() => `-- ${plan.name} is killed`);
        this.#cluster.happened.guestsKilled++;
        endGuest(this.#cluster, process);
        left();
      });
    }
  }

  /** From time to time, to the end. */
  #askAges(): void {
    this.#world.after(agesEveryMs, () => {
      this.#cluster.askAges();
      this.#askAges();
    });
  }

  /** Those that are left, and none once the faults are over. */
  *#errands({ name, errands }: GuestPlan): Generator<Errand> {
    for (const [i, errand] of errands.entries()) {
      if (this.#cluster.calm) return;
      if (this.#left !== null && !this.#left.errands.has(`${name}.${i}`)) continue;
      yield errand;
    }
  }

  /** Everything works again, but for machines that a majority can do without. */
  #heal(): readonly Machine[] {
    const cluster = this.#cluster;
    const { world, net, machines } = cluster;
    const { shape } = this.#plan;
    const spare = shape.bareCore ? this.#dispensable() : new Set<Machine>();
    world.say(() => `-- healed, without ${[...spare].map(({ name }) => name).join('') || 'none'}`);
    net.healAll();
    const isCalm = shape.halfCut && spare.size > 0;
    // Slow is allowed, but not so slow that time-outs mean nothing.
    const fair = { lossPercent: 0, repeatPercent: 0, reorderPercent: 0, tailPercent: 0 };
    net.setTemper(isCalm ? calmTemper : { ...shape.net, ...fair });
    const core: Machine[] = [];
    for (const machine of machines) {
      machine.heal();
      if (spare.has(machine)) {
        if (shape.halfCut) this.#cutHalf(machine);
        else machine.retire();
        continue;
      }
      machine.disk.setSpeed(isCalm ? { slowMs: 0.2, tailMs: 0 } : { slowMs: 4, tailMs: 50 });
      core.push(machine);
      if (machine.state === 'paused') machine.resume();
      if (machine.state === 'down') cluster.start(machine);
    }
    this.#recoveredMs = world.nowMs;
    // A change that was begun before anybody could know who went may need just those.
    const { tickMs, electionTimeoutTicks } = shape.timing;
    world.after(2.5 * electionTimeoutTicks * tickMs, () => {
      this.#isUnlucky = !this.#coreSuffices(core);
    });
    return core;
  }

  /**
   * It goes on, half there: it hears nobody, or nobody hears it, or it and one other see each other. No
   * guest gets there. It must not matter.
   */
  #cutHalf(machine: Machine): void {
    const { net, machines, world } = this.#cluster;
    // All in the same way: two of the last kind may see two others, of whom only one can lead.
    const how = world.chance('half cut').below(3);
    const chance = world.chance(`half cut ${machine.name}`);
    const others = machines.filter((other) => other !== machine);
    const seen = others[chance.below(others.length)];
    world.say(() => `-- ${machine.name} is half cut off: ${how}, ${seen?.name ?? 'nobody'}`);
    if (machine.state === 'paused') machine.resume();
    for (const other of others) {
      if (how === 2 && other === seen) continue;
      if (how !== 1) net.block(other.address, machine.address);
      if (how !== 0) net.block(machine.address, other.address);
    }
    net.block(guestsWay, machine.address);
    net.block(machine.address, guestsWay);
  }

  /** Those that were half cut off are whole again. By now a majority may be one with them. */
  async #rejoin(core: readonly Machine[]): Promise<readonly Machine[]> {
    const { machines, net } = this.#cluster;
    if (core.length === machines.length) return core;
    await this.#steady();
    net.healAll();
    const { checkers } = this.#cluster;
    const whole: Machine[] = [];
    for (const machine of machines) {
      const isMember = machine.folderOf !== null && checkers.isCommittedMember(machine.folderOf);
      if (!core.includes(machine) && !isMember) {
        machine.retire();
        continue;
      }
      whole.push(machine);
      if (machine.state === 'down') this.#cluster.start(machine);
    }
    return whole;
  }

  /**
   * Nobody who is half there keeps the others from agreeing who leads: once settled, there are no more
   * elections than a steward may ask for (Cloudflare 2020: six hours of them).
   */
  async #steady(): Promise<void> {
    const { tickMs, electionTimeoutTicks } = this.#plan.shape.timing;
    const timeoutMs = electionTimeoutTicks * tickMs;
    const { counts } = this.#cluster.checkers;
    await this.#sleep(8 * timeoutMs);
    const before = counts.elections;
    await this.#sleep(12 * timeoutMs);
    const elections = counts.elections - before;
    if (elections <= electionsMax) return;
    throw new Violation(
      'stability',
      `${elections} elections within ${12 * timeoutMs} ms, and ${electionsMax} are the most there may be`,
    );
  }

  /** Machines without which every membership that may be in force still has its majorities. */
  #dispensable(): Set<Machine> {
    const cluster = this.#cluster;
    const chance = this.#world.chance('core');
    const away = new Set<Machine>();
    const candidates = [...cluster.machines];
    while (candidates.length > 0) {
      const [machine] = candidates.splice(chance.below(candidates.length), 1);
      if (machine === undefined) break;
      away.add(machine);
      const gone = new Set<NodeId>();
      for (const each of [...away, ...cluster.destroyed]) {
        for (const id of each.ids) gone.add(id);
      }
      if (!cluster.checkers.hasQuorumWithout(gone)) away.delete(machine);
    }
    return away;
  }

  /** Within ten election timeouts of the healing a write is acknowledged, unless nobody could. */
  async #progress(core: readonly Machine[]): Promise<boolean> {
    const { tickMs, electionTimeoutTicks } = this.#plan.shape.timing;
    const withinMs = 10 * 2 * electionTimeoutTicks * tickMs;
    const process = new Process(this.#world, { startMs: 0, rate: 1, lookMs: 0 });
    const client = this.#cluster.client(process, 'progress');
    let alive = false;
    this.#write(client, process, () => alive).then(
      () => {
        alive = true;
      },
      (error: unknown) => this.fail(error),
    );
    const who = core.map(({ name }) => name).join('');
    const { nowMs } = this.#world;
    while (!alive && this.#world.nowMs < nowMs + withinMs) {
      await this.#sleep(25);
    }
    if (!alive && this.#isExcused(core)) return false;
    if (!alive) {
      throw new Violation(
        'progress',
        `not within ${withinMs} ms: ${who} take a write after healing`,
      );
    }
    this.#world.say(
      () => `-- alive after ${(this.#world.nowMs - this.#recoveredMs).toFixed(0)} ms`,
    );
    return true;
  }

  #away(core: readonly Machine[]): Set<Machine> {
    return new Set(this.#cluster.machines.filter((machine) => !core.includes(machine)));
  }

  /** Nobody could go on: see docs/simulator.md. */
  #isExcused(core: readonly Machine[]): boolean {
    const isLost = this.#cluster.isLost(this.#away(core)) || isBlockedByChange(core);
    if (!this.#isUnlucky && !isLost) return false;
    this.#world.say(() => '-- the quorum is lost for good');
    this.#cluster.happened.excused++;
    return true;
  }

  #coreSuffices(core: readonly Machine[]): boolean {
    const gone = new Set<NodeId>();
    for (const { ids } of this.#away(core)) for (const id of ids) gone.add(id);
    return this.#cluster.checkers.hasQuorumWithout(gone);
  }

  async #write(client: Client, process: Process, done: () => boolean): Promise<void> {
    for (let n = 0; !done(); n++) {
      try {
        await client.set('/alive', utf8(`alive ${n}`), -1, { timeoutMs: 1500 });
        return;
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        await sleep(process, 50);
      }
    }
  }

  async #drained(core: readonly Machine[]): Promise<boolean> {
    try {
      await this.#drain(core);
      return true;
    } catch (error) {
      if (error instanceof Violation && this.#isExcused(core)) return false;
      throw error;
    }
  }

  /** What was asked is answered, watches are where the tree is, and all that run agree. */
  async #drain(core: readonly Machine[]): Promise<void> {
    const cluster = this.#cluster;
    await this.#until(() => this.#guestsBusy === 0, 'guests are answered', drainWithinMs);
    const isLevel = (): boolean => {
      let applied = -1;
      for (const { node, isUp } of core) {
        if (!isUp || node === null) return false;
        const { appliedIndex } = node.view();
        if (applied === -1) applied = appliedIndex;
        if (applied !== appliedIndex) return false;
      }
      return true;
    };
    await this.#until(isLevel, 'all nodes have applied the same', drainWithinMs);
    await leasesGone(cluster, core);
    const { checkers } = cluster;
    await this.#until(() => checkers.watchesDrained(), 'watches were told of all', drainWithinMs);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.after(ms, resolve));
  }

  async #until(condition: () => boolean, what: string, withinMs: number): Promise<void> {
    const endMs = this.#world.nowMs + withinMs;
    while (!condition()) {
      if (this.#world.nowMs >= endMs) {
        throw new Violation('progress', `not within ${withinMs} ms: ${what}`);
      }
      await this.#sleep(25);
    }
  }

  #diskCounts(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const { disk } of this.#cluster.machines) {
      for (const [name, count] of Object.entries(disk.describe())) {
        sum[`disk.${name}`] = (sum[`disk.${name}`] ?? 0) + count;
      }
    }
    return sum;
  }
}

function describe(failure: unknown): { checker: string; message: string } {
  if (failure instanceof Violation) return { checker: failure.checker, message: failure.message };
  const name = failure instanceof Error ? failure.name : 'thrown';
  const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
  return { checker: name, message: text };
}

const prefixed = (
  prefix: string,
  counts: Readonly<Record<string, number>>,
): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix}.${name}`, count]));
