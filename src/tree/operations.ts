// What one write does to a draft, alone or in a transaction.
import {
  type LeaseId,
  noBytes,
  noLease,
  type Revision,
  textOf,
  unreachable,
  utf8,
} from '../base/index.ts';
import { isInSlots, type Path, parsePath, sequencePath } from '../paths/index.ts';
import type { Draft } from './draft.ts';
import { badMutation, checkSizes, checkWrite, type Refusal } from './guards.ts';
import { checkSlot } from './slots.ts';
import type { TreeState } from './state.ts';
import type { File, GuardRevision, Write } from './types.ts';

/** `value`: of a count. */
export type Written = { readonly revision: Revision; readonly value: number | null };

/** Does it, or changes nothing and says why. `state`: whose rules and members count. */
export function write(draft: Draft, state: TreeState, command: Write): Written | Refusal {
  switch (command.kind) {
    case 'set': {
      const { path, body, guard, lease = noLease } = command;
      return put(draft, state, path, body, guard, lease) ?? written(draft);
    }
    case 'delete':
      return remove(draft, state, command.path, command.guard) ?? written(draft);
    case 'create':
      return create(draft, state, command);
    case 'count':
      return count(draft, state, command);
    default:
      return unreachable(command);
  }
}

export const isRefusal = (outcome: Written | Refusal): outcome is Refusal => 'code' in outcome;

const written = ({ revision }: Draft): Written => ({ revision, value: null });

function put(
  draft: Draft,
  state: TreeState,
  path: Path,
  body: Uint8Array,
  guard: GuardRevision,
  lease: LeaseId,
): Refusal | null {
  const old = draft.files.get(path);
  const refusal =
    checkSizes(state.limits, path, body) ??
    checkWrite(draft, path, old, guard) ??
    checkSlot(draft, state, path, body) ??
    checkLease(draft, state, path, old, lease);
  if (refusal === null) draft.set(path, body, lease, old);
  return refusal;
}

function remove(draft: Draft, state: TreeState, path: Path, guard: GuardRevision): Refusal | null {
  const refusal =
    checkSizes(state.limits, path, noBytes) ??
    checkWrite(draft, path, draft.files.get(path), guard) ??
    checkSlot(draft, state, path, null);
  if (refusal === null) draft.delete(path);
  return refusal;
}

/** The lease must be there when the file is written, in one step with it (etcd#11456). */
function checkLease(
  draft: Draft,
  { limits: { leaseFilesMax } }: TreeState,
  path: Path,
  old: File | undefined,
  id: LeaseId,
): Refusal | null {
  if (id === noLease || old?.lease === id) return null;
  if (isInSlots(path)) return { ...badMutation('A slot goes with no lease'), code: 'ERR_BAD_SLOT' };
  const lease = draft.lease(id);
  if (lease === undefined) return noSuchLease(id);
  if (lease.files.size < leaseFilesMax) return null;
  return {
    code: 'ERR_TOO_LARGE',
    note: 'too large',
    detail: `Lease ${id} has ${lease.files.size} files, the limit is ${leaseFilesMax}`,
  };
}

function create(
  draft: Draft,
  state: TreeState,
  { prefix, body, lease = noLease }: Extract<Write, { kind: 'create' }>,
): Written | Refusal {
  const path = parsePath(sequencePath(prefix, draft.revision + 1));
  if (path === null) return badMutation(`"${prefix}" is not the beginning of a path`);
  // Absent: a file of this very name can only have been put there by hand.
  return put(draft, state, path, body, 0, lease) ?? written(draft);
}

const wholeForm = /^-?[0-9]{1,16}$/;

function count(
  draft: Draft,
  state: TreeState,
  { path, delta, guard }: Extract<Write, { kind: 'count' }>,
): Written | Refusal {
  const old = draft.files.get(path);
  const text = old === undefined ? '0' : textOf(old.body);
  const before = wholeForm.test(text) ? Number(text) : Number.NaN;
  // Before the number: what the guard says of the path is the better answer.
  const misplaced = checkWrite(draft, path, old, guard);
  if (misplaced !== null) return misplaced;
  if (!Number.isSafeInteger(before)) return badMutation(`"${path}" does not hold a whole number`);
  const value = before + delta;
  if (!Number.isSafeInteger(delta) || !Number.isSafeInteger(value)) {
    return badMutation(`"${path}" holds ${before}: with ${delta} more it would be beyond 2^53`);
  }
  // Never "-0": one number has one form.
  const body = utf8(value === 0 ? '0' : String(value));
  const refusal = put(draft, state, path, body, guard, old?.lease ?? noLease);
  return refusal ?? { revision: draft.revision, value: value === 0 ? 0 : value };
}

export const noSuchLease = (id: LeaseId): Refusal => ({
  code: 'ERR_NO_LEASE',
  note: 'no such lease',
  detail: `Lease ${id} is not there: it ended, or never was`,
});
