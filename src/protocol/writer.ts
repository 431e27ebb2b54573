import { assert, utf8 } from '../base/index.ts';
import { freshBytes } from './slab.ts';

const twoTo32 = 2 ** 32;

/**
 * Writes little-endian fields into one buffer of a size that was computed before. The buffer is
 * fresh and belongs to whoever called `finish`; small ones lie in a buffer shared with others.
 */
export class Writer {
  // Written byte by byte: a DataView would cost as much as the rest of a small message.
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.#bytes = freshBytes(size);
  }

  u8(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  u16(value: number): void {
    const at = this.#at;
    this.#bytes[at] = value;
    this.#bytes[at + 1] = value >>> 8;
    this.#at = at + 2;
  }

  u32(value: number): void {
    const bytes = this.#bytes;
    const at = this.#at;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    this.#at = at + 4;
  }

  /** A whole number from 0 to 2^53 - 1, in eight bytes. */
  whole(value: number): void {
    this.u32(value >>> 0);
    this.u32(value < twoTo32 ? 0 : Math.floor(value / twoTo32));
  }

  /** A whole number within +-(2^53 - 1), in eight bytes of two's complement. */
  signed(value: number): void {
    assert(Number.isSafeInteger(value), 'a number on the wire is whole and safe');
    this.u32(value >>> 0);
    this.u32(Math.floor(value / twoTo32));
  }

  /** Text that is known to be ASCII, without its length. */
  ascii(text: string): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#at = at;
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Bytes after their length as u16. */
  short(bytes: Uint8Array): void {
    assert(bytes.length <= 0xffff, 'a short field holds at most 65535 bytes');
    this.u16(bytes.length);
    this.raw(bytes);
  }

  /** Bytes after their length as u32. */
  long(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  /** The whole buffer. */
  finish(): Uint8Array {
    assert(this.#at === this.#bytes.length, 'what was written has the size that was computed');
    return this.#bytes;
  }
}

/** `text` in UTF-8; short ASCII, the usual case, without leaving the engine. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return utf8(text);
    bytes[i] = code;
  }
  return bytes;
}
