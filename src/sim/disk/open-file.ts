import { assert } from '../../base/index.ts';
import type { DiskFile } from '../../ports/index.ts';
import type { Process } from '../process.ts';
import type { DiskCore } from './core.ts';
import { misdirect } from './damage.ts';
import { refused } from './failure.ts';
import { type FileImage, sectorBytes } from './image.ts';

/** Shares of what a sync takes: the system takes a write on the spot, and mostly has what is read. */
const writeShare = 1 / 16;
const readShare = 1 / 8;

type Parts = {
  readonly disk: DiskCore;
  readonly process: Process;
  /** Of the disk when this was opened. */
  readonly life: number;
  readonly image: FileImage;
  readonly path: string;
};

/** What can be done to an open file, one after the other. */
type Step = {
  readonly share: number;
  /** May be done on the spot when the disk takes no time. */
  readonly onTheSpot: boolean;
  readonly onlyLooks?: boolean;
  readonly applyPart?: () => void;
};

const reading: Step = { share: readShare, onTheSpot: true, onlyLooks: true };

export class OpenFile implements DiskFile {
  readonly #disk: DiskCore;
  readonly #process: Process;
  readonly #life: number;
  readonly #image: FileImage;
  readonly #path: string;
  #isOpen = true;
  /** One operation is under way. */
  #busy = false;
  /** What waits for it. */
  #queue: (() => void)[] = [];

  constructor({ disk, process, life, image, path }: Parts) {
    this.#disk = disk;
    this.#process = process;
    this.#life = life;
    this.#image = image;
    this.#path = path;
  }

  readonly read = (position: number, length: number): Promise<Uint8Array> =>
    this.#do(reading, () => {
      if (this.#disk.fails('read')) {
        this.#disk.tally.readsFailed++;
        throw refused('read', this.#path, 'EIO');
      }
      return this.#image.read(position, length);
    });

  readonly size = (): Promise<number> => this.#do(reading, () => this.#image.size);

  readonly write = (position: number, parts: readonly Uint8Array[]): Promise<void> =>
    this.#do(
      {
        share: writeShare,
        onTheSpot: this.#disk.chance.below(4) > 0,
        applyPart: () => this.#writePart(position, parts),
      },
      () => this.#write(position, parts),
    );

  readonly truncate = (size: number): Promise<void> =>
    this.#do({ share: writeShare, onTheSpot: false }, () => {
      this.#failIfTold('truncate');
      const room = this.#disk.free();
      if (room !== null && size - this.#image.size > room) throw this.#full('truncate');
      this.#image.resize(size);
    });

  readonly sync = (): Promise<void> =>
    this.#do({ share: 1, onTheSpot: false }, () => {
      const { tally, chance } = this.#disk;
      if (this.#disk.fails('sync')) {
        tally.syncsFailed++;
        this.#image.failSync(chance, tally);
        throw refused('sync', this.#path, 'EIO');
      }
      tally.syncs++;
      this.#image.sync();
    });

  readonly close = (): Promise<void> => {
    if (this.#isOver) return new Promise(() => {});
    this.#isOpen = false;
    return Promise.resolve();
  };

  get #isOver(): boolean {
    return this.#process.state === 'ended' || this.#life !== this.#disk.life;
  }

  #do<T>(step: Step, apply: () => T): Promise<T> {
    if (this.#isOver) return new Promise(() => {});
    assert(this.#isOpen, 'a closed file is not used');
    if (this.#busy) {
      return new Promise((resolve, reject) => {
        this.#queue.push(() => void this.#begin(step, apply).then(resolve, reject));
      });
    }
    return this.#begin(step, apply);
  }

  #begin<T>(step: Step, apply: () => T): Promise<T> {
    const ms = this.#disk.time(step.share);
    if (ms === 0 && step.onTheSpot) {
      // The next in the queue is begun by whoever calls this from there.
      try {
        return Promise.resolve(apply());
      } catch (error) {
        return Promise.reject(error);
      } finally {
        if (!this.#busy) this.#next();
      }
    }
    this.#busy = true;
    const after = () => {
      this.#busy = false;
      this.#next();
    };
    return this.#disk.begin(this.#process, ms, { ...step, apply, after });
  }

  #next(): void {
    this.#queue.shift()?.();
  }

  #write(position: number, parts: readonly Uint8Array[]): void {
    if (this.#disk.fails('write')) {
      this.#disk.tally.writesFailed++;
      this.#writePart(position, parts);
      throw refused('write', this.#path, 'EIO');
    }
    const room = this.#disk.free();
    if (room !== null) {
      const length = lengthOf(parts);
      const grows = position + length - Math.max(this.#image.size, position);
      const gap = Math.max(0, position - this.#image.size);
      if (grows + gap > room) {
        const fits = Math.max(0, Math.min(length, this.#image.size + room - position));
        this.#image.write(position, firstOf(parts, this.#disk.chance.below(fits + 1)));
        throw this.#full('write');
      }
    }
    if (this.#disk.misdirects() && misdirect(this.#disk, this.#image, this.#path, position, parts))
      return;
    this.#image.write(position, parts);
  }

  /** The beginning of a write, up to where a sector begins or nothing at all. */
  #writePart(position: number, parts: readonly Uint8Array[]): void {
    const length = lengthOf(parts);
    const first = Math.floor(position / sectorBytes);
    const sectors = Math.ceil((position + length) / sectorBytes) - first;
    const end = (first + this.#disk.chance.below(Math.max(1, sectors))) * sectorBytes;
    const fits = Math.min(length, Math.max(0, end - position));
    const room = this.#disk.free();
    const grows = position + fits > this.#image.size;
    if (room !== null && grows && position + fits - this.#image.size > room) return;
    this.#image.write(position, firstOf(parts, fits));
  }

  #failIfTold(operation: string): void {
    if (!this.#disk.fails('write')) return;
    this.#disk.tally.writesFailed++;
    throw refused(operation, this.#path, 'EIO');
  }

  #full(operation: string) {
    this.#disk.tally.full++;
    return refused(operation, this.#path, 'ENOSPC');
  }
}

function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

/** The first `length` bytes of `parts`. */
function firstOf(parts: readonly Uint8Array[], length: number): Uint8Array[] {
  const first: Uint8Array[] = [];
  let left = length;
  for (const part of parts) {
    if (left === 0) break;
    first.push(part.subarray(0, left));
    left -= Math.min(left, part.length);
  }
  return first;
}
