import type { Path } from '../paths/index.ts';
import type { File } from './types.ts';

/**
 * 128 bits as four 32-bit numbers. Digests are added and subtracted lane by lane, so the digest of
 * a set does not depend on the order in which it came about.
 */
export type Digest = {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
};

export const noDigest: Digest = { a: 0, b: 0, c: 0, d: 0 };

export const addDigests = (x: Digest, y: Digest): Digest => ({
  a: (x.a + y.a) | 0,
  b: (x.b + y.b) | 0,
  c: (x.c + y.c) | 0,
  d: (x.d + y.d) | 0,
});

export const sameDigest = (x: Digest, y: Digest): boolean =>
  x.a === y.a && x.b === y.b && x.c === y.c && x.d === y.d;

const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, '0');

/** 32 hexadecimal digits. */
export const digestHex = ({ a, b, c, d }: Digest): string => hex(a) + hex(b) + hex(c) + hex(d);

/** A sum of digests that changes in place, for a tree that is being changed. */
export class DigestSum {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(start: Digest) {
    this.#a = start.a;
    this.#b = start.b;
    this.#c = start.c;
    this.#d = start.d;
  }

  add(path: Path, file: File): void {
    const mixer = mixFile(path, file);
    this.#a = (this.#a + mixer.a) | 0;
    this.#b = (this.#b + mixer.b) | 0;
    this.#c = (this.#c + mixer.c) | 0;
    this.#d = (this.#d + mixer.d) | 0;
  }

  subtract(path: Path, file: File): void {
    const mixer = mixFile(path, file);
    this.#a = (this.#a - mixer.a) | 0;
    this.#b = (this.#b - mixer.b) | 0;
    this.#c = (this.#c - mixer.c) | 0;
    this.#d = (this.#d - mixer.d) | 0;
  }

  addDigest(digest: Digest): void {
    this.#a = (this.#a + digest.a) | 0;
    this.#b = (this.#b + digest.b) | 0;
    this.#c = (this.#c + digest.c) | 0;
    this.#d = (this.#d + digest.d) | 0;
  }

  subtractDigest(digest: Digest): void {
    this.#a = (this.#a - digest.a) | 0;
    this.#b = (this.#b - digest.b) | 0;
    this.#c = (this.#c - digest.c) | 0;
    this.#d = (this.#d - digest.d) | 0;
  }

  get sum(): Digest {
    return { a: this.#a, b: this.#b, c: this.#c, d: this.#d };
  }
}

function mixFile(path: Path, { body, created, changed, lease }: File): Mixer {
  const mixer = new Mixer();
  mixer.ascii(path);
  mixer.bytes(body);
  mixer.block(body.length, created | 0, changed | 0, lease | 0);
  mixer.block(0, high(created), high(changed), high(lease));
  mixer.finish();
  return mixer;
}

/** The digest of some bytes. */
export function digestOfBytes(bytes: Uint8Array): Digest {
  const mixer = new Mixer();
  mixer.bytes(bytes);
  mixer.block(bytes.length, 0, 0, 0);
  mixer.finish();
  return { a: mixer.a, b: mixer.b, c: mixer.c, d: mixer.d };
}

/** What of a safe whole number stands above its low 32 bits. */
const high = (n: number): number => Math.floor(n / 2 ** 32);

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

function avalanche(lane: number): number {
  let x = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/**
 * Mixes 16 bytes at a time into four lanes, with the rounds and constants of MurmurHash3 x86_128
 * (Austin Appleby, public domain). Text and bytes are padded with zeros to a whole block; whoever
 * mixes bytes also mixes their length. It tells accidents apart, not adversaries.
 */
class Mixer {
  a = 0;
  b = 0;
  c = 0;
  d = 0;

  /** Each character is one byte, as in all paths. */
  ascii(text: string): void {
    const { length } = text;
    let i = 0;
    for (; i + 16 <= length; i += 16) {
      this.block(four(text, i), four(text, i + 4), four(text, i + 8), four(text, i + 12));
    }
    let [k1, k2, k3, k4] = [0, 0, 0, 0];
    for (let n = 0; i < length; i++, n++) {
      const code = text.charCodeAt(i) << ((n & 3) << 3);
      if (n < 4) k1 |= code;
      else if (n < 8) k2 |= code;
      else if (n < 12) k3 |= code;
      else k4 |= code;
    }
    this.block(k1, k2, k3, k4);
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    let i = 0;
    if (length >= 16) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, length);
      for (; i + 16 <= length; i += 16) {
        this.block(
          view.getInt32(i, true),
          view.getInt32(i + 4, true),
          view.getInt32(i + 8, true),
          view.getInt32(i + 12, true),
        );
      }
    }
    let [k1, k2, k3, k4] = [0, 0, 0, 0];
    for (let n = 0; i < length; i++, n++) {
      const byte = (bytes[i] ?? 0) << ((n & 3) << 3);
      if (n < 4) k1 |= byte;
      else if (n < 8) k2 |= byte;
      else if (n < 12) k3 |= byte;
      else k4 |= byte;
    }
    this.block(k1, k2, k3, k4);
  }

  finish(): void {
    this.#mingle();
    this.a = avalanche(this.a);
    this.b = avalanche(this.b);
    this.c = avalanche(this.c);
    this.d = avalanche(this.d);
    this.#mingle();
  }

  #mingle(): void {
    this.a = (this.a + this.b + this.c + this.d) | 0;
    this.b = (this.b + this.a) | 0;
    this.c = (this.c + this.a) | 0;
    this.d = (this.d + this.a) | 0;
  }

  block(k1: number, k2: number, k3: number, k4: number): void {
    const a = this.a ^ Math.imul(rotate(Math.imul(k1, 0x239b961b), 15), 0xab0e9789);
    this.a = (Math.imul((rotate(a, 19) + this.b) | 0, 5) + 0x561ccd1b) | 0;
    const b = this.b ^ Math.imul(rotate(Math.imul(k2, 0xab0e9789), 16), 0x38b34ae5);
    this.b = (Math.imul((rotate(b, 17) + this.c) | 0, 5) + 0x0bcaa747) | 0;
    const c = this.c ^ Math.imul(rotate(Math.imul(k3, 0x38b34ae5), 17), 0xa1e38b93);
    this.c = (Math.imul((rotate(c, 15) + this.d) | 0, 5) + 0x96cd1c35) | 0;
    const d = this.d ^ Math.imul(rotate(Math.imul(k4, 0xa1e38b93), 18), 0x239b961b);
    this.d = (Math.imul((rotate(d, 13) + this.a) | 0, 5) + 0x32ac3b17) | 0;
  }
}

/** Four characters of `text`, each one byte, as one number. */
const four = (text: string, i: number): number =>
  text.charCodeAt(i) |
  (text.charCodeAt(i + 1) << 8) |
  (text.charCodeAt(i + 2) << 16) |
  (text.charCodeAt(i + 3) << 24);
