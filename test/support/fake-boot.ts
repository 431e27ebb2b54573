// A boot cluster as those who look for a name see it: files, revisions, transactions and leases.
import { ClusterError } from '../../src/base/index.ts';

import type { Lease } from '../../src/client/index.ts';
import type { BootClient } from '../../src/naming/index.ts';
import type { NativeCompare, NativeOperation } from '../../src/protocol/client/index.ts';
import type { FakeClock } from './fake-clock.ts';

type File = { body: Uint8Array; created: number; revision: number; lease: number };

/** The files of all revisions. Each operation happens at one moment. */
export class FakeBoot {
  #nextLease = 1;
  readonly #history: ReadonlyMap<string, File>[] = [new Map()];

  get revision(): number {
    return this.#history.length - 1;
  }

  files(revision = this.revision): ReadonlyMap<string, File> {
    return this.#history[revision] ?? new Map();
  }

  newLease(): number {
    return this.#nextLease++;
  }

  endLease(id: number): void {
    this.#change((files) => {
      for (const [path, file] of files) if (file.lease === id) files.delete(path);
    });
  }

  isThere(path: string): boolean {
    return this.files().has(path);
  }

  /** `leases`: those that have ended; a write with one is refused. */
  transact(
    compares: readonly NativeCompare[],
    ifTrue: readonly NativeOperation[],
    ended: ReadonlySet<number>,
  ): boolean {
    const files = this.files();
    const holds = compares.every((compare) => {
      const file = files.get(compare.path);
      if (compare.kind === 'exists') return (file !== undefined) === compare.exists;
      if (compare.kind === 'created') return (file?.created ?? 0) === compare.revision;
      throw new Error(`no ${compare.kind} here`);
    });
    if (!holds) return false;
    this.#change((next, revision) => {
      for (const operation of ifTrue) {
        if (operation.kind === 'delete') next.delete(operation.path);
        else if (operation.kind === 'set') {
          if (ended.has(operation.lease))
            throw new ClusterError('ERR_NO_LEASE', 'the lease has ended');
          const created = next.get(operation.path)?.created ?? revision;
          const { body, lease } = operation;
          next.set(operation.path, { body, created, revision, lease });
        } else throw new Error(`no ${operation.kind} here`);
      }
    });
    return true;
  }

  #change(change: (files: Map<string, File>, revision: number) => void): void {
    const next = new Map(this.files());
    change(next, this.revision + 1);
    this.#history.push(next);
  }
}

/** What happens to a process between any two things that it does. */
export type Hop = () => Promise<void>;

/** One process's client. `hop` comes before and after each operation: its request and its answer may be late. */
export class FakeBootClient {
  readonly #boot: FakeBoot;
  readonly #clock: FakeClock;
  readonly #hop: Hop;
  readonly #ended = new Set<number>();
  readonly #held = new Map<number, number>();

  constructor(boot: FakeBoot, clock: FakeClock, hop: Hop) {
    this.#boot = boot;
    this.#clock = clock;
    this.#hop = hop;
  }

  /** The process stands still from now on for so long: its leases get no sign of life. */
  stillFor(ms: number): void {
    for (const [id, lengthMs] of this.#held) {
      if (ms < lengthMs) continue;
      this.#ended.add(id);
      // The cluster counts from later than the holder does.
      this.#clock.after(lengthMs + 500, () => this.#boot.endLease(id));
    }
  }

  /** It will never be heard of again. */
  dies(): void {
    this.stillFor(Number.POSITIVE_INFINITY);
  }

  get asClient(): BootClient {
    const client: Partial<BootClient> = {
      rev: () => this.#at(() => this.#boot.revision),
      grant: (lengthMs) => this.#at(() => this.#lease(lengthMs)),
      get: (path, options) =>
        this.#at(() => {
          const file = this.#boot.files(options?.revision).get(path);
          return file === undefined ? null : { ...file };
        }),
      walk: ((glob: string, options: { revision?: number }) =>
        this.#walk(glob, options.revision)) as unknown as BootClient['walk'],
      transact: (({ compares = [], ifTrue = [] }) =>
        this.#at(() => {
          const succeeded = this.#boot.transact(compares, ifTrue, this.#ended);
          const { revision } = this.#boot;
          const results = succeeded ? ifTrue.map(() => ({ revision })) : [];
          return { succeeded, revision, results };
        })) as BootClient['transact'],
    };
    return client as BootClient;
  }

  async #at<T>(act: () => T): Promise<T> {
    await this.#hop();
    const outcome = act();
    await this.#hop();
    return outcome;
  }

  async *#walk(glob: string, revision: number | undefined) {
    await this.#hop();
    const folder = glob.slice(0, -1);
    for (const [path, file] of [...this.#boot.files(revision)].sort()) {
      if (!path.startsWith(folder) || path.slice(folder.length).includes('/')) continue;
      yield { path, ...file };
    }
    await this.#hop();
  }

  #lease(lengthMs: number): Lease {
    const id = this.#boot.newLease();
    this.#held.set(id, lengthMs);
    const ended = this.#ended;
    const release = async (): Promise<void> => {
      ended.add(id);
      this.#held.delete(id);
      await this.#hop();
      this.#boot.endLease(id);
    };
    return {
      id,
      lengthMs,
      lost: new AbortController().signal,
      get isLost() {
        return ended.has(id);
      },
      leftMs: () => (ended.has(id) ? 0 : lengthMs),
      release,
    };
  }
}
