// Compares, and then one of two lists of operations, whole or not at all.
import { unreachable } from '../base/index.ts';
import type { Draft } from './draft.ts';
import type { Refusal } from './guards.ts';
import { isRefusal, write } from './operations.ts';
import type { TreeState } from './state.ts';
import type { Command, Compare, Operation, OperationResult, Relation, Reply } from './types.ts';

type Transaction = Extract<Command, { kind: 'transaction' }>;
type Decided = Extract<Reply, { kind: 'decided' }>;

/** On a refusal the draft may hold a part of it, and is of no use any more. */
export function transact(draft: Draft, state: TreeState, command: Transaction): Decided | Refusal {
  const tooLarge = checkTransaction(state, command);
  if (tooLarge !== null) return tooLarge;
  const succeeded = command.compares.every((compare) => holds(draft, compare));
  const operations = succeeded ? command.ifTrue : command.ifFalse;
  const results: OperationResult[] = [];
  let readBytesLeft = state.limits.transactionBytesMax;
  for (const [i, operation] of operations.entries()) {
    if (operation.kind === 'get') {
      const file = draft.files.get(operation.path) ?? null;
      readBytesLeft -= file?.body.length ?? 0;
      if (readBytesLeft < 0) return tooMuch('What the transaction reads', state);
      results.push({ kind: 'read', file });
      continue;
    }
    const outcome = write(draft, state, operation);
    if (isRefusal(outcome)) {
      return { ...outcome, detail: `Operation ${i + 1} of the transaction: ${outcome.detail}` };
    }
    const { revision, value } = outcome;
    results.push(
      value === null ? { kind: 'written', revision } : { kind: 'counted', revision, value },
    );
  }
  return { kind: 'decided', revision: draft.revision, succeeded, results };
}

function checkTransaction({ limits }: TreeState, command: Transaction): Refusal | null {
  const { compares, ifTrue, ifFalse } = command;
  const count = compares.length + ifTrue.length + ifFalse.length;
  if (count > limits.transactionOperationsMax) {
    return {
      code: 'ERR_TOO_LARGE',
      note: 'too large',
      detail: `The transaction has ${count} compares and operations, the limit is ${limits.transactionOperationsMax}`,
    };
  }
  let bytes = 0;
  for (const compare of compares) {
    bytes += compare.path.length + (compare.kind === 'value' ? compare.body.length : 0);
  }
  for (const operation of [...ifTrue, ...ifFalse]) bytes += sizeOf(operation);
  return bytes > limits.transactionBytesMax ? tooMuch('The transaction', { limits }) : null;
}

function sizeOf(operation: Operation): number {
  switch (operation.kind) {
    case 'set':
      return operation.path.length + operation.body.length;
    case 'create':
      return operation.prefix.length + operation.body.length;
    default:
      return operation.path.length;
  }
}

const tooMuch = (what: string, { limits }: Pick<TreeState, 'limits'>): Refusal => ({
  code: 'ERR_TOO_LARGE',
  note: 'too large',
  detail: `${what} has more than ${limits.transactionBytesMax} bytes`,
});

function holds({ files }: Draft, compare: Compare): boolean {
  const file = files.get(compare.path);
  switch (compare.kind) {
    case 'exists':
      return (file !== undefined) === compare.exists;
    case 'changed':
      return relates((file?.changed ?? 0) - compare.revision, compare.relation);
    case 'created':
      return relates((file?.created ?? 0) - compare.revision, compare.relation);
    case 'lease':
      return ((file?.lease ?? 0) === compare.lease) === compare.equal;
    case 'value':
      if (file === undefined) return compare.relation === 'unequal';
      return relates(compareBytes(file.body, compare.body), compare.relation);
    default:
      return unreachable(compare);
  }
}

function relates(difference: number, relation: Relation): boolean {
  switch (relation) {
    case 'equal':
      return difference === 0;
    case 'unequal':
      return difference !== 0;
    case 'less':
      return difference < 0;
    case 'greater':
      return difference > 0;
    default:
      return unreachable(relation);
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
