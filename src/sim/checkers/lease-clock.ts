import { type Command, leaseKey, type View } from '../../tree/index.ts';
import type { History, Hold, Holder, Operation } from '../history.ts';
import { Violation } from '../witness.ts';
import type { Counts } from './counts.ts';
import { placeText } from './ledger.ts';
import { operationText } from './text.ts';

type At = { readonly index: number; readonly term: number };
/** How much faster than the world a node's clock may run, and how far it may be ahead. */
type Clocks = () => { readonly fastest: number; readonly aheadMs: number };

/**
 * `lease`, in the world's time. No lease ends by its time before it could have run out for its holder, who
 * counts from when it sent the last sign of life that was answered (L1). Nobody is answered that a lease
 * goes on who asked after its end was applied (L2). A sign of life of one's own, asked for and answered, makes it last
 * its whole length from when it was asked for, and what is told of the time left is true. No two guests hold one lock while each may be certain of
 * its lease; tokens rise.
 */
export class LeaseClock {
  readonly #history: History;
  readonly #counts: Counts;
  readonly #clocks: Clocks;
  /** When the end of each lease was first applied anywhere. */
  readonly #ends = new Map<number, { readonly atMs: number; readonly isByTime: boolean }>();

  constructor(history: History, counts: Counts, clocks: Clocks) {
    this.#history = history;
    this.#counts = counts;
    this.#clocks = clocks;
  }

  /** The first node has applied this, and perhaps more: its view. */
  committed(at: At, command: Command, { leases }: Pick<View, 'leases'>): void {
    if (command.kind === 'revoke') {
      // It may be a copy that was refused.
      if (leases.get(leaseKey(command.lease)) === undefined) this.#ended(command.lease, false);
    } else if (command.kind === 'expire' && command.term === at.term) {
      for (const lease of command.leases) {
        this.#expired(at, lease);
        this.#ended(lease, true);
      }
    }
  }

  /** The run is over. */
  check(): void {
    for (const operation of this.#history.operations) this.#checkAsked(operation);
    const { holders, leans } = this.#history;
    for (const holder of [...holders.values(), ...leans.values()]) this.#checkAnswers(holder);
    const byPath = new Map<string, Hold[]>();
    for (const hold of this.#history.holds) {
      // Who is told too late holds nothing.
      if (this.#untilMs(hold) <= hold.fromMs) continue;
      const others = byPath.get(hold.path) ?? [];
      for (const other of others) this.#checkHolds(other, hold);
      others.push(hold);
      byPath.set(hold.path, others);
    }
  }

  /** For so long its guest can be certain of it. */
  #untilMs({ holder, releasedMs }: Hold): number {
    const sign = holder.sign();
    const certainMs = sign === null ? 0 : this.#leastMs(sign);
    return Math.min(releasedMs ?? Number.POSITIVE_INFINITY, certainMs);
  }

  #ended(lease: number, isByTime: boolean): void {
    if (!this.#ends.has(lease)) this.#ends.set(lease, { atMs: this.#history.nowMs, isByTime });
  }

  #expired(at: At, lease: number): void {
    const { holders, leans } = this.#history;
    for (const holder of [holders.get(lease), leans.get(lease)]) {
      if (holder !== undefined && !this.#ends.has(lease)) this.#checkEnd(at, holder);
    }
  }

  #checkEnd(at: At, holder: Holder): void {
    const { guest, lease } = holder;
    const sign = holder.sign();
    if (sign === null) return;
    this.#counts.leasesOutlived++;
    const { nowMs } = this.#history;
    const leastMs = this.#leastMs(sign);
    if (nowMs >= leastMs) return;
    throw new Violation(
      'lease',
      `entry ${placeText(at)} ends lease ${lease} of ${guest} at ${nowMs.toFixed(1)}, and its sign of life of ${sign.sentMs.toFixed(1)} was answered with ${sign.holdsMs} ms: not before ${leastMs.toFixed(1)}`,
    );
  }

  /** Before this no clock that a run allows can have counted to the end. */
  #leastMs({ sentMs, holdsMs }: { readonly sentMs: number; readonly holdsMs: number }): number {
    const { fastest, aheadMs } = this.#clocks();
    return sentMs + holdsMs / fastest - aheadMs - roundedMs;
  }

  #checkAnswers({ guest, lease, grantedMs = 0, sign }: Holder): void {
    const last = sign();
    if (last !== null && last.sentMs > grantedMs) this.#counts.leasesRenewed++;
    const endedMs = this.#ends.get(lease)?.atMs;
    if (endedMs === undefined || last === null || last.sentMs <= endedMs) return;
    throw new Violation(
      'lease',
      `${guest} asked at ${last.sentMs.toFixed(1)} for lease ${lease} and was told that it goes on, and it had ended at ${endedMs.toFixed(1)}`,
    );
  }

  /** A guest asked how long a lease lasts, with a sign of life or without, and was told. */
  #checkAsked(operation: Operation): void {
    const { asked, told, beganMs, tookMs } = operation;
    if (asked.kind !== 'renew' || told?.kind !== 'left' || told.leftMs === null) return;
    const { lease, isQuestion } = asked;
    const { leftMs } = told;
    const { lengthMs } = this.#history.holders.get(lease) ?? { lengthMs: 0 };
    this.#counts.leasesAsked++;
    if (!isQuestion && leftMs < lengthMs - tookMs - 2 * roundedMs) {
      throw new Violation(
        'lease',
        `a sign of life makes it last ${lengthMs} ms again, and this one took ${tookMs.toFixed(1)} ms: ${operationText(operation)}`,
      );
    }
    const end = this.#ends.get(lease);
    if (end === undefined) return;
    // A renewal counts from when it is answered, a question from when it is asked.
    const fromMs = isQuestion ? beganMs : beganMs + tookMs;
    const leastMs = this.#leastMs({ sentMs: fromMs, holdsMs: leftMs });
    if (beganMs <= end.atMs && !(end.isByTime && end.atMs < leastMs)) return;
    throw new Violation(
      'lease',
      `it ended at ${end.atMs.toFixed(1)}, asked for from ${beganMs.toFixed(1)} on: ${operationText(operation)}`,
    );
  }

  #checkHolds(first: Hold, second: Hold): void {
    const text = `${second.guest} holds ${second.path} with ${second.token} from ${second.fromMs.toFixed(1)}, ${first.guest} with ${first.token} from ${first.fromMs.toFixed(1)}`;
    if (second.token <= first.token) throw new Violation('lock', `${text}: tokens rise`);
    const untilMs = this.#untilMs(first);
    if (second.fromMs >= untilMs) return;
    throw new Violation('lock', `${text} and is certain of it until ${untilMs.toFixed(1)}`);
  }
}

/** Answers are in whole ms. */
const roundedMs = 1;
