// Writes and transactions as they stand in a command.
import { leaseId, noLease } from '../base/index.ts';
import type { Path } from '../paths/index.ts';
import type { Command, Compare, Operation, Relation, Write } from '../tree/index.ts';
import { asciiAt, type Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/*
 *   set             i64 guard, u16 length and path, the body to the end
 *   set, leased     u64 lease, then as set
 *   delete          i64 guard, u16 length and path
 *   create          u64 lease, u16 length and prefix, the body to the end
 *   count           i64 guard, i64 delta, u16 length and path
 *   transaction     three lists, each after its count as u16: compares, operations, other operations
 *
 * A compare: u8 kind (1 changed, 2 created, 3 value, 4 lease, 5 exists), u8 relation (0 equal,
 * 1 unequal, 2 less, 3 greater; for exists 0 means that it does), u16 length and path, then an i64
 * revision, or u32 length and body, or a u64 lease, or nothing. An operation: u8 kind (1 set,
 * 2 delete, 6 set with a lease, 7 create, 8 count, 9 get), u32 length, and what is above; a get has
 * u16 length and path.
 */
type Transaction = Extract<Command, { kind: 'transaction' }>;

const operationKinds = { set: 1, delete: 2, leasedSet: 6, create: 7, count: 8, get: 9 } as const;
const compareKinds = { changed: 1, created: 2, value: 3, lease: 4, exists: 5 } as const;
const relations: readonly Relation[] = ['equal', 'unequal', 'less', 'greater'];

const hasLease = (write: Operation): boolean =>
  write.kind === 'set' && (write.lease ?? noLease) !== noLease;

export function sizeOfWrite(write: Operation): number {
  switch (write.kind) {
    case 'set':
      return (hasLease(write) ? 18 : 10) + write.path.length + write.body.length;
    case 'delete':
      return 10 + write.path.length;
    case 'create':
      return 10 + write.prefix.length + write.body.length;
    case 'count':
      return 18 + write.path.length;
    case 'get':
      return 2 + write.path.length;
  }
}

export function putWrite(writer: Writer, write: Write): void {
  switch (write.kind) {
    case 'set':
      if (hasLease(write)) writer.whole(write.lease ?? noLease);
      writer.signed(write.guard);
      putPath(writer, write.path);
      writer.raw(write.body);
      return;
    case 'delete':
      writer.signed(write.guard);
      return putPath(writer, write.path);
    case 'create':
      writer.whole(write.lease ?? noLease);
      putPath(writer, write.prefix);
      writer.raw(write.body);
      return;
    case 'count':
      writer.signed(write.guard);
      writer.signed(write.delta);
      return putPath(writer, write.path);
  }
}

function putPath(writer: Writer, path: string): void {
  writer.u16(path.length);
  writer.ascii(path);
}

export function takeSet(reader: Reader, leased: boolean): Write {
  const lease = leased ? leaseId(reader.whole()) : noLease;
  const guard = reader.signed();
  const path = readPath(reader);
  const body = reader.rest().slice();
  return leased ? { kind: 'set', path, body, guard, lease } : { kind: 'set', path, body, guard };
}

export function takeDelete(reader: Reader): Write {
  const guard = reader.signed();
  return { kind: 'delete', path: readPath(reader), guard };
}

export function takeCreate(reader: Reader): Write {
  const lease = leaseId(reader.whole());
  const prefix = readPrefix(reader);
  const body = reader.rest().slice();
  return { kind: 'create', prefix, body, ...(lease !== noLease && { lease }) };
}

export function takeCount(reader: Reader): Write {
  const guard = reader.signed();
  const delta = reader.signed();
  return { kind: 'count', path: readPath(reader), delta, guard };
}

export const sizeOfTransaction = ({ compares, ifTrue, ifFalse }: Transaction): number =>
  6 +
  compares.reduce((sum, compare) => sum + sizeOfCompare(compare), 0) +
  [...ifTrue, ...ifFalse].reduce((sum, operation) => sum + 5 + sizeOfWrite(operation), 0);

function sizeOfCompare(compare: Compare): number {
  const size = 4 + compare.path.length;
  if (compare.kind === 'exists') return size;
  return size + (compare.kind === 'value' ? 4 + compare.body.length : 8);
}

export function putTransaction(writer: Writer, { compares, ifTrue, ifFalse }: Transaction): void {
  writer.u16(compares.length);
  for (const compare of compares) putCompare(writer, compare);
  for (const operations of [ifTrue, ifFalse]) {
    writer.u16(operations.length);
    for (const operation of operations) putOperation(writer, operation);
  }
}

function putCompare(writer: Writer, compare: Compare): void {
  writer.u8(compareKinds[compare.kind]);
  switch (compare.kind) {
    case 'exists':
      writer.u8(compare.exists ? 0 : 1);
      return putPath(writer, compare.path);
    case 'lease':
      writer.u8(compare.equal ? 0 : 1);
      putPath(writer, compare.path);
      return writer.whole(compare.lease);
    case 'value':
      writer.u8(relations.indexOf(compare.relation));
      putPath(writer, compare.path);
      return writer.long(compare.body);
    default:
      writer.u8(relations.indexOf(compare.relation));
      putPath(writer, compare.path);
      return writer.signed(compare.revision);
  }
}

function putOperation(writer: Writer, operation: Operation): void {
  writer.u8(hasLease(operation) ? operationKinds.leasedSet : operationKinds[operation.kind]);
  writer.u32(sizeOfWrite(operation));
  if (operation.kind === 'get') putPath(writer, operation.path);
  else putWrite(writer, operation);
}

export function takeTransaction(reader: Reader): Command {
  const compares: Compare[] = [];
  for (let left = reader.count(reader.u16(), 5); left > 0; left--) {
    compares.push(takeCompare(reader));
  }
  const ifTrue = takeOperations(reader);
  return { kind: 'transaction', compares, ifTrue, ifFalse: takeOperations(reader) };
}

function takeCompare(reader: Reader): Compare {
  const { at } = reader;
  const kind = reader.u8();
  const relationAt = reader.at;
  const number = reader.u8();
  const relation = relations[number] ?? reader.fail(`relation ${number} is not known`, relationAt);
  const path = readPath(reader);
  switch (kind) {
    case compareKinds.changed:
      return { kind: 'changed', path, relation, revision: reader.signed() };
    case compareKinds.created:
      return { kind: 'created', path, relation, revision: reader.signed() };
    case compareKinds.value:
      return { kind: 'value', path, relation, body: reader.long().slice() };
  }
  // These two are or are not.
  if (number > 1) return reader.fail(`relation ${number} has no meaning here`, relationAt);
  const is = number === 0;
  switch (kind) {
    case compareKinds.lease:
      return { kind: 'lease', path, lease: leaseId(reader.whole()), equal: is };
    case compareKinds.exists:
      return { kind: 'exists', path, exists: is };
    default:
      return reader.fail(`a compare of kind ${kind} is not known`, at);
  }
}

function takeOperations(reader: Reader): Operation[] {
  const operations: Operation[] = [];
  for (let left = reader.count(reader.u16(), 8); left > 0; left--) {
    const { at } = reader;
    const kind = reader.u8();
    const inner = reader.within(reader.u32());
    operations.push(takeOperation(inner, kind, at));
    inner.end();
  }
  return operations;
}

function takeOperation(reader: Reader, kind: number, at: number): Operation {
  switch (kind) {
    case operationKinds.set:
      return takeSet(reader, false);
    case operationKinds.leasedSet:
      return takeSet(reader, true);
    case operationKinds.delete:
      return takeDelete(reader);
    case operationKinds.create:
      return takeCreate(reader);
    case operationKinds.count:
      return takeCount(reader);
    case operationKinds.get:
      return { kind: 'get', path: readPath(reader) };
    default:
      return reader.fail(`an operation of kind ${kind} is not known`, at);
  }
}

/**
 * A path as this form allows it: `/`, or names of visible ASCII, none of them empty. Which letters a
 * name may have is the business of doors and of `apply`; this check belongs to the form and never
 * changes, or two releases would read one command in two ways.
 */
export const readPath = (reader: Reader): Path => readName(reader, false) as Path;

/** As a path, but it may end with a slash: the rest of the last name is to come. */
const readPrefix = (reader: Reader): string => readName(reader, true);

function readName(reader: Reader, mayEndInSlash: boolean): string {
  const length = reader.u16();
  const bytes = reader.take(length);
  if (bytes[0] !== slash) reader.fail('a path begins with a slash', reader.at - length);
  let before = 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte <= 0x20 || byte >= 0x7f) reader.fail('a path is visible ASCII', reader.at - length);
    if (byte === slash && before === slash) reader.fail('a name is empty', reader.at - length);
    before = byte;
  }
  if (length > 1 && before === slash && !mayEndInSlash) {
    reader.fail('a name is empty', reader.at - length);
  }
  return asciiAt(bytes, 0, length);
}
const slash = 0x2f;
