import { sameBytes, textOf } from '../../base/index.ts';
import { describeEvent, type Event } from '../../tree/index.ts';
import { Violation } from '../witness.ts';
import type { Counts } from './counts.ts';
import type { NodeLog } from './node-log.ts';

/**
 * The one history of events. `revision`: one event a revision, one revision an event, on every node, over
 * restarts and snapshots; `stateMachine`: the same event everywhere.
 */
export class EventTable {
  readonly #counts: Counts;
  readonly #events: (Event | undefined)[] = [];
  readonly #texts: (string | undefined)[] = [];
  #known = 0;

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  /** Every event through this revision is known. */
  get known(): number {
    while (this.#events[this.#known + 1] !== undefined) this.#known++;
    return this.#known;
  }

  /** The highest revision of which anybody told. */
  get newest(): number {
    return Math.max(0, this.#events.length - 1);
  }

  at(revision: number): Event | undefined {
    return this.#events[revision];
  }

  bodyAt(revision: number): string {
    const known = this.#texts[revision];
    if (known !== undefined) return known;
    const event = this.#events[revision];
    const text = event === undefined ? '' : textOf(event.body);
    this.#texts[revision] = text;
    return text;
  }

  started(node: NodeLog, revision: number): void {
    node.nextEvent = { least: 1, most: revision + 1 };
  }

  jumped(node: NodeLog, oldest: number): void {
    const next = node.nextEvent?.least ?? 1;
    if (oldest + 1 < next) {
      throw new Violation(
        'revision',
        `${node.id} goes back to revision ${oldest} with a snapshot, and was at ${next - 1}`,
      );
    }
    // The event at the snapshot's own revision may have been told before.
    node.nextEvent = { least: oldest, most: Math.max(oldest, Math.min(oldest + 1, next)) };
  }

  event(node: NodeLog, event: Event): void {
    const { revision } = event;
    const { nextEvent } = node;
    if (nextEvent !== null && (revision < nextEvent.least || revision > nextEvent.most)) {
      throw new Violation(
        'revision',
        `${node.id} tells ${describeEvent(event)}, and revision ${nextEvent.least === nextEvent.most ? nextEvent.least : `${nextEvent.least} to ${nextEvent.most}`} comes next`,
      );
    }
    node.nextEvent = { least: revision + 1, most: revision + 1 };
    const other = this.#events[revision];
    if (other === undefined) {
      this.#events[revision] = event;
      this.#counts.events++;
    } else if (!sameEvent(other, event)) {
      throw new Violation(
        'stateMachine',
        `${node.id} tells ${describeEvent(event)}, others ${describeEvent(other)}`,
      );
    }
  }

  /** No revision is without its event. */
  checkWhole(): void {
    if (this.known === this.newest) return;
    throw new Violation(
      'revision',
      `no node told of an event at revision ${this.known + 1}, and ${this.newest} is the newest`,
    );
  }
}

export const sameEvent = (a: Event, b: Event): boolean =>
  a === b || (a.kind === b.kind && a.path === b.path && sameBytes(a.body, b.body));
