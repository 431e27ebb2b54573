import type { History, Operation } from '../history.ts';
import { Violation } from '../witness.ts';
import type { Counts } from './counts.ts';
import type { Deeds } from './deeds.ts';
import type { EventTable } from './events.ts';
import type { TreeModel } from './model.ts';
import { Reads, stateOf } from './reads.ts';
import { operationText } from './text.ts';
import { Writes } from './writes.ts';

export type OutcomesParts = {
  readonly history: History;
  readonly events: EventTable;
  readonly model: TreeModel;
  readonly counts: Counts;
  readonly deeds: Deeds;
  readonly endOfRange: (revision: number) => number;
  readonly mayBeStale: (operation: Operation) => boolean;
  readonly keepsFloor: (guest: string) => boolean;
  readonly hasSession: (guest: string) => boolean;
  readonly isDrivers: (path: string) => boolean;
};

/** The library gives a request no less, unless it is told to. */
const patienceMsMin = 5000;

type Moment = { readonly at: number; readonly operation: Operation; readonly isEnd: boolean };

/**
 * What guests were told, in the order in which it happened. The history of events is the order of all
 * writes, so that a run is linearizable if every operation finds a place in it: not before the place of
 * any that had ended when it began, and not beyond what was applied when it ended. To take the earliest
 * place that fits is best, since it binds later ones least.
 *
 * `outcome`: a write of a session has an unknown outcome only if its session was lost or its guest gave up.
 * `session`: what one client is told of the cluster's revision never goes back.
 */
export class Outcomes {
  readonly #parts: OutcomesParts;
  readonly #writes: Writes;
  readonly #reads: Reads;
  /** Every operation that ended had its place at or before this. */
  #floor = 0;
  readonly #floors: number[] = [];
  /** The highest revision that each guest was told of. */
  readonly #seen = new Map<string, number>();
  readonly #seenAtBegin: number[] = [];

  constructor(parts: OutcomesParts) {
    this.#parts = parts;
    this.#writes = new Writes(parts);
    this.#reads = new Reads(parts);
  }

  check(): void {
    this.#writes.checkEvents();
    for (const { operation, isEnd } of this.#moments()) {
      if (isEnd) this.#ended(operation);
      else this.#began(operation);
    }
    for (const operation of this.#parts.history.operations) {
      this.#count(operation);
      if (operation.endedAt === null) this.#writes.placeOf(operation, operation.floor);
    }
  }

  #moments(): Moment[] {
    const moments: Moment[] = [];
    for (const operation of this.#parts.history.operations) {
      moments.push({ at: operation.beganAt, operation, isEnd: false });
      const { endedAt } = operation;
      if (endedAt !== null) moments.push({ at: endedAt, operation, isEnd: true });
    }
    return moments.sort((a, b) => a.at - b.at);
  }

  #began({ n, guest, floor }: Operation): void {
    this.#floors[n] = Math.max(floor, this.#floor);
    this.#seenAtBegin[n] = this.#seen.get(guest) ?? 0;
  }

  #ended(operation: Operation): void {
    const floor = this.#floors[operation.n] ?? 0;
    this.#checkUnknown(operation);
    const wrote = this.#writes.placeOf(operation, floor);
    const ran = this.#parts.deeds.placeOf(operation, floor);
    const place = wrote ?? ran ?? this.#reads.placeOf(operation, floor);
    if (place !== null && place > this.#floor) this.#floor = place;
    this.#checkSession(operation, place ?? 0);
  }

  /** In a session nobody is left in the dark, but for who gave up and whose session was lost. */
  #checkUnknown(operation: Operation): void {
    const { guest, told, tookMs, asked } = operation;
    if (told?.kind !== 'unknown' || !this.#parts.hasSession(guest)) return;
    if (told.code === 'ERR_CANCELLED' || told.code === 'ERR_SESSION_LOST') return;
    if (told.code === 'ERR_OUTCOME_UNKNOWN' && tookMs >= patienceMsMin) return;
    // A sign of life is in no session: it may be given again as often as one likes.
    if (asked.kind === 'renew' && told.code === 'ERR_TIMEOUT' && tookMs >= patienceMsMin) return;
    throw new Violation(
      'outcome',
      `nobody knows, after ${tookMs.toFixed(1)} ms: ${operationText(operation)}`,
    );
  }

  #checkSession(operation: Operation, place: number): void {
    const { guest, told, n } = operation;
    const seen = this.#seenAtBegin[n] ?? 0;
    if (told?.kind === 'revision') {
      if (told.revision < seen && this.#parts.keepsFloor(guest)) {
        throw new Violation(
          'session',
          `${guest} had seen revision ${seen}: ${operationText(operation)}`,
        );
      }
      this.#saw(guest, told.revision);
    } else if (told !== null && stateOf(told) !== null) {
      const state = stateOf(told) ?? 0;
      const isNear = 'least' in operation.asked && operation.asked.least !== undefined;
      if (isNear && state < seen && this.#parts.keepsFloor(guest)) {
        throw new Violation(
          'session',
          `${guest} had seen revision ${seen}, and sees ${state}: ${operationText(operation)}`,
        );
      }
      if (isNear) this.#parts.counts.nearReads++;
      this.#saw(guest, state);
    } else if (told?.kind === 'created' || told?.kind === 'counted' || told?.kind === 'decided') {
      this.#saw(guest, told.revision);
    } else if (told?.kind === 'wrote' || told?.kind === 'event') this.#saw(guest, place);
  }

  #saw(guest: string, revision: number): void {
    if (revision > (this.#seen.get(guest) ?? 0)) this.#seen.set(guest, revision);
  }

  #count({ asked, told }: Operation): void {
    const { counts } = this.#parts;
    counts.operations++;
    switch (asked.kind) {
      case 'set':
      case 'delete':
      case 'nop':
      case 'create':
      case 'count':
      case 'transact':
      case 'grant':
      case 'revoke':
        counts.writes++;
        break;
      case 'wait':
        counts.waits++;
        break;
      default:
        counts.reads++;
        if (told?.kind === 'refused') counts.refused++;
    }
    if (told === null || told.kind === 'unknown') counts.unknown++;
  }
}
