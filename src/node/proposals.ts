import { assert, type BootNumber, type ClusterError, type Term } from '../base/index.ts';
import type { Reply } from '../tree/index.ts';
import { Tallies } from './counts.ts';
import type { ProposalWaiter } from './types.ts';

/** A command of ours that has no outcome yet. */
type Pending = {
  /** Our own count in this boot; stands in the entry too. */
  readonly n: number;
  readonly bytes: Uint8Array;
  readonly waiter: ProposalWaiter;
  readonly proposedMs: number;
  readonly deadlineMs: number;
  /** The term it was handed to, and to that term's leader alone; `null` while it waits here. */
  sentIn: Term | null;
  /** The batch it went with, ours or a forward; 0 while it waits here. */
  batch: number;
};

/** Commands that are handed on together: all of them are appended, or none. */
export type Batch = {
  readonly batch: number;
  readonly commands: readonly Uint8Array[];
  /** The number of the last one. */
  readonly lastN: number;
};

const batchesPerBoot = 2 ** 32;

/** N3: how many, and how many bytes together. */
export type ProposalBounds = { readonly countMax: number; readonly bytesMax: number };

/**
 * Who waits for what became of a command.
 *
 * A command is handed to the leader of one term and to nobody else. Once an entry of a later term
 * is applied here without it, it can never be committed: every entry of the earlier term that
 * ever will be stands before. So it certainly did nothing and is handed on again, under the same
 * number. Only a snapshot that jumps over entries, or time, leaves an outcome unknown.
 *
 * Invariant N2: each waiter is called once.
 */
export class Proposals {
  readonly #bounds: ProposalBounds;
  /** In order of number, which is the order of deadlines too. */
  readonly #pending = new Map<number, Pending>();
  /** Those that wait here, in order of number. May begin with some that are pending no more. */
  #unsent: Pending[] = [];
  #bytes = 0;
  #n = 0;
  #batch: number;
  readonly #tallies: Tallies;

  /** Batches of one boot are numbered far from those of every other: see `Proposals.take`. */
  constructor(bounds: ProposalBounds, boot: BootNumber, tallies: Tallies = new Tallies()) {
    this.#tallies = tallies;
    this.#bounds = bounds;
    this.#batch = boot * batchesPerBoot;
    assert(Number.isSafeInteger(this.#batch + batchesPerBoot), 'batches are numbered by boot');
  }

  get full(): boolean {
    return this.#pending.size >= this.#bounds.countMax || this.#bytes >= this.#bounds.bytesMax;
  }

  get size(): number {
    return this.#pending.size;
  }

  get hasUnsent(): boolean {
    return this.#unsent.length > 0;
  }

  get nextN(): number {
    return this.#n + 1;
  }

  /** `bytes` carry `nextN` as their number. */
  add(bytes: Uint8Array, waiter: ProposalWaiter, deadlineMs: number, proposedMs = 0): void {
    assert(!this.full, 'N3: proposals stay within their bound');
    this.#n++;
    const pending = { n: this.#n, bytes, waiter, proposedMs, deadlineMs, sentIn: null, batch: 0 };
    this.#pending.set(this.#n, pending);
    this.#unsent.push(pending);
    this.#bytes += bytes.length;
  }

  /**
   * Takes what waits, oldest first, within `bytesMax`, to be handed to the leader of `term`.
   *
   * A leader that stood still may refuse a batch of an earlier boot only now: that must not look like
   * a refusal of one of ours.
   */
  take(term: Term, bytesMax: number): Batch {
    this.#batch++;
    const commands: Uint8Array[] = [];
    let bytes = 0;
    let count = 0;
    let lastN = 0;
    for (const pending of this.#unsent) {
      if (bytes > 0 && bytes + pending.bytes.length > bytesMax) break;
      count++;
      if (!this.#pending.has(pending.n)) continue;
      pending.sentIn = term;
      pending.batch = this.#batch;
      commands.push(pending.bytes);
      bytes += pending.bytes.length;
      lastN = pending.n;
    }
    this.#dropUnsent(count);
    return { batch: this.#batch, commands, lastN };
  }

  /** Nothing is known yet of what became of the batch. */
  isOpen({ batch, lastN }: Batch): boolean {
    return this.#pending.get(lastN)?.batch === batch;
  }

  /** Our command `n` was applied. Others' numbers never come here. */
  applied(n: number, reply: Reply, nowMs = 0): void {
    const pending = this.#pending.get(n);
    if (pending === undefined) return;
    this.#forget(pending);
    this.#tallies.commitSeconds.note((nowMs - pending.proposedMs) / 1000);
    pending.waiter.applied(reply);
  }

  /** An entry of `term` was applied: what was handed to an earlier term did nothing; again. */
  termApplied(term: Term): void {
    this.#requeue((pending) => pending.sentIn !== null && pending.sentIn < term);
  }

  /** The batch was refused whole, for a reason that may pass. */
  refused(batch: number): void {
    this.#requeue((pending) => pending.sentIn !== null && pending.batch === batch);
  }

  /** The batch was refused whole and its waiters shall know; those of `which`, if not all. */
  failBatch(
    batch: number,
    error: ClusterError,
    which: (bytes: Uint8Array) => boolean = () => true,
  ): void {
    this.#fail(
      (pending) => pending.sentIn !== null && pending.batch === batch && which(pending.bytes),
      () => error,
    );
  }

  /** A snapshot jumped over entries that may have held what was handed on. */
  jumped(error: ClusterError): void {
    this.#fail(
      (pending) => pending.sentIn !== null,
      () => error,
    );
  }

  /** Ends what waited too long. The error depends on whether it may have been appended somewhere. */
  expire(nowMs: number, errorFor: (sent: boolean) => ClusterError): void {
    for (const pending of this.#pending.values()) {
      if (pending.deadlineMs > nowMs) break;
      this.#forget(pending);
      this.#tallies.proposalsFailed += 1;
      pending.waiter.failed(errorFor(pending.sentIn !== null));
    }
    let gone = 0;
    for (const { n } of this.#unsent) {
      if (this.#pending.has(n)) break;
      gone++;
    }
    this.#dropUnsent(gone);
  }

  failAll(errorFor: (sent: boolean) => ClusterError): void {
    this.#unsent = [];
    this.#fail(
      () => true,
      (pending) => errorFor(pending.sentIn !== null),
    );
  }

  #forget(pending: Pending): void {
    if (this.#pending.delete(pending.n)) this.#bytes -= pending.bytes.length;
  }

  #dropUnsent(count: number): void {
    if (count > 0) this.#unsent = this.#unsent.slice(count);
  }

  #requeue(which: (pending: Pending) => boolean): void {
    const again: Pending[] = [];
    for (const pending of this.#pending.values()) {
      if (!which(pending)) continue;
      pending.sentIn = null;
      pending.batch = 0;
      again.push(pending);
    }
    if (again.length > 0) this.#unsent = [...again, ...this.#unsent].sort((a, b) => a.n - b.n);
  }

  #fail(which: (pending: Pending) => boolean, errorFor: (pending: Pending) => ClusterError): void {
    const failed = [...this.#pending.values()].filter(which);
    for (const pending of failed) this.#forget(pending);
    this.#tallies.proposalsFailed += failed.length;
    for (const pending of failed) pending.waiter.failed(errorFor(pending));
  }
}
