import { type Prng, prng } from '../../../src/base/index.ts';
import { type Client, ClusterError, connect, oldestRevision } from '../../../src/connect/index.ts';
import { pause } from '../wait.ts';
import type { Asker } from './asker.ts';
import { bodyText } from './body.ts';
import { OldClient } from './old-client.ts';
import type { Recorder } from './recorder.ts';
import type { Change, Stream } from './types.ts';

const hotFiles = 4;
/** Fresh files of one client; then it writes them again. Keeps trees of long drills small. */
const freshFiles = 2000;
/** One body in so many is large. */
const largeEvery = 40;
const largeBytes = 3000;

export type LoadPlan = {
  readonly seed: number;
  /** Where clients begin; a drill may add to it. */
  readonly addresses: readonly string[];
  /** What the cluster had seen when the load began: watches begin behind it. */
  readonly baseline: number;
  /** Clients of our library; a third as many speak doozer's own protocol. */
  readonly clients: number;
  /** The longest pause of a client between two operations. */
  readonly thinkMsMax: number;
};

const libraryAsker = (name: string, client: Client): Asker => ({
  name,
  set: (path, body, guard) => client.set(path, body, guard),
  delete: (path, guard) => client.delete(path, guard),
  rev: () => client.rev(),
  get: async (path, at) => {
    const file = await client.get(path, at === null ? {} : { revision: at });
    return { revision: file?.revision ?? 0, body: bodyText(file?.body ?? null) };
  },
});

/** Clients that do a bit of everything until stopped, and watches that must not miss any of it. */
export class CheckedLoad {
  readonly #recorder: Recorder;
  readonly #plan: LoadPlan;
  readonly #clients: Client[] = [];
  readonly #oldClients: OldClient[] = [];
  readonly #running: Promise<void>[] = [];
  readonly #watching: Promise<void>[] = [];
  readonly #noMore = new AbortController();
  #stopped = false;
  /** What broke a client: no answer of a cluster, but a mistake. */
  #broken: { readonly error: unknown } | null = null;

  constructor(recorder: Recorder, plan: LoadPlan) {
    this.#recorder = recorder;
    this.#plan = plan;
  }

  async start(): Promise<void> {
    const { clients, seed } = this.#plan;
    for (let i = 0; i < clients; i++) {
      // Some give up early: what they are told then must be true as well.
      const client = await this.#connect(i, i % 3 === 2 ? 1000 : 5500);
      const asker = libraryAsker(`lib-${i}`, client);
      this.#run(this.#running, this.#ask(asker, prng(seed * 1000 + i), i));
    }
    for (let i = 0; i < Math.ceil(clients / 3); i++) {
      const old = new OldClient(`old-${i}`, this.#plan.addresses, i);
      this.#oldClients.push(old);
      this.#run(this.#running, this.#ask(old, prng(seed * 1000 + 500 + i), clients + i));
    }
    const globs = ['/**', '/drill/**', '/drill/hot/*'];
    for (const [i, glob] of globs.entries()) {
      const client = await this.#connect(i, 5500);
      this.#run(this.#watching, this.#watch(`watch-${i}`, client, glob));
    }
    this.#run(this.#watching, this.#follow('follow-0', await this.#connect(0, 5500)));
    const old = new OldClient('old-follow', this.#plan.addresses, 1);
    this.#oldClients.push(old);
    this.#run(this.#watching, this.#followOld('old-follow', old));
  }

  /** No more operations; resolves when all under way have ended. Watches go on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
    if (this.#broken !== null) throw this.#broken.error;
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#noMore.abort();
    for (const old of this.#oldClients) old.close();
    await Promise.all(this.#watching);
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  #run(among: Promise<void>[], one: Promise<void>): void {
    among.push(
      one.catch((error: unknown) => {
        this.#broken ??= { error };
      }),
    );
  }

  async #connect(i: number, requestTimeoutMs: number): Promise<Client> {
    const { addresses } = this.#plan;
    const turned = addresses.map((_, k) => addresses[(k + i) % addresses.length] ?? '');
    const client = await connect({ addresses: turned, requestTimeoutMs, client: 'drill' });
    this.#clients.push(client);
    return client;
  }

  /** A third only makes fresh files, the others quarrel over a few hot ones. */
  async #ask(asker: Asker, random: Prng, i: number): Promise<void> {
    const memory = new Map<string, number>();
    for (let n = 0; !this.#stopped; n++) {
      const client = asker.name;
      const padding = n % largeEvery === 1 ? `.${'x'.repeat(largeBytes)}` : '';
      const body = `${client}.${n}${padding}`;
      if (i % 3 === 0) {
        const path = `/drill/fresh/${client}/n${n % freshFiles}`;
        const guard = n < freshFiles && n % 2 === 0 ? 0 : -1;
        const asked = { client, what: 'set', path, body, guard } as const;
        await this.#recorder.write(asked, () => asker.set(path, body, guard));
      } else await this.#quarrel(asker, random, memory, body);
      await pause(random.below(this.#plan.thinkMsMax));
    }
  }

  async #quarrel(
    asker: Asker,
    random: Prng,
    memory: Map<string, number>,
    body: string,
  ): Promise<void> {
    const client = asker.name;
    const path = `/drill/hot/f${random.below(hotFiles)}`;
    const remembered = memory.get(path) ?? 0;
    const choice = random.below(100);
    if (choice < 40) {
      const read = await this.#recorder.read({ client, path, at: null }, () =>
        asker.get(path, null),
      );
      if (read.outcome?.kind === 'done') memory.set(path, read.outcome.revision);
    } else if (choice < 50) {
      const at = Math.max(this.#plan.baseline, ...memory.values()) - random.below(3);
      if (at < this.#plan.baseline) return;
      await this.#recorder.read({ client, path, at }, () => asker.get(path, at));
    } else if (choice < 58) await this.#recorder.rev(client, () => asker.rev());
    else if (choice < 92) {
      const guard = choice < 82 ? remembered : -1;
      const asked = { client, what: 'set', path, body, guard } as const;
      const write = await this.#recorder.write(asked, () => asker.set(path, body, guard));
      if (write.outcome?.kind === 'done') memory.set(path, write.outcome.revision);
    } else {
      const guard = choice < 98 ? remembered : -1;
      const asked = { client, what: 'delete', path, body: '', guard } as const;
      const write = await this.#recorder.write(asked, () => asker.delete(path, guard));
      if (write.outcome?.kind === 'done') memory.set(path, write.outcome.revision);
    }
  }

  async #watch(name: string, client: Client, glob: string): Promise<void> {
    let from: number | null = this.#plan.baseline + 1;
    while (from !== null) {
      const stream = this.#recorder.stream(name, glob, from);
      from = await this.#until(stream, async () => {
        const options = { from: stream.from, signal: this.#noMore.signal };
        for await (const event of client.watch(glob, options)) {
          this.#recorder.told(stream, changeOf(event));
        }
      });
    }
  }

  /** Follows the whole history as doozer's own clients do: a wait for each revision. */
  async #follow(name: string, client: Client): Promise<void> {
    let from: number | null = this.#plan.baseline + 1;
    while (from !== null) {
      const stream = this.#recorder.stream(name, '/**', from);
      from = await this.#until(stream, async () => {
        for (let next = stream.from; !this.#noMore.signal.aborted; ) {
          const event = await client.wait('/**', next, { signal: this.#noMore.signal });
          this.#recorder.told(stream, changeOf(event));
          next = event.revision + 1;
        }
      });
    }
  }

  async #followOld(name: string, old: OldClient): Promise<void> {
    const stream = this.#recorder.stream(name, '/**', this.#plan.baseline + 1);
    for (let next = stream.from; !this.#noMore.signal.aborted; ) {
      const change = await old.wait('/**', next);
      if (change === 'compacted') {
        stream.end = 'compacted';
        return;
      }
      if (change === null) continue;
      this.#recorder.told(stream, change);
      next = change.revision + 1;
    }
  }

  /** Runs a watch to its end; says where the next one is to begin, or `null`: it was told to stop. */
  async #until(stream: Stream, run: () => Promise<void>): Promise<number | null> {
    try {
      await run();
      return null;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (error.code === 'ERR_CANCELLED') return null;
      if (error.code !== 'ERR_COMPACTED') throw error;
      stream.end = 'compacted';
      return oldestRevision(error);
    }
  }
}

export function changeOf(event: {
  readonly kind: Change['kind'];
  readonly path: string;
  readonly body: Uint8Array;
  readonly revision: number;
}): Change {
  const { kind, path, body, revision } = event;
  return { kind, path, body: bodyText(body), revision };
}
