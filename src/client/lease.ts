import { ClusterError, type LeaseId, leaseId, noLease } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import { aWhole } from './arguments.ts';
import type { CallOptions } from './types.ts';

type LeaseParts = {
  readonly clock: Clock;
  /** Ends it in the cluster. */
  readonly revoke: (id: LeaseId, options: CallOptions) => Promise<unknown>;
  /** Called once, when it is lost, released or over with its client. */
  readonly over: (id: LeaseId) => void;
};

type LeaseTerms = {
  readonly id: LeaseId;
  readonly lengthMs: number;
  /** On the client's clock. */
  readonly goodUntilMs: number;
};

/**
 * A lease of the cluster, kept alive while its client is open. Files that are written with it are deleted
 * when it ends, together.
 *
 * L3: it is lost, for its holder, one length after the holder *sent* the last sign of life that was
 * answered; the cluster counts from later, so nobody else takes it for ended before.
 */
export class Lease {
  readonly #parts: LeaseParts;
  readonly #terms: LeaseTerms;
  readonly #abort = new AbortController();
  #goodUntilMs: number;
  #timer: Timer | null = null;

  /** @internal Granted by `Client.grant`. */
  constructor(parts: LeaseParts, terms: LeaseTerms) {
    this.#parts = parts;
    this.#terms = terms;
    this.#goodUntilMs = terms.goodUntilMs;
    this.#watch();
  }

  get id(): number {
    return this.#terms.id;
  }

  /** How long it lasts beyond a sign of life. */
  get lengthMs(): number {
    return this.#terms.lengthMs;
  }

  /**
   * Aborted when the holder can no longer be sure of the lease; its reason is ERR_NO_LEASE. A process that
   * stood still hears of it late: ask `isLost` before doing what only a holder may.
   */
  get lost(): AbortSignal {
    this.#check();
    return this.#abort.signal;
  }

  /** Whether the holder can no longer be sure of the lease, by the clock at this moment. */
  get isLost(): boolean {
    this.#check();
    return this.#abort.signal.aborted;
  }

  /** How long it is there for certain from now on, whatever happens; 0 when it is lost. */
  leftMs(): number {
    return this.isLost ? 0 : this.#goodUntilMs - this.#parts.clock.now();
  }

  /**
   * Ends the lease, and its files with it. The holder takes it for lost at once; one that ended already is
   * no error.
   *
   * @throws ERR_UNREACHABLE and the like: it ends by itself within its length.
   */
  async release(options: CallOptions = {}): Promise<void> {
    this.#lose('released');
    try {
      await this.#parts.revoke(this.#terms.id, options);
    } catch (error) {
      if (!(error instanceof ClusterError) || error.code !== 'ERR_NO_LEASE') throw error;
    }
  }

  /** @internal An answered sign of life. */
  kept(goodUntilMs: number): void {
    if (this.isLost || goodUntilMs <= this.#goodUntilMs) return;
    this.#goodUntilMs = goodUntilMs;
    this.#watch();
  }

  /** @internal It is not there any more, for a reason that is told. */
  end(reason: string): void {
    this.#lose(reason);
  }

  #watch(): void {
    const { clock } = this.#parts;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(0, this.#goodUntilMs - clock.now()), () => {
      // It may also come a fraction of a millisecond early.
      if (!this.isLost) this.#watch();
    });
  }

  /** A timer may be late; whoever asks is not told the past. */
  #check(): void {
    if (this.#abort.signal.aborted) return;
    if (this.#parts.clock.now() < this.#goodUntilMs) return;
    this.#lose(`no sign of life was answered for ${this.#terms.lengthMs} ms`);
  }

  #lose(reason: string): void {
    if (this.#abort.signal.aborted) return;
    this.#timer?.cancel();
    const { id } = this.#terms;
    this.#abort.abort(new ClusterError('ERR_NO_LEASE', `Lease ${id} is lost: ${reason}`));
    this.#parts.over(id);
  }
}

/** Bounds of a write, and the lease that its file goes with. */
export type LeaseOptions = CallOptions & { readonly lease?: Lease | number };

/** The id of `lease`. @throws ERR_NO_LEASE when its holder has lost it. */
export function heldLease(action: string, lease: Lease | number | undefined): LeaseId {
  if (lease === undefined) return noLease;
  if (lease instanceof Lease && lease.isLost) {
    throw new ClusterError('ERR_NO_LEASE', `${action}: lease ${lease.id} is lost`);
  }
  return idOf(lease);
}

export function idOf(lease: Lease | number): LeaseId {
  const id = lease instanceof Lease ? lease.id : aWhole(lease, 'lease');
  if (id > 0) return leaseId(id);
  throw new RangeError(`The lease must be above 0, not ${String(id)}`);
}
