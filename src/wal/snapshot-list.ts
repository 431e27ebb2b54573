// Which snapshots a folder holds, each read through once: what a restart builds on has to be whole.
import type { Checksum, Disk, DiskFile } from '../ports/index.ts';
import type { SnapshotMeta } from '../raft/index.ts';
import { CorruptError } from './corrupt.ts';
import { isSnapshotName, names } from './layout.ts';
import { readLayout, type SnapshotLayout } from './snapshot-format.ts';
import { snapshotSource } from './snapshot-source.ts';

/** A whole, durable snapshot. */
export type HeldSnapshot = {
  readonly path: string;
  readonly meta: SnapshotMeta;
  /** The log is known to hold its position, or to have been restarted from it. */
  vouched: boolean;
};

export type SnapshotList = {
  /** Ascending by index. */
  readonly held: readonly HeldSnapshot[];
  readonly damaged: readonly { readonly path: string; readonly error: CorruptError }[];
};

/** Reads every snapshot to its end; changes nothing. */
export async function listSnapshots(disk: Disk, checksum: Checksum): Promise<SnapshotList> {
  const held: HeldSnapshot[] = [];
  const damaged: { path: string; error: CorruptError }[] = [];
  for (const name of await disk.list(names.snapshots)) {
    if (!isSnapshotName(name)) continue;
    const path = `${names.snapshots}/${name}`;
    const file = await disk.open(path, 'read');
    if (file === null) continue;
    try {
      const { meta, vouched } = await readThrough(file, path, checksum);
      held.push({ path, meta, vouched });
    } catch (error) {
      // One of a later release is no damage: it must not be moved away, nor gone around.
      if (!(error instanceof CorruptError) || error.isLaterRelease) throw error;
      damaged.push({ path, error });
    } finally {
      await file.close();
    }
  }
  return { held, damaged };
}

/** Head, end and every piece. @throws CorruptError for the first that is not as it was written. */
export async function readThrough(
  file: DiskFile,
  path: string,
  checksum: Checksum,
): Promise<SnapshotLayout> {
  const layout = await readLayout(file, path, checksum);
  const source = snapshotSource(file, path, layout, checksum);
  for (let at = 0; at < layout.bodyBytes; at += layout.pieceBytes) await source.check(at);
  return layout;
}
