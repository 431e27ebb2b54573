import { ClusterError } from '../base/index.ts';
import type { Lease } from './lease.ts';
import { type Compare, type Decision, del, type Transaction, when } from './transaction.ts';
import type { CallOptions, Created, Event, FileContent, WatchOptions } from './types.ts';

/** A file as a queue sees it. */
export type QueueFile = FileContent & { readonly path: string };

/** What a queue needs of a client. */
export type QueueClient = {
  readonly floor: number;
  grant(lengthMs: number, options?: CallOptions): Promise<Lease>;
  create(
    prefix: string,
    body: Uint8Array | string,
    options?: CallOptions & { readonly lease?: Lease },
  ): Promise<Created>;
  transact(transaction: Transaction, options?: CallOptions): Promise<Decision>;
  get(path: string, options?: CallOptions): Promise<FileContent | null>;
  walk(glob: string, options?: CallOptions): AsyncIterable<QueueFile>;
  watch(glob: string, options?: WatchOptions): AsyncIterable<Event>;
};

/** How a place is taken. */
export type PlaceOptions = {
  /**
   * How long the place lasts beyond its holder's last sign of life. Default 10,000 ms. A short one hands
   * over soon when a holder dies; one that is shorter than a change of leaders loses places to it.
   */
  readonly lengthMs?: number;
  /** What its file holds, for people. Default: nothing. */
  readonly body?: Uint8Array | string;
  /** A lease that the file goes with, instead of one of its own: then everything on it is lost together. */
  readonly lease?: Lease;
};

const lengthMsByDefault = 10_000;

/** `create` puts a revision in 16 digits there. Other names in the folder are passed over. */
const sequenceName = /\/[0-9]{16}$/;

/** The places of the queue in `folder`, the first one first, as of one moment that is not over before the call. */
export async function* placesOf(
  client: Pick<QueueClient, 'walk'>,
  folder: string,
  options: CallOptions = {},
): AsyncGenerator<QueueFile, void, undefined> {
  for await (const file of client.walk(childOf(folder, '*'), options)) {
    if (sequenceName.test(file.path)) yield file;
  }
}

/**
 * A place in a queue: a file whose name only ever rises, on a lease. Whoever has the lowest is first.
 *
 * Each waits for the one before it alone, so that one that leaves wakes one and not all.
 *
 * L4: whoever is told that it is first was shown so by a linearizable read that was made while its lease was
 * sure (etcd#11456), and what it does to its place is guarded by the revision that made the file (etcd#22082).
 *
 * @see https://zookeeper.apache.org/doc/current/recipes.html#sc_recipes_Locks
 */
export class Place {
  /** Its file. */
  readonly path: string;
  /** The revision that made the file: above that of everybody who was first before. */
  readonly token: number;
  readonly lease: Lease;
  readonly #client: QueueClient;
  readonly #folder: string;
  readonly #ownsLease: boolean;
  readonly #lost = new AbortController();
  /** Ends the vigil. */
  readonly #left = new AbortController();
  #leaving: Promise<void> | null = null;

  private constructor(
    client: QueueClient,
    folder: string,
    file: Created,
    lease: Lease,
    ownsLease: boolean,
  ) {
    this.#client = client;
    this.#folder = folder;
    this.path = file.path;
    this.token = file.revision;
    this.lease = lease;
    this.#ownsLease = ownsLease;
    if (lease.lost.aborted) this.#leaseLost();
    else lease.lost.addEventListener('abort', this.#leaseLost, { once: true });
    void this.#keepVigil();
  }

  /**
   * Takes the last place in `folder`.
   *
   * The signal ends the wait for a lease, but not the writing of the file, which has an end of its own: of a
   * write that was given up nobody would know whether its file stands in everybody's way.
   */
  static async take(
    client: QueueClient,
    folder: string,
    options: PlaceOptions,
    signal: AbortSignal | undefined,
  ): Promise<Place> {
    const { lengthMs = lengthMsByDefault, body = '', lease: given } = options;
    const lease = given ?? (await client.grant(lengthMs, signal && { signal }));
    try {
      const file = await client.create(childOf(folder, ''), body, { lease });
      return new Place(client, folder, file, lease, given === undefined);
    } catch (error) {
      // If the file came to be all the same it goes with the lease, which nobody keeps alive any more.
      if (given === undefined) await lease.release().catch(() => undefined);
      throw error;
    }
  }

  /** Aborted when the lease is lost, or the file was deleted by somebody else. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Lost as of now, or given up: after a standstill of this process the clock knows before the signal does. */
  get isLost(): boolean {
    if (this.#leaving === null && this.lease.isLost) this.#leaseLost();
    return this.#leaving !== null || this.lost.aborted;
  }

  /** Holds in a transaction as long as this place is there. */
  get guard(): Compare {
    return when.created(this.path, '=', this.token);
  }

  /**
   * Resolves when this place is the first: as a read showed that was made while its lease was sure.
   *
   * @throws ERR_LOCK_LOST, ERR_CANCELLED; what a read throws that will not pass.
   */
  async first(signal: AbortSignal | undefined): Promise<void> {
    const ended = new AbortController();
    const end = (): void => ended.abort();
    const causes = signal === undefined ? [this.lost] : [this.lost, signal];
    for (const cause of causes) {
      if (cause.aborted) end();
      cause.addEventListener('abort', end, { once: true });
    }
    try {
      while (true) {
        this.#check(signal);
        // From before the read: a file that it shows was there then, so that its end comes later.
        const from = this.#client.floor + 1;
        const before = await this.#before(ended.signal);
        this.#check(signal);
        if (before === null) return;
        if (before !== undefined) await gone(this.#client, before, from, ended.signal);
      }
    } finally {
      for (const cause of causes) cause.removeEventListener('abort', end);
    }
  }

  /** Whether it is the first now. @throws as `first`. */
  async isFirst(signal: AbortSignal | undefined): Promise<boolean> {
    const before = await this.#find(signal);
    this.#check(signal);
    return before === null;
  }

  /**
   * Gives the place up: deletes its own file, never a later one. May be called twice.
   *
   * @throws what the cluster says. It is given up all the same: its own lease is kept alive no more.
   */
  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave(): Promise<void> {
    this.lease.lost.removeEventListener('abort', this.#leaseLost);
    this.#left.abort();
    const deleted = this.#client.transact({ compares: [this.guard], ifTrue: [del(this.path)] });
    if (!this.#ownsLease) {
      await deleted;
      return;
    }
    const [file, lease] = await Promise.allSettled([deleted, this.lease.release()]);
    if (file.status === 'rejected' && lease.status === 'rejected') throw file.reason;
  }

  /** The place before this one, `null` if it is the first, `undefined` if that is not to be known right now. */
  async #before(signal: AbortSignal): Promise<string | null | undefined> {
    try {
      return await this.#find(signal);
    } catch (error) {
      // The cluster may be without a leader for a while; how long is too long says the lease.
      if (signal.aborted || mayPass(error)) return undefined;
      throw error;
    }
  }

  async #find(signal: AbortSignal | undefined): Promise<string | null> {
    let before: string | null = null;
    for await (const file of placesOf(this.#client, this.#folder, signal && { signal })) {
      if (file.path === this.path && file.created === this.token) return before;
      if (file.path >= this.path) break;
      before = file.path;
    }
    this.#lose('its file is not there');
    throw this.#lossError();
  }

  #check(signal: AbortSignal | undefined): void {
    if (this.isLost) throw this.#lossError();
    if (signal?.aborted !== true) return;
    throw new ClusterError(
      'ERR_CANCELLED',
      `Cannot go on waiting for "${this.#folder}": cancelled`,
      {
        cause: signal.reason,
      },
    );
  }

  /** Watches the own file: whoever deletes it takes the place away. */
  async #keepVigil(): Promise<void> {
    const { signal } = this.#left;
    let from = this.token + 1;
    while (!signal.aborted) {
      try {
        for await (const event of this.#client.watch(this.path, { from, signal })) {
          if (event.kind === 'delete') return this.#lose('its file was deleted');
        }
        return;
      } catch (error) {
        if (signal.aborted) return;
        const compacted = error instanceof ClusterError && error.code === 'ERR_COMPACTED';
        if (!compacted) return this.#lose('its file cannot be watched any more', error);
      }
      // What happened is forgotten: what is there now? Until that is known it is watched from nowhere else.
      const next = this.#client.floor + 1;
      try {
        const file = await this.#client.get(this.path, { signal });
        if (file?.created !== this.token) return this.#lose('its file was deleted');
        from = next;
      } catch (error) {
        if (!mayPass(error)) return this.#lose('its file cannot be read any more', error);
      }
    }
  }

  readonly #leaseLost = (): void => this.#lose('its lease is lost');

  #lose(why: string, cause?: unknown): void {
    if (this.#leaving !== null || this.#lost.signal.aborted) return;
    const text = `The place "${this.path}" is lost: ${why}`;
    this.#lost.abort(new ClusterError('ERR_LOCK_LOST', text, { cause }));
    this.#left.abort();
  }

  #lossError(): ClusterError {
    const { reason } = this.lost;
    if (reason instanceof ClusterError) return reason;
    return new ClusterError('ERR_LOCK_LOST', `The place "${this.path}" was given up`);
  }
}

/** The path of `name` in `folder`; of an empty name, what such paths begin with. */
export const childOf = (folder: string, name: string): string =>
  folder === '/' ? `/${name}` : `${folder}/${name}`;

/** Resolves when the file at `path` was deleted at `from` or later, when that is forgotten, or when aborted. */
async function gone(
  client: QueueClient,
  path: string,
  from: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const event of client.watch(path, { from, signal })) {
      if (event.kind === 'delete') return;
    }
  } catch (error) {
    if (!(error instanceof ClusterError) || error.code !== 'ERR_COMPACTED') throw error;
  }
}

/** Whether the same read may succeed later. Not when the client was closed: it would fail at once for ever. */
export const mayPass = (error: unknown): boolean =>
  error instanceof ClusterError &&
  error.code !== 'ERR_STOPPED' &&
  (error.retry === 'same' || error.retry === 'leader');
