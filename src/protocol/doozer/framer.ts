import { assert, limits, noBytes } from '../../base/index.ts';

const lengthBytes = 4;
const heldBytesMin = 1024;

/**
 * Cuts a stream of bytes into frames: four bytes of big-endian length, then so many bytes. A frame
 * of no bytes is a valid empty message.
 *
 * Holds at most one unfinished frame, and only as much memory as twice what of it has arrived, and never
 * more than the whole of it. Frames
 * handed out are views of the chunk, or of a buffer made for them; either way they are the caller's.
 */
export class DoozerFramer {
  readonly #frameBytesMax: number;
  /** Bytes of the unfinished frame, from its length on; `#size` of them count. */
  #held: Uint8Array = noBytes;
  #size = 0;
  #broken: string | null = null;

  constructor(frameBytesMax: number = limits.frameBytesMax) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Why the stream cannot be read any further, or `null`. The connection is to be closed. */
  get broken(): string | null {
    return this.#broken;
  }

  /** Bytes of memory that the unfinished frame takes; 0: there is none. */
  get held(): number {
    return this.#held.length;
  }

  /**
   * The frames that end in this chunk, in order, without their lengths. Frames before the point
   * where the stream breaks are still handed out; look at `broken` afterwards.
   */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const frames: Uint8Array[] = [];
    let at = this.#size > 0 ? this.#finishHeld(chunk, frames) : 0;
    while (this.#broken === null && chunk.length - at >= lengthBytes) {
      const end = at + lengthBytes + this.#lengthAt(chunk, at);
      if (this.#broken !== null || end > chunk.length) break;
      frames.push(chunk.subarray(at + lengthBytes, end));
      at = end;
    }
    if (this.#broken === null && at < chunk.length) this.#hold(chunk, at, chunk.length);
    return frames;
  }

  /** Adds to the unfinished frame what belongs to it; returns where the next frame begins. */
  #finishHeld(chunk: Uint8Array, frames: Uint8Array[]): number {
    let at = Math.min(chunk.length, Math.max(0, lengthBytes - this.#size));
    this.#hold(chunk, 0, at);
    if (this.#size < lengthBytes) return at;
    const whole = lengthBytes + this.#lengthAt(this.#held, 0);
    if (this.#broken !== null) return chunk.length;
    const end = Math.min(chunk.length, at + whole - this.#size);
    this.#hold(chunk, at, end);
    at = end;
    if (this.#size === whole) {
      frames.push(this.#held.subarray(lengthBytes, whole));
      this.#held = noBytes;
      this.#size = 0;
    }
    return at;
  }

  #hold(chunk: Uint8Array, from: number, to: number): void {
    const size = this.#size + to - from;
    if (size > this.#held.length) {
      const room = new Uint8Array(this.#roomFor(size, chunk, from));
      room.set(this.#held.subarray(0, this.#size));
      this.#held = room;
    }
    this.#held.set(chunk.subarray(from, to), this.#size);
    this.#size = size;
    assert(size <= lengthBytes + this.#frameBytesMax, 'an unfinished frame is within its bound');
  }

  /** Twice what has arrived, so that a frame in many pieces is not copied for each; at most all of it. */
  #roomFor(size: number, chunk: Uint8Array, from: number): number {
    const room = Math.max(heldBytesMin, size * 2);
    if (size < lengthBytes || (this.#size > 0 && this.#size < lengthBytes)) return room;
    const length = this.#size === 0 ? this.#lengthAt(chunk, from) : this.#lengthAt(this.#held, 0);
    return Math.max(size, Math.min(room, lengthBytes + length));
  }

  #lengthAt(bytes: Uint8Array, at: number): number {
    const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
    const length = high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (length < 0) this.#broken = `A frame's length is negative: ${length}`;
    else if (length > this.#frameBytesMax) {
      this.#broken = `A frame has ${length} bytes, at most ${this.#frameBytesMax} are allowed`;
    }
    return length;
  }
}
