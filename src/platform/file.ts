// One open file. Callbacks, each wrapped once: the promises of `node:fs/promises` cost a FileHandle and
// several turns of the event loop for every write of the log.
import {
  close,
  constants,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  open,
  read,
  writeSync,
  writev,
  writevSync,
} from 'node:fs';
import { assert } from '../base/index.ts';
import type { DiskFile } from '../ports/index.ts';
import { codeOf, diskFailed } from './failure.ts';

/**
 * So many bytes are handed to the page cache at once, on the spot: 2 microseconds, where a trip through
 * the thread pool costs 23 and more under load. Whether they are durable is `sync`'s business, which
 * does go through the pool.
 */
const onTheSpotBytesMax = 64 * 1024;

/** Linux takes 1024 pieces in one `writev` (IOV_MAX). */
const partsMax = 1024;

const flags = {
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  write: constants.O_RDWR,
  read: constants.O_RDONLY,
} as const;

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** Opens `path`; `null` when an existing file was asked for and there is none. */
export async function openFile(
  path: string,
  how: 'create' | 'write' | 'read',
): Promise<DiskFile | null> {
  let fd: number;
  try {
    fd = await new Promise<number>((resolve, reject) => {
      open(path, flags[how], 0o644, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
  } catch (error) {
    if (how !== 'create' && codeOf(error) === 'ENOENT') return null;
    throw diskFailed(how === 'create' ? 'create' : 'open', path, error);
  }
  const file = new RealFile(fd, path);
  await file.measure();
  return file;
}

class RealFile implements DiskFile {
  readonly #fd: number;
  readonly #path: string;
  #size = 0;
  /** The size changed since the last sync, so that the inode has to be durable too. */
  #resized = true;
  #open = true;

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }

  async measure(): Promise<void> {
    this.#size = await this.size();
    // A new file's inode has never been synced; an old one's size was, or is not relied upon.
    this.#resized = this.#size === 0;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    let have = 0;
    while (have < length) {
      const got = await this.#call<number>('read', (done) =>
        read(this.#fd, bytes, have, length - have, position + have, done),
      );
      if (got === 0) break;
      have += got;
    }
    return have === length ? bytes : bytes.subarray(0, have);
  }

  async write(position: number, parts: readonly Uint8Array[]): Promise<void> {
    let at = position;
    let rest: readonly Uint8Array[] =
      parts.length === 1 ? parts : parts.filter((p) => p.length > 0);
    while (rest.length > 0) {
      const now = rest.length > partsMax ? rest.slice(0, partsMax) : rest;
      const written = isSmall(now) ? this.#writeNow(now, at) : await this.#writeLater(now, at);
      at += written;
      rest = withoutFirst(rest, written);
    }
    if (at > this.#size) {
      this.#size = at;
      this.#resized = true;
    }
  }

  #writeNow(parts: readonly Uint8Array[], at: number): number {
    assert(this.#open, 'a closed file is not used');
    const [first, second] = parts;
    try {
      return first !== undefined && second === undefined
        ? writeSync(this.#fd, first, 0, first.length, at)
        : writevSync(this.#fd, parts, at);
    } catch (error) {
      throw diskFailed('write', this.#path, error);
    }
  }

  #writeLater(parts: readonly Uint8Array[], at: number): Promise<number> {
    return this.#call<number>('write', (done) => writev(this.#fd, parts as Uint8Array[], at, done));
  }

  async sync(): Promise<void> {
    // A preallocated file has nothing but data to make durable, and `fdatasync` spares the journal.
    const how = this.#resized ? fsync : fdatasync;
    await this.#call('sync', (done: Done<undefined>) =>
      how(this.#fd, (error) => done(error, undefined)),
    );
    this.#resized = false;
  }

  async truncate(size: number): Promise<void> {
    await this.#call('truncate', (done: Done<undefined>) =>
      ftruncate(this.#fd, size, (error) => done(error, undefined)),
    );
    this.#size = size;
    this.#resized = true;
  }

  async size(): Promise<number> {
    const stats = await this.#call<{ size: number }>('stat', (done) => fstat(this.#fd, done));
    return stats.size;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await new Promise<void>((resolve, reject) => {
      close(this.#fd, (error) =>
        error ? reject(diskFailed('close', this.#path, error)) : resolve(),
      );
    });
  }

  #call<T>(operation: string, run: (done: Done<T>) => void): Promise<T> {
    assert(this.#open, 'a closed file is not used');
    return new Promise((resolve, reject) => {
      run((error, value) =>
        error ? reject(diskFailed(operation, this.#path, error)) : resolve(value),
      );
    });
  }
}

function isSmall(parts: readonly Uint8Array[]): boolean {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes <= onTheSpotBytesMax;
}

/** What is left of `parts` after `written` bytes of them. */
function withoutFirst(parts: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let left = written;
  for (const [i, part] of parts.entries()) {
    if (left < part.length) return [part.subarray(left), ...parts.slice(i + 1)];
    left -= part.length;
  }
  return [];
}
