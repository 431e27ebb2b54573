import { type Prng, prng } from '../../src/base/index.ts';
import { connect } from '../../src/connect/index.ts';
import { DrillCluster } from './cluster.ts';
import { DoozerClient, verbs } from './doozer-client.ts';
import { CheckedLoad } from './history/load.ts';
import { Recorder } from './history/recorder.ts';
import type { DrillOptions } from './options.ts';
import type { Doozerd, Scratch } from './processes.ts';
import type { Story } from './story.ts';
import { nowMs, pause, until } from './wait.ts';

/** How a drill wants its cluster and its load. */
export type Setting = {
  readonly voters: number;
  /** Addresses to set aside beyond the voters', for nodes that come later. */
  readonly spares?: number;
  /** Where the nodes listen; default: free ports of this machine. */
  readonly addresses?: readonly string[];
  /** Flags of every node beside those of all drills. */
  readonly args?: readonly string[];
  /** Called before any node starts. */
  readonly prepare?: (cluster: DrillCluster) => void;
  readonly clients?: number;
};

/** Everything stays readable, so that all of it can be checked. */
const wholeHistory = ['-hist', '1000000'];
const clientsByDefault = 9;
const thinkMsMax = 12;

/** A cluster of real processes under a load that is recorded, and the faults that are done to it. */
export class Campaign {
  readonly scratch: Scratch;
  readonly story: Story;
  readonly options: DrillOptions;
  readonly cluster: DrillCluster;
  readonly random: Prng;
  readonly recorder = new Recorder();
  /** By place; `null`: nothing runs there. */
  readonly nodes: (Doozerd | null)[] = [];
  /** Where clients look; the load shares it. */
  readonly addresses: string[] = [];
  /** How many of each. */
  readonly faults: Record<string, number> = {};
  /** Processes that a drill expects to end by themselves. */
  readonly mayEnd = new Set<Doozerd>();
  #deadlineMs = Number.POSITIVE_INFINITY;
  #baseline = 0;
  #load: CheckedLoad | null = null;

  private constructor(
    scratch: Scratch,
    story: Story,
    options: DrillOptions,
    cluster: DrillCluster,
  ) {
    this.scratch = scratch;
    this.story = story;
    this.options = options;
    this.cluster = cluster;
    this.random = prng(options.seed);
  }

  /** Founds the cluster and has all its voters vote. */
  static async found(
    scratch: Scratch,
    story: Story,
    options: DrillOptions,
    setting: Setting,
  ): Promise<Campaign> {
    const args = [...wholeHistory, ...(setting.args ?? [])];
    const places = setting.voters + (setting.spares ?? 0);
    const cluster =
      setting.addresses === undefined
        ? await DrillCluster.plan(scratch, places, ...args)
        : DrillCluster.at(scratch, setting.addresses, ...args);
    setting.prepare?.(cluster);
    const campaign = new Campaign(scratch, story, options, cluster);
    await campaign.#begin(setting.voters);
    return campaign;
  }

  get baseline(): number {
    return this.#baseline;
  }

  /** Whether the time for faults is over. */
  get isOver(): boolean {
    return nowMs() >= this.#deadlineMs;
  }

  get places(): number[] {
    return this.nodes.flatMap((node, place) => (node === null ? [] : [place]));
  }

  async startLoad(clients = clientsByDefault): Promise<void> {
    const client = await connect({ addresses: this.addresses });
    this.#baseline = await client.rev();
    await client.close();
    const { addresses, recorder } = this;
    const { seed } = this.options;
    this.#load = new CheckedLoad(recorder, {
      seed,
      addresses,
      baseline: this.#baseline,
      clients,
      thinkMsMax,
    });
    const load = this.#load;
    this.scratch.atEnd(() => load.close());
    await load.start();
    this.startClock();
  }

  /** From here on the time for faults runs. */
  startClock(): void {
    this.#deadlineMs = nowMs() + this.options.seconds * 1000;
  }

  /** Counts a fault and tells it. */
  fault(kind: string, text: string): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
    this.story.tell(text);
  }

  pick<T>(of: readonly T[]): T {
    const one = of[this.random.below(of.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  }

  between(least: number, most: number): number {
    return least + this.random.below(Math.max(1, most - least));
  }

  /** Waits a while of chance, or until the time is over. */
  async rest(leastMs: number, mostMs: number): Promise<void> {
    const endMs = nowMs() + this.between(leastMs, mostMs);
    while (nowMs() < endMs && !this.isOver) await pause(Math.min(20, endMs - nowMs()));
  }

  /** A place: one in three times the leader's, if it can be found out quickly. */
  async victim(): Promise<number> {
    const wantsLeader = this.random.below(3) === 0;
    const other = this.pick(this.places);
    return wantsLeader ? ((await this.leader()) ?? other) : other;
  }

  /** The leader's place, if some node knows it. */
  async leader(withinMs = 1500): Promise<number | null> {
    const slow = pause(withinMs).then(() => null);
    const asked = this.cluster.leader(this.places).catch(() => null);
    return Promise.race([asked, slow]);
  }

  node(place: number): Doozerd {
    const node = this.nodes[place];
    if (node === undefined || node === null) throw new Error(`nothing runs at place ${place}`);
    return node;
  }

  async kill(place: number): Promise<void> {
    await this.node(place).kill();
  }

  /** Starts the node at a place anew with the folder it has. */
  start(place: number, attach?: number): void {
    this.nodes[place] = this.cluster.start(place, attach);
  }

  /** Until the node at `place` answers a read of the newest state. */
  async answers(place: number, withinMs = 30_000): Promise<number> {
    const address = this.cluster.address(place);
    const { tookMs } = await until(`the node at ${address} to answer`, withinMs, async () => {
      const node = this.nodes[place];
      if (node?.endedByItself === true && !this.mayEnd.has(node)) {
        throw new Error(`the process ended by itself`);
      }
      const client = await DoozerClient.connect(address);
      try {
        const response = await client.ask({ verb: verbs.get, path: '/ctl/name' }, 6000);
        return response.errCode === null ? true : null;
      } finally {
        client.close();
      }
    });
    return tookMs;
  }

  /** Until something that needs a majority succeeds that was not there before. */
  async progress(withinMs = 30_000): Promise<number> {
    const sinceMs = nowMs();
    const { tookMs } = await until('anything to succeed again', withinMs, () =>
      this.recorder.lastSuccessMs > sinceMs ? true : null,
    );
    return tookMs;
  }

  /** Ends operations, writes the last one, and lets every watch come to it. Says its revision. */
  async finish(): Promise<number> {
    const load = this.#load;
    if (load === null) throw new Error('there is no load');
    await load.stop();
    const client = await connect({ addresses: this.addresses, openTimeoutMs: 30_000 });
    try {
      const path = '/drill/hot/end';
      let last = 0;
      for (let n = 0; last === 0; n++) {
        const body = `lib-end.${n}`;
        const asked = { client: 'lib-end', what: 'set', path, body, guard: -1 } as const;
        const write = await this.recorder.write(asked, () => client.set(path, body, -1));
        if (write.outcome?.kind === 'done') last = write.outcome.revision;
        else if (n >= 10) throw new Error('the last write was never done');
      }
      await this.#drained(last);
      return last;
    } finally {
      await client.close();
      await load.close();
    }
  }

  async #drained(revision: number): Promise<void> {
    const behind = () =>
      this.recorder.streams.filter(
        ({ end, seen }) => end === 'open' && (seen.at(-1)?.revision ?? 0) < revision,
      );
    try {
      await until('every watch to come to the end', 30_000, () =>
        behind().length === 0 ? true : null,
      );
    } catch {
      // The checker names what is missing.
      const who = behind().map(({ client, seen }) => `${client} at ${seen.at(-1)?.revision}`);
      this.story.tell(`watches that hang before ${revision}: ${who.join(', ')}`);
    }
  }

  async #begin(voters: number): Promise<void> {
    this.start(0);
    await this.answers(0);
    for (let place = 1; place < voters; place++) this.start(place, 0);
    const client = await connect({ addresses: [this.cluster.address(0)] });
    try {
      for (let slot = 1; slot < voters; slot++) await client.set(`/ctl/cal/${slot}`, '', 0);
      await until('all slots to be filled', 30_000, async () => {
        const { membership } = await client.members();
        return membership.voters.length === voters && membership.outgoing === null ? true : null;
      });
    } finally {
      await client.close();
    }
    for (let place = 0; place < voters; place++) await this.answers(place);
    this.addresses.push(...this.cluster.addresses.slice(0, voters));
    this.story.tell(`${voters} voters at ${this.addresses.join(', ')}; seed ${this.options.seed}`);
  }
}
