import { ClusterError } from '../../base/index.ts';

export type SystemCode = 'EIO' | 'ENOSPC' | 'EEXIST' | 'ENOENT' | 'EISDIR';

/** What the disk refused, as every `Disk` says it: the system's own code is in the cause. */
export function refused(operation: string, path: string, code: SystemCode): ClusterError {
  const cause = Object.assign(new Error(`${code}: ${operation} "${path}"`), { code });
  return new ClusterError('ERR_DISK_FAILED', `Cannot ${operation} "${path}": ${code}`, { cause });
}
