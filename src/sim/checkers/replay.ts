// What the committed log comes to, entry by entry: which command, which answer, which revisions.
import { type LogIndex, type Membership, noTime, type Term } from '../../base/index.ts';
import { decodeEnvelope } from '../../protocol/index.ts';
import {
  apply,
  type Change,
  type CommandEnvelope,
  describeEvent,
  type Event,
  emptyTree,
  type Reply,
  type TreeState,
} from '../../tree/index.ts';
import { Violation } from '../witness.ts';
import type { EventTable } from './events.ts';
import { sameEvent } from './events.ts';
import { type Made, placeText } from './ledger.ts';

/** One committed entry. */
export type Step = {
  readonly index: number;
  readonly term: number;
  /** `null`: a leader's first entry or a membership. */
  readonly envelope: CommandEnvelope | null;
  readonly reply: Reply | null;
  /** Revisions `before + 1` to `after` are this entry's. */
  readonly before: number;
  readonly after: number;
  readonly events: readonly Event[];
  readonly state: TreeState;
};

/** The commands of the committed log, each decoded once. */
export class CommandLog {
  readonly #envelopes: (CommandEnvelope | null)[] = [];

  /** @returns the command, if it is one. */
  add({ index, payload }: Made): CommandEnvelope | null {
    const envelope = payload?.kind === 'command' ? decodeEnvelope(payload.bytes) : null;
    this.#envelopes[index] = envelope;
    return envelope;
  }

  at(index: number): CommandEnvelope | null {
    return this.#envelopes[index] ?? null;
  }
}

/**
 * `stateMachine`: what the log comes to on a tree that nothing ever happened to is what the nodes told
 * of. Snapshots, restarts and stops in between make no difference.
 */
export function* replay(
  committed: readonly Made[],
  log: CommandLog,
  events: EventTable,
): Generator<Step> {
  let state = emptyTree();
  for (const made of committed) {
    if (made.index === 0) continue;
    const before = state.revision;
    const envelope = log.at(made.index);
    const done = apply(state, changeOf(made, envelope));
    state = done.state;
    for (const event of done.events) checkTold(made, event, events);
    yield {
      index: made.index,
      term: made.term,
      envelope,
      reply: done.reply,
      before,
      after: state.revision,
      events: done.events,
      state,
    };
  }
}

function changeOf({ index, term, membership }: Made, envelope: CommandEnvelope | null): Change {
  return {
    index: index as LogIndex,
    term: term as Term,
    time: noTime,
    body: bodyOf(envelope, membership),
  };
}

function bodyOf(envelope: CommandEnvelope | null, membership: Membership | null): Change['body'] {
  if (envelope !== null) return { kind: 'command', envelope };
  return membership === null ? { kind: 'nothing' } : { kind: 'membership', membership };
}

function checkTold(made: Made, event: Event, events: EventTable): void {
  const told = events.at(event.revision);
  if (told !== undefined && sameEvent(told, event)) return;
  throw new Violation(
    'stateMachine',
    `entry ${placeText(made)} makes ${describeEvent(event)}, and nodes told of ${told === undefined ? 'nothing there' : describeEvent(told)}`,
  );
}
