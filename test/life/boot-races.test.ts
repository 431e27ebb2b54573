// Who founds, when every process may stand still, die and come back between any two things that it does.
import { expect, test } from 'vitest';
import { type NodeId, type Prng, prng } from '../../src/base/index.ts';
import { judgeNames } from '../../src/life/boot.ts';
import { freshNodeId } from '../../src/life/founding.ts';
import type { SeedAnswer } from '../../src/life/seeds.ts';
import { claimFounding, type Names, readNames } from '../../src/naming/index.ts';
import { FakeBoot, FakeBootClient } from '../support/fake-boot.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** Never resolves for a process that has died. */
const never = new Promise<never>(() => {});

/** A machine with one address: its folder outlives its process, unless it is wiped. */
class Machine {
  readonly address: string;
  id: NodeId;
  /** The cluster whose data is in the folder. */
  data: string | null = null;
  process: Candidate | null = null;

  constructor(address: string, id: NodeId) {
    this.address = address;
    this.id = id;
  }
}

class World {
  readonly clock = new FakeClock();
  readonly boot = new FakeBoot();
  readonly chance: Prng;
  readonly machines: Machine[];
  readonly keepsData: boolean;
  isQuiet = false;
  founded = 0;
  /** Memory only: whose right to found was certain at a moment when another's was. */
  readonly wrongs: string[] = [];

  constructor(seed: number, keepsData: boolean) {
    this.chance = prng(seed);
    this.keepsData = keepsData;
    const count = 2 + this.chance.below(3);
    this.machines = Array.from(
      { length: count },
      (_, i) => new Machine(`m:${i + 1}`, this.freshId()),
    );
  }

  freshId(): NodeId {
    return freshNodeId({
      bytes: (n: number) => Uint8Array.from({ length: n }, () => this.chance.below(256)),
      seed: () => this.chance.below(1000),
    });
  }

  at(address: string): Candidate | null {
    return this.machines.find((machine) => machine.address === address)?.process ?? null;
  }

  founds(machine: Machine): void {
    const cluster = `c${++this.founded}`;
    for (const other of this.machines) {
      if (other === machine) continue;
      const holds = this.keepsData
        ? other.data
        : other.process?.certain() === true
          ? 'memory'
          : null;
      if (holds !== null) this.wrongs.push(`${machine.address} founds ${cluster} beside ${holds}`);
    }
    machine.data = cluster;
  }
}

/** One process that looks for its cluster as `settleByNames` does. */
class Candidate {
  readonly #world: World;
  readonly #machine: Machine;
  readonly #client: FakeBootClient;
  isDead = false;
  certain: () => boolean = () => false;

  constructor(world: World, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
    this.#client = new FakeBootClient(world.boot, world.clock, () => this.hop());
  }

  kill(): void {
    this.isDead = true;
    this.#client.dies();
    this.#machine.process = null;
    if (!this.#world.keepsData) this.#machine.data = null;
  }

  async hop(): Promise<void> {
    const { chance, clock, isQuiet } = this.#world;
    const stands = !isQuiet && chance.below(12) === 0;
    const ms = stands ? 1000 + chance.below(29_000) : chance.below(120);
    if (stands) this.#client.stillFor(ms);
    await new Promise<void>((resolve) => clock.after(ms, resolve));
    if (this.isDead) await never;
  }

  async run(): Promise<void> {
    const { clock, keepsData } = this.#world;
    const machine = this.#machine;
    const client = this.#client.asClient;
    const plan = {
      nodeId: machine.id,
      address: machine.address,
      clusterName: 'x',
      attachOnly: false,
      keepsData,
    };
    while (machine.data === null) {
      const startMs = clock.now();
      const names = await readNames(client, 'x');
      const verdict = judgeNames(plan, names, await this.#ask(names));
      if (verdict.kind === 'attach') machine.data = this.#clusterAt(verdict.through);
      else if (verdict.kind === 'found') this.#world.founds(machine);
      else if (verdict.kind === 'claim' && clock.now() - startMs < 5000) {
        const candidate = { name: 'x', id: machine.id, address: machine.address, keepsData };
        const claim = await claimFounding(client, candidate, verdict.gone);
        if (claim === null) continue;
        // Stopping the empty node takes a moment, in which everything may happen.
        await this.hop();
        if (!claim.isGood()) continue;
        this.certain = () => !claim.lease.isLost;
        this.#world.founds(machine);
      } else await this.hop();
    }
  }

  #clusterAt(through: readonly string[]): string | null {
    for (const address of through) {
      const found = this.#world.machines.find((machine) => machine.address === address);
      if (found?.process !== null && found?.data !== undefined) return found.data;
    }
    return null;
  }

  async #ask(names: Names): Promise<Map<string, SeedAnswer>> {
    const answers = new Map<string, SeedAnswer>();
    for (const { address } of [...names.announced, ...names.kept]) {
      if (address === null) continue;
      await this.hop();
      const machine = this.#world.machines.find((each) => each.address === address);
      if (machine?.process == null) continue;
      const belongs = machine.data !== null;
      answers.set(address, { kind: 'home', nodeId: machine.id, belongs, seeds: [] });
    }
    await this.hop();
    return answers;
  }
}

/** Faults for a while, then none: everybody is started and must come into one cluster. */
async function live(world: World): Promise<void> {
  const { chance, clock, machines } = world;
  const start = (machine: Machine): void => {
    const process = new Candidate(world, machine);
    machine.process = process;
    void process.run();
  };
  for (let step = 0; step < 25; step++) {
    const machine = machines[chance.below(machines.length)];
    if (machine === undefined) continue;
    if (machine.process === null) {
      // A folder is lost now and then, but only one that holds nothing: else its data is lost, and rightly forgotten.
      if (!world.keepsData || (machine.data === null && chance.below(3) === 0)) {
        machine.id = world.freshId();
      }
      start(machine);
    } else if (chance.below(3) === 0) machine.process.kill();
    await clock.advance(chance.below(4000));
  }
  world.isQuiet = true;
  for (const machine of machines) if (machine.process === null) start(machine);
  await clock.advance(120_000);
}

test.each([
  ['with folders', true],
  ['in memory', false],
])('%s there are never two founders, and in the end one cluster', async (_, keepsData) => {
  for (let seed = 1; seed <= 60; seed++) {
    const world = new World(seed, keepsData);
    await live(world);
    expect({ seed, wrongs: world.wrongs }).toEqual({ seed, wrongs: [] });
    if (!keepsData) continue;
    const clusters = new Set(world.machines.map(({ data }) => data));
    expect({ seed, clusters: [...clusters] }).toEqual({ seed, clusters: [expect.any(String)] });
  }
});
