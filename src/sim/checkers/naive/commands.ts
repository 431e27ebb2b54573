// What each write of a command does to the naive tree, or why it does nothing.
import { type ErrorCode, textOf, utf8 } from '../../../base/index.ts';
import { errorFile, type Path, parsePath } from '../../../paths/index.ts';
import type { Command, Compare, Operation, OperationResult, Write } from '../../../tree/index.ts';
import type { NaiveTree } from './tree.ts';

/** What /ctl/err says of each refusal. */
export const notes: Partial<Record<ErrorCode, string>> = {
  ERR_REV_MISMATCH: 'rev mismatch',
  ERR_NOT_DIRECTORY: 'not a directory',
  ERR_IS_DIRECTORY: 'is a directory',
  ERR_BAD_SLOT: 'bad slot',
  ERR_NO_LEASE: 'no such lease',
  ERR_BAD_ARGUMENT: 'bad mutation',
  ERR_TOO_LARGE: 'too large',
  ERR_OVERLOADED: 'too large',
  ERR_UNKNOWN_VERB: 'bad mutation',
};

export type Done =
  | { readonly code: ErrorCode }
  | { readonly code: null; readonly value: number | null };

/** Whether a lease is there. */
export type HasLease = (lease: number) => boolean;

const done: Done = { code: null, value: null };
const refused = (code: ErrorCode): Done => ({ code });

export function write(tree: NaiveTree, hasLease: HasLease, command: Write): Done {
  switch (command.kind) {
    case 'set':
      return put(tree, hasLease, command.path, command.body, command.guard, command.lease ?? 0);
    case 'delete': {
      const code = misplaced(tree, command.path, command.guard);
      if (code !== null) return refused(code);
      tree.delete(command.path);
      return done;
    }
    case 'create': {
      const suffix = `000000000000000${tree.revision + 1}`.slice(-16);
      const path = parsePath(`${command.prefix}${suffix}`);
      if (path === null) return refused('ERR_BAD_ARGUMENT');
      return put(tree, hasLease, path, command.body, 0, command.lease ?? 0);
    }
    case 'count':
      return count(tree, hasLease, command);
  }
}

function put(
  tree: NaiveTree,
  hasLease: HasLease,
  path: Path,
  body: Uint8Array,
  guard: number,
  lease: number,
): Done {
  const code = misplaced(tree, path, guard);
  if (code !== null) return refused(code);
  if (lease !== 0 && tree.files.get(path)?.lease !== lease && !hasLease(lease)) {
    return refused('ERR_NO_LEASE');
  }
  tree.set(path, body, lease);
  return done;
}

function count(
  tree: NaiveTree,
  hasLease: HasLease,
  { path, delta, guard }: Extract<Write, { kind: 'count' }>,
): Done {
  const code = misplaced(tree, path, guard);
  if (code !== null) return refused(code);
  const old = tree.files.get(path);
  const text = old === undefined ? '0' : textOf(old.body);
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) + delta : Number.NaN;
  if (!Number.isSafeInteger(value)) return refused('ERR_BAD_ARGUMENT');
  const outcome = put(tree, hasLease, path, utf8(`${value + 0}`), guard, old?.lease ?? 0);
  return outcome.code === null ? { code: null, value: value + 0 } : outcome;
}

/** A file above, then the guard, then a directory in the way. */
function misplaced(tree: NaiveTree, path: Path, guard: number): ErrorCode | null {
  const file = tree.files.get(path);
  const isDirectory = file === undefined && tree.isDirectory(path);
  if (file === undefined && !isDirectory && tree.isBelowFile(path)) return 'ERR_NOT_DIRECTORY';
  const revision = isDirectory ? -2 : (file?.changed ?? 0);
  if (guard !== -1 && guard < revision) return 'ERR_REV_MISMATCH';
  return isDirectory ? 'ERR_IS_DIRECTORY' : null;
}

type Transaction = Extract<Command, { kind: 'transaction' }>;

export type Transacted =
  | { readonly code: ErrorCode }
  | {
      readonly code: null;
      readonly succeeded: boolean;
      readonly results: readonly OperationResult[];
    };

/** All of one branch; on a refusal the caller takes back what was done. */
export function transact(tree: NaiveTree, hasLease: HasLease, command: Transaction): Transacted {
  const succeeded = command.compares.every((compare) => holds(tree, compare));
  const results: OperationResult[] = [];
  for (const operation of succeeded ? command.ifTrue : command.ifFalse) {
    const outcome = operate(tree, hasLease, operation);
    if ('code' in outcome) return outcome;
    results.push(outcome);
  }
  return { code: null, succeeded, results };
}

function operate(
  tree: NaiveTree,
  hasLease: HasLease,
  operation: Operation,
): OperationResult | { readonly code: ErrorCode } {
  if (operation.kind === 'get') {
    const file = tree.files.get(operation.path) ?? null;
    return { kind: 'read', file } as OperationResult;
  }
  const outcome = write(tree, hasLease, operation);
  if (outcome.code !== null) return { code: outcome.code };
  const revision = tree.revision;
  return (
    outcome.value === null
      ? { kind: 'written', revision }
      : { kind: 'counted', revision, value: outcome.value }
  ) as OperationResult;
}

export function holds(tree: NaiveTree, compare: Compare): boolean {
  const file = tree.files.get(compare.path);
  switch (compare.kind) {
    case 'exists':
      return compare.exists === (file !== undefined);
    case 'lease': {
      const isSame = compare.lease === (file?.lease ?? 0);
      return compare.equal ? isSame : !isSame;
    }
    case 'created':
    case 'changed':
      return relates(compare.relation, file?.[compare.kind] ?? 0, compare.revision);
    case 'value': {
      if (file === undefined) return compare.relation === 'unequal';
      const order = orderOf(file.body, compare.body);
      return relates(compare.relation, order, 0);
    }
  }
}

function relates(relation: 'equal' | 'unequal' | 'less' | 'greater', a: number, b: number) {
  if (relation === 'equal') return a === b;
  if (relation === 'unequal') return a !== b;
  return relation === 'less' ? a < b : a > b;
}

function orderOf(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; ; i++) {
    const x = a[i] ?? -1;
    const y = b[i] ?? -1;
    if (x !== y) return x - y;
    if (x === -1) return 0;
  }
}

/** A refusal leaves a note, or a nop where it has no place. */
export function leaveNote(tree: NaiveTree, code: ErrorCode): void {
  if (tree.isDirectory(errorFile) || tree.isBelowFile(errorFile)) tree.nop();
  else tree.set(errorFile, utf8(notes[code] ?? code), 0);
}
