import { assert, ClusterError, limits, type NodeId } from '../base/index.ts';
import type {
  Checksum,
  Disk,
  DiskFile,
  Logger,
  SnapshotSink,
  SnapshotSource,
  SnapshotStore,
} from '../ports/index.ts';
import type { Position, SnapshotMeta } from '../raft/index.ts';
import { keepForPeople } from './damaged.ts';
import { viewOf } from './fields.ts';
import { evidencePath, isEvidenceName, names, snapshotPartPath, snapshotPath } from './layout.ts';
import {
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  pieceBytes,
  pieceSeed,
  readLayout,
} from './snapshot-format.ts';
import type { HeldSnapshot, SnapshotList } from './snapshot-list.ts';
import { snapshotSource } from './snapshot-source.ts';

/** A snapshot synced in steps leaves the disk free for the log in between. */
const syncEveryBytes = 4 * 1024 * 1024;

export type SnapshotParts = {
  readonly disk: Disk;
  readonly checksum: Checksum;
  readonly logger: Logger;
  readonly nodeId: NodeId;
  /** Does the durable log hold this position? */
  readonly logHolds: (position: Position) => boolean;
  /** Entries through here are covered by a snapshot of this log. */
  readonly covered: (position: Position) => void;
};

/** The snapshots of one folder. */
export class Snapshots implements SnapshotStore {
  readonly #parts: SnapshotParts;
  /** Ascending by index. */
  #held: HeldSnapshot[] = [];
  #writing = false;
  #condemned: HeldSnapshot | null = null;
  /** The one that was finished last. */
  #latest = '';

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  get held(): readonly HeldSnapshot[] {
    return this.#held;
  }

  /** Goes on with what `listSnapshots` found; a draft goes. */
  async recover({ held }: SnapshotList): Promise<void> {
    await this.#parts.disk.remove(snapshotPartPath);
    this.#held = [...held];
  }

  /** What is damaged moves away, for people: it is never read, sent, or taken for the newest. */
  async clear({ damaged }: SnapshotList): Promise<void> {
    const { disk, logger } = this.#parts;
    for (const { path, error } of damaged) {
      logger.error({ ...error.damage, kept: names.damaged }, 'snapshot is damaged');
      await keepForPeople(disk, path);
    }
  }

  async begin(meta: SnapshotMeta): Promise<SnapshotSink> {
    assert(!this.#writing, 'one snapshot is written at a time');
    this.#writing = true;
    const { disk, checksum, nodeId } = this.#parts;
    await disk.remove(snapshotPartPath);
    const file = await disk.open(snapshotPartPath, 'create');
    assert(file !== null, 'a created file is open');
    const body = new BodyWriter(file, encodeSnapshotHeader(nodeId, meta, checksum), checksum);
    const abort = async () => {
      if (!this.#writing) return;
      this.#writing = false;
      await file.close();
      await disk.remove(snapshotPartPath);
    };
    const finish = async () => {
      assert(this.#writing, 'a snapshot is finished once');
      const vouched = this.#parts.logHolds(meta);
      await body.finish(vouched);
      await file.close();
      await this.#publish(meta, vouched);
      this.#writing = false;
    };
    return { write: (bytes) => body.write(bytes), finish, abort };
  }

  /** Among what was found damaged, in the form of a snapshot; nothing here ever reads it. */
  async setAside(meta: SnapshotMeta): Promise<SnapshotSink | null> {
    const { disk, checksum, nodeId } = this.#parts;
    await disk.makeFolder(names.damaged);
    const kept = (await disk.list(names.damaged)).filter(isEvidenceName);
    const path = evidencePath(meta.index, meta.term);
    if (kept.length >= limits.evidenceMax || (await disk.exists(path))) return null;
    const file = await disk.open(path, 'create');
    assert(file !== null, 'a created file is open');
    const body = new BodyWriter(file, encodeSnapshotHeader(nodeId, meta, checksum), checksum);
    const abort = async () => {
      await file.close();
      await disk.remove(path);
    };
    const finish = async () => {
      await body.finish(false);
      await file.close();
      await disk.syncFolder(names.damaged);
    };
    return { write: (bytes) => body.write(bytes), finish, abort };
  }

  /** It rotted: it is not read or sent any more, and the next one takes its place. */
  condemn(path: string): void {
    for (const held of this.#held) if (held.path === path) this.#condemned = held;
  }

  async newest(): Promise<SnapshotSource | null> {
    const { disk, checksum } = this.#parts;
    for (;;) {
      const held = this.#held.at(-1);
      if (held === undefined || held === this.#condemned) return null;
      const file = await disk.open(held.path, 'read');
      if (file !== null) {
        const layout = await readLayout(file, held.path, checksum).catch(async (error: unknown) => {
          await file.close();
          throw error;
        });
        return snapshotSource(file, held.path, layout, checksum);
      }
      // Replaced between the look and the opening; if not, it was taken away from under us.
      if (this.#held.at(-1) === held) {
        throw new ClusterError('ERR_DISK_FAILED', `Cannot open "${held.path}": it is gone`);
      }
    }
  }

  /** The log was restarted from this snapshot, or holds its position: older ones are not needed. */
  async vouch(position: Position): Promise<void> {
    for (const held of this.#held) {
      if (held.meta.index === position.index && held.meta.term === position.term)
        held.vouched = true;
    }
    await this.#prune();
  }

  /** One that was finished before its entry was durable here counts once it is. */
  async vouchForHeld(): Promise<void> {
    for (const held of this.#held) {
      if (held.vouched || !this.#parts.logHolds(held.meta)) continue;
      held.vouched = true;
      this.#parts.covered(held.meta);
    }
    await this.#prune();
  }

  /** Drops snapshots that recovery found and the log knows nothing of. */
  async drop(unwanted: readonly HeldSnapshot[]): Promise<void> {
    if (unwanted.length === 0) return;
    const { disk } = this.#parts;
    this.#held = this.#held.filter((held) => !unwanted.includes(held));
    for (const { path } of unwanted) await disk.remove(path);
    await disk.syncFolder(names.snapshots);
  }

  async #publish(meta: SnapshotMeta, vouched: boolean): Promise<void> {
    const { disk, logger } = this.#parts;
    const path = snapshotPath(meta.index, meta.term);
    await disk.rename(snapshotPartPath, path);
    await disk.syncFolder(names.snapshots);
    this.#held = this.#held.filter((held) => held.path !== path);
    this.#latest = path;
    this.#held.push({ path, meta, vouched });
    this.#held.sort((a, b) => a.meta.index - b.meta.index || a.meta.term - b.meta.term);
    logger.debug({ index: meta.index, term: meta.term }, 'snapshot is durable');
    if (vouched) this.#parts.covered(meta);
    await this.#prune();
  }

  /**
   * Keeps the newest one that the log vouches for, and of those it does not the one that came last: a
   * snapshot from the leader counts only once the log was restarted from it, and until then a crash
   * leads back to the old one.
   */
  async #prune(): Promise<void> {
    const keep = this.#held.findLast((held) => held.vouched);
    const waits = (held: HeldSnapshot) => !held.vouched && held.path === this.#latest;
    await this.drop(
      this.#held.filter((held) => held !== keep && !(waits(held) && isAfter(held, keep))),
    );
  }
}

const isAfter = (held: HeldSnapshot, keep: HeldSnapshot | undefined): boolean =>
  keep === undefined || held.meta.index > keep.meta.index;

/** Writes header, pieces with their checksums, trailer. */
class BodyWriter {
  readonly #file: DiskFile;
  readonly #checksum: Checksum;
  readonly #header: Uint8Array;
  readonly #seed: number;
  readonly #piece = new Uint8Array(pieceBytes + 4);
  #filled = 0;
  #number = 0;
  #bodyBytes = 0;
  #at = 0;
  #unsynced = 0;

  constructor(file: DiskFile, header: Uint8Array, checksum: Checksum) {
    this.#file = file;
    this.#checksum = checksum;
    this.#header = header;
    this.#seed = viewOf(header).getUint32(16, true);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length; ) {
      const count = Math.min(bytes.length - from, pieceBytes - this.#filled);
      this.#piece.set(bytes.subarray(from, from + count), this.#filled);
      this.#filled += count;
      from += count;
      if (this.#filled === pieceBytes) await this.#endPiece();
    }
  }

  async finish(vouched: boolean): Promise<void> {
    if (this.#filled > 0) await this.#endPiece();
    const trailer = encodeSnapshotTrailer(this.#bodyBytes, vouched, this.#seed, this.#checksum);
    await this.#put(trailer);
    await this.#file.sync();
  }

  async #endPiece(): Promise<void> {
    const body = this.#piece.subarray(0, this.#filled);
    const sum = this.#checksum(body, pieceSeed(this.#seed, this.#number));
    viewOf(this.#piece).setUint32(this.#filled, sum, true);
    const stored = this.#piece.subarray(0, this.#filled + 4);
    this.#bodyBytes += this.#filled;
    this.#number++;
    await this.#put(stored);
    this.#filled = 0;
    if (this.#unsynced < syncEveryBytes) return;
    this.#unsynced = 0;
    await this.#file.sync();
  }

  async #put(bytes: Uint8Array): Promise<void> {
    const parts = this.#at === 0 ? [this.#header, bytes] : [bytes];
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    await this.#file.write(this.#at, parts);
    this.#at += length;
    this.#unsynced += length;
  }
}
