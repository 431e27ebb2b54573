// Lives of small clusters in which everything that may go wrong does, each from one number.
import { expect, test } from 'vitest';
import { prng, revision } from '../../src/base/index.ts';
import type { Reply } from '../../src/tree/index.ts';
import { Cluster, globOf, idOf, type Outcome } from '../support/cluster.ts';

type Write = { readonly path: string; readonly outcome: Outcome<Reply> };

class Chaos {
  readonly cluster: Cluster;
  readonly #random: ReturnType<typeof prng>;
  readonly #letters: string[];
  readonly #writes: Write[] = [];
  #n = 0;

  constructor(cluster: Cluster, letters: string, seed: number) {
    this.cluster = cluster;
    this.#letters = letters.split('');
    this.#random = prng(seed);
    cluster.board.rules.push(() => this.#fate());
  }

  calm = false;

  #pick(count: number): number {
    return this.#random.below(count);
  }

  #one(letters: readonly string[]): string {
    return letters[this.#pick(letters.length)] ?? 'A';
  }

  /** One frame in thirty is lost, one comes twice, some are late. */
  #fate() {
    if (this.calm) return null;
    const dice = this.#pick(30);
    if (dice === 0) return { copies: 0, delayRounds: 0 };
    if (dice === 1) return { copies: 2, delayRounds: this.#pick(4) };
    return { copies: 1, delayRounds: dice < 6 ? this.#pick(6) : 0 };
  }

  async live(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      await this.#step();
      await this.cluster.run(10 * (1 + this.#pick(10)));
    }
  }

  async #step(): Promise<void> {
    const { cluster } = this;
    const running = cluster.running();
    const dice = this.#pick(20);
    if (dice < 12) {
      for (let i = this.#pick(8); i >= 0; i--) this.#write(this.#one(running));
    } else if (dice < 14) {
      if (running.length > 1) await cluster.kill(this.#one(running));
    } else if (dice < 17) {
      const dead = this.#letters.filter((letter) => !running.includes(letter));
      if (dead.length > 0) cluster.start(this.#one(dead));
    } else if (dice < 18) {
      cluster.board.cut(idOf(this.#one(this.#letters)), idOf(this.#one(this.#letters)));
    } else {
      cluster.board.heal();
    }
  }

  #write(letter: string): void {
    const path = `/w/${this.#n++}`;
    this.#writes.push({ path, outcome: this.cluster.set(letter, path, 'x'.repeat(100), 0) });
  }

  /** Everything is whole again; what was acknowledged is there, and nothing happened twice. */
  async settle(): Promise<void> {
    const { cluster } = this;
    this.calm = true;
    cluster.board.heal();
    for (const letter of this.#letters) {
      if (!cluster.running().includes(letter)) cluster.start(letter);
    }
    await cluster.newLeader();
    await cluster.run(6000);
    await cluster.converge();
    for (const { path, outcome } of this.#writes) {
      expect(outcome.calls).toBe(1);
      const isThere = cluster.body(this.#letters[0] ?? '', path) !== null;
      if (outcome.value !== null) {
        // Its guard was "absent": a second coming would have been refused, and answered so.
        expect([path, outcome.value.kind, isThere]).toEqual([path, 'applied', true]);
      } else if (outcome.error?.effect === 'none') {
        expect([path, outcome.error.code, isThere]).toEqual([path, outcome.error.code, false]);
      }
    }
    const fates = this.#writes.map(({ outcome }) => outcome.value?.kind ?? outcome.error?.code);
    expect(fates.filter((fate) => fate === 'applied').length).toBeGreaterThan(fates.length / 10);
  }

  /** Each file was made by one event: nothing was refused for being there, nothing came twice. */
  expectNoRefusals(): void {
    expect(this.cluster.body(this.#letters[0] ?? '', '/ctl/err')).toBe(null);
  }
}

/** More of them: CHAOS_SEEDS=500 npx vitest run test/node/chaos.test.ts */
const seedCount = Number(process.env['CHAOS_SEEDS'] ?? 8);
const seeds = Array.from({ length: seedCount }, (_, i) => i + 1);

test.each(seeds)('three nodes, seed %i', async (seed) => {
  const node = { snapshotEveryBytes: 3000, logKeptBytes: 300 };
  const cluster = await Cluster.of('ABC', { steward: null, node });
  const chaos = new Chaos(cluster, 'ABC', seed);
  await chaos.live(80);
  await chaos.settle();
  chaos.expectNoRefusals();
});

test.each(seeds)('five nodes and big logs, seed %i', async (seed) => {
  const cluster = await Cluster.of('ABCDE', { steward: null });
  const chaos = new Chaos(cluster, 'ABCDE', 100 + seed);
  await chaos.live(60);
  await chaos.settle();
  chaos.expectNoRefusals();
});

test.each(seeds)(
  'a watch on a node that lives sees every write once, in order, seed %i',
  async (seed) => {
    const cluster = await Cluster.of('ABC', { steward: null });
    const seen: string[] = [];
    const revisions: number[] = [];
    const from = revision(cluster.status('A').revision + 1);
    cluster.node('A').watch(globOf('/w/*'), from, {
      event: (event) => {
        seen.push(event.path);
        revisions.push(event.revision);
      },
      compacted: () => seen.push('compacted'),
    });
    const chaos = new Chaos(cluster, 'BC', 200 + seed);
    await chaos.live(50);
    await chaos.settle();
    expect(seen).not.toContain('compacted');
    expect(new Set(seen).size).toBe(seen.length);
    expect([...revisions].sort((x, y) => x - y)).toEqual(revisions);
  },
);
