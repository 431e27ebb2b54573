import { noBytes } from '../base/index.ts';

/**
 * One slab. Small on purpose: as long as one value in it is in use, all of it stays in memory, so a
 * single survivor costs 4 KiB at most; and with forty values of 100 bytes to a slab, what a buffer
 * of their own would have cost them (some 250 bytes each) is spread thin enough already.
 */
const slabBytes = 4 * 1024;
/** What would waste too much of a slab's end has a buffer of its own. */
const ownBytesMin = slabBytes / 8;

/**
 * Keeps values that came together, many to a buffer: a million values of 100 bytes take half of the
 * memory that a million buffers would. For what a snapshot brings, which is there all at once; not
 * for values that come one by one, since neighbours in time live for different lengths of time.
 *
 * Bound: all slabs together are at most a seventh larger than the values that filled them.
 */
export class Slabs {
  #slab = noBytes.buffer;
  #at = 0;

  /** A copy of `bytes` from `from` to `to`. Nobody may write into it. */
  copy(bytes: Uint8Array, from: number, to: number): Uint8Array {
    const length = to - from;
    if (length === 0) return noBytes;
    const copy = this.#room(length);
    if (length > 256) copy.set(bytes.subarray(from, to));
    // A view of what is copied would cost more than the copying does.
    else for (let i = 0; i < length; i++) copy[i] = bytes[from + i] ?? 0;
    return copy;
  }

  #room(length: number): Uint8Array {
    if (length >= ownBytesMin) return new Uint8Array(length);
    if (this.#at + length > this.#slab.byteLength) {
      this.#slab = new ArrayBuffer(slabBytes);
      this.#at = 0;
    }
    const room = new Uint8Array(this.#slab, this.#at, length);
    this.#at += length;
    return room;
  }
}
