import { type LeaseId, limits, noLease } from '../base/index.ts';
import { sequencePath } from '../paths/index.ts';
import type {
  NativeCompare,
  NativeOperation,
  NativeRelation,
  NativeReply,
  NativeResult,
} from '../protocol/client/index.ts';
import { aBody, aText, aWhole, tooLarge } from './arguments.ts';
import { heldLease, idOf, type Lease } from './lease.ts';
import { withOwnBody } from './own-bytes.ts';
import type { Counted, Created, FileContent } from './types.ts';

/** Something that must hold of a file; `when` makes them. */
export type Compare = NativeCompare;

/** Something that a transaction does; `put`, `del`, `create`, `count` and `get` make them. */
export type Operation = NativeOperation;

/** One kind of them. */
export type OperationOf<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>;

/** How what is there compares to what is given. */
export type Relation = '=' | '!=' | '<' | '>';

/** If all of `compares` hold, `ifTrue` is done, else `ifFalse`; whole, or not at all. */
export type Transaction<
  T extends readonly Operation[] = readonly Operation[],
  F extends readonly Operation[] = readonly Operation[],
> = {
  readonly compares?: readonly Compare[];
  readonly ifTrue?: T;
  readonly ifFalse?: F;
};

/** What one operation came to. */
export type ResultOf<O extends Operation> =
  O extends OperationOf<'create'>
    ? Created
    : O extends OperationOf<'count'>
      ? Counted
      : O extends OperationOf<'get'>
        ? FileContent | null
        : { readonly revision: number };

/** What operations came to, in order. */
export type ResultsOf<Some extends readonly Operation[]> = {
  readonly [At in keyof Some]: ResultOf<Some[At]>;
};

/** Which branch was done, and what came of each of its operations. `revision`: the tree's afterwards. */
export type Decision<
  T extends readonly Operation[] = readonly Operation[],
  F extends readonly Operation[] = readonly Operation[],
> =
  | { readonly succeeded: true; readonly revision: number; readonly results: ResultsOf<T> }
  | { readonly succeeded: false; readonly revision: number; readonly results: ResultsOf<F> };

const relations: Readonly<Record<Relation, NativeRelation>> = {
  '=': 'equal',
  '!=': 'unequal',
  '<': 'less',
  '>': 'greater',
};

function aRelation(text: Relation): NativeRelation {
  if (Object.hasOwn(relations, text)) return relations[text];
  throw new RangeError(`The relation must be one of = != < >, not ${JSON.stringify(text)}`);
}

function aPath(path: string): string {
  aText(path, 'path');
  return path;
}

/**
 * What must hold for the first branch. Of a missing file both revisions are 0; it has no lease, and its
 * value is only ever `!=`.
 *
 * @example
 * const free = [when.absent('/owner')];
 * const unchanged = [when.changed('/config', '=', 17), when.value('/mode', '!=', 'frozen')];
 */
export const when = {
  exists: (path: string): Compare => ({ kind: 'exists', path: aPath(path), exists: true }),
  absent: (path: string): Compare => ({ kind: 'exists', path: aPath(path), exists: false }),
  /** The revision of its last write. */
  changed: (path: string, relation: Relation, revision: number): Compare => ({
    kind: 'changed',
    path: aPath(path),
    relation: aRelation(relation),
    revision: aWhole(revision, 'revision'),
  }),
  /** The revision that made it. */
  created: (path: string, relation: Relation, revision: number): Compare => ({
    kind: 'created',
    path: aPath(path),
    relation: aRelation(relation),
    revision: aWhole(revision, 'revision'),
  }),
  /** Its bytes, compared one by one. */
  value: (path: string, relation: Relation, body: Uint8Array | string): Compare => ({
    kind: 'value',
    path: aPath(path),
    relation: aRelation(relation),
    body: aBody(body),
  }),
  /** Its lease; `null`: it has none. */
  lease: (path: string, relation: '=' | '!=', lease: Lease | number | null): Compare => ({
    kind: 'lease',
    path: aPath(path),
    lease: lease === null ? noLease : idOf(lease),
    equal: aRelation(relation) === 'equal',
  }),
} as const;

type WriteTerms = {
  /** As for `Client.set`. Default -1: whatever is there. */
  readonly guard?: number;
  /** The lease that the file goes with. */
  readonly lease?: Lease | number;
};

const leaseOf = (path: string, lease: Lease | number | undefined): LeaseId =>
  heldLease(`Cannot write ${aText(path, 'path')}`, lease);

/** Writes a file. */
export const put = (
  path: string,
  body: Uint8Array | string,
  { guard = -1, lease }: WriteTerms = {},
): OperationOf<'set'> => ({
  kind: 'set',
  path: aPath(path),
  body: aBody(body),
  rev: aWhole(guard, 'guard'),
  lease: leaseOf(path, lease),
});

/** Deletes a file. */
export const del = (
  path: string,
  { guard = -1 }: Pick<WriteTerms, 'guard'> = {},
): OperationOf<'delete'> => ({ kind: 'delete', path: aPath(path), rev: aWhole(guard, 'guard') });

/** Makes a file with a name of its own, as `Client.create`. */
export const create = (
  prefix: string,
  body: Uint8Array | string,
  { lease }: Pick<WriteTerms, 'lease'> = {},
): OperationOf<'create'> => ({
  kind: 'create',
  prefix: aPath(prefix),
  body: aBody(body),
  lease: leaseOf(prefix, lease),
});

/** Adds to a number, as `Client.count`. */
export const count = (
  path: string,
  delta: number,
  { guard = -1 }: Pick<WriteTerms, 'guard'> = {},
): OperationOf<'count'> => ({
  kind: 'count',
  path: aPath(path),
  delta: aWhole(delta, 'delta'),
  rev: aWhole(guard, 'guard'),
});

/** Reads a file, as those before it in the branch left it. */
export const get = (path: string): OperationOf<'get'> => ({ kind: 'get', path: aPath(path) });

type Branches = {
  readonly compares: readonly Compare[];
  readonly ifTrue: readonly Operation[];
  readonly ifFalse: readonly Operation[];
};

/** Its parts, and its bytes. @throws ERR_TOO_LARGE. */
export function checkTransaction(
  action: string,
  { compares = [], ifTrue = [], ifFalse = [] }: Transaction,
): Branches & { readonly bytes: number } {
  const { transactionBytesMax, transactionOperationsMax } = limits;
  const operations = [...ifTrue, ...ifFalse];
  const number = compares.length + operations.length;
  if (number > transactionOperationsMax) {
    const most = `a transaction has at most ${transactionOperationsMax} compares and operations`;
    throw tooLarge(action, `${most}, this one ${number}`);
  }
  const bytes = [...compares, ...operations].reduce((sum, part) => sum + bytesOf(part), 0);
  if (bytes > transactionBytesMax) {
    const most = `paths and bodies of a transaction have at most ${transactionBytesMax} bytes`;
    throw tooLarge(action, `${most}, these ${bytes}`);
  }
  return { compares, ifTrue, ifFalse, bytes };
}

const bytesOf = (part: Compare | Operation): number =>
  (part.kind === 'create' ? part.prefix : part.path).length +
  ('body' in part ? part.body.length : 0);

/** The answer with the operations' own words; `null`: it does not fit them. */
export function decisionOf(
  { ifTrue, ifFalse }: Branches,
  { results, revision, succeeded }: Extract<NativeReply, { kind: 'decided' }>,
): Decision | null {
  const operations = succeeded ? ifTrue : ifFalse;
  if (operations.length !== results.length) return null;
  const read: ResultOf<Operation>[] = [];
  for (const [i, operation] of operations.entries()) {
    const result = results[i];
    const one = result === undefined ? undefined : resultOf(operation, result);
    if (one === undefined) return null;
    read.push(one);
  }
  return { succeeded, revision, results: read };
}

/** `undefined`: it is not of this kind of operation. */
function resultOf(operation: Operation, result: NativeResult): ResultOf<Operation> | undefined {
  if (operation.kind === 'get') {
    if (result.kind !== 'read') return undefined;
    return result.file === null ? null : withOwnBody(result.file);
  }
  if (result.kind === 'counted') {
    if (operation.kind !== 'count') return undefined;
    return { value: result.value, revision: result.revision };
  }
  if (result.kind !== 'written' || operation.kind === 'count') return undefined;
  const { revision } = result;
  if (operation.kind !== 'create') return { revision };
  return { path: sequencePath(operation.prefix, revision), revision };
}
