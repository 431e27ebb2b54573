/** An open file. One caller at a time; the bytes given are not changed until the promise settles. */
export type DiskFile = {
  /** Bytes from `position` on, `length` of them or fewer at the end of the file. */
  readonly read: (position: number, length: number) => Promise<Uint8Array>;
  /** Writes all of `parts`, one after the other, from `position` on. Not durable before `sync`. */
  readonly write: (position: number, parts: readonly Uint8Array[]) => Promise<void>;
  /**
   * Makes what was written durable, and the size. Once this has failed nothing is known of what
   * reached the disk: the process must end and read back (fsyncgate; Rebello et al., ATC 2020).
   */
  readonly sync: () => Promise<void>;
  /** Cuts the file, or lengthens it with zeros, to `size` bytes. Not durable before `sync`. */
  readonly truncate: (size: number) => Promise<void>;
  /** Bytes in the file now. */
  readonly size: () => Promise<number>;
  /** Gives the file back. Makes nothing durable. May be called once. */
  readonly close: () => Promise<void>;
};

/** A folder that is held by this process alone. */
export type DiskLock = {
  /** Others may take the folder from now on. May be called twice. */
  readonly release: () => Promise<void>;
};

/**
 * A folder on a disk. Paths are relative to it, with `/`. Every failure but "not there" is a
 * `ClusterError` ERR_DISK_FAILED that names the file and the operation; its cause has the `code`.
 */
export type Disk = {
  /** For people: where it is. */
  readonly name: string;
  /** `create`: made new and empty, fails if it exists. `write`: exists. `read`: exists. `null`: not there. */
  readonly open: (path: string, how: 'create' | 'write' | 'read') => Promise<DiskFile | null>;
  /** Names in a folder, sorted; empty when it does not exist. */
  readonly list: (folder: string) => Promise<readonly string[]>;
  /** Whether a file or folder of this name is there. */
  readonly exists: (path: string) => Promise<boolean>;
  /** Makes the folder and its parents, durably. */
  readonly makeFolder: (folder: string) => Promise<void>;
  /** Replaces `to` at once. Durable after `syncFolder` of both folders. */
  readonly rename: (from: string, to: string) => Promise<void>;
  /** A file or a whole folder; nothing if it is not there. */
  readonly remove: (path: string) => Promise<void>;
  /** Makes the names in a folder durable. `''` is the disk's own folder. */
  readonly syncFolder: (folder: string) => Promise<void>;
  /** Bytes that may still be written; `null` where nobody can say. */
  readonly free?: () => Promise<number | null>;
  /** Takes the folder for this process. @throws ERR_LOCKED naming the process that holds it. */
  readonly lock: (path: string) => Promise<DiskLock>;
};

/** CRC-32 (IEEE) of `bytes`, going on from `seed`. */
export type Checksum = (bytes: Uint8Array, seed?: number) => number;
