// What was found damaged is kept for people, within a bound; nothing depends on it.
import { assert, isDiskFull } from '../base/index.ts';
import type { Disk } from '../ports/index.ts';
import { names } from './layout.ts';
import { folderOf } from './sealed.ts';

const pieceBytes = 1024 * 1024;

/** Beyond this many no more are kept. */
const damagedFilesMax = 8;

const nameOf = (path: string): string => path.slice(folderOf(path).length + 1);

/** A copy of `path`, unless there is one or there are enough. A full disk goes without. */
export async function copyForPeople(disk: Disk, path: string, mark: string): Promise<void> {
  await disk.makeFolder(names.damaged);
  if ((await disk.list(names.damaged)).length >= damagedFilesMax) return;
  const copy = `${names.damaged}/${nameOf(path)}-${mark}`;
  if (await disk.exists(copy)) return;
  const source = await disk.open(path, 'read');
  if (source === null) return;
  const target = await disk.open(copy, 'create');
  assert(target !== null, 'a created file is open');
  try {
    const size = await source.size();
    for (let at = 0; at < size; at += pieceBytes) {
      await target.write(at, [await source.read(at, Math.min(pieceBytes, size - at))]);
    }
    await target.sync();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    await disk.remove(copy);
  } finally {
    await source.close();
    await target.close();
  }
}

/** Moves `path` away; removes it when there are enough. */
export async function keepForPeople(disk: Disk, path: string): Promise<void> {
  await disk.makeFolder(names.damaged);
  const enough = (await disk.list(names.damaged)).length >= damagedFilesMax;
  if (enough) await disk.remove(path);
  else await disk.rename(path, `${names.damaged}/${nameOf(path)}`);
  await disk.syncFolder(names.damaged);
  await disk.syncFolder(folderOf(path));
}
