import { limits } from './limits.ts';

type Failures = {
  /** Wrong secrets since this address was forgotten last. */
  count: number;
  lastMs: number;
  /** When the answers that wait now may leave; those in the past are dropped with the next failure. */
  pendingUntilMs: number[];
};

/**
 * Makes guessing a secret slow, for each remote address apart, so that its neighbours are not hurt.
 *
 * The answer to a wrong secret waits, and twice as long with each one from the same address, up to a bound;
 * while `limits.wrongSecretsPendingMax` of them wait, nothing more from that address is even compared. A
 * right secret changes nothing: whoever has one could else guess the other at full speed. The caller keeps
 * the timers, one a connection at most; here are only numbers, of `limits.wrongSecretAddressesMax` addresses.
 */
export class Guesses {
  readonly #records = new Map<string, Failures>();

  /** Whether a secret from `address` may be looked at now. */
  mayTry(address: string, nowMs: number): boolean {
    const record = this.#records.get(keyOf(address));
    if (record === undefined) return true;
    return (
      record.pendingUntilMs.filter((until) => until > nowMs).length < limits.wrongSecretsPendingMax
    );
  }

  /** A secret from `address` was wrong. @returns how long its answer has to wait. */
  failed(address: string, nowMs: number): number {
    const key = keyOf(address);
    const before = this.#records.get(key);
    const fresh = before === undefined || nowMs - before.lastMs > limits.wrongSecretForgottenMs;
    const count = fresh ? 1 : before.count + 1;
    const doublings = Math.min(count - 1, 30);
    const delayMs = Math.min(limits.wrongSecretMsMax, limits.wrongSecretMsMin * 2 ** doublings);
    const pending = (before?.pendingUntilMs ?? []).filter((until) => until > nowMs);
    pending.push(nowMs + delayMs);
    // Taken out first, so that the map's order is that of the last failures.
    this.#records.delete(key);
    this.#records.set(key, { count, lastMs: nowMs, pendingUntilMs: pending });
    if (this.#records.size > limits.wrongSecretAddressesMax) this.#forgetOldest();
    return delayMs;
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#records.size;
  }

  #forgetOldest(): void {
    for (const key of this.#records.keys()) {
      this.#records.delete(key);
      return;
    }
  }
}

/** One machine has a whole /64 of IPv6 addresses to guess from; they count as one. */
function keyOf(address: string): string {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address);
  if (mapped !== null) return mapped[1] ?? address;
  if (!address.includes(':')) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = address.includes('::')
    ? 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
    : 0;
  for (let i = 0; i < missing; i++) groups.push('0');
  return groups.slice(0, 4).join(':');
}
