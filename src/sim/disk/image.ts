import { assert, type Prng } from '../../base/index.ts';
import type { DiskTally, Mood } from './tally.ts';

/** What a disk writes whole or, when the power goes, not whole. */
export const sectorBytes = 512;

/** Torn sectors are torn between words of eight bytes. */
const wordBytes = 8;

const noBytes = new Uint8Array(0);

/** What stood in `[from, to)` before one write; `null`: zeros. */
type Undo = { readonly from: number; readonly to: number; readonly old: Uint8Array | null };

const roundUp = (bytes: number): number => Math.ceil(bytes / sectorBytes) * sectorBytes;

/**
 * The bytes of one file: as processes read them (the page cache), and how to get back to what the disk
 * holds. A write notes what it covered; a sync forgets the notes. So a write costs a copy of what it
 * overwrites, and nothing where nothing stood.
 *
 * What is not written since the last sync never changes at a power cut, though it share a sector with
 * what was: disks write sectors whole, and files that grow by appending within a sector count on it
 * (SQLite calls it "powersafe overwrite").
 */
export class FileImage {
  /** Zeros from `size` on. A whole number of sectors. */
  #bytes = noBytes;
  #size = 0;
  #durableSize = 0;
  /** Oldest first. */
  #undo: Undo[] = [];
  /**
   * Sectors that read as written but are not on the disk, and that no sync will write: what a failed
   * sync leaves behind on ext4 and XFS (Rebello et al., "Can Applications Recover from fsync
   * Failures?", ATC 2020). With what the disk holds instead.
   */
  #ghosts: Map<number, Uint8Array> | null = null;

  get size(): number {
    return this.#size;
  }

  get isDirty(): boolean {
    return this.#undo.length > 0 || this.#size !== this.#durableSize || this.#ghosts !== null;
  }

  read(position: number, length: number): Uint8Array {
    return this.#bytes.slice(position, Math.min(position + length, this.#size));
  }

  write(position: number, parts: readonly Uint8Array[]): void {
    let at = position;
    for (const part of parts) {
      this.#put(at, part);
      at += part.length;
    }
  }

  #put(at: number, part: Uint8Array): void {
    if (part.length === 0) return;
    const end = at + part.length;
    this.#reserve(end);
    this.#layGhosts(at, end);
    this.#undo.push({
      from: at,
      to: end,
      old: at >= this.#size ? null : this.#bytes.slice(at, end),
    });
    this.#bytes.set(part, at);
    if (end > this.#size) this.#size = end;
  }

  resize(size: number): void {
    if (size < this.#size) {
      this.#layGhosts(size, this.#size);
      this.#undo.push({ from: size, to: this.#size, old: this.#bytes.slice(size, this.#size) });
      this.#bytes.fill(0, size, this.#size);
    }
    this.#reserve(size);
    this.#size = size;
  }

  /** All of it is on the disk now, but for what an earlier failed sync made everybody forget. */
  sync(): void {
    if (this.#undo.length > 0) this.#undo = [];
    this.#durableSize = this.#size;
  }

  /** A sync that failed: each sector reads as the disk has it, or as written, and is written no more. */
  failSync(chance: Prng, tally: DiskTally): void {
    for (const [sector, undos] of this.#touched()) {
      tally.sectorsDropped++;
      const written = this.#sector(sector).slice();
      this.#rollBack(sector, undos, 0);
      if (chance.below(2) === 0) continue;
      this.#ghosts ??= new Map();
      this.#ghosts.set(sector, this.#sector(sector).slice());
      this.#sector(sector).set(written);
    }
    this.#bytes.fill(0, this.#size);
    this.#undo = [];
  }

  /** Afterwards the file is what the disk holds. */
  powerCut(chance: Prng, mood: Mood, tally: DiskTally): void {
    if (!this.isDirty) return;
    const size = this.#sizeAfter(chance, mood);
    if (size !== this.#size) tally.sizesLost++;
    for (const [sector, undos] of this.#touched()) this.#decide(sector, undos, chance, mood, tally);
    for (const [sector, held] of this.#ghosts ?? []) this.#sector(sector).set(held);
    this.#bytes.fill(0, size);
    this.#size = size;
    this.#durableSize = size;
    this.#undo = [];
    this.#ghosts = null;
  }

  #sizeAfter(chance: Prng, mood: Mood): number {
    const [size, durable] = [this.#size, this.#durableSize];
    if (size === durable || mood === 'all kept') return size;
    if (mood === 'all lost') return durable;
    const fate = chance.below(3);
    if (fate === 2 && size > durable) {
      const sectors = Math.ceil((size - durable) / sectorBytes);
      return Math.min(size, roundUp(durable) + chance.below(sectors) * sectorBytes);
    }
    return fate === 0 ? durable : size;
  }

  #decide(
    sector: number,
    undos: readonly Undo[],
    chance: Prng,
    mood: Mood,
    tally: DiskTally,
  ): void {
    const fate = mood === 'all kept' ? 0 : mood === 'all lost' ? 7 : chance.below(16);
    if (fate < 7) {
      tally.sectorsKept++;
      // The disk may have come to an older version of it.
      if (mood === 'each for itself' && undos.length > 1 && chance.below(4) === 0)
        this.#rollBack(sector, undos, 1 + chance.below(undos.length - 1));
    } else if (fate < 13) {
      tally.sectorsLost++;
      this.#rollBack(sector, undos, 0);
    } else if (fate < 15) {
      tally.sectorsTorn++;
      this.#tear(sector, undos, chance);
    } else {
      tally.sectorsGarbage++;
      this.#spoil(sector, undos, chance);
    }
  }

  /** Takes back all writes to this sector but the first `keep`. */
  #rollBack(sector: number, undos: readonly Undo[], keep: number): void {
    for (let i = undos.length - 1; i >= keep; i--) {
      const undo = undos[i];
      assert(undo !== undefined, 'a write that is taken back was noted');
      const [from, to] = within(sector, undo);
      if (undo.old === null) this.#bytes.fill(0, from, to);
      else this.#bytes.set(undo.old.subarray(from - undo.from, to - undo.from), from);
    }
  }

  /** One write got as far as the middle of the sector, from the front or from the back. */
  #tear(sector: number, undos: readonly Undo[], chance: Prng): void {
    const version = chance.below(undos.length);
    this.#rollBack(sector, undos, version + 1);
    const bytes = this.#sector(sector);
    const written = bytes.slice();
    this.#rollBack(sector, undos.slice(0, version + 1), version);
    const cut = (1 + chance.below(sectorBytes / wordBytes - 1)) * wordBytes;
    if (chance.below(4) === 0) bytes.set(written.subarray(cut), cut);
    else bytes.set(written.subarray(0, cut));
  }

  /** Where something was written stands anything. */
  #spoil(sector: number, undos: readonly Undo[], chance: Prng): void {
    let word = chance.below(2 ** 32);
    for (const undo of undos) {
      const [from, to] = within(sector, undo);
      for (let at = from; at < to; at++) {
        word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
        this.#bytes[at] = word >>> 24;
      }
    }
  }

  /** Overwrites durable bytes without anybody's knowing. What is not durable there stays unsynced. */
  strike(position: number, bytes: Uint8Array): void {
    assert(position + bytes.length <= this.#size, 'what is struck is in the file');
    this.#bytes.set(bytes, position);
  }

  /** Cuts the file on the disk, as if it had never been longer. */
  cut(size: number): void {
    this.resize(size);
    this.sync();
    for (const sector of this.#ghosts?.keys() ?? [])
      if (sector * sectorBytes >= size) this.#ghosts?.delete(sector);
  }

  flip(at: number, bit: number): void {
    assert(at < this.#size, 'a bit that flips is in the file');
    this.#bytes[at] = (this.#bytes[at] ?? 0) ^ bit;
  }

  /** Sectors that are on the disk as they read, and hold anything but zeros. */
  durableSectors(): number[] {
    const dirty = this.#undo.length === 0 ? null : new Set(this.#touched().keys());
    const sectors: number[] = [];
    const end = Math.min(this.#size, this.#durableSize);
    for (let sector = 0; sector * sectorBytes < end; sector++) {
      if (dirty?.has(sector) === true || this.#ghosts?.has(sector) === true) continue;
      if (this.lastUsed(sector) >= 0) sectors.push(sector);
    }
    return sectors;
  }

  /** The last byte of a sector that is not zero, counted from the sector's beginning; -1: none. */
  lastUsed(sector: number): number {
    const bytes = this.#sector(sector);
    let at = bytes.length - 1;
    while (at >= 0 && bytes[at] === 0) at--;
    return at;
  }

  #sector(sector: number): Uint8Array {
    return this.#bytes.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
  }

  /** The sectors written to since the last sync, each with its writes, oldest first. */
  #touched(): Map<number, Undo[]> {
    const touched = new Map<number, Undo[]>();
    for (const undo of this.#undo) {
      const last = Math.ceil(undo.to / sectorBytes);
      for (let sector = Math.floor(undo.from / sectorBytes); sector < last; sector++) {
        const undos = touched.get(sector);
        if (undos === undefined) touched.set(sector, [undo]);
        else undos.push(undo);
      }
    }
    return touched;
  }

  /** A sector that is written to is dirty as a whole: the next sync writes all of it. */
  #layGhosts(from: number, to: number): void {
    if (this.#ghosts === null) return;
    for (let sector = Math.floor(from / sectorBytes); sector * sectorBytes < to; sector++) {
      const old = this.#ghosts.get(sector);
      if (old === undefined) continue;
      this.#ghosts.delete(sector);
      this.#undo.push({ from: sector * sectorBytes, to: (sector + 1) * sectorBytes, old });
    }
    if (this.#ghosts.size === 0) this.#ghosts = null;
  }

  #reserve(end: number): void {
    if (end <= this.#bytes.length) return;
    const next = new Uint8Array(roundUp(Math.max(end, this.#bytes.length * 2)));
    next.set(this.#bytes);
    this.#bytes = next;
  }
}

const within = (sector: number, { from, to }: Undo): readonly [number, number] => [
  Math.max(from, sector * sectorBytes),
  Math.min(to, (sector + 1) * sectorBytes),
];
