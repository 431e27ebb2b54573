import type { NodeId } from '../base/index.ts';
import { ClusterError, textOf } from '../base/index.ts';

const twoTo32 = 2 ** 32;

/**
 * Reads little-endian fields, checking each against the end of the bytes. What it hands out are
 * views of `bytes`: whoever keeps one keeps the whole buffer.
 *
 * @throws ERR_BAD_FRAME from every method, naming `what` is read and the offset.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  fail(reason: string, at = this.#at): never {
    throw new ClusterError('ERR_BAD_FRAME', `Cannot read ${this.#what} at byte ${at}: ${reason}`);
  }

  u8(): number {
    return this.#bytes[this.#step(1)] ?? 0;
  }

  u16(): number {
    const at = this.#step(2);
    return (this.#bytes[at] ?? 0) | ((this.#bytes[at + 1] ?? 0) << 8);
  }

  u32(): number {
    return wordAt(this.#bytes, this.#step(4));
  }

  flag(): boolean {
    const value = this.u8();
    if (value > 1) this.fail(`a flag is 0 or 1, not ${value}`, this.#at - 1);
    return value === 1;
  }

  /** A whole number from 0 to 2^53 - 1. */
  whole(): number {
    const at = this.#step(8);
    return wholeAt(this.#bytes, at) ?? this.fail('a number is above 2^53 - 1', at);
  }

  /** A whole number within +-(2^53 - 1). */
  signed(): number {
    const at = this.#step(8);
    const high = wordAt(this.#bytes, at + 4) | 0;
    const value = high * twoTo32 + wordAt(this.#bytes, at);
    if (!Number.isSafeInteger(value)) this.fail('a number is beyond 2^53 - 1', at);
    return value;
  }

  nodeId(): NodeId {
    const at = this.#at;
    const id = nodeIdAt(this.#bytes, this.#step(16));
    return id ?? this.fail('a node id is 16 characters of A-Z2-7', at);
  }

  skip(length: number): void {
    this.#step(length);
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    const at = this.#step(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A reader of the next `length` bytes alone. */
  within(length: number): Reader {
    return new Reader(this.take(length), this.#what);
  }

  /** Bytes after their length as u16. */
  short(): Uint8Array {
    return this.take(this.u16());
  }

  /** Bytes after their length as u32. */
  long(): Uint8Array {
    return this.take(this.u32());
  }

  /** UTF-8 text after its length as u16. */
  text(): string {
    const length = this.u16();
    const at = this.#step(length);
    return textAt(this.#bytes, at, length);
  }

  rest(): Uint8Array {
    return this.take(this.left);
  }

  /** There must be nothing more. */
  end(): void {
    if (this.left > 0) this.fail(`${this.left} bytes too many`);
  }

  /** How many things follow: a count that cannot be true, each being `sizeMin` or more, fails here. */
  count(count: number, sizeMin: number): number {
    if (count * sizeMin > this.left) this.fail(`${count} items cannot fit ${this.left} bytes`);
    return count;
  }

  #step(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) {
      this.fail(`${length} bytes wanted, ${this.#bytes.length - at} left`);
    }
    this.#at = at + length;
    return at;
  }
}

/** Four bytes, little-endian. What lies beyond the end counts as zero: callers look first. */
export function wordAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return (low | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

/** Eight bytes, little-endian; `null` when they are above 2^53 - 1. */
export function wholeAt(bytes: Uint8Array, at: number): number | null {
  const high = wordAt(bytes, at + 4);
  return high > 0x1fffff ? null : high * twoTo32 + wordAt(bytes, at);
}

/** Sixteen characters of A-Z2-7; `null` when they are others. */
export function nodeIdAt(bytes: Uint8Array, at: number): NodeId | null {
  for (let i = at; i < at + 16; i++) {
    const byte = bytes[i] ?? 0;
    if (byte > 0x5a || byte < 0x32 || (byte > 0x37 && byte < 0x41)) return null;
  }
  return asciiAt(bytes, at, 16) as NodeId;
}

/** Text of bytes that are known to be ASCII. Eight at a time, so that nothing is joined twice. */
export function asciiAt(bytes: Uint8Array, from: number, length: number): string {
  let text = '';
  let at = from;
  const end = from + length;
  for (; at + 8 <= end; at += 8) {
    text += String.fromCharCode(
      bytes[at] ?? 0,
      bytes[at + 1] ?? 0,
      bytes[at + 2] ?? 0,
      bytes[at + 3] ?? 0,
      bytes[at + 4] ?? 0,
      bytes[at + 5] ?? 0,
      bytes[at + 6] ?? 0,
      bytes[at + 7] ?? 0,
    );
  }
  for (; at < end; at++) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

/** Text of UTF-8 bytes; short ASCII, the usual case, without a decoder. */
export function textAt(bytes: Uint8Array, from: number, length: number): string {
  if (length > 64) return textOf(bytes.subarray(from, from + length));
  for (let i = from; i < from + length; i++) {
    if ((bytes[i] ?? 0) > 0x7f) return textOf(bytes.subarray(from, from + length));
  }
  return asciiAt(bytes, from, length);
}
