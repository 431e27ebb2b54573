import { ClusterError, leaseId, utf8 } from '../../src/base/index.ts';
import { HeldLease } from '../../src/client/lease.ts';
import type { QueueClient, QueueFile } from '../../src/client/place.ts';
import type { Decision } from '../../src/client/transaction.ts';
import { settle } from './world.ts';

type Change = { readonly kind: 'set' | 'delete'; readonly path: string; readonly revision: number };
type Kept = Omit<QueueFile, 'path'> & { readonly leased: HeldLease | null };

/** A clock whose timers never come, as after a standstill. */
const stillClock = () => {
  const clock = {
    at: 0,
    now: () => clock.at,
    after: () => ({ cancel: () => undefined }),
    soon: () => undefined,
  };
  return clock;
};

/** The tree, as far as queues go, in one process and without time. */
export class QueueTree {
  readonly files = new Map<string, Kept>();
  readonly changes: Change[] = [];
  readonly leases: HeldLease[] = [];
  readonly clock = stillClock();
  /** Ids of leases that were ended by their holders. */
  readonly revoked: number[] = [];
  readonly #listeners = new Set<() => void>();
  revision = 0;
  /** Older changes are forgotten. */
  oldest = 1;
  walks = 0;
  watches = 0;

  set(path: string, body: Uint8Array | string = '', leased: HeldLease | null = null): number {
    const revision = this.#next('set', path);
    const created = this.files.get(path)?.created ?? revision;
    const bytes = typeof body === 'string' ? utf8(body) : body;
    this.files.set(path, { body: bytes, created, revision, leased, lease: leased?.id ?? 0 });
    return revision;
  }

  delete(path: string): void {
    this.files.delete(path);
    this.#next('delete', path);
  }

  /** As the cluster ends a lease: its files go with it. */
  end(lease: number): void {
    for (const [path, file] of this.files) if (file.lease === lease) this.delete(path);
  }

  sorted(prefix: string): string[] {
    return [...this.files.keys()].filter((path) => path.startsWith(prefix)).sort();
  }

  forget(): void {
    this.oldest = this.revision + 1;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #next(kind: Change['kind'], path: string): number {
    this.revision += 1;
    this.changes.push({ kind, path, revision: this.revision });
    for (const listener of [...this.#listeners]) listener();
    return this.revision;
  }
}

/** One client of it. */
export class QueueGuest implements QueueClient {
  readonly #tree: QueueTree;
  floor = 0;
  /** What the next reads throw, first to last. */
  readonly failures: ClusterError[] = [];
  /** What the next gets end with. */
  readonly getFailures: ClusterError[] = [];
  /** Called before each walk reads. */
  beforeWalk: () => void = () => undefined;

  constructor(tree: QueueTree) {
    this.#tree = tree;
  }

  async grant(lengthMs: number): Promise<HeldLease> {
    const { clock, leases, revoked } = this.#tree;
    const revoke = async (id: number): Promise<void> => {
      revoked.push(id);
      this.#tree.end(id);
    };
    const id = leaseId(leases.length + 1);
    const terms = { id, lengthMs, goodUntilMs: clock.now() + lengthMs };
    const lease = new HeldLease({ clock, revoke, over: () => undefined }, terms);
    leases.push(lease);
    return lease;
  }

  async create(prefix: string, body: Uint8Array | string, { lease }: { lease?: HeldLease } = {}) {
    const path = `${prefix}${String(this.#tree.revision + 1).padStart(16, '0')}`;
    const revision = this.#tree.set(path, body, lease ?? null);
    this.floor = Math.max(this.floor, revision);
    return { path, revision };
  }

  async transact({ compares = [], ifTrue = [] }: Parameters<QueueClient['transact']>[0]) {
    const succeeded = compares.every(
      (compare) =>
        compare.kind === 'created' &&
        (this.#tree.files.get(compare.path)?.created ?? 0) === compare.revision,
    );
    for (const operation of succeeded ? ifTrue : []) {
      if (operation.kind === 'delete') this.#tree.delete(operation.path);
      if (operation.kind !== 'set') continue;
      const lease = this.#tree.leases.find(({ id }) => id === operation.lease) ?? null;
      this.#tree.set(operation.path, operation.body, lease);
    }
    return { succeeded, revision: this.#tree.revision, results: [] } as Decision;
  }

  async get(path: string): Promise<Kept | null> {
    const failure = this.getFailures.shift();
    if (failure !== undefined) throw failure;
    this.floor = Math.max(this.floor, this.#tree.revision);
    return this.#tree.files.get(path) ?? null;
  }

  async *walk(glob: string): AsyncGenerator<QueueFile> {
    this.#tree.walks += 1;
    this.beforeWalk();
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    this.floor = Math.max(this.floor, this.#tree.revision);
    const prefix = glob.slice(0, -1);
    const found = this.#tree
      .sorted(prefix)
      .filter((path) => !path.slice(prefix.length).includes('/'));
    const files = found.map((path) => ({ path, ...this.#tree.files.get(path) }) as QueueFile);
    yield* files;
  }

  async *watch(
    glob: string,
    { from = 1, signal }: { readonly from?: number; readonly signal?: AbortSignal } = {},
  ) {
    this.#tree.watches += 1;
    const matches = (path: string): boolean =>
      glob.endsWith('*') ? path.startsWith(glob.slice(0, -1)) : path === glob;
    const isOver = (): boolean => signal?.aborted === true;
    for (let next = from; !isOver(); next++) {
      if (next < this.#tree.oldest) throw new ClusterError('ERR_COMPACTED', 'forgotten');
      while (next > this.#tree.revision && !isOver()) await this.#news(signal);
      const change = this.#tree.changes[next - 1];
      if (change !== undefined && matches(change.path)) {
        yield { ...change, body: utf8(''), previous: null } as never;
      }
    }
  }

  #news(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        stop();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const stop = this.#tree.onChange(done);
      signal?.addEventListener('abort', done);
    });
  }
}

export { settle };
