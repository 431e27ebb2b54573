import { assert, ClusterError, type LeaseId, limits } from '../base/index.ts';
import type { Timer } from '../ports/index.ts';
import { pauseMs } from './back-off.ts';
import { Call, type CallParts, type CallPlan } from './call.ts';

/** A lease that is kept alive, a session among them. */
export type KeptLease = {
  readonly id: LeaseId;
  readonly lengthMs: number;
  /** Until then it is there for certain, on the client's clock. */
  readonly goodUntilMs: number;
  readonly kept: (goodUntilMs: number) => void;
  /** The cluster says that it is not there. */
  readonly gone: () => void;
};

type Kept = {
  readonly lease: KeptLease;
  goodUntilMs: number;
  /** When it is asked for next. */
  dueMs: number;
  asked: boolean;
};

/** A sign of life may not be waited for in vain for less than this. */
const patienceMsMin = 100;

/**
 * Gives signs of life for the leases of a client, each at a third of its length, as many as possible in one
 * request. One that finds no answer is repeated, soon, at another node if need be.
 */
export class KeepAlives {
  readonly #parts: CallParts;
  readonly #timeoutMs: number;
  readonly #kept = new Map<LeaseId, Kept>();
  #timer: Timer | null = null;
  #pauses = 0;
  #closed = false;

  constructor(parts: Omit<CallParts, 'desk'>, timeoutMs: number) {
    this.#parts = { ...parts, desk: null };
    this.#timeoutMs = timeoutMs;
  }

  /** Those that are kept. */
  get ids(): LeaseId[] {
    return [...this.#kept.keys()];
  }

  add(lease: KeptLease): void {
    if (this.#closed) return;
    const { goodUntilMs, id, lengthMs } = lease;
    const dueMs = goodUntilMs - lengthMs + lengthMs / 3;
    this.#kept.set(id, { lease, goodUntilMs, dueMs, asked: false });
    this.#schedule();
  }

  forget(id: LeaseId): void {
    if (this.#kept.delete(id)) this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#kept.clear();
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = null;
    let dueMs = Number.POSITIVE_INFINITY;
    for (const kept of this.#kept.values()) if (!kept.asked) dueMs = Math.min(dueMs, kept.dueMs);
    if (this.#closed || dueMs === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#parts;
    this.#timer = clock.after(Math.max(0, dueMs - clock.now()), () => this.#round());
  }

  /** Asks for all that are due, and for those that soon will be: their times fall together that way. */
  #round(): void {
    const nowMs = this.#parts.clock.now();
    const due = [...this.#kept.values()].filter(
      ({ asked, dueMs, lease }) => !asked && dueMs - lease.lengthMs / 12 <= nowMs,
    );
    for (let i = 0; i < due.length; i += limits.keepAliveLeasesMax) {
      void this.#ask(due.slice(i, i + limits.keepAliveLeasesMax));
    }
    this.#schedule();
  }

  async #ask(some: readonly Kept[]): Promise<void> {
    const { clock, prng } = this.#parts;
    for (const kept of some) kept.asked = true;
    try {
      const { leftMs, sentAtMs } = await this.#call(some);
      this.#pauses = 0;
      for (const [i, kept] of some.entries()) {
        kept.asked = false;
        this.#answered(kept, sentAtMs, leftMs[i] ?? 0);
      }
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      const againMs = clock.now() + pauseMs(this.#pauses++, prng);
      for (const kept of some) {
        kept.asked = false;
        kept.dueMs = againMs;
      }
    }
    this.#schedule();
  }

  #answered(kept: Kept, sentAtMs: number, leftMs: number): void {
    const { id, lengthMs } = kept.lease;
    // It may have been released meanwhile.
    if (this.#kept.get(id) !== kept) return;
    if (leftMs === 0) {
      this.#kept.delete(id);
      return kept.lease.gone();
    }
    // L3: from when the sign was sent, since the leader counts from when it came.
    kept.goodUntilMs = Math.max(kept.goodUntilMs, sentAtMs + Math.min(leftMs, lengthMs));
    kept.dueMs = sentAtMs + lengthMs / 3;
    kept.lease.kept(kept.goodUntilMs);
  }

  #call(some: readonly Kept[]): Promise<{ leftMs: readonly number[]; sentAtMs: number }> {
    const nowMs = this.#parts.clock.now();
    const leases = some.map(({ lease }) => lease.id);
    assert(leases.length <= limits.keepAliveLeasesMax, 'a sign of life is for a bounded number');
    // Half of what is left, so that another node can be asked in the other half.
    const left = some.map(({ goodUntilMs }) => goodUntilMs - nowMs).filter((ms) => ms > 0);
    const patienceMs = Math.max(patienceMsMin, Math.min(this.#timeoutMs, ...left) / 2);
    const plan: CallPlan<{ leftMs: readonly number[]; sentAtMs: number }> = {
      action: 'Cannot keep leases alive',
      nature: 'repeat',
      timeoutMs: patienceMs,
      size: leases.length * 9,
      request: (tag) => ({ kind: 'keepAlive', tag, leases, renew: true }),
      read: (reply, { lastMs: sentAtMs }) => {
        if (reply.kind !== 'leases' || reply.leftMs.length !== leases.length) return null;
        return { leftMs: reply.leftMs, sentAtMs };
      },
    };
    return new Call(this.#parts, plan, null).start();
  }
}
