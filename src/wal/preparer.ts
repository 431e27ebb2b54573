// The next segment, made of zeros ahead of use, and what stands in for it when the disk has no room.
import { assert, isDiskFull } from '../base/index.ts';
import type { Disk, DiskFile, Logger } from '../ports/index.ts';
import { headerBytes, names, preparedPath, preparingPath } from './layout.ts';

export type PreparedSegment = { readonly file: DiskFile; readonly size: number };

/** Zeros go to the disk in pieces, each synced: one big burst would make the log's own sync wait. */
const pieceBytes = 1024 * 1024;
const zeros = new Uint8Array(pieceBytes);
/** No smaller segment is made for want of room. */
const leastBytes = 1024 * 1024;

/**
 * Makes a durable file of zeros at `path` and returns it open; `null` when it was given up. What a full
 * disk leaves of it is thrown away whole: nothing was ever promised on it.
 *
 * @throws ERR_DISK_FAILED, also when the disk is full (`isDiskFull`).
 */
export async function zeroFilled(
  disk: Disk,
  path: string,
  size: number,
  isStopped: () => boolean,
): Promise<DiskFile | null> {
  const part = `${path}.part`;
  await disk.remove(part);
  const file = await disk.open(part, 'create');
  assert(file !== null, 'a created file is open');
  try {
    for (let at = 0; at < size && !isStopped(); at += pieceBytes) {
      await file.write(at, [zeros.subarray(0, Math.min(pieceBytes, size - at))]);
      await file.sync();
    }
  } catch (error) {
    await file.close().catch(() => undefined);
    if (isDiskFull(error)) await disk.remove(part);
    throw error;
  }
  if (isStopped()) {
    await file.close();
    return null;
  }
  await disk.rename(part, path);
  // Durable before it is renamed again: no other file of that name may come to stand for it.
  await disk.syncFolder(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
  return file;
}

/**
 * A crash may have come between a header and its name, and the log gone on in the segment before. Such
 * a header must not come to stand for the one that is written next, should that write not arrive.
 */
async function clearHeader(file: DiskFile): Promise<void> {
  const block = await file.read(0, headerBytes);
  if (block.every((byte) => byte === 0)) return;
  await file.write(0, [zeros.subarray(0, headerBytes)]);
  await file.sync();
}

/** Fills the next segment with zeros while the log writes into this one. */
export class Preparer {
  readonly #disk: Disk;
  readonly #logger: Logger;
  #next: Promise<PreparedSegment | null> | null = null;
  /** What the background met; told to whoever needs the segment. Nothing is tried again after it. */
  #failure: unknown = null;
  /** Bytes there was no room for; 0: there was room. */
  #lacking = 0;
  #taking = false;
  #stopped = false;

  constructor(disk: Disk, logger: Logger) {
    this.#disk = disk;
    this.#logger = logger;
  }

  /** Told to whoever asks: what is known to have failed is not waited for. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Bytes that the disk had no room for when last tried; 0: it had. */
  get lackingBytes(): number {
    return this.#lacking;
  }

  start(size: number): void {
    if (this.#next !== null || this.#failure !== null || this.#stopped) return;
    this.#next = this.#prepareOrFail(size, null);
  }

  /** Tries anew where there was no room for any. */
  again(size: number): void {
    if (this.#lacking === 0 || this.#taking || this.#failure !== null || this.#stopped) return;
    this.#next = this.#prepareOrFail(size, this.#next);
  }

  async #prepareOrFail(
    size: number,
    before: Promise<PreparedSegment | null> | null,
  ): Promise<PreparedSegment | null> {
    try {
      await (await before)?.file.close();
      return await this.#prepareWhatFits(size);
    } catch (error) {
      this.#failed(error, size);
      return null;
    }
  }

  /** A smaller one, where there is no room for this. */
  async #prepareWhatFits(size: number): Promise<PreparedSegment | null> {
    for (let bytes = size; ; bytes = Math.floor(bytes / 2)) {
      try {
        const prepared = await this.#prepare(bytes);
        this.#lacking = 0;
        return prepared;
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        this.#tellFull(size);
        if (bytes / 2 < leastBytes) throw error;
      }
    }
  }

  #tellFull(size: number): void {
    if (this.#lacking === 0) {
      this.#logger.info({ bytes: size }, 'no room on the disk for the next segment');
    }
    this.#lacking = size;
  }

  #failed(error: unknown, size: number): void {
    if (isDiskFull(error)) {
      this.#tellFull(size);
      this.#next = null;
    } else {
      this.#failure = error;
      this.#logger.error({ error: String(error) }, 'next segment could not be prepared');
    }
  }

  /**
   * The next segment; waits if it is not ready. On a full disk the reserve becomes it.
   *
   * @throws ERR_DISK_FAILED; also when there is neither room nor a reserve.
   */
  async take(size: number): Promise<PreparedSegment> {
    this.#taking = true;
    try {
      const prepared = (await this.#taken(size)) ?? (await this.#fromReserve());
      if (prepared !== null) return prepared;
      // The last try, and its answer counts: a log that cannot go on ends the process.
      const last = await this.#prepareWhatFits(size);
      assert(last !== null, 'a log that is stopped takes no segment');
      return last;
    } finally {
      this.#taking = false;
    }
  }

  /** The disk refused something else: no more is asked of it. */
  halt(): void {
    this.#stopped = true;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const prepared = await this.#next;
    this.#next = null;
    await prepared?.file.close();
  }

  async #taken(size: number): Promise<PreparedSegment | null> {
    // What did not fit a moment ago will not now, and the log waits.
    if (this.#lacking === 0) this.start(size);
    const prepared = await this.#next;
    this.#next = null;
    if (this.#failure !== null) throw this.#failure;
    return prepared;
  }

  async #fromReserve(): Promise<PreparedSegment | null> {
    const reserve = await this.#disk.open(names.reserve, 'write');
    if (reserve === null) return null;
    const size = await reserve.size();
    await this.#disk.remove(preparedPath);
    await this.#disk.rename(names.reserve, preparedPath);
    await this.#disk.syncFolder('');
    await this.#disk.syncFolder(names.log);
    this.#logger.error(
      { disk: this.#disk.name, bytes: size },
      'disk is full: the log goes on in its reserve; make room',
    );
    return { file: reserve, size };
  }

  async #prepare(size: number): Promise<PreparedSegment | null> {
    const left = await this.#disk.open(preparedPath, 'write');
    if (left !== null) {
      // Whole and zero but for a header at most: it is only renamed here once all of it is durable.
      if ((await left.size()) === size) {
        await clearHeader(left);
        return { file: left, size };
      }
      await left.close();
      await this.#disk.remove(preparedPath);
    }
    await this.#disk.remove(preparingPath);
    const file = await zeroFilled(this.#disk, preparedPath, size, () => this.#stopped);
    return file === null ? null : { file, size };
  }
}
