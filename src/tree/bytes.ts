import { assert, noBytes, textOf, utf8 } from '../base/index.ts';
import type { Slabs } from './slabs.ts';

/** Collects bytes; `bytes()` gives a copy of what was collected. */
export class ByteWriter {
  #buffer = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  /**
   * A safe whole number, seven bits a byte, the lowest first, the high bit set in all but the last.
   */
  number(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'a written number is safe and whole');
    let rest = value;
    while (rest > 127) {
      this.byte((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** UTF-8 after its length in bytes. */
  text(text: string): void {
    const { length } = text;
    const before = this.#length;
    this.number(length);
    this.#reserve(length);
    // Nearly all texts are ASCII, and for those nothing need be made that is thrown away at once.
    const buffer = this.#buffer;
    let at = this.#length;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#length = before;
        this.#wideText(text);
        return;
      }
      buffer[at++] = code;
    }
    this.#length = at;
  }

  #wideText(text: string): void {
    const bytes = utf8(text);
    this.number(bytes.length);
    this.raw(bytes);
  }

  /** Begins something that stands after its length, four bytes, little-endian. @returns where, for `end`. */
  begin(): number {
    this.#reserve(4);
    this.#length += 4;
    return this.#length;
  }

  /** Everything since `begin` is what the length says. */
  end(from: number): void {
    const length = this.#length - from;
    for (let i = 0; i < 4; i++) this.#buffer[from - 4 + i] = (length >>> (8 * i)) & 255;
  }

  /** A copy of the first `length` bytes. The others take their place. */
  take(length: number): Uint8Array {
    assert(length <= this.#length, 'what is taken was written');
    const bytes = this.#buffer.slice(0, length);
    this.#buffer.copyWithin(0, length, this.#length);
    this.#length -= length;
    return bytes;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = new Uint8Array(2 * (this.#length + more));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

/**
 * Reads what `ByteWriter` wrote, one record after the other. `fail` is called, and must throw, at
 * whatever it cannot be, with the place in the bytes.
 */
export class ByteReader {
  readonly #fail: (what: string, at: number) => never;
  #bytes: Uint8Array = noBytes;
  #at = 0;
  #end = 0;

  constructor(fail: (what: string, at: number) => never) {
    this.#fail = fail;
  }

  /** The next record is `bytes` from `at` to `end`. */
  begin(bytes: Uint8Array, at: number, end: number): void {
    assert(at <= end && end <= bytes.length, 'a record lies in its bytes');
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  fail(what: string): never {
    return this.#fail(what, this.#at);
  }

  byte(): number {
    if (this.#at === this.#end) return this.fail('a record ends too early');
    return this.#bytes[this.#at++] ?? 0;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (!Number.isSafeInteger(value)) return this.fail('a number is too large');
      if (byte < 128) {
        if (byte === 0 && scale > 1) return this.fail('a number has more bytes than it needs');
        return value;
      }
      scale *= 128;
      if (scale > 2 ** 53) return this.fail('a number is too large');
    }
  }

  text(): string {
    const length = this.number();
    if (length > this.#end - this.#at) return this.fail('a record ends too early');
    const from = this.#at;
    this.#at += length;
    return textOf(this.#bytes.subarray(from, this.#at));
  }

  /** A copy of the next `length` bytes. */
  raw(length: number): Uint8Array {
    if (length > this.#end - this.#at) return this.fail('a record ends too early');
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return copy;
  }

  /** A copy of everything that is left. */
  rest(): Uint8Array {
    const length = this.#end - this.#at;
    if (length === 0) return noBytes;
    // Not `slice` of the subarray's type: a Buffer's `slice` would share the memory.
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(this.#at, this.#end));
    this.#at = this.#end;
    return copy;
  }

  /** As `rest`, among other values in `slabs`. */
  restIn(slabs: Slabs): Uint8Array {
    const from = this.#at;
    this.#at = this.#end;
    return slabs.copy(this.#bytes, from, this.#end);
  }

  end(): void {
    if (this.#at !== this.#end) this.fail('a record is too long');
  }
}
