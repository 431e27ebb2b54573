import {
  type BootNumber,
  type ClusterTime,
  isMember,
  limits,
  type NodeId,
  noSession,
  type Term,
} from '../base/index.ts';
import { decodeEnvelope, encodeEnvelope } from '../protocol/index.ts';
import type { Input, RaftView, Receipt, RefusalReason } from '../raft/index.ts';
import type { Command, InSession, Reply } from '../tree/index.ts';
import type { Tallies } from './counts.ts';
import { type Forward, Forwards } from './forwards.ts';
import type { Outbox } from './outbox.ts';
import { type Batch, Proposals } from './proposals.ts';
import { condemned, outcomeError, overloaded, unserved } from './refusals.ts';
import { diskFull, grows } from './space.ts';
import type { ProposalWaiter } from './types.ts';

export type WritesParts = {
  readonly id: NodeId;
  readonly boot: BootNumber;
  /** The term found on disk at this start. What this boot appended stands in later ones. */
  readonly bootTerm: Term;
  readonly outbox: Outbox;
  readonly requestTimeoutMs: number;
  readonly clusterTime: () => ClusterTime;
  /** This node's disk has no room: while it leads it takes nothing that grows. */
  readonly isFull: () => boolean;
  readonly step: (input: Input) => void;
  readonly now: () => number;
  readonly tallies: Tallies;
};

type Arrived = { readonly from: NodeId; readonly boot: BootNumber; readonly forward: Forward };

/** A batch that went to another node; the same goes again if nothing is heard of it. */
type Handed = Batch & {
  readonly to: NodeId;
  readonly term: Term;
  sentAtMs: number;
  pauseMs: number;
};

/** A request in no session. */
const alone: InSession = { session: noSession, seq: 0, ackedBelow: 0 };
/** Commands of one forward or one batch of our own, at most. One command always goes. */
const batchBytesMax = limits.appendBytesMax;
/** What a node that does not lead refused is handed on again after this. */
const retryMs = limits.tickMs;
/**
 * A link that closed may have lost a forward. The same batch is appended once, however often it comes.
 * The pause doubles: a leader that is only slow must not be given everything again and again.
 */
const resendMs = 500;

/**
 * Commands on their way into the log: our own, to whoever leads, and those that other nodes hand to
 * us. All that gathered since the last turn goes as one batch.
 */
export class Writes {
  readonly #parts: WritesParts;
  readonly #proposals: Proposals;
  readonly #forwards = new Forwards();
  #arrived: Arrived[] = [];
  #arrivedBytes = 0;
  #handed: Handed[] = [];
  /** Batches of ours that the own core was asked to append, by the reference of their receipt. */
  readonly #ownBatches = new Map<number, number>();
  #ref = 0;
  #retryAtMs = 0;
  /** Until then the leader is taken to be full: what grows is not handed on. */
  #fullUntilMs = 0;

  constructor(parts: WritesParts) {
    this.#parts = parts;
    const bounds = { countMax: limits.proposalsMax, bytesMax: limits.proposalBytesMax };
    this.#proposals = new Proposals(bounds, parts.boot, parts.tallies);
  }

  /** Commands of ours without an outcome. */
  get waiting(): number {
    return this.#proposals.size;
  }

  propose(
    command: Command,
    waiter: ProposalWaiter,
    nowMs: number,
    inSession: InSession = alone,
  ): void {
    if (this.#proposals.full) {
      this.#parts.tallies.proposalsFailed += 1;
      waiter.failed(overloaded('proposals', limits.proposalsMax));
      return;
    }
    if (nowMs < this.#fullUntilMs && grows(command)) {
      this.#parts.tallies.proposalsFailed += 1;
      waiter.failed(diskFull());
      return;
    }
    const { id, boot, requestTimeoutMs } = this.#parts;
    const origin = { node: id, boot, n: this.#proposals.nextN };
    const bytes = encodeEnvelope({ ...inSession, origin, command });
    this.#proposals.add(bytes, waiter, nowMs + requestTimeoutMs, nowMs);
  }

  /** Another node takes us for the leader. */
  arrived(from: NodeId, boot: BootNumber, forward: Forward): void {
    // Only while this node's disk stands still. It is sent again.
    if (this.#arrivedBytes >= limits.arrivedBytesMax) return;
    for (const bytes of forward.commands) this.#arrivedBytes += bytes.length;
    this.#arrived.push({ from, boot, forward });
  }

  /** Hands everything that waits to the core, or to the leader. */
  gather(view: () => RaftView, nowMs: number): void {
    if (this.#arrived.length > 0) this.#gatherArrived(view());
    if (this.#proposals.hasUnsent && nowMs >= this.#retryAtMs) this.#gatherOwn(view(), nowMs);
  }

  /** The core's answer about a batch, ours or one that was handed to us. */
  receipt(receipt: Receipt, nowMs: number): void {
    const forward = this.#forwards.closed(receipt.ref);
    const own = this.#ownBatches.get(receipt.ref);
    this.#ownBatches.delete(receipt.ref);
    if (receipt.kind !== 'refused') return;
    const { reason } = receipt;
    if (own !== undefined) this.refused(own, reason, nowMs);
    if (forward !== null) {
      this.#forwards.refused(forward, reason);
      this.#sayRefused(forward.from, forward, reason);
    }
  }

  /** None of this batch of ours was appended, nor will be. */
  refused(batch: number, reason: RefusalReason, nowMs: number): void {
    if (reason === 'overloaded') {
      this.#proposals.failBatch(batch, overloaded('uncommitted bytes', limits.uncommittedBytesMax));
      return;
    }
    if (reason === 'diskFull') {
      this.#fullUntilMs = nowMs + limits.diskLookMs;
      this.#proposals.failBatch(batch, diskFull(), bytesGrow);
    }
    this.#proposals.refused(batch);
    this.#retryAtMs = nowMs + retryMs;
  }

  /** Our command `n` is applied here. */
  applied(n: number, reply: Reply): void {
    this.#proposals.applied(n, reply, this.#parts.now());
  }

  /** The first entry of `term` is applied here. */
  termApplied(term: Term): void {
    this.#proposals.termApplied(term);
  }

  /** A snapshot took the place of entries that nobody here will see. */
  jumped(): void {
    this.#proposals.jumped(outcomeError(true, this.#parts.requestTimeoutMs));
  }

  /** This node's tree is wrong, and would answer wrongly. What was handed on goes on. */
  condemned(): void {
    this.#proposals.failAll((sent) =>
      sent ? outcomeError(true, this.#parts.requestTimeoutMs) : condemned(),
    );
  }

  forget(isKnown: (id: NodeId) => boolean): void {
    this.#forwards.forget(isKnown);
  }

  /** From time to time. `term` is the core's: what was handed to an earlier one comes back by itself. */
  expire(nowMs: number, term: Term): void {
    this.#proposals.expire(nowMs, (sent) => outcomeError(sent, this.#parts.requestTimeoutMs));
    if (this.#handed.length === 0) return;
    this.#handed = this.#handed.filter((handed) => this.#proposals.isOpen(handed));
    for (const handed of this.#handed) {
      if (handed.term !== term || nowMs - handed.sentAtMs < handed.pauseMs) continue;
      handed.sentAtMs = nowMs;
      handed.pauseMs *= 2;
      this.#forward(handed);
    }
  }

  endAll(): void {
    this.#arrived = [];
    this.#proposals.failAll((sent) =>
      sent ? outcomeError(true, this.#parts.requestTimeoutMs) : unserved('stopped'),
    );
  }

  #gatherOwn({ role, term, leader }: RaftView, nowMs: number): void {
    if (leader === null) return;
    while (this.#proposals.hasUnsent) {
      const taken = this.#proposals.take(term, batchBytesMax);
      if (taken.commands.length === 0) continue;
      if (role === 'leader' && this.#isTooMuch(taken.commands)) {
        this.refused(taken.batch, 'diskFull', nowMs);
        return;
      }
      if (role === 'leader') {
        const ref = this.#nextRef();
        this.#ownBatches.set(ref, taken.batch);
        this.#propose(ref, taken.commands, term);
      } else {
        const handed = { ...taken, to: leader, term, sentAtMs: nowMs, pauseMs: resendMs };
        this.#handed.push(handed);
        this.#forward(handed);
      }
    }
  }

  #forward({ to, term, batch, commands }: Handed): void {
    this.#parts.outbox.add(to, { kind: 'forward', term, batch, commands });
  }

  #sayRefused(
    to: NodeId,
    { term, batch }: { readonly term: Term; readonly batch: number },
    reason: RefusalReason,
  ): void {
    this.#parts.outbox.add(to, { kind: 'forwardRefused', term, batch, reason });
  }

  #gatherArrived(view: RaftView): void {
    const arrived = this.#arrived;
    this.#arrived = [];
    this.#arrivedBytes = 0;
    for (const { from, boot, forward } of arrived) {
      if (forward.commands.length === 0 || this.#isPast(view, from, forward.term)) continue;
      const seen = this.#forwards.look(from, boot, forward);
      if (seen === 'repeat') continue;
      if (seen !== 'new') {
        this.#sayRefused(from, forward, seen.refused);
        continue;
      }
      const ref = this.#nextRef();
      this.#forwards.opened(ref, from, forward);
      if (view.role === 'leader' && this.#isTooMuch(forward.commands)) {
        const refused = { kind: 'refused', ref, reason: 'diskFull', detail: '' } as const;
        this.receipt(refused, 0);
        continue;
      }
      this.#propose(ref, forward.commands, forward.term);
    }
  }

  /**
   * What may be a repeat of something that was appended is passed over in silence: "refused" would be a
   * lie about the first. Of earlier terms, of what an earlier boot did, and of nodes that left, nothing
   * is remembered here. Its sender hands it on anew once it sees an entry of a later term.
   */
  #isPast({ term, membership }: RaftView, from: NodeId, meantFor: Term): boolean {
    return meantFor < term || meantFor <= this.#parts.bootTerm || !isMember(membership, from);
  }

  #propose(ref: number, commands: readonly Uint8Array[], onlyInTerm: Term): void {
    const time = this.#parts.clusterTime();
    this.#parts.step({ kind: 'propose', ref, commands, time, onlyInTerm });
  }

  #isTooMuch(commands: readonly Uint8Array[]): boolean {
    return this.#parts.isFull() && commands.some(bytesGrow);
  }

  #nextRef(): number {
    this.#ref++;
    return this.#ref;
  }
}

const bytesGrow = (bytes: Uint8Array): boolean => grows(decodeEnvelope(bytes).command);
