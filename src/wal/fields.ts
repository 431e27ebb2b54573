// Numbers and texts of the formats: little-endian, whole numbers up to 2^53 - 1 in eight bytes.
import { assert, textOf, utf8 } from '../base/index.ts';

const twoTo32 = 2 ** 32;
const textBytesMax = 65_535;

export function putWhole(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / twoTo32), true);
}

/** The whole number at `at`; not a safe one if the bytes are no number of ours. */
export const wholeAt = (view: DataView, at: number): number =>
  view.getUint32(at + 4, true) * twoTo32 + view.getUint32(at, true);

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Writes fields one after the other. For small, rare things; records have their own code. */
export class FieldWriter {
  readonly #parts: Uint8Array[] = [];

  u8(value: number): this {
    return this.raw(Uint8Array.of(value));
  }

  u32(value: number): this {
    const bytes = new Uint8Array(4);
    viewOf(bytes).setUint32(0, value, true);
    return this.raw(bytes);
  }

  whole(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, 'a number on disk is whole and safe');
    const bytes = new Uint8Array(8);
    putWhole(viewOf(bytes), 0, value);
    return this.raw(bytes);
  }

  text(value: string): this {
    const bytes = utf8(value);
    assert(bytes.length <= textBytesMax, 'a text on disk has at most 65535 bytes');
    return this.raw(Uint8Array.of(bytes.length & 255, bytes.length >>> 8)).raw(bytes);
  }

  long(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  finish(): Uint8Array {
    return joined(this.#parts);
  }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Thrown by `FieldReader`; never leaves the room. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
}

/** Reads what `FieldWriter` wrote. @throws FieldError when the bytes end too soon. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  u8(): number {
    return this.#view.getUint8(this.#step(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#step(4), true);
  }

  whole(): number {
    const value = wholeAt(this.#view, this.#step(8));
    if (!Number.isSafeInteger(value)) throw new FieldError('a number is above 2^53 - 1');
    return value;
  }

  text(): string {
    const length = this.#view.getUint16(this.#step(2), true);
    return textOf(this.raw(length));
  }

  long(): Uint8Array {
    return this.raw(this.u32());
  }

  raw(length: number): Uint8Array {
    const at = this.#step(length);
    return this.#bytes.subarray(at, at + length);
  }

  #step(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new FieldError('the bytes end too soon');
    this.#at = at + length;
    return at;
  }
}
