import { access, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { assert, ClusterError } from '../base/index.ts';
import type { Disk } from '../ports/index.ts';
import { codeOf, diskFailed } from './failure.ts';
import { openFile } from './file.ts';
import { lockFile } from './lock.ts';

/** The folder `folder`, made if it is not there. @throws ERR_DISK_FAILED */
export async function openDisk(folder: string): Promise<Disk> {
  const root = resolve(folder);
  const at = (path: string): string => {
    assert(!path.startsWith('/') && !path.split('/').includes('..'), 'paths stay inside the disk');
    return join(root, path);
  };
  await makeDurably(root);
  await refuseFile(root);
  return {
    name: root,
    open: (path, how) => openFile(at(path), how),
    list: (path) => listSorted(at(path)),
    exists: (path) => isThere(at(path)),
    makeFolder: (path) => makeDurably(at(path)),
    rename: (from, to) => guarded('rename', at(from), () => rename(at(from), at(to))),
    remove: (path) =>
      guarded('remove', at(path), () => rm(at(path), { recursive: true, force: true })),
    syncFolder: (path) => syncFolder(at(path)),
    free: () => freeBytes(root),
    lock: (path) => lockFile(at(path)),
  };
}

async function guarded<T>(operation: string, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw diskFailed(operation, path, error);
  }
}

/** What this process may take, not what the system keeps for itself. */
async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await guarded('ask for the room on', path, () => statfs(path));
  return bavail * bsize;
}

async function listSorted(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw diskFailed('list', path, error);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw diskFailed('look for', path, error);
  }
}

async function refuseFile(path: string): Promise<void> {
  const found = await guarded('look for', path, () => stat(path));
  if (found.isDirectory()) return;
  throw new ClusterError('ERR_DISK_FAILED', `Cannot use "${path}" as a folder: it is a file`);
}

/** A folder's name is durable once the folder it stands in was synced. */
async function makeDurably(path: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = path; !(await isThere(folder)); folder = dirname(folder))
    missing.unshift(folder);
  for (const folder of missing) {
    await guarded('make', folder, () => makeFolder(folder));
    await syncFolder(dirname(folder));
  }
}

/** Not `recursive`: where nothing can be made, as in /proc, that tries for ever. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    // Somebody else makes the same way at this moment.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  await guarded('sync folder', path, async () => {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  });
}
