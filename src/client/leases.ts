import { ClusterError, type LeaseId, leaseId, limits } from '../base/index.ts';
import type { Clock } from '../ports/index.ts';
import { aWhole } from './arguments.ts';
import { type Caller, isKind } from './caller.ts';
import type { KeepAlives } from './keep-alives.ts';
import { idOf, Lease } from './lease.ts';
import { pageLimit } from './pages.ts';
import type { CallOptions, GrantOptions, LeaseReport } from './types.ts';

/** The leases of a client, from their granting to their end. */
export class Leases {
  readonly #caller: Caller;
  readonly #clock: Clock;
  readonly #keepAlives: KeepAlives;
  readonly #held = new Map<LeaseId, Lease>();

  constructor(caller: Caller, clock: Clock, keepAlives: KeepAlives) {
    this.#caller = caller;
    this.#clock = clock;
    this.#keepAlives = keepAlives;
  }

  async grant(lengthMs: number, options: GrantOptions): Promise<Lease> {
    const { leaseLengthMsMax: max, leaseLengthMsMin: min } = limits;
    if (!(aWhole(lengthMs, 'lengthMs') >= min && lengthMs <= max)) {
      throw new RangeError(`The lengthMs must be from ${min} to ${max}, not ${lengthMs}`);
    }
    const terms = await this.#caller.call('session', {
      action: `Cannot grant a lease of ${lengthMs} ms`,
      options,
      request: (tag, inSession) => ({ kind: 'grant', tag, lengthMs, window: 0, ...inSession }),
      read: (reply, { firstMs }) => {
        if (reply.kind !== 'lease') return null;
        // L3: which copy granted it is not known; no copy did before the first was sent.
        const goodUntilMs = firstMs + Math.min(reply.leftMs, lengthMs);
        return { id: reply.lease, lengthMs, goodUntilMs };
      },
    });
    return this.#hold(terms, options.keep ?? true);
  }

  async revoke(lease: Lease | number, options: CallOptions): Promise<number> {
    const id = idOf(lease);
    const { revision } = await this.#caller.call('session', {
      action: `Cannot revoke lease ${id}`,
      options,
      request: (tag, inSession) => ({ kind: 'revoke', tag, lease: id, ...inSession }),
      read: isKind('revision'),
    });
    this.#caller.floor.seen(revision);
    this.#held.get(id)?.end('revoked');
    return revision;
  }

  async renew(lease: Lease | number, options: CallOptions): Promise<number | null> {
    return this.#leftMs(idOf(lease), true, options);
  }

  async lease(lease: Lease | number, options: CallOptions): Promise<LeaseReport | null> {
    const id = idOf(lease);
    const leftMs = await this.#leftMs(id, false, options);
    if (leftMs === null) return null;
    try {
      return { leftMs, ...(await this.#files(id, options)) };
    } catch (error) {
      if (error instanceof ClusterError && error.code === 'ERR_NO_LEASE') return null;
      throw error;
    }
  }

  /** All are over for their holders. Those that the cluster is to end. */
  close(): LeaseId[] {
    const ids = [...this.#held.keys()];
    for (const lease of [...this.#held.values()]) lease.end('its client is closed');
    return ids;
  }

  #hold(
    terms: { readonly id: LeaseId; readonly lengthMs: number; readonly goodUntilMs: number },
    keep: boolean,
  ): Lease {
    const lease: Lease = new Lease(
      {
        clock: this.#clock,
        revoke: (id, options) => this.revoke(id, options),
        over: (id) => {
          this.#held.delete(id);
          this.#keepAlives.forget(id);
        },
      },
      terms,
    );
    if (!keep || lease.isLost) return lease;
    this.#held.set(terms.id, lease);
    this.#keepAlives.add({
      ...terms,
      kept: (goodUntilMs) => lease.kept(goodUntilMs),
      gone: () => lease.end('the cluster has ended it'),
    });
    return lease;
  }

  /** `null`: it is not there. */
  async #leftMs(id: LeaseId, renew: boolean, options: CallOptions): Promise<number | null> {
    const action = `Cannot ${renew ? 'renew' : 'ask for'} lease ${id}`;
    const { left, sentAtMs } = await this.#caller.call(renew ? 'repeat' : 'read', {
      action,
      options,
      request: (tag) => ({ kind: 'keepAlive', tag, leases: [id], renew }),
      read: (reply, { lastMs }) =>
        reply.kind === 'leases' ? { left: reply.leftMs[0] ?? 0, sentAtMs: lastMs } : null,
    });
    if (left === 0) return null;
    return Math.max(0, sentAtMs + left - this.#clock.now());
  }

  async #files(id: LeaseId, options: CallOptions) {
    const paths: string[] = [];
    while (true) {
      const offset = paths.length;
      const page = await this.#caller.call('read', {
        action: `Cannot ask for lease ${id}`,
        options,
        request: (tag) => ({ kind: 'lease', tag, lease: leaseId(id), offset, limit: pageLimit }),
        read: isKind('leaseFiles'),
      });
      this.#caller.floor.seen(page.at);
      paths.push(...page.paths);
      if (!page.more || page.paths.length === 0) return { lengthMs: page.lengthMs, paths };
    }
  }
}
