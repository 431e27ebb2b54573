import { assert, noBytes, textOf, utf8 } from '../base/index.ts';

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
    const bytes = utf8(text);
    this.number(bytes.length);
    this.raw(bytes);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = new Uint8Array(2 * (this.#length + more));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

/** Reads what `ByteWriter` wrote. `fail` is called, and must throw, at whatever it cannot be. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #fail: (what: string, at: number) => never;
  #at = 0;

  constructor(bytes: Uint8Array, fail: (what: string, at: number) => never) {
    this.#bytes = bytes;
    this.#fail = fail;
  }

  fail(what: string): never {
    return this.#fail(what, this.#at);
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) return this.fail('a record ends too early');
    this.#at++;
    return byte;
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

  /** A view of the next bytes, not a copy. */
  raw(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) return this.fail('a record ends too early');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  text(): string {
    return textOf(this.raw(this.number()));
  }

  /** A copy of everything that is left. */
  rest(): Uint8Array {
    const length = this.#bytes.length - this.#at;
    if (length === 0) return noBytes;
    // Not `slice` of the subarray's type: a Buffer's `slice` would share the memory.
    const copy = new Uint8Array(length);
    copy.set(this.raw(length));
    return copy;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) this.fail('a record is too long');
  }
}
