import { ClusterError } from '../../base/index.ts';
import { textAt } from '../reader.ts';

/** Tuples within tuples: the deepest message has five. */
const depthMax = 8;

/**
 * Reads the part of msgpack that our messages use: nil, booleans, whole numbers, texts, bytes, lists.
 *
 * Why not msgpackr, which writes them: this is the door where anybody's bytes come in. msgpackr
 * also reads records, dates, errors, regular expressions and pointers, and makes functions out of
 * records it has seen a few times. What is not needed is refused here before anything is made of
 * it, and a count is believed only as far as bytes are left.
 */
export class Unpacker {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  /**
   * The one value that the bytes are. Bytes inside are views.
   *
   * @throws ERR_BAD_FRAME with the offset.
   */
  whole(): unknown {
    const value = this.#value(0);
    if (this.#at < this.#bytes.length)
      this.#fail(`${this.#bytes.length - this.#at} bytes too many`);
    return value;
  }

  // One legible dispatch: the formats in the order of msgpack's own table.
  #value(depth: number): unknown {
    const at = this.#step(1);
    const type = this.#bytes[at] ?? 0;
    if (type < 0x80) return type;
    if (type >= 0xe0) return type - 0x100;
    if (type >= 0xa0 && type < 0xc0) return this.#text(type & 0x1f);
    if (type >= 0x90 && type < 0xa0) return this.#list(type & 0x0f, depth);
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#view.getUint8(this.#step(1)));
      case 0xc5:
        return this.#binary(this.#view.getUint16(this.#step(2)));
      case 0xc6:
        return this.#binary(this.#view.getUint32(this.#step(4)));
      case 0xca:
        return this.#view.getFloat32(this.#step(4));
      case 0xcb:
        return this.#view.getFloat64(this.#step(8));
      case 0xcc:
        return this.#view.getUint8(this.#step(1));
      case 0xcd:
        return this.#view.getUint16(this.#step(2));
      case 0xce:
        return this.#view.getUint32(this.#step(4));
      case 0xcf:
        return this.#wide(false);
      case 0xd0:
        return this.#view.getInt8(this.#step(1));
      case 0xd1:
        return this.#view.getInt16(this.#step(2));
      case 0xd2:
        return this.#view.getInt32(this.#step(4));
      case 0xd3:
        return this.#wide(true);
      case 0xd9:
        return this.#text(this.#view.getUint8(this.#step(1)));
      case 0xda:
        return this.#text(this.#view.getUint16(this.#step(2)));
      case 0xdb:
        return this.#text(this.#view.getUint32(this.#step(4)));
      case 0xdc:
        return this.#list(this.#view.getUint16(this.#step(2)), depth);
      case 0xdd:
        return this.#list(this.#view.getUint32(this.#step(4)), depth);
      default:
        return this.#fail(`type 0x${type.toString(16)} is not used here`, at);
    }
  }

  /** Eight bytes; what is beyond 2^53 comes out as no safe whole number, and is refused as such. */
  #wide(signed: boolean): number {
    const at = this.#step(8);
    const high = signed ? this.#view.getInt32(at) : this.#view.getUint32(at);
    return high * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  #text(length: number): string {
    return textAt(this.#bytes, this.#step(length), length);
  }

  #binary(length: number): Uint8Array {
    const at = this.#step(length);
    return this.#bytes.subarray(at, at + length);
  }

  #list(count: number, depth: number): unknown[] {
    if (depth >= depthMax) this.#fail(`lists within lists, more than ${depthMax} deep`);
    // Each item has a byte at least.
    if (count > this.#bytes.length - this.#at) this.#fail(`a list of ${count} items`);
    const items: unknown[] = [];
    for (let i = 0; i < count; i++) items.push(this.#value(depth + 1));
    return items;
  }

  #step(length: number): number {
    const at = this.#at;
    const left = this.#bytes.length - at;
    if (length > left) this.#fail(`${length} bytes wanted, ${left} left`);
    this.#at = at + length;
    return at;
  }

  #fail(reason: string, at = this.#at): never {
    throw new ClusterError('ERR_BAD_FRAME', `Cannot read ${this.#what} at byte ${at}: ${reason}`);
  }
}
