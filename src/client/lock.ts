import type { Lease } from './lease.ts';
import { Place, type PlaceOptions, placesOf, type QueueClient } from './place.ts';
import type { Compare } from './transaction.ts';

/** How a lock is taken, and what ends the wait for it. */
export type LockOptions = PlaceOptions & {
  /** Ends the wait, with ERR_CANCELLED, once the place in the queue is given up. */
  readonly signal?: AbortSignal;
};

/**
 * A lock that is held: until it is released, or lost.
 *
 * What it gives: no two hold it at a time, as long as their clocks run alike. What no lock can give: that
 * its holder stops in time. A process that stood still, or whose write was long on its way, believes in a
 * lock that another one has by now. So whatever is written under a lock must be guarded: in the cluster
 * by `guard` in the transaction that writes, elsewhere by the token, which the place that is written to
 * compares with the highest it has seen.
 *
 * @see https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html  fencing tokens
 * @see https://github.com/etcd-io/etcd/issues/11456  a lock granted on a lease that had ended
 * @see https://github.com/etcd-io/etcd/issues/11457  a lock without a fencing token
 */
export type Lock = {
  /** Its file. */
  readonly path: string;
  /** The fencing token, the revision that made its file: above that of everybody who held it before. */
  readonly token: number;
  /** What its file goes with. Files that are given to it go together with the lock. */
  readonly lease: Lease;
  /** Aborted when the lease is lost, or when somebody deleted the file. Not by `release`. */
  readonly lost: AbortSignal;
  /** Lost or let go, as of now: after a standstill of this process known sooner than by `lost`. */
  readonly isLost: boolean;
  /** For the compares of a transaction: holds as long as the lock is held. */
  readonly guard: Compare;
  /**
   * Lets the next one in. Deletes its own file and never a later holder's (etcd#22082). May be called twice,
   * and on a lock that is lost.
   *
   * @throws what the cluster says. The lock ends all the same, with its lease, unless that was given.
   */
  readonly release: () => Promise<void>;
};

/** A place that came to be the first, as its holder sees it. */
export class Held implements Omit<Lock, 'release'> {
  protected readonly place: Place;

  constructor(place: Place) {
    this.place = place;
  }

  get path(): string {
    return this.place.path;
  }

  get token(): number {
    return this.place.token;
  }

  get lease(): Lease {
    return this.place.lease;
  }

  get lost(): AbortSignal {
    return this.place.lost;
  }

  get isLost(): boolean {
    return this.place.isLost;
  }

  get guard(): Compare {
    return this.place.guard;
  }
}

class HeldLock extends Held implements Lock {
  release(): Promise<void> {
    return this.place.leave();
  }
}

/** The lock at `folder`, waited for. @throws as `Place.take` and `Place.first`. */
export async function lock(
  client: QueueClient,
  folder: string,
  options: LockOptions,
): Promise<Lock> {
  return new HeldLock(await firstPlace(client, folder, options));
}

/** The lock at `folder`, or `null` when somebody has it or waits for it. */
export async function tryLock(
  client: QueueClient,
  folder: string,
  options: LockOptions,
): Promise<Lock | null> {
  const { signal } = options;
  // Looking costs nobody anything; a place in the queue would be waited for by whoever comes next.
  const { done } = await placesOf(client, folder, signal && { signal }).next();
  if (done !== true) return null;
  const place = await Place.take(client, folder, options, signal);
  return (await orLeave(place, place.isFirst(signal)))
    ? new HeldLock(place)
    : place.leave().then(none);
}

const none = (): null => null;

/** A place in `folder` that is the first. One that does not get there is given up. */
export async function firstPlace(
  client: QueueClient,
  folder: string,
  options: LockOptions,
): Promise<Place> {
  const place = await Place.take(client, folder, options, options.signal);
  await orLeave(place, place.first(options.signal));
  return place;
}

/** What `waiting` comes to; when that is an error, after the place was given up. */
async function orLeave<T>(place: Place, waiting: Promise<T>): Promise<T> {
  try {
    return await waiting;
  } catch (error) {
    // What it says to this is of less interest: its lease ends by itself.
    await place.leave().catch(() => undefined);
    throw error;
  }
}
