import { type BootNumber, type LeaseId, limits, type NodeId } from '../base/index.ts';
import type { NodeMessage } from '../protocol/index.ts';
import type { RaftView } from '../raft/index.ts';
import type { Outbox } from './outbox.ts';
import { overloaded, unserved } from './refusals.ts';
import type { LeaseWaiter } from './types.ts';

type Asked = {
  readonly leases: readonly LeaseId[];
  readonly renew: boolean;
  readonly waiter: LeaseWaiter;
  readonly deadlineMs: number;
  to: NodeId | null;
  sentAtMs: number;
};

type KeepAlive = Extract<NodeMessage, { kind: 'keepAlive' }>;
type KeptAlive = Extract<NodeMessage, { kind: 'keptAlive' }>;

export type KeepAlivesParts = {
  readonly boot: BootNumber;
  readonly outbox: Outbox;
  readonly view: () => RaftView;
  /** Asks this node's own leases, as the leader. */
  readonly ask: (leases: readonly LeaseId[], renew: boolean, waiter: LeaseWaiter) => void;
};

/** A sign of life may come twice: what is not answered by then, or went to another leader, goes again. */
const againMs = 500;
/**
 * Nor is one kept for longer than the shortest lease: who sent it may be gone since, and the leader counts
 * from when it comes.
 */
const keptMsMax = limits.leaseLengthMsMin;
/** Numbers of one boot. */
const perBoot = 2 ** 32;

/** Signs of life on their way to the leader, ours and those that other nodes hand to us. */
export class KeepAlives {
  readonly #parts: KeepAlivesParts;
  readonly #asked = new Map<number, Asked>();
  #count = 0;

  constructor(parts: KeepAlivesParts) {
    this.#parts = parts;
  }

  add(
    leases: readonly LeaseId[],
    renew: boolean,
    waiter: LeaseWaiter,
    nowMs: number,
    deadlineMs: number,
  ): void {
    if (this.#parts.view().role === 'leader') return this.#parts.ask(leases, renew, waiter);
    if (this.#asked.size >= limits.keepAlivesMax) {
      return waiter.failed(overloaded('signs of life', limits.keepAlivesMax));
    }
    this.#count = (this.#count + 1) % perBoot;
    const n = this.#parts.boot * perBoot + this.#count;
    const endMs = Math.min(deadlineMs, nowMs + keptMsMax);
    const asked = { leases, renew, waiter, deadlineMs: endMs, to: null, sentAtMs: nowMs };
    this.#asked.set(n, asked);
    this.#send(n, asked, nowMs);
    this.#parts.outbox.flush();
  }

  /** Another node takes us for the leader. Unless we are, it hears nothing, and asks again. */
  arrived(from: NodeId, { n, renew, leases }: KeepAlive): void {
    const { view, ask, outbox } = this.#parts;
    if (view().role !== 'leader') return;
    ask(leases, renew, {
      left: (leftMs) => {
        outbox.add(from, { kind: 'keptAlive', term: view().term, n, leftMs });
        outbox.flush();
      },
      failed: () => {},
    });
  }

  answered({ n, leftMs }: KeptAlive): void {
    const asked = this.#asked.get(n);
    if (asked === undefined || asked.leases.length !== leftMs.length) return;
    this.#asked.delete(n);
    asked.waiter.left(leftMs);
  }

  /** From time to time. */
  expire(nowMs: number): void {
    if (this.#asked.size === 0) return;
    for (const [n, asked] of this.#asked) {
      if (asked.deadlineMs <= nowMs) {
        this.#asked.delete(n);
        asked.waiter.failed(unserved('quorum'));
      } else {
        this.#send(n, asked, nowMs);
      }
    }
    this.#parts.outbox.flush();
  }

  failAll(): void {
    const all = [...this.#asked.values()];
    this.#asked.clear();
    for (const { waiter } of all) waiter.failed(unserved('stopped'));
  }

  #send(n: number, asked: Asked, nowMs: number): void {
    const { view, ask, outbox } = this.#parts;
    const { role, leader, term } = view();
    const { leases, renew } = asked;
    if (role === 'leader') {
      // Elected meanwhile.
      this.#asked.delete(n);
      return ask(leases, renew, asked.waiter);
    }
    if (leader === null || (leader === asked.to && nowMs - asked.sentAtMs < againMs)) return;
    asked.to = leader;
    asked.sentAtMs = nowMs;
    outbox.add(leader, { kind: 'keepAlive', term, n, renew, leases });
  }
}
