import { assert, type Lineage, type LogIndex, logIndex, noTerm } from '../base/index.ts';
import type { Checksum, Clock, Disk, DiskFile, Logger, LogStore, Upkeep } from '../ports/index.ts';
import { encodeEntry } from '../protocol/index.ts';
import type { Entry, Persist, Position } from '../raft/index.ts';
import { Batch } from './batch.ts';
import type { HardStateFile, Vows } from './hard-state.ts';
import { names, recordsFrom, ringSlotAt, sealAt } from './layout.ts';
import { Preparer } from './preparer.ts';
import { entryKind, recordBytes, restartKind, truncateKind } from './record.ts';
import { type Mark, reaches } from './scanner.ts';
import { Scrubber } from './scrub.ts';
import { encodeRingEntry, encodeSeal, ringEntryBytes } from './segment.ts';
import { beginSegment, type Segment } from './segments.ts';
import type { Snapshots } from './snapshots.ts';
import { Space } from './space.ts';
import type { Tally } from './tally.ts';

/** One sync takes no more than this, but for a single larger record. */
const syncBytesMax = 8 * 1024 * 1024;

/** What the log goes on from: what recovery left, or a new folder. */
export type LogStart = {
  /** In order; the last is written to. */
  readonly segments: readonly Segment[];
  /** Files of segments before those that cannot be used and are covered by a snapshot. */
  readonly dead?: readonly string[];
  readonly file: DiskFile;
  readonly size: number;
  readonly mark: Mark;
  readonly base: Position;
  readonly tally: Tally;
};

export type LogParts = {
  readonly disk: Disk;
  readonly checksum: Checksum;
  readonly logger: Logger;
  readonly hardState: HardStateFile;
  readonly snapshots: Snapshots;
  readonly lineage: () => Lineage | null;
  readonly segmentBytes: number;
  readonly reserveBytes: number;
  /** `null`: nothing is scrubbed. */
  readonly clock: Clock | null;
};

/**
 * The log on disk, from its end on. A save is one write of records, one of a ring slot, one sync; with
 * a new term or vote two syncs more, before.
 */
export class Log implements LogStore {
  readonly #parts: LogParts;
  readonly #preparer: Preparer;
  readonly #space: Space;
  #scrubber: Scrubber | null = null;
  readonly #batch: Batch;
  readonly #ringEntry = new Uint8Array(ringEntryBytes);
  readonly #tally: Tally;
  #segments: Segment[];
  #dead: readonly string[];
  #file: DiskFile;
  #size: number;
  #mark: Mark;
  #alone = false;
  #base: Position;
  /** The end of the log with the records that are in the batch. */
  #pending: Position;
  /** What the batch does to the tally once it is durable. */
  #truncatedFrom: LogIndex | null = null;
  #appended: Entry[] = [];
  #saving = false;
  #compacting: Promise<void> = Promise.resolve();
  /** What the disk refused. Nothing is known of what reached it, so nothing is written any more. */
  #failure: unknown = null;
  #stopped = false;

  constructor(parts: LogParts, start: LogStart) {
    this.#parts = parts;
    this.#preparer = new Preparer(parts.disk, parts.logger);
    this.#space = new Space({
      disk: parts.disk,
      preparer: this.#preparer,
      reserveBytes: parts.reserveBytes,
      nextSize: () => this.#nextSize(),
    });
    this.#batch = new Batch(parts.checksum);
    this.#tally = start.tally;
    this.#segments = [...start.segments];
    this.#dead = start.dead ?? [];
    this.#file = start.file;
    this.#size = start.size;
    this.#mark = start.mark;
    this.#base = start.base;
    this.#pending = start.tally.last;
    this.#beginBatch();
    this.#preparer.start(this.#nextSize());
  }

  readonly upkeep: Upkeep = {
    isFull: () => this.#space.isFull,
    look: async () => {
      if (this.#failure !== null) throw this.#failure;
      if (this.#preparer.failure !== null) throw this.#preparer.failure;
      return this.#space.look();
    },
    spendReserve: () => this.#space.spendReserve(),
    watch: (rotten) => this.#scrub(rotten),
  };

  get tally(): Tally {
    return this.#tally;
  }

  async save(batch: Persist): Promise<void> {
    assert(!this.#saving, 'saves never overlap');
    this.#saving = true;
    try {
      await this.#guarded(() => this.#save(batch));
    } finally {
      this.#saving = false;
    }
  }

  async acceptLoss(): Promise<Position | null> {
    const { hardState } = this.#parts;
    const { suspect } = hardState.vows;
    await this.#guarded(() => hardState.save({ ...hardState.vows, suspect: null }));
    return suspect;
  }

  /** The log begins anew after `base`, a durable snapshot. */
  async restart(base: Position): Promise<void> {
    await this.#makeRoom(0);
    this.#batch.add({ kind: restartKind, index: base.index, term: base.term });
    this.#pending = { index: base.index, term: base.term };
    await this.#flush();
    this.#tally.restart(this.#pending);
    this.#base = this.#pending;
  }

  /** A truncation that was durable once and whose record is lost. */
  async truncateAgain(to: Position): Promise<void> {
    await this.#truncate(logIndex(to.index + 1));
    await this.#flush();
  }

  compact(through: LogIndex): Promise<void> {
    this.#compacting = this.#compacting.then(() => this.#guarded(() => this.#compact(through)));
    return this.#compacting;
  }

  bytesSinceSnapshot(): number {
    return this.#tally.bytesSinceSnapshot;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    assert(!this.#saving, 'a log is stopped between saves');
    await this.#scrubber?.stop();
    await this.#preparer.stop();
    await this.#space.stop();
    await this.#compacting.catch(() => undefined);
    await this.#file.close();
    await this.#parts.hardState.close();
  }

  async #guarded(run: () => Promise<void>): Promise<void> {
    assert(!this.#stopped, 'a stopped log is not used');
    if (this.#failure !== null) throw this.#failure;
    try {
      await run();
    } catch (error) {
      this.#failure ??= error;
      this.#preparer.halt();
      throw error;
    }
  }

  async #save(batch: Persist): Promise<void> {
    this.#alone = batch.alone ?? false;
    const { snapshots } = this.#parts;
    if (batch.snapshot !== null) {
      const { index, term } = batch.snapshot;
      const isDurable = snapshots.held.some(
        ({ meta }) => meta.index === index && meta.term === term,
      );
      assert(isDurable, 'a log is restarted from a snapshot that is durable');
      await this.restart(batch.snapshot);
      await snapshots.vouch(batch.snapshot);
      await this.#compact(index);
    }
    if (batch.hardState !== null) await this.#saveVows(batch.hardState);
    if (batch.truncateFrom !== null) await this.#truncate(batch.truncateFrom);
    for (const entry of batch.entries) {
      const body = encodeEntry(entry);
      if (!this.#fits(body.length)) await this.#makeRoom(body.length);
      const { index, term } = entry;
      assert(index === this.#pending.index + 1, 'D1: appends leave no gap');
      assert(term <= this.#parts.hardState.vows.term, 'R2: no entry is beyond the current term');
      this.#batch.add({ kind: entryKind, index, term }, body);
      this.#pending = entry;
      this.#appended.push(entry);
    }
    if (!this.#batch.isEmpty) await this.#flush();
    assert(this.#tally.last.index === batch.through.index, 'D1: all that was asked for is durable');
  }

  async #saveVows(next: Pick<Vows, 'term' | 'votedFor'>): Promise<void> {
    const { hardState } = this.#parts;
    const { boot, suspect } = hardState.vows;
    // Overtaken evidence is dropped with the next write; until then it harms nobody.
    const stays = suspect !== null && !reaches(this.#tally.last, suspect);
    await hardState.save({
      term: next.term,
      votedFor: next.votedFor,
      boot,
      suspect: stays ? suspect : null,
    });
  }

  async #truncate(from: LogIndex): Promise<void> {
    if (from > this.#pending.index) return;
    assert(from > this.#tally.floor.index, 'D1: what a snapshot covers is never truncated');
    await this.#makeRoom(0);
    const before = logIndex(from - 1);
    const term = this.#tally.termAt(before) ?? noTerm;
    this.#batch.add({ kind: truncateKind, index: from, term });
    this.#pending = { index: before, term };
    this.#truncatedFrom = from;
  }

  #fits(bodyLength: number): boolean {
    const bytes = this.#batch.bytesWith(bodyLength);
    return bytes <= syncBytesMax && this.#mark.offset + bytes <= this.#size;
  }

  /** Room for one more body, in this sync or, after ending it, in the next, in this segment or the next. */
  async #makeRoom(bodyLength: number): Promise<void> {
    if (this.#fits(bodyLength)) return;
    if (!this.#batch.isEmpty) await this.#flush();
    // A record larger than a whole segment makes its segment grow.
    if (!this.#fits(bodyLength) && this.#mark.offset > recordsFrom) await this.#roll();
  }

  /** Ends the sync: records, ring slot, one sync. Afterwards all of the batch is durable. */
  async #flush(): Promise<void> {
    const last = this.#pending;
    const { parts, bytes, chain } = this.#batch.finish(last);
    const sync = this.#mark.sync + 1;
    const end = this.#mark.offset + bytes;
    await this.#file.write(this.#mark.offset, parts);
    encodeRingEntry(
      this.#ringEntry,
      { sync, last, end, checksum: chain },
      this.#active.seed,
      this.#parts.checksum,
    );
    const slot = ringSlotAt(sync);
    if (!this.#alone) await this.#file.write(slot, [this.#ringEntry]);
    await this.#file.sync();
    // A power cut may leave a slot and lose its records, and a doubt that others would clear would
    // stop a lone node for ever: its slots follow their records, and are durable one sync later.
    if (this.#alone) await this.#file.write(slot, [this.#ringEntry]);
    this.#mark = { offset: end, sync, chain };
    this.#size = Math.max(this.#size, end);
    this.#settle();
    this.#beginBatch();
  }

  #settle(): void {
    if (this.#truncatedFrom !== null) this.#tally.truncateFrom(this.#truncatedFrom);
    for (const { index, term, encoded } of this.#appended) {
      this.#tally.append(index, term, recordBytes(encoded?.length ?? 0));
    }
    this.#truncatedFrom = null;
    this.#appended = [];
  }

  #beginBatch(): void {
    this.#batch.begin(this.#active.seed, this.#mark.sync + 1, this.#mark.chain);
  }

  get #active(): Segment {
    const segment = this.#segments.at(-1);
    assert(segment !== undefined, 'a log has a segment');
    return segment;
  }

  /** Segments double from the first one's size, so that a small log stays small on disk. */
  #nextSize(): number {
    return Math.min(this.#parts.segmentBytes, this.#size * 2);
  }

  async #roll(): Promise<void> {
    const { disk, checksum, logger, lineage } = this.#parts;
    assert(this.#batch.isEmpty, 'a sync stands in one segment');
    const { header } = this.#active;
    const prepared = await this.#preparer.take(this.#nextSize());
    this.#space.spent();
    const segment = await beginSegment(disk, checksum, prepared, {
      nodeId: header.nodeId,
      lineage: lineage(),
      number: header.number + 1,
      previous: this.#tally.last,
      base: this.#base,
      previousSync: this.#mark.sync,
      previousChecksum: this.#mark.chain,
    });
    await this.#file.write(sealAt, [encodeSeal(segment.header.number, checksum)]);
    await this.#file.sync();
    await this.#file.close();
    this.#segments.push(segment);
    this.#file = prepared.file;
    this.#size = prepared.size;
    this.#mark = { ...this.#mark, offset: recordsFrom };
    this.#beginBatch();
    this.#preparer.start(this.#nextSize());
    logger.debug({ segment: segment.header.number }, 'log segment begun');
  }

  async #compact(through: LogIndex): Promise<void> {
    const { disk, snapshots, logger } = this.#parts;
    await snapshots.vouchForHeld();
    const covered = snapshots.held.findLast((held) => held.vouched)?.meta.index ?? 0;
    const upTo = logIndex(Math.min(through, covered));
    let removed = 0;
    if (upTo > 0) removed += await this.#removeDead();
    for (;;) {
      const [first, second] = this.#segments;
      // What is left of the log after `upTo` was written after the second segment began.
      if (first === undefined || second === undefined || second.header.previous.index > upTo) break;
      this.#segments.shift();
      await disk.remove(first.path);
      // One at a time: a crash that brought back an older one alone would leave a hole.
      await disk.syncFolder(names.log);
      removed++;
    }
    this.#tally.forgetBefore(upTo);
    if (removed === 0) return;
    logger.debug({ through: upTo, segments: removed }, 'log compacted');
  }
  #scrub(rotten: (through: LogIndex) => void): void {
    const { disk, checksum, logger, clock, snapshots } = this.#parts;
    if (clock === null || this.#scrubber !== null || this.#stopped) return;
    this.#scrubber = new Scrubber({
      disk,
      checksum,
      logger,
      clock,
      segments: () => this.#segments,
      snapshots: () => snapshots.held,
      rotten: (path, through) => {
        snapshots.condemn(path);
        rotten(through);
      },
      failed: (error) => {
        this.#failure ??= error;
      },
    });
    this.#scrubber.start();
  }

  /** What recovery could not read before the log it needed. Holes among them harm nobody. */
  async #removeDead(): Promise<number> {
    const { disk } = this.#parts;
    const dead = this.#dead;
    this.#dead = [];
    for (const path of dead) await disk.remove(path);
    if (dead.length > 0) await disk.syncFolder(names.log);
    return dead.length;
  }
}
