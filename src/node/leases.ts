import { ClusterError, type LeaseId, type Term } from '../base/index.ts';
import type { Command, Lease, Reply, TreeState } from '../tree/index.ts';
import { leaseKey } from '../tree/index.ts';
import { LeaseQueue } from './lease-queue.ts';
import type { LeaseWaiter, ProposalWaiter, ViewWaiter } from './types.ts';

export type LeasesParts = {
  readonly state: () => TreeState;
  /** The term in which this node leads and has applied something of its own; `null`: it does not. */
  readonly reign: () => Term | null;
  /** Steady time without this node's own stalls. */
  readonly awakeMs: () => number;
  readonly read: (waiter: ViewWaiter) => void;
  readonly propose: (command: Command, waiter: ProposalWaiter) => void;
};

/** One term in which this node leads, from the moment its own first entry is applied. */
type Reign = {
  readonly term: Term;
  /** When each lease ends, in `awakeMs`. Those that ended some other way stay until their end comes. */
  readonly ends: Map<LeaseId, number>;
  readonly queue: LeaseQueue;
  /** L2: from the moment an end is proposed nobody is told that the lease goes on. */
  readonly ending: Set<LeaseId>;
};

/** Files of the leases that one entry ends, roughly: what others ask for comes in between. */
const filesTogetherMax = 256;
const leasesTogetherMax = 256;
/** Such entries that are not applied yet. */
const entriesMax = 4;
/** An end whose outcome is not known is proposed again after this; it is no other end. */
const againMs = 1000;

/**
 * How long leases last, kept by whoever leads, in memory alone.
 *
 * L1: a lease ends one length after its last sign of life or after this leader took office, whichever
 * is later, in steady time in which the leader did not stand still; so never before its holder, who
 * counts from when it sent the sign of life, takes it for lost. L2: a sign of life is answered after
 * a barrier round that was begun after it came, in the same term, and not once an end was proposed.
 */
export class Leases {
  readonly #parts: LeasesParts;
  #reign: Reign | null = null;
  #entries = 0;

  constructor(parts: LeasesParts) {
    this.#parts = parts;
  }

  /** This node has applied the first entry of its own term: every lease lasts its whole length from here. */
  established(term: Term): void {
    const nowMs = this.#parts.awakeMs();
    const reign: Reign = {
      term,
      ends: new Map(),
      queue: new LeaseQueue(nowMs),
      ending: new Set(),
    };
    this.#reign = reign;
    this.#entries = 0;
    for (const [, { id, lengthMs }] of this.#parts.state().leases.entries()) {
      this.#begin(reign, id, nowMs + lengthMs);
    }
  }

  /** A lease was granted, by an entry that is applied now. */
  granted(id: LeaseId): void {
    const reign = this.#current();
    const lease = this.#lease(id);
    if (reign !== null && lease !== undefined) {
      this.#begin(reign, id, this.#parts.awakeMs() + lease.lengthMs);
    }
  }

  /** @param renew  false: nothing changes, it is only asked. */
  keepAlive(leases: readonly LeaseId[], renew: boolean, waiter: LeaseWaiter): void {
    const askedMs = this.#parts.awakeMs();
    const { term } = this.#current() ?? { term: null };
    this.#parts.read({
      ready: () => {
        const reign = this.#current();
        if (reign === null || (term !== null && reign.term !== term)) {
          waiter.failed(leaderChanged());
        } else {
          waiter.left(leases.map((id) => this.#left(reign, id, renew, askedMs)));
        }
      },
      failed: (error) => waiter.failed(error),
    });
  }

  /** From time to time: proposes the end of those whose time is up. */
  expire(): void {
    const reign = this.#current();
    if (reign === null) return;
    const nowMs = this.#parts.awakeMs();
    const due: Lease[] = [];
    for (const id of reign.queue.due(nowMs)) {
      const endMs = reign.ends.get(id);
      const lease = this.#lease(id);
      if (endMs === undefined || lease === undefined) {
        reign.ends.delete(id);
        reign.ending.delete(id);
      } else if (endMs > nowMs) reign.queue.add(id, endMs);
      else due.push(lease);
    }
    while (due.length > 0) {
      if (this.#entries >= entriesMax) {
        // Soon again: the next look comes before they are any later than that.
        for (const { id } of due) reign.queue.add(id, nowMs);
        return;
      }
      this.#end(reign, takeTogether(due), nowMs);
    }
  }

  /** Of a reign that is over nothing is known any more. */
  #current(): Reign | null {
    const term = this.#parts.reign();
    if (this.#reign !== null && this.#reign.term !== term) this.#reign = null;
    return this.#reign;
  }

  #lease(id: LeaseId): Lease | undefined {
    return this.#parts.state().leases.get(leaseKey(id));
  }

  #begin({ ends, queue }: Reign, id: LeaseId, endMs: number): void {
    ends.set(id, endMs);
    queue.add(id, endMs);
  }

  #left(reign: Reign, id: LeaseId, renew: boolean, askedMs: number): number {
    const lease = this.#lease(id);
    const endMs = reign.ends.get(id);
    if (lease === undefined || endMs === undefined || reign.ending.has(id)) return 0;
    const renewedMs = renew ? Math.max(endMs, askedMs + lease.lengthMs) : endMs;
    reign.ends.set(id, renewedMs);
    return Math.max(1, Math.floor(renewedMs - askedMs));
  }

  #end(reign: Reign, leases: readonly LeaseId[], nowMs: number): void {
    this.#entries++;
    for (const id of leases) reign.ending.add(id);
    const over = (isKnown: boolean): void => {
      if (this.#reign !== reign) return;
      this.#entries--;
      for (const id of leases) {
        if (isKnown) reign.ending.delete(id);
        // Those that are gone are dropped when their turn comes.
        reign.queue.add(id, isKnown ? nowMs : nowMs + againMs);
      }
    };
    this.#parts.propose(
      { kind: 'expire', leases, term: reign.term },
      {
        applied: (_: Reply) => over(true),
        failed: ({ effect }) => over(effect === 'none'),
      },
    );
  }
}

/** As many as go into one entry. */
function takeTogether(due: Lease[]): LeaseId[] {
  const ids: LeaseId[] = [];
  let files = 0;
  while (ids.length < leasesTogetherMax) {
    const lease = due.at(-1);
    if (lease === undefined) break;
    if (ids.length > 0 && files + lease.files.size > filesTogetherMax) break;
    files += lease.files.size;
    ids.push(lease.id);
    due.pop();
  }
  return ids;
}

const leaderChanged = (): ClusterError =>
  new ClusterError('ERR_NO_LEADER', 'The leader changed while leases were kept alive; ask again');
