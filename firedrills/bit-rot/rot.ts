import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Prng } from '../../src/base/index.ts';

/** What docs/wal-format.md says of a segment and of the state file. */
const ringFrom = 4096;
const ringSlotBytes = 512;
const ringEnds = 12_288;
const recordHead = 40;
const commitKind = 4;
const stateSlotBytes = 4096;
const envelopeHead = 24;
/** The envelope's bytes from here to its end are nothing, and nothing guards them. */
const unguardedFrom = 20;

/** Where a bit was flipped. */
export type Flip = { readonly file: string; readonly byte: number; readonly bit: number };

/** Flips one bit of a record whose sync was complete, in the newest segment: one that a start must read. */
export function rotSegment(folder: string, random: Prng): Flip | null {
  const log = join(folder, 'log');
  const names = readdirSync(log).filter((name) => name.endsWith('.seg'));
  for (const name of names.sort().reverse()) {
    const file = join(log, name);
    const records = completeRecords(readFileSync(file));
    if (records.length === 0) continue;
    // What was acknowledged last as often as all before.
    const recent = records.slice(-8);
    const among = random.below(2) === 0 ? recent : records;
    const record = among[random.below(among.length)];
    if (record === undefined) continue;
    return flip(file, record.from + random.below(record.bytes), random);
  }
  return null;
}

/**
 * The records of all syncs that the ring tells of, each without its padding, which nothing guards. A process killed
 * between its two writes leaves a last sync whose slot is not there: nothing was promised of it, and rot in
 * it is rightly taken for a torn end.
 */
export function completeRecords(bytes: Buffer): { from: number; bytes: number }[] {
  const last = lastSync(bytes);
  const records: { from: number; bytes: number }[] = [];
  let complete = 0;
  for (let at = ringEnds; at + recordHead <= bytes.length; ) {
    const kind = bytes.readUInt8(at + 12);
    const length = recordHead + bytes.readUInt32LE(at + 8);
    if (kind < 1 || kind > commitKind || at + length > bytes.length) break;
    if (bytes.readBigUInt64LE(at + 32) > last) break;
    records.push({ from: at, bytes: length });
    if (kind === commitKind) complete = records.length;
    at += Math.ceil(length / 8) * 8;
  }
  return records.slice(0, complete);
}

/** The number of the last sync in the ring; 0: none. */
function lastSync(bytes: Buffer): bigint {
  let last = 0n;
  for (let at = ringFrom; at < ringEnds; at += ringSlotBytes) {
    const sync = bytes.readBigUInt64LE(at);
    if (sync > last) last = sync;
  }
  return last;
}

/** One bit of the newest snapshot; `null`: there is none. */
export function rotSnapshot(folder: string, random: Prng): Flip | null {
  const snapshots = join(folder, 'snapshots');
  const name = readdirSync(snapshots)
    .filter((one) => one.endsWith('.snap'))
    .sort()
    .at(-1);
  if (name === undefined) return null;
  const file = join(snapshots, name);
  return flip(file, random.below(readFileSync(file).length), random);
}

/** One bit of term, vote and boot, in one of the two slots. */
export function rotVote(folder: string, slot: number, random: Prng): Flip {
  const file = join(folder, 'state');
  const from = slot * stateSlotBytes;
  const body = readFileSync(file).readUInt32LE(from + 12);
  const at = random.below(unguardedFrom + body);
  return flip(file, from + (at < unguardedFrom ? at : at - unguardedFrom + envelopeHead), random);
}

function flip(file: string, byte: number, random: Prng): Flip {
  const bit = random.below(8);
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(byte) ^ (1 << bit), byte);
  writeFileSync(file, bytes);
  return { file, byte, bit };
}
