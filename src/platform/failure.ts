import { ClusterError } from '../base/index.ts';

/** The `code` of a system error, or an empty text. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** What the disk refused, as the error that ends the node. */
export function diskFailed(operation: string, path: string, cause: unknown): ClusterError {
  if (cause instanceof ClusterError) return cause;
  const why = codeOf(cause) || (cause instanceof Error ? cause.message : String(cause));
  return new ClusterError('ERR_DISK_FAILED', `Cannot ${operation} "${path}": ${why}`, { cause });
}
