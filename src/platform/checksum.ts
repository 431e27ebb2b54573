import * as zlib from 'node:zlib';
import type { Checksum } from '../ports/index.ts';

/** CRC-32 (IEEE 802.3, reflected, polynomial 0xedb88320) by table, for a Node without `zlib.crc32`. */
export function tableChecksum(): Checksum {
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let word = i;
    for (let bit = 0; bit < 8; bit++) word = word & 1 ? (word >>> 1) ^ 0xedb88320 : word >>> 1;
    table[i] = word;
  }
  return (bytes, seed = 0) => {
    let word = ~seed;
    for (let i = 0; i < bytes.length; i++) {
      word = (word >>> 8) ^ (table[(word ^ (bytes[i] ?? 0)) & 255] ?? 0);
    }
    return ~word >>> 0;
  };
}

/** `zlib.crc32` came with Node 20.15 and 22.2. */
const native = 'crc32' in zlib ? (zlib.crc32 as Checksum) : null;

export const checksum: Checksum = native ?? tableChecksum();
