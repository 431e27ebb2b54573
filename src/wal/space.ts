// Room on the disk: how much there is, and the reserve for when there is none.
import { isDiskFull, limits } from '../base/index.ts';
import type { Disk, Room } from '../ports/index.ts';
import { names } from './layout.ts';
import { type Preparer, zeroFilled } from './preparer.ts';

/** A node that has just started has better things for its disk to do. */
const refillFromLook = 2;

export type SpaceParts = {
  readonly disk: Disk;
  readonly preparer: Preparer;
  /** 0: no reserve is kept. */
  readonly reserveBytes: number;
  /** Size of the segment that the log will want next. */
  readonly nextSize: () => number;
};

/**
 * Says when the disk is full, long before the log meets it: the segment that is written to has its
 * room already, and the next one is made as soon as that one is begun. If it could not be made, there
 * is a whole segment left, and after it the reserve.
 */
export class Space {
  readonly #parts: SpaceParts;
  #isFull = false;
  #looks = 0;
  #hasReserve: boolean | null = null;
  #filling: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: SpaceParts) {
    this.#parts = parts;
  }

  /** As far as is known without looking. */
  get isFull(): boolean {
    return this.#isFull || this.#parts.preparer.lackingBytes > 0;
  }

  async look(): Promise<Room> {
    const { disk, preparer, nextSize } = this.#parts;
    const freeBytes = (await disk.free?.()) ?? null;
    const lacking = preparer.lackingBytes;
    const hasRoomFor = (bytes: number) => freeBytes === null || freeBytes >= bytes;
    const isLow = !hasRoomFor(this.#isFull ? limits.diskClearBytes : limits.diskLowBytes);
    this.#isFull = lacking > 0 || isLow;
    if (lacking > 0 && hasRoomFor(limits.diskClearBytes)) preparer.again(nextSize());
    this.#looks++;
    if (!this.#isFull && this.#looks >= refillFromLook && hasRoomFor(limits.diskClearBytes)) {
      await this.#refill();
    }
    return { isFull: this.#isFull, freeBytes };
  }

  async spendReserve(): Promise<boolean> {
    const { disk } = this.#parts;
    await this.#filling;
    if (!(await disk.exists(names.reserve))) return false;
    this.#hasReserve = false;
    await disk.remove(names.reserve);
    await disk.syncFolder('');
    return true;
  }

  /** The log took it for a segment. */
  spent(): void {
    this.#hasReserve = null;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#filling.catch(() => undefined);
  }

  #refill(): Promise<void> {
    this.#filling = this.#fill();
    return this.#filling;
  }

  async #fill(): Promise<void> {
    const { disk, reserveBytes } = this.#parts;
    if (reserveBytes === 0 || this.#stopped) return;
    this.#hasReserve ??= await disk.exists(names.reserve);
    if (this.#hasReserve) return;
    try {
      const file = await zeroFilled(disk, names.reserve, reserveBytes, () => this.#stopped);
      await file?.close();
      this.#hasReserve = file !== null;
    } catch (error) {
      // Others took the room meanwhile; the next look sees that.
      if (!isDiskFull(error)) throw error;
    }
  }
}
