// Reads a segment in big pieces: first along the chain, then, where the chain ends, whatever lies beyond.
import { assert, logIndex, term } from '../base/index.ts';
import type { Checksum, DiskFile } from '../ports/index.ts';
import type { Position } from '../raft/index.ts';
import { viewOf, wholeAt } from './fields.ts';
import { commitKind, isBlank, looksLikeHead, recordBytes, recordHeaderBytes } from './record.ts';

const windowBytesUsual = 1024 * 1024;

/** A place in the log's bytes, at the end of a sync. */
export type Mark = { readonly offset: number; readonly sync: number; readonly chain: number };

export type ReadRecord = {
  /** Where it stands in its segment. */
  readonly at: number;
  readonly kind: number;
  readonly term: number;
  readonly index: number;
  /** A view of what was read. */
  readonly body: Uint8Array;
};

export type ChainEnd = {
  /** After the last whole sync. */
  readonly mark: Mark;
  /** Where that sync begins; the place itself if none was read. */
  readonly lastFrom: number;
  /** What stands where the next record should be, or `null` where there was never one. */
  readonly broken: { readonly offset: number; readonly reason: string } | null;
};

/** What lies beyond the end of the chain. */
export type Beyond = {
  /** Half-open range that is not zero; empty when all is as it was made. */
  readonly dirtyFrom: number;
  readonly dirtyTo: number;
  /** Position named by a whole record of a sync later than the first unread one. */
  readonly evidence: Position | null;
};

export class Scanner {
  readonly #file: DiskFile;
  readonly #checksum: Checksum;
  readonly #seed: number;
  readonly size: number;
  /** Read and gone through in one piece, without letting anybody else run. */
  readonly #windowBytes: number;
  #from = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #view = viewOf(this.#bytes);

  constructor(
    file: DiskFile,
    size: number,
    seed: number,
    checksum: Checksum,
    windowBytes = windowBytesUsual,
  ) {
    this.#file = file;
    this.#checksum = checksum;
    this.#seed = seed;
    this.size = size;
    this.#windowBytes = windowBytes;
  }

  /**
   * Hands each whole sync to `take`, in order, with the mark at its end, and says where the chain ends.
   * `start` may be inside a sync: then its mark is that of the sync before, with the chain so far.
   */
  async chain(
    start: Mark,
    take: (records: readonly ReadRecord[], mark: Mark) => void,
  ): Promise<ChainEnd> {
    let mark = start;
    let at = start.offset;
    let chain = start.chain;
    let records: ReadRecord[] = [];
    let lastFrom = start.offset;
    const end = (reason: string | null): ChainEnd => ({
      mark,
      lastFrom,
      broken: reason === null ? null : { offset: at, reason },
    });
    for (;;) {
      if (!this.#holds(at, recordHeaderBytes) && !(await this.#read(at, recordHeaderBytes))) {
        return end(records.length === 0 ? null : 'the end of the file inside a sync');
      }
      const i = at - this.#from;
      if (isBlank(this.#view, i)) {
        return end(records.length === 0 ? null : 'zeros inside a sync');
      }
      if (!looksLikeHead(this.#view, i, this.size - at)) return end('no record');
      const total = recordBytes(this.#view.getUint32(i + 8, true));
      if (!this.#holds(at, total) && !(await this.#read(at, total))) {
        return end('a record beyond the end of the file');
      }
      const record = this.#record(at);
      if (record === null) return end('a record whose checksum is wrong');
      if (record.sync !== mark.sync + 1) {
        return end(`a record of sync ${record.sync}, not ${mark.sync + 1}`);
      }
      if (record.previous !== chain) return end('a record that does not follow the one before');
      at += total;
      chain = record.checksum;
      if (record.kind === commitKind) {
        lastFrom = mark.offset;
        mark = { offset: at, sync: record.sync, chain };
        take(records, mark);
        records = [];
      } else {
        records.push(record);
      }
    }
  }

  /**
   * Looks at everything from `from` on. Records of sync `unread` are part of what could not be read;
   * records of later syncs were only begun once that one was durable, and are evidence of it.
   */
  async beyond(
    from: number,
    unread: number,
    each: (record: StrayRecord) => void = () => {},
  ): Promise<Beyond> {
    let dirtyFrom = this.size;
    let dirtyTo = from;
    let evidence: Position | null = null;
    let at = from;
    while (at < this.size) {
      if (!(await this.#have(at, Math.min(this.#windowBytes, this.size - at)))) break;
      const end = this.#from + this.#bytes.length;
      while (at < end) {
        const i = at - this.#from;
        if (this.#isZero(i)) {
          at += 8;
          continue;
        }
        dirtyFrom = Math.min(dirtyFrom, at);
        dirtyTo = Math.min(this.size, at + 8);
        const record = await this.#candidate(at, unread);
        if (record === null) {
          at += 8;
        } else {
          if (record.sync > unread) evidence = later(evidence, positionOf(record));
          at += record.total;
          dirtyTo = at;
          each({ ...record, end: at });
        }
        if (at - this.#from >= this.#bytes.length || at < this.#from) break;
      }
    }
    return { dirtyFrom: Math.min(dirtyFrom, dirtyTo), dirtyTo, evidence };
  }

  #isZero(i: number): boolean {
    const left = this.#bytes.length - i;
    if (left >= 8)
      return this.#view.getUint32(i, true) === 0 && this.#view.getUint32(i + 4, true) === 0;
    for (let k = i; k < this.#bytes.length; k++) if (this.#bytes[k] !== 0) return false;
    return true;
  }

  /** The record at `at`, if one is whole there and belongs to sync `unread` or later. */
  async #candidate(
    at: number,
    unread: number,
  ): Promise<(Parsed & { readonly total: number }) | null> {
    if (this.size - at < recordHeaderBytes) return null;
    await this.#have(at, recordHeaderBytes);
    const i = at - this.#from;
    if (!looksLikeHead(this.#view, i, this.size - at)) return null;
    if (wholeAt(this.#view, i + 32) < unread) return null;
    const total = recordBytes(this.#view.getUint32(i + 8, true));
    if (!(await this.#have(at, total))) return null;
    const record = this.#record(at);
    return record === null ? null : { ...record, total };
  }

  /** The record at `at`, which is in the window whole; `null` if its checksum is wrong. */
  #record(at: number): Parsed | null {
    const i = at - this.#from;
    const view = this.#view;
    const bodyAt = i + recordHeaderBytes;
    const bodyEnd = bodyAt + view.getUint32(i + 8, true);
    const checksum = view.getUint32(i, true);
    if (this.#checksum(this.#bytes.subarray(i + 4, bodyEnd), this.#seed) !== checksum) return null;
    return {
      at,
      kind: view.getUint32(i + 12, true),
      term: wholeAt(view, i + 16),
      index: wholeAt(view, i + 24),
      sync: wholeAt(view, i + 32),
      previous: view.getUint32(i + 4, true),
      checksum,
      body: this.#bytes.subarray(bodyAt, bodyEnd),
    };
  }

  #holds(at: number, length: number): boolean {
    return at >= this.#from && at + length <= this.#from + this.#bytes.length;
  }

  async #have(at: number, length: number): Promise<boolean> {
    return this.#holds(at, length) || this.#read(at, length);
  }

  /** Brings [at, at + length) into the window; false when the file ends before. */
  async #read(at: number, length: number): Promise<boolean> {
    if (at + length > this.size) return false;
    const bytes = await this.#file.read(
      at,
      Math.min(Math.max(length, this.#windowBytes), this.size - at),
    );
    assert(bytes.length >= length, 'a file does not shrink while it is read');
    this.#from = at;
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    return true;
  }
}

/** A whole record that no chain leads to. */
export type StrayRecord = Parsed & { readonly end: number };

type Parsed = ReadRecord & {
  readonly sync: number;
  readonly previous: number;
  readonly checksum: number;
};

const positionOf = (record: ReadRecord): Position => ({
  index: logIndex(record.index),
  term: term(record.term),
});

/** The higher of two positions: term first, as logs are compared (Raft 5.4.1). */
export function later(a: Position | null, b: Position | null): Position | null {
  if (a === null || b === null) return a ?? b;
  return b.term > a.term || (b.term === a.term && b.index > a.index) ? b : a;
}

/** Is a log that ends at `last` at least as far as `position`? */
export const reaches = (last: Position, position: Position): boolean =>
  last.term > position.term || (last.term === position.term && last.index >= position.index);
