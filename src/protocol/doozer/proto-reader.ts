import { textAt } from '../reader.ts';

const wire = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;
const safeMax = Number.MAX_SAFE_INTEGER;

/** Groups within groups that are skipped; deeper ones do not decode. Nobody sends any. */
const groupDepthMax = 32;

/**
 * Reads proto2 fields by hand, for the two message types of doozer's wire format. Once something
 * does not decode `broken` stays true and every further read gives nothing.
 */
export class ProtoReader {
  broken = false;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  /** The last varint, as two words. */
  #low = 0;
  #high = 0;
  #wireType = 0;

  constructor(bytes: Uint8Array, from: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = bytes.length;
  }

  /** The next field's number; 0 at the end, or when broken. */
  field(): number {
    if (this.broken || this.#at >= this.#end) return 0;
    this.#varint();
    const number = (this.#low >>> 3) | 0;
    this.#wireType = this.#low & 7;
    if (number === 0 || this.#high !== 0) this.broken = true;
    return this.broken ? 0 : number;
  }

  /** An int32 or enum: a longer varint is cut to its low 32 bits, so five and ten bytes are alike. */
  int32(): number {
    if (this.#wireType !== wire.varint) this.broken = true;
    else this.#varint();
    return this.#low | 0;
  }

  /** An int64, held within +-(2^53 - 1). */
  int64(): number {
    if (this.#wireType !== wire.varint) this.broken = true;
    else this.#varint();
    const value = (this.#high | 0) * 2 ** 32 + (this.#low >>> 0);
    return Math.min(safeMax, Math.max(-safeMax, value));
  }

  /** A view of the bytes. */
  bytes(): Uint8Array {
    const from = this.#span();
    return this.#bytes.subarray(from, this.#at);
  }

  string(): string {
    const from = this.#span();
    return textAt(this.#bytes, from, this.#at - from);
  }

  /** Passes over a field nobody asked for. */
  skip(number: number): void {
    const open: number[] = [];
    let current = number;
    for (;;) {
      if (this.#wireType === wire.groupStart) {
        open.push(current);
        if (open.length > groupDepthMax) this.broken = true;
      } else if (this.#wireType === wire.groupEnd) {
        if (open.pop() !== current) this.broken = true;
      } else {
        this.#skipOne();
      }
      if (open.length === 0 || this.broken) return;
      current = this.field();
      // A group that the message's end cuts short.
      if (current === 0) this.broken = true;
    }
  }

  #skipOne(): void {
    switch (this.#wireType) {
      case wire.varint:
        return this.#varint();
      case wire.fixed64:
        return this.#pass(8);
      case wire.bytes:
        this.#span();
        return;
      case wire.fixed32:
        return this.#pass(4);
      default:
        this.broken = true;
    }
  }

  /** Passes over length and bytes; returns where the bytes began. */
  #span(): number {
    if (this.#wireType !== wire.bytes) this.broken = true;
    else this.#varint();
    if (this.#high !== 0) this.broken = true;
    const from = this.#at;
    this.#pass(this.#low >>> 0);
    return this.broken ? this.#at : from;
  }

  #pass(count: number): void {
    if (count > this.#end - this.#at) this.broken = true;
    else if (!this.broken) this.#at += count;
  }

  /** Up to ten bytes of seven bits, the lowest first. Bits beyond the 64th are lost, as in doozerd. */
  #varint(): void {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) break;
      const byte = bytes[this.#at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low;
        this.#high = high;
        return;
      }
    }
    this.broken = true;
  }
}
