// What was written long ago is read again from time to time, while there is still something to make good
// for it with: the tree in memory, and the other nodes.
import { assert, type LogIndex, limits, logIndex } from '../base/index.ts';
import type { Checksum, Clock, Disk, DiskFile, Logger, Timer } from '../ports/index.ts';
import { CorruptError, type Damage } from './corrupt.ts';
import { headerBytes, recordsFrom } from './layout.ts';
import { Scanner } from './scanner.ts';
import { decodeHeader } from './segment.ts';
import type { Segment } from './segments.ts';
import { type HeldSnapshot, readThrough } from './snapshot-list.ts';

export type ScrubParts = {
  readonly disk: Disk;
  readonly checksum: Checksum;
  readonly logger: Logger;
  readonly clock: Clock;
  /** In order; the last one is being written to. */
  readonly segments: () => readonly Segment[];
  readonly snapshots: () => readonly HeldSnapshot[];
  /** A snapshot at or after `through`, and a log compacted through it, make good for `path`. */
  readonly rotten: (path: string, through: LogIndex) => void;
  /** The disk refused a read: nothing of it can be relied on. */
  readonly failed: (error: unknown) => void;
};

/** Reads old segments and snapshots through, a slice and a pause at a time, pass after pass. */
export class Scrubber {
  readonly #parts: ScrubParts;
  /** Told once: until it is made good for, each pass would tell it again. */
  readonly #told = new Set<string>();
  #stopped = false;
  #timer: Timer | null = null;
  #wake: () => void = () => {};
  #running: Promise<void> | null = null;

  constructor(parts: ScrubParts) {
    this.#parts = parts;
  }

  /** The first pass begins after a rest: a start has just read everything. */
  start(): void {
    this.#running ??= this.#run().catch((error: unknown) => this.#parts.failed(error));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#pause(limits.scrubRestMs);
      if (this.#stopped) return;
      await this.#pass();
    }
  }

  async #pass(): Promise<void> {
    const segments = [...this.#parts.segments()];
    for (const [i, segment] of segments.entries()) {
      const next = segments[i + 1];
      if (next === undefined || this.#stopped) break;
      const damage = await this.#read(segment.path, (file) => this.#segment(file, segment, next));
      if (damage !== null) {
        const ends = segments.slice(0, i + 2).map(({ header }) => header.previous.index);
        this.#tell(damage, 'segment is damaged', logIndex(Math.max(...ends)));
      }
    }
    for (const { path, meta } of [...this.#parts.snapshots()]) {
      const damage = await this.#read(path, (file) => this.#snapshot(file, path));
      if (damage !== null) this.#tell(damage, 'snapshot is damaged', meta.index);
    }
  }

  /** `null`: sound, or gone meanwhile, which is as good. */
  async #read(
    path: string,
    look: (file: DiskFile) => Promise<Damage | null>,
  ): Promise<Damage | null> {
    if (this.#stopped || this.#told.has(path)) return null;
    const file = await this.#parts.disk.open(path, 'read');
    if (file === null) return null;
    try {
      return await look(this.#paced(file));
    } finally {
      await file.close();
    }
  }

  async #segment(file: DiskFile, segment: Segment, next: Segment): Promise<Damage | null> {
    const { checksum } = this.#parts;
    const { path, header, seed } = segment;
    const decoded = decodeHeader(await file.read(0, headerBytes), checksum);
    if (typeof decoded === 'string') {
      const expected = `the header of segment ${header.number}`;
      return { file: path, offset: 0, expected, found: decoded };
    }
    const scanner = new Scanner(file, await file.size(), seed, checksum, limits.scrubSliceBytes);
    const start = {
      offset: recordsFrom,
      sync: header.previousSync,
      chain: header.previousChecksum,
    };
    const { mark, broken } = await scanner.chain(start, () => {});
    const { previousSync, previousChecksum } = next.header;
    if (this.#stopped || (mark.sync === previousSync && mark.chain === previousChecksum))
      return null;
    return {
      file: path,
      offset: broken?.offset ?? mark.offset,
      expected: `a record of sync ${mark.sync + 1}, as ${next.path} goes on after sync ${previousSync}`,
      found: broken?.reason ?? 'zeros',
    };
  }

  async #snapshot(file: DiskFile, path: string): Promise<Damage | null> {
    try {
      await readThrough(file, path, this.#parts.checksum);
      return null;
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
      return error.damage;
    }
  }

  /** Also where the reading was cut short by `stop`: nobody needs to know then. */
  #tell(damage: Damage, what: string, through: LogIndex): void {
    if (this.#stopped) return;
    this.#told.add(damage.file);
    const advice = 'this node writes a new snapshot and drops it; look at the disk';
    this.#parts.logger.error({ ...damage, through, advice }, what);
    this.#parts.rotten(damage.file, through);
  }

  #paced(file: DiskFile): DiskFile {
    const refuse = async (): Promise<void> => assert(false, 'a scrubber writes nothing');
    return {
      read: async (position, length) => {
        await this.#pause(limits.scrubPauseMs);
        return file.read(position, length);
      },
      size: () => file.size(),
      write: refuse,
      truncate: refuse,
      sync: refuse,
      close: () => file.close(),
    };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopped) return resolve();
      this.#wake = resolve;
      this.#timer = this.#parts.clock.after(ms, resolve);
    });
  }
}
