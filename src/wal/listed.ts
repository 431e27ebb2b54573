import type { Disk, DiskFile } from '../ports/index.ts';
import { corrupt } from './corrupt.ts';

/**
 * Opens a segment whose name was found a moment ago.
 *
 * @throws ERR_DISK_CORRUPT when it is gone: the next start judges what that means.
 */
export async function openListed(
  disk: Disk,
  path: string,
  how: 'read' | 'write',
): Promise<DiskFile> {
  const file = await disk.open(path, how);
  if (file !== null) return file;
  throw corrupt(
    { file: path, offset: 0, expected: 'the segment that was just listed', found: 'no file' },
    'start again, and look at the disk',
  );
}
