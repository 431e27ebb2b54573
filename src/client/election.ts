import { ClusterError } from '../base/index.ts';
import { firstPlace, Held, type Lock, type LockOptions } from './lock.ts';
import {
  childOf,
  mayPass,
  type Place,
  placesOf,
  type QueueClient,
  type QueueFile,
} from './place.ts';
import { put } from './transaction.ts';
import type { CallOptions, EventOptions } from './types.ts';

/** How a candidate stands. What its file holds is its value. */
export type CampaignOptions = Omit<LockOptions, 'body'>;

/** Who leads. */
export type Leader = {
  /** Its file. */
  readonly path: string;
  /** What it stood with, or proclaimed since. */
  readonly value: Uint8Array;
  /** Its fencing token: above that of everybody who led before. */
  readonly token: number;
  /** The revision of its last proclamation. */
  readonly revision: number;
};

/**
 * An office that is held: until it is resigned, or lost. It is a lock that tells who holds it; what is written
 * under it needs a guard for the same reasons.
 */
export type Leadership = Omit<Lock, 'release'> & {
  /**
   * Tells everybody another value, and stays in office. Resolves with its revision.
   *
   * @throws ERR_LOCK_LOST when it is somebody else's office by now, and nothing was told.
   */
  readonly proclaim: (value: Uint8Array | string, options?: CallOptions) => Promise<number>;
  /** Lets the next one in. As `Lock.release`. */
  readonly resign: () => Promise<void>;
};

class HeldOffice extends Held implements Leadership {
  readonly #client: QueueClient;

  constructor(client: QueueClient, place: Place) {
    super(place);
    this.#client = client;
  }

  async proclaim(value: Uint8Array | string, options: CallOptions = {}): Promise<number> {
    const { guard, lease, path } = this;
    if (this.isLost) throw lostAt(path);
    const told = await this.#client.transact(
      { compares: [guard], ifTrue: [put(path, value, { lease })] },
      options,
    );
    if (told.succeeded) return told.revision;
    throw lostAt(path);
  }

  resign(): Promise<void> {
    return this.place.leave();
  }
}

const lostAt = (path: string): ClusterError =>
  new ClusterError('ERR_LOCK_LOST', `Cannot proclaim at "${path}": it is not led from there`);

/** The office at `folder`, stood for with `value`. */
export async function campaign(
  client: QueueClient,
  folder: string,
  value: Uint8Array | string,
  options: CampaignOptions,
): Promise<Leadership> {
  return new HeldOffice(client, await firstPlace(client, folder, { ...options, body: value }));
}

/** Who leads at `folder`; `null`: nobody. */
export async function leader(
  client: Pick<QueueClient, 'walk'>,
  folder: string,
  options: CallOptions = {},
): Promise<Leader | null> {
  for await (const file of placesOf(client, folder, options)) return leaderOf(file);
  return null;
}

const leaderOf = ({ path, body, created, revision }: QueueFile): Leader => ({
  path,
  value: body,
  token: created,
  revision,
});

/**
 * Who leads at `folder`, now and whenever that or its value changes; `null` while nobody does. Leaders that
 * came and went between two looks are left out; tokens rise. Candidates that come and go wake nobody here.
 */
export async function* observe(
  client: QueueClient,
  folder: string,
  options: EventOptions,
): AsyncGenerator<Leader | null, undefined, undefined> {
  const isOver = (): boolean => options.signal?.aborted === true;
  let seen: Leader | null | undefined;
  while (!isOver()) {
    try {
      // From before the look: what it does not show comes after.
      const from = client.floor + 1;
      const now = await leader(client, folder, options);
      if (seen === undefined || now?.revision !== seen?.revision) yield now;
      seen = now;
      // In an empty folder anything may become the first; else only the first matters.
      const glob = now === null ? childOf(folder, '*') : now.path;
      for await (const event of client.watch(glob, { ...options, from })) {
        if (now === null || event.revision > now.revision) break;
      }
    } catch (error) {
      if (isOver()) return;
      // What was missed is forgotten, or nobody leads the cluster for a while: look again.
      const forgotten = error instanceof ClusterError && error.code === 'ERR_COMPACTED';
      if (!forgotten && !mayPass(error)) throw error;
    }
  }
}
