import { leaseId, revision } from '../../base/index.ts';
import type { Field, Tuple } from './tuple.ts';
import type { NativeCompare, NativeOperation, NativeRelation, NativeResult } from './types.ts';

/* What stands in a transaction and in its answer: tuples that begin with their kind's number. */

const compares = {
  changed: 1,
  created: 2,
  value: 3,
  lease: 4,
  exists: 5,
} as const satisfies Record<NativeCompare['kind'], number>;

const operations = {
  set: 1,
  delete: 2,
  create: 3,
  count: 4,
  get: 5,
} as const satisfies Record<NativeOperation['kind'], number>;

const results = {
  written: 1,
  counted: 2,
  read: 3,
} as const satisfies Record<NativeResult['kind'], number>;

const relations: readonly NativeRelation[] = ['equal', 'unequal', 'less', 'greater'];

export function compareFields(c: NativeCompare): Field {
  switch (c.kind) {
    case 'changed':
    case 'created':
      return [compares[c.kind], c.path, relations.indexOf(c.relation), c.revision];
    case 'value':
      return [compares.value, c.path, relations.indexOf(c.relation), c.body];
    case 'lease':
      return [compares.lease, c.path, c.lease, c.equal];
    case 'exists':
      return [compares.exists, c.path, c.exists];
  }
}

export function readCompare(t: Tuple): NativeCompare {
  const compare = readCompareByKind(t, t.whole());
  t.end();
  return compare;
}

function readCompareByKind(t: Tuple, kind: number): NativeCompare {
  switch (kind) {
    case compares.changed:
      return { kind: 'changed', path: t.text(), relation: readRelation(t), revision: t.signed() };
    case compares.created:
      return { kind: 'created', path: t.text(), relation: readRelation(t), revision: t.signed() };
    case compares.value:
      return { kind: 'value', path: t.text(), relation: readRelation(t), body: t.bytes() };
    case compares.lease:
      return { kind: 'lease', path: t.text(), lease: leaseId(t.whole()), equal: t.flag() };
    case compares.exists:
      return { kind: 'exists', path: t.text(), exists: t.flag() };
    default:
      return t.fail(`is no kind of compare: ${kind}`);
  }
}

const readRelation = (t: Tuple): NativeRelation =>
  relations[t.whole()] ?? t.fail(`is not one of ${relations.join(', ')}`);

export function operationFields(o: NativeOperation): Field {
  switch (o.kind) {
    case 'set':
      return [operations.set, o.path, o.body, o.rev, o.lease];
    case 'delete':
      return [operations.delete, o.path, o.rev];
    case 'create':
      return [operations.create, o.prefix, o.body, o.lease];
    case 'count':
      return [operations.count, o.path, o.delta, o.rev];
    case 'get':
      return [operations.get, o.path];
  }
}

export function readOperation(t: Tuple): NativeOperation {
  const operation = readOperationByKind(t, t.whole());
  t.end();
  return operation;
}

function readOperationByKind(t: Tuple, kind: number): NativeOperation {
  switch (kind) {
    case operations.set: {
      const [path, body, rev] = [t.text(), t.bytes(), t.signed()];
      return { kind: 'set', path, body, rev, lease: leaseId(t.whole()) };
    }
    case operations.delete:
      return { kind: 'delete', path: t.text(), rev: t.signed() };
    case operations.create:
      return { kind: 'create', prefix: t.text(), body: t.bytes(), lease: leaseId(t.whole()) };
    case operations.count:
      return { kind: 'count', path: t.text(), delta: t.signed(), rev: t.signed() };
    case operations.get:
      return { kind: 'get', path: t.text() };
    default:
      return t.fail(`is no kind of operation: ${kind}`);
  }
}

export function resultFields(r: NativeResult): Field {
  switch (r.kind) {
    case 'written':
      return [results.written, r.revision];
    case 'counted':
      return [results.counted, r.revision, r.value];
    case 'read': {
      const { file } = r;
      if (file === null) return [results.read, null];
      return [results.read, [file.body, file.created, file.revision, file.lease]];
    }
  }
}

export function readResult(t: Tuple): NativeResult {
  const result = readResultByKind(t, t.whole());
  t.end();
  return result;
}

function readResultByKind(t: Tuple, kind: number): NativeResult {
  switch (kind) {
    case results.written:
      return { kind: 'written', revision: revision(t.whole()) };
    case results.counted:
      return { kind: 'counted', revision: revision(t.whole()), value: t.signed() };
    case results.read: {
      const file = t.tupleOrNull();
      return { kind: 'read', file: file === null ? null : readFile(file) };
    }
    default:
      return t.fail(`is no kind of result: ${kind}`);
  }
}

function readFile(t: Tuple): Extract<NativeResult, { kind: 'read' }>['file'] {
  const [body, created] = [t.bytes(), revision(t.whole())];
  const file = { body, created, revision: revision(t.whole()), lease: leaseId(t.whole()) };
  t.end();
  return file;
}
