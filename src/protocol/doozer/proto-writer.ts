import { assert } from '../../base/index.ts';
import { freshBytes } from '../slab.ts';

/** Bytes of a varint of a whole number below 2^53; a negative one always takes ten. */
export function varintLength(value: number): number {
  if (value < 0) return 10;
  let length = 1;
  for (let left = value; left >= 128; left = Math.floor(left / 128)) length++;
  return length;
}

/** Bytes of a field's key and its number; nothing when it is absent. */
export const numberFieldLength = (field: number, value: number | null): number =>
  value === null ? 0 : varintLength(field * 8) + varintLength(value);

/** Bytes of a field's key, length and bytes; nothing when it is absent. */
export const bytesFieldLength = (field: number, value: Uint8Array | null): number =>
  value === null ? 0 : varintLength(field * 8) + varintLength(value.length) + value.length;

/** Writes one frame, length and message, into a buffer of exactly its size. */
export class ProtoWriter {
  readonly #bytes: Uint8Array;
  #at = 4;

  /** `size` is the message's, without the four bytes before it. */
  constructor(size: number) {
    const bytes = freshBytes(4 + size);
    bytes[0] = size >>> 24;
    bytes[1] = size >>> 16;
    bytes[2] = size >>> 8;
    bytes[3] = size;
    this.#bytes = bytes;
  }

  number(field: number, value: number | null): void {
    if (value === null) return;
    this.#varint(field * 8);
    if (value >= 0) this.#varint(value);
    else this.#negative(value);
  }

  bytes(field: number, value: Uint8Array | null): void {
    if (value === null) return;
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  finish(): Uint8Array {
    assert(this.#at === this.#bytes.length, 'a frame has the size that was computed');
    return this.#bytes;
  }

  #varint(value: number): void {
    let left = value;
    while (left >= 128) {
      this.#bytes[this.#at++] = (left % 128) | 128;
      left = Math.floor(left / 128);
    }
    this.#bytes[this.#at++] = left;
  }

  /** Two's complement of 64 bits: int32 is written as int64, as proto2 says. */
  #negative(value: number): void {
    let low = value >>> 0;
    let high = Math.floor(value / 2 ** 32) >>> 0;
    for (let i = 0; i < 9; i++) {
      this.#bytes[this.#at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[this.#at++] = 1;
  }
}
