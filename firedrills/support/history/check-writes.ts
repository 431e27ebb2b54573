import type { Faults } from './faults.ts';
import { drillFolder, type Model, type Version } from './model.ts';
import type { Timeline } from './timeline.ts';
import type { Change, Operation, Write } from './types.ts';

const errorFile = '/ctl/err';

const isWrite = (operation: Operation): operation is Write =>
  operation.what === 'set' || operation.what === 'delete';

type Done = Write & { readonly outcome: { readonly kind: 'done'; readonly revision: number } };

const isDone = (write: Write): write is Done =>
  write.outcome?.kind === 'done' && write.outcome.revision > 0;

/**
 * Where each write stands in the history: by its answer, or for a set that nobody vouched for by its body,
 * which no other has. Deletes without an answer are left to `checkWrites`.
 */
export function revisionsOfWrites(
  operations: readonly Operation[],
  model: Model,
): Map<Write, number> {
  const byBody = new Map<string, number>();
  for (const { kind, body, revision } of model.changes) {
    if (kind === 'set' && !byBody.has(body)) byBody.set(body, revision);
  }
  const revisions = new Map<Write, number>();
  for (const operation of operations) {
    if (!isWrite(operation)) continue;
    if (isDone(operation)) revisions.set(operation, operation.outcome.revision);
    else if (operation.what === 'set') {
      const revision = byBody.get(operation.body);
      if (revision !== undefined) revisions.set(operation, revision);
    }
  }
  return revisions;
}

/** What was acknowledged is there as it was written, what was refused is not, nothing is twice. */
export function checkWrites(
  faults: Faults,
  model: Model,
  operations: readonly Operation[],
  timeline: Timeline,
): void {
  const writes = operations.filter(isWrite);
  const claimed = new Map<number, Write>();
  for (const write of writes) {
    if (isDone(write)) acknowledged(faults, model, write, claimed);
    else if (write.outcome?.kind === 'mismatch') mismatched(faults, model, write, timeline);
  }
  setsInHistory(faults, model, writes, claimed);
  deletesInHistory(faults, model, writes, claimed, timeline);
  const refused = writes.filter(({ outcome }) => outcome?.kind === 'mismatch').length;
  const reasons = model.changes.filter(isMismatch).length;
  if (faults.unchecked === 0 && refused > reasons) {
    faults.found('refused without a revision', `${refused} refused, ${reasons} in history`, []);
  }
}

function acknowledged(
  faults: Faults,
  model: Model,
  write: Done,
  claimed: Map<number, Write>,
): void {
  const { revision } = write.outcome;
  const other = claimed.get(revision);
  if (other !== undefined) faults.found('one revision, two writes', `${revision}`, [other, write]);
  claimed.set(revision, write);
  if (revision < model.oldest) {
    faults.unchecked++;
    return;
  }
  const change = model.change(revision);
  if (change?.kind !== write.what || change.path !== write.path || change.body !== write.body) {
    faults.found('acknowledged and lost', `its revision ${revision} holds something else`, [
      write,
      change,
    ]);
    return;
  }
  guarded(faults, model, write, revision);
}

function guarded(faults: Faults, model: Model, write: Write, revision: number): void {
  const before = model.at(write.path, revision - 1);
  if (before === null) faults.unchecked++;
  else if (!holds(write.guard, before)) {
    faults.found('guard', `done at ${revision} although its guard did not hold`, [write, before]);
  }
}

const holds = (guard: number, before: Version): boolean =>
  guard === -1 || (guard >= 0 && before.revision <= guard);

const isMismatch = ({ kind, path, body }: Change): boolean =>
  kind === 'set' && path === errorFile && body === 'rev mismatch';

/** A guard that is said not to have held did not hold at some revision while the write was under way. */
function mismatched(faults: Faults, model: Model, write: Write, timeline: Timeline): void {
  const from = timeline.floorOf(write) + 1;
  const to = Math.min(timeline.ceilingOf(write) - 1, model.newest);
  if (from < model.oldest) {
    faults.unchecked++;
    return;
  }
  for (let revision = from; revision <= to; revision++) {
    const change = model.change(revision);
    if (change === null || !isMismatch(change)) continue;
    const before = model.at(write.path, revision - 1);
    if (before === null || !holds(write.guard, before)) return;
  }
  faults.found('refused for nothing', `its guard held at every revision from ${from} to ${to}`, [
    write,
    model.at(write.path, from - 1),
  ]);
}

function setsInHistory(
  faults: Faults,
  model: Model,
  writes: readonly Write[],
  claimed: ReadonlyMap<number, Write>,
): void {
  const byBody = new Map(writes.filter(({ what }) => what === 'set').map((w) => [w.body, w]));
  const seen = new Map<string, Change>();
  for (const change of model.changes) {
    if (change.kind !== 'set' || !change.path.startsWith(drillFolder)) continue;
    const { body, path, revision } = change;
    const write = byBody.get(body);
    const earlier = seen.get(body);
    if (earlier !== undefined) faults.found('done twice', `${body}`, [earlier, change, write]);
    seen.set(body, change);
    if (write === undefined || write.path !== path) {
      faults.found('from nowhere', `nobody asked for what revision ${revision} holds`, [change]);
    } else if (write.outcome?.kind === 'none' || write.outcome?.kind === 'mismatch') {
      faults.found('refused and done', `at revision ${revision}`, [write, change]);
    } else if (!claimed.has(revision)) guarded(faults, model, write, revision);
  }
}

/**
 * Deletes whose revision nobody was told must each be one that somebody asked for, and those that were
 * acknowledged must each be there. If each of the two can be had, both can at once (Mendelsohn and Dulmage).
 */
function deletesInHistory(
  faults: Faults,
  model: Model,
  writes: readonly Write[],
  claimed: ReadonlyMap<number, Write>,
  timeline: Timeline,
): void {
  const open = model.changes.filter(
    ({ kind, path, revision }) =>
      kind === 'delete' && path.startsWith(drillFolder) && !claimed.has(revision),
  );
  const untold = writes.filter(
    (write) =>
      write.what === 'delete' &&
      !isDone(write) &&
      (write.outcome === null || write.outcome.kind === 'unknown' || write.outcome.kind === 'done'),
  );
  const fits = (write: Write, { path, revision }: Change): boolean => {
    if (write.path !== path || timeline.floorOf(write) >= revision) return false;
    if (write.outcome?.kind === 'done' && timeline.ceilingOf(write) <= revision) return false;
    const before = model.at(path, revision - 1);
    return before === null || holds(write.guard, before);
  };
  for (const change of unmatched(open, untold, (c, w) => fits(w, c))) {
    faults.found('from nowhere', `nobody asked for the delete at ${change.revision}`, [change]);
  }
  if (model.oldest > 1 && faults.unchecked > 0) return;
  const done = untold.filter(({ outcome }) => outcome?.kind === 'done');
  for (const write of unmatched(done, open, fits)) {
    faults.found('acknowledged and lost', 'the delete is nowhere in the history', [write]);
  }
}

/** Those of `left` that find no partner of their own, when as many as possible do. */
function unmatched<L, R>(
  left: readonly L[],
  right: readonly R[],
  fits: (left: L, right: R) => boolean,
): L[] {
  const takenBy = new Map<R, L>();
  const place = (one: L, tried: Set<R>): boolean => {
    for (const other of right) {
      if (tried.has(other) || !fits(one, other)) continue;
      tried.add(other);
      const before = takenBy.get(other);
      if (before === undefined || place(before, tried)) {
        takenBy.set(other, one);
        return true;
      }
    }
    return false;
  };
  return left.filter((one) => !place(one, new Set()));
}
