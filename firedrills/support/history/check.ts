import { checkFinals, reference } from './check-finals.ts';
import { checkStreams } from './check-streams.ts';
import { checkWrites, revisionsOfWrites } from './check-writes.ts';
import { Faults } from './faults.ts';
import { Model } from './model.ts';
import { Timeline } from './timeline.ts';
import type { Operation, Read, Recorded, Rev, Violation } from './types.ts';

/**
 * REV without a majority is answered after the node's bound of 5 s with what the node has heard of. An answer
 * that took this long may be one of those, and promises less.
 */
const localRevMs = 4900;

/** What a drill shows in the end. */
export type Report = {
  readonly operations: number;
  readonly done: number;
  /** Guards that did not hold. */
  readonly mismatches: number;
  /** Certainly not done. */
  readonly notDone: number;
  readonly unknown: number;
  /** Events told to watches and followers. */
  readonly events: number;
  /** What could not be judged, because no node remembers that far back. */
  readonly unchecked: number;
  readonly longestSilenceMs: number;
  readonly violations: readonly Violation[];
};

/**
 * Judges a recorded run. Each write has one revision, so the revisions are the order that everything took effect
 * in; what remains is to replay it and to see whether every answer agrees, and whether the order agrees with the
 * clock.
 *
 * `untilRevision`: every watch that was not ended by ERR_COMPACTED must have told all up to here.
 */
export function check(recorded: Recorded, untilRevision: number): Report {
  const faults = new Faults();
  const { operations, streams, finals } = recorded;
  checkFinals(faults, finals);
  const model = new Model(reference(finals));
  const timeline = new Timeline(operations, streams, revisionsOfWrites(operations, model));
  for (const { write, revision, floor } of timeline.walk((read, floor) =>
    pointOf(faults, model, read, floor),
  )) {
    if (revision > floor) continue;
    faults.found(
      'real time',
      `a write took revision ${revision} and began after ${floor} was seen`,
      [write],
    );
  }
  checkWrites(faults, model, operations, timeline);
  checkReadsAtRevisions(faults, model, operations);
  checkClients(faults, model, operations);
  checkStreams(faults, model, streams, untilRevision);
  return {
    ...counts(operations),
    events: streams.reduce((sum, { seen }) => sum + seen.length, 0),
    unchecked: faults.unchecked,
    longestSilenceMs: longestSilence(operations),
    violations: faults.violations,
  };
}

/**
 * The earliest revision at which a read of the newest state can have been answered, given that `floor` was
 * seen before it began. Taking the earliest leaves the most room to everything later.
 */
function pointOf(faults: Faults, model: Model, read: Read | Rev, floor: number): number {
  const { outcome } = read;
  if (outcome === null || outcome.kind !== 'done') return floor;
  if (outcome.revision > model.newest) {
    faults.found('from the future', `there is no revision ${outcome.revision}`, [read]);
    return floor;
  }
  if (read.what === 'rev') {
    const local = (read.endMs ?? 0) - read.startMs >= localRevMs;
    if (outcome.revision < floor && !local) {
      faults.found('stale revision', `${floor} had been seen before it was asked`, [read]);
    }
    return Math.max(floor, outcome.revision);
  }
  const found = { revision: outcome.revision, body: 'body' in outcome ? outcome.body : '' };
  const span = model.spanOf(read.path, found, floor);
  if (span === null) faults.unchecked++;
  else if (span === 'never') {
    const ever = model.spanOf(read.path, found, 0);
    const known = model.at(read.path, floor);
    const rule = ever === 'never' ? 'read what never was' : 'stale read';
    faults.found(rule, `revision ${floor} had been seen before it was asked, where it is`, [
      read,
      known,
    ]);
  }
  return Math.max(floor, outcome.revision, typeof span === 'object' ? (span?.from ?? 0) : 0);
}

function checkReadsAtRevisions(
  faults: Faults,
  model: Model,
  operations: readonly Operation[],
): void {
  for (const read of operations) {
    if (read.what !== 'get' || read.at === null || read.outcome?.kind !== 'done') continue;
    const version = model.at(read.path, read.at);
    const { revision, body } = read.outcome;
    if (version === null) faults.unchecked++;
    else if (version.revision !== revision || version.body !== body) {
      faults.found('read at a revision', `at ${read.at} it is otherwise`, [read, version]);
    }
  }
}

/** What one client of our library is told never goes back, whichever node answers. */
function checkClients(faults: Faults, model: Model, operations: readonly Operation[]): void {
  const seen = new Map<string, number>();
  const ended = operations
    .filter(({ client, endMs }) => client.startsWith('lib') && endMs !== null)
    .sort((a, b) => (a.endMs ?? 0) - (b.endMs ?? 0));
  for (const operation of ended) {
    if (operation.outcome?.kind !== 'done') continue;
    const before = seen.get(operation.client) ?? 0;
    const { revision } = operation.outcome;
    if (operation.what === 'rev' && revision < before) {
      faults.found('went back', `the same client had seen ${before}`, [operation]);
    }
    if (revision > model.newest) continue;
    seen.set(operation.client, Math.max(before, revision));
  }
}

function counts(operations: readonly Operation[]) {
  const kinds = { done: 0, mismatch: 0, none: 0, unknown: 0 };
  for (const { outcome } of operations) kinds[outcome?.kind ?? 'unknown']++;
  return {
    operations: operations.length,
    done: kinds.done,
    mismatches: kinds.mismatch,
    notDone: kinds.none,
    unknown: kinds.unknown,
  };
}

/** The longest time in which nothing that needs a majority succeeded anywhere. */
function longestSilence(operations: readonly Operation[]): number {
  const times = operations
    .filter((o) => o.outcome?.kind === 'done' && !(o.what === 'get' && o.at !== null))
    .filter((o) => o.what !== 'rev' || (o.endMs ?? 0) - o.startMs < localRevMs)
    .map(({ endMs }) => endMs ?? 0)
    .sort((a, b) => a - b);
  let longest = 0;
  times.forEach((at, i) => {
    longest = Math.max(longest, at - (times[i - 1] ?? at));
  });
  return Math.round(longest);
}
