// A data folder without a node on it: looked at, or given up in part, on an operator's word.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ClusterError } from '../base/index.ts';
import { checksum, openDisk } from '../platform/index.ts';
import type { Disk } from '../ports/index.ts';
import { checkFolder, type FolderReport, openWal } from '../wal/index.ts';
import { pinoLogger } from './logger.ts';

/**
 * Reads the whole folder and changes nothing in it; the lock is held meanwhile.
 *
 * @throws ERR_LOCKED when a node runs on it; ERR_BAD_ARGUMENT when there is no such folder.
 */
export async function checkDataFolder(folder: string): Promise<FolderReport> {
  const disk = await existing(folder);
  const lock = await disk.lock('lock');
  try {
    return await checkFolder(disk, checksum);
  } finally {
    await lock.release();
  }
}

/** Where the log ends, and up to where it was promised once. */
export type AcceptedLoss = {
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** `null`: nothing was lost. */
  readonly suspectIndex: number | null;
};

/**
 * Gives up what a node that alone votes may have acknowledged and cannot show.
 *
 * @throws ERR_LOCKED, ERR_DISK_CORRUPT, ERR_DISK_FAILED, ERR_BAD_ARGUMENT
 */
export async function acceptLoss(folder: string): Promise<AcceptedLoss> {
  const disk = await existing(folder);
  const wal = await openWal({ disk, checksum, logger: pinoLogger('error', {}) });
  try {
    if (wal.identity === null) throw noFolder(folder, 'no node ever lived in it');
    const { entries, snapshot } = await wal.recover();
    const last = entries.at(-1) ?? snapshot;
    const given = await wal.acceptLoss();
    const suspectIndex = given?.index ?? null;
    return { lastIndex: last.index, lastTerm: last.term, suspectIndex };
  } finally {
    await wal.stop();
  }
}

/** Opening a folder makes it; looking at one must not. */
async function existing(folder: string): Promise<Disk> {
  const path = resolve(folder);
  const found = await stat(path).catch(() => null);
  if (found === null) throw noFolder(folder, 'it does not exist');
  return openDisk(path);
}

const noFolder = (folder: string, why: string): ClusterError =>
  new ClusterError('ERR_BAD_ARGUMENT', `Cannot use "${folder}" as a data folder: ${why}`);
