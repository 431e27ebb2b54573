// Where guests take turns with the library's own locks. What the library writes for them stands in no
// history of requests: it is told by where it is.
import type { Command } from '../../tree/index.ts';

/** The folders of the locks. */
export const turnFolders = ['/turns/a', '/turns/b'] as const;
/** What only the holder of a turn may write. */
export const turnFileOf = (folder: string): string => `/turned${folder}`;

const isBelow = (path: string | undefined): boolean => path?.startsWith('/turns/') === true;

/** Leases of locks have odd lengths, those that guests ask for themselves even ones. */
export const turnLengthMs = (n: number): number => 1001 + 2 * n;

/** Whether the library wrote this for a lock. */
export function isOfTurns(command: Command): boolean {
  switch (command.kind) {
    case 'create':
      return isBelow(command.prefix);
    case 'transaction':
      return isBelow(command.compares[0]?.path);
    case 'grant':
      return command.window === 0 && command.lengthMs % 2 === 1;
    default:
      return false;
  }
}
