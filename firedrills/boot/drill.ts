import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Prng, prng } from '../../src/base/index.ts';
import { type Client, connect } from '../../src/connect/index.ts';
import { DrillCluster } from '../support/cluster.ts';
import { UsageError } from '../support/options.ts';
import type { Doozerd, Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { expect, median, nowMs, pause, until } from '../support/wait.ts';

/** How the nodes of a round find each other. */
type Way = 'seed' | 'b';

const roundsByDefault = 2;
const nodesMin = 3;
const nodesMax = 5;
/** Nodes that do not start at once start with pauses up to this. */
const betweenMsMax = 1200;
/** A node is killed so long after its start at most, and started again so long after that. */
const killedWithinMs = 2500;
const againWithinMs = 400;
const withinMs = 90_000;

export async function drill(scratch: Scratch, story: Story, words: readonly string[]) {
  const { rounds, seed } = optionsOf(words);
  story.seed = seed;
  const chance = prng(seed);
  const bootPlan = await DrillCluster.plan(scratch, 1, '-c', 'names', '-data', 'none');
  bootPlan.start(0);
  await bootPlan.ready(0);
  for (const way of ['seed', 'b'] as const) {
    const formedMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const told = new Round(scratch, story, chance, way, `${way}${round}`, bootPlan.address(0));
      formedMs.push(await told.run());
    }
    const [typical, longest] = [median(formedMs), Math.max(...formedMs)];
    story.figure(
      `-${way}: ${rounds} of ${rounds} times one cluster; all vote ${typical} ms after the last start (median), ${longest} ms at most`,
    );
  }
}

/** One cluster, from nothing to the writes through each of its nodes. */
class Round {
  readonly #scratch: Scratch;
  readonly #story: Story;
  readonly #chance: Prng;
  readonly #way: Way;
  readonly #name: string;
  readonly #bootAddress: string;
  readonly #count: number;
  readonly #nodes: Doozerd[] = [];
  #kills = 0;

  constructor(
    scratch: Scratch,
    story: Story,
    chance: Prng,
    way: Way,
    name: string,
    bootAddress: string,
  ) {
    this.#scratch = scratch;
    this.#story = story;
    this.#chance = chance;
    this.#way = way;
    this.#name = name;
    this.#bootAddress = bootAddress;
    this.#count = nodesMin + chance.below(nodesMax - nodesMin + 1);
  }

  /** How long after the last start all of them voted. */
  async run(): Promise<number> {
    const cluster = await this.#plan();
    const places = this.#shuffled();
    const atOnce = this.#chance.below(3) === 0;
    const killed = new Set(this.#chance.below(2) === 0 ? places.slice(this.#chance.below(2)) : []);
    const starts = places.map((place, i) => {
      const afterMs = atOnce || i === 0 ? 0 : this.#chance.below(betweenMsMax);
      const kill = killed.has(place)
        ? {
            afterMs: this.#chance.below(killedWithinMs),
            againMs: this.#chance.below(againWithinMs),
          }
        : null;
      return { place, afterMs, kill };
    });
    const fates: Promise<void>[] = [];
    for (const { place, afterMs, kill } of starts) {
      await pause(afterMs);
      fates.push(this.#start(cluster, place, kill));
    }
    await Promise.all(fates);
    const startMs = nowMs();
    const id = await this.#oneCluster(cluster);
    const tookMs = Math.round(nowMs() - startMs);
    const again = this.#chance.below(3) === 0;
    if (again) await this.#allDieAndComeBack(cluster, id);
    await this.#end();
    this.#story.tell(
      `${this.#name}: ${this.#count} nodes, ${atOnce ? 'at once' : 'one by one'}, ${this.#kills} killed meanwhile: one cluster, all vote after ${tookMs} ms${again ? '; the same after all were killed' : ''}`,
    );
    return tookMs;
  }

  async #plan(): Promise<DrillCluster> {
    const { addresses } = await DrillCluster.plan(this.#scratch, this.#count);
    const words =
      this.#way === 'b'
        ? ['-b', `doozer:?ca=${this.#bootAddress}`]
        : [
            '-seed',
            this.#shuffled()
              .map((place) => addresses[place])
              .join(),
          ];
    return DrillCluster.at(this.#scratch, addresses, '-c', this.#name, ...words);
  }

  #shuffled(): number[] {
    const left = Array.from({ length: this.#count }, (_, place) => place);
    const order: number[] = [];
    while (left.length > 0) order.push(...left.splice(this.#chance.below(left.length), 1));
    return order;
  }

  /** Starts it; if it is to be killed, resolves when it was and runs again. */
  async #start(
    cluster: DrillCluster,
    place: number,
    kill: { readonly afterMs: number; readonly againMs: number } | null,
  ): Promise<void> {
    this.#nodes[place] = cluster.start(place);
    if (kill === null) return;
    await pause(kill.afterMs);
    await this.#nodes[place]?.kill();
    this.#kills++;
    await pause(kill.againMs);
    this.#nodes[place] = cluster.start(place);
  }

  /** All nodes vote in one cluster, each takes a write, and nobody ever founded another. Its id. */
  async #oneCluster(cluster: DrillCluster): Promise<string> {
    const clients = await Promise.all(cluster.addresses.map((address) => inCluster(address)));
    try {
      const [first] = clients;
      if (first === undefined) throw new Error('a cluster has nodes');
      // The founder of a list has made them.
      if (this.#way === 'b') {
        for (let slot = 1; slot < this.#count; slot++) await ensureSlot(first, `/ctl/cal/${slot}`);
      }
      const ids = new Set<string>();
      for (const client of clients) ids.add(await this.#allVote(client, cluster));
      expect(ids.size === 1, `one cluster id, not ${[...ids].join()}`);
      for (const [i, client] of clients.entries()) {
        const path = `/from/${i}`;
        const revision = await client.set(path, this.#name, -1);
        for (const other of clients) {
          expect((await other.get(path))?.revision === revision, `${path} is read from all`);
        }
      }
      const founded = new Set(cluster.addresses.flatMap((_, place) => this.#foundedBy(place)));
      expect(founded.size === 1, `founded once, not ${[...founded].join()}`);
      return [...ids].join();
    } finally {
      await Promise.all(clients.map((client) => client.close()));
    }
  }

  async #allVote(client: Client, cluster: DrillCluster): Promise<string> {
    const { value } = await until(
      `${this.#count} voters of "${this.#name}"`,
      withinMs,
      async () => {
        const { lineage, membership } = await client.members();
        const held = new Set<string>();
        let slots = 0;
        for await (const { body } of client.walk('/ctl/cal/*')) {
          slots++;
          held.add(Buffer.from(body).toString());
        }
        const voters = membership.voters.map((id) => membership.addresses.get(id) ?? '').sort();
        const isRight =
          slots === this.#count &&
          membership.voters.every((id) => held.has(id)) &&
          membership.outgoing === null &&
          membership.learners.length === 0 &&
          voters.join() === [...cluster.addresses].sort().join();
        return isRight && lineage !== null ? lineage.clusterId : null;
      },
    );
    return value;
  }

  /** Ids of the clusters that the node at this place says it founded. */
  #foundedBy(place: number): string[] {
    const log = readFileSync(this.#nodes[place]?.logFile ?? '', 'utf8');
    return log
      .split('\n')
      .filter((line) => line.includes('"cluster founded"'))
      .map((line) => String(JSON.parse(line).clusterId));
  }

  async #allDieAndComeBack(cluster: DrillCluster, id: string): Promise<void> {
    await this.#end();
    for (const place of this.#shuffled()) this.#nodes[place] = cluster.start(place);
    const after = await this.#oneCluster(cluster);
    expect(after === id, `the same cluster after all were killed: ${id}, not ${after}`);
  }

  async #end(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()));
  }
}

/** A client of the node at `address`, once that belongs to a cluster. */
async function inCluster(address: string): Promise<Client> {
  const { value } = await until(`${address} to be in a cluster`, withinMs, async () => {
    const client = await connect({ addresses: [address], openTimeoutMs: 2000 });
    const { belongs } = await client.home();
    if (belongs) return client;
    await client.close();
    return null;
  });
  return value;
}

async function ensureSlot(client: Client, path: string): Promise<void> {
  await until(`the slot ${path}`, withinMs, async () => {
    if ((await client.get(path)) === null) await client.set(path, '', 0);
    return true;
  });
}

function optionsOf(words: readonly string[]): { rounds: number; seed: number } {
  const given: Record<string, number> = {};
  for (let i = 0; i < words.length; i += 2) {
    const [name = '', value] = [words[i], Number(words[i + 1])];
    const isKnown = name === '--rounds' || name === '--seed';
    if (!isKnown || !Number.isInteger(value) || value < 0) {
      throw new UsageError(`"${name} ${words[i + 1] ?? ''}": there are --rounds N and --seed N`);
    }
    given[name] = value;
  }
  const { '--rounds': rounds = roundsByDefault, '--seed': seed = randomInt(1_000_000) } = given;
  if (rounds < 1 || rounds > 1000) throw new UsageError(`--rounds ${rounds}: from 1 to 1000`);
  return { rounds, seed };
}
