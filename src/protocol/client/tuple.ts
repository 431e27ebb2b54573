import { Packr } from 'msgpackr';
import type { NodeId } from '../../base/index.ts';
import { ClusterError, limits, parseNodeId } from '../../base/index.ts';
import { Unpacker } from './unpack.ts';

/** What may stand in a tuple. Never `undefined`, never a map. */
export type Field = null | boolean | number | string | Uint8Array | readonly Field[];

// Plain msgpack, without msgpackr's own records.
const packr = new Packr({ useRecords: false });

/** `field` in msgpack. The bytes are the caller's and do not change any more. */
export function pack(field: Field): Uint8Array {
  const packed = packr.pack(field);
  return new Uint8Array(packed.buffer, packed.byteOffset, packed.length);
}

/**
 * The one value that `bytes` are, unchecked.
 *
 * @throws ERR_BAD_FRAME when they are too many, or not exactly one value.
 */
export function unpack(bytes: Uint8Array, what: string): unknown {
  if (bytes.length > limits.frameBytesMax) {
    return bad(what, `${bytes.length} bytes, at most ${limits.frameBytesMax}`);
  }
  return new Unpacker(bytes, what).whole();
}

function bad(what: string, reason: string): never {
  throw new ClusterError('ERR_BAD_FRAME', `Cannot read ${what}: ${reason}`);
}

/**
 * Takes a tuple apart, field by field, checking each. Bodies are views of the message: whoever keeps
 * one keeps the message's buffer.
 *
 * @throws ERR_BAD_FRAME from every method, naming what is read and the place of the field.
 */
export class Tuple {
  readonly #fields: readonly unknown[];
  readonly #what: string;
  #at = 0;

  constructor(value: unknown, what: string) {
    if (!Array.isArray(value)) bad(what, 'it is not a tuple');
    this.#fields = value as readonly unknown[];
    this.#what = what;
  }

  fail(reason: string): never {
    return bad(this.#what, `field ${this.#at - 1} ${reason}`);
  }

  /** A whole number within +-(2^53 - 1). */
  signed(): number {
    const value = this.#next();
    return Number.isSafeInteger(value) ? (value as number) : this.fail('is not a whole number');
  }

  /** A whole number from 0 to 2^53 - 1. */
  whole(): number {
    const value = this.signed();
    return value >= 0 ? value : this.fail(`is negative: ${value}`);
  }

  wholeOrNull(): number | null {
    return this.#isNull() ? null : this.whole();
  }

  signedOrNull(): number | null {
    return this.#isNull() ? null : this.signed();
  }

  flag(): boolean {
    const value = this.#next();
    return typeof value === 'boolean' ? value : this.fail('is not true or false');
  }

  text(): string {
    const value = this.#next();
    return typeof value === 'string' ? value : this.fail('is not a text');
  }

  textOrNull(): string | null {
    return this.#isNull() ? null : this.text();
  }

  bytes(): Uint8Array {
    const value = this.#next();
    return value instanceof Uint8Array ? value : this.fail('is not bytes');
  }

  nodeId(): NodeId {
    return parseNodeId(this.text()) ?? this.fail('is not a node id');
  }

  nodeIdOrNull(): NodeId | null {
    return this.#isNull() ? null : this.nodeId();
  }

  tuple(): Tuple {
    return new Tuple(this.#next(), this.#what);
  }

  tupleOrNull(): Tuple | null {
    return this.#isNull() ? null : this.tuple();
  }

  /** A list, each of its items read by `read`. */
  list<T>(read: (item: Tuple) => T): T[] {
    const items = this.#next();
    if (!Array.isArray(items)) return this.fail('is not a list');
    return (items as readonly unknown[]).map((item) => read(new Tuple(item, this.#what)));
  }

  wholes(): number[] {
    const items = this.#next();
    if (!Array.isArray(items)) return this.fail('is not a list');
    const wrong = items.some((item) => !Number.isSafeInteger(item) || item < 0);
    return wrong ? this.fail('is not a list of whole numbers') : (items as number[]);
  }

  texts(): string[] {
    const items = this.#next();
    if (!Array.isArray(items)) return this.fail('is not a list');
    const wrong = items.some((item) => typeof item !== 'string');
    return wrong ? this.fail('is not a list of texts') : (items as string[]);
  }

  nodeIds(): NodeId[] {
    return this.texts().map((text) => parseNodeId(text) ?? this.fail('holds no node id'));
  }

  nodeIdsOrNull(): NodeId[] | null {
    return this.#isNull() ? null : this.nodeIds();
  }

  /** No field is left: a version that did not have the next one wrote this. */
  get atEnd(): boolean {
    return this.#at >= this.#fields.length;
  }

  /** There must be nothing more. */
  end(): void {
    const { length } = this.#fields;
    if (this.#at !== length) bad(this.#what, `${length} fields, ${this.#at} expected`);
  }

  #next(): unknown {
    if (this.#at >= this.#fields.length) {
      bad(this.#what, `${this.#fields.length} fields, more expected`);
    }
    return this.#fields[this.#at++];
  }

  #isNull(): boolean {
    if (this.#fields[this.#at] !== null) return false;
    this.#at++;
    return true;
  }
}

/** The tuples of a message, each read by `read`; at most `countMax` of them. */
export function unpackAll<T>(
  bytes: Uint8Array,
  what: string,
  countMax: number,
  read: (tuple: Tuple) => T,
): T[] {
  const value = unpack(bytes, what);
  if (!Array.isArray(value)) return bad(what, 'it is not a list of tuples');
  if (value.length > countMax) bad(what, `${value.length} tuples, at most ${countMax}`);
  return (value as readonly unknown[]).map((item) => read(new Tuple(item, what)));
}
