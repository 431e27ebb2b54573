import type { ErrorCode } from '../base/index.ts';
import type { Path } from '../paths/index.ts';
import { isBelowFile, type Places } from './places.ts';
import type { File, GuardRevision, TreeLimits } from './types.ts';

/** Why a command has no effect. */
export type Refusal = {
  readonly code: ErrorCode;
  /** What /ctl/err says, in doozerd's words where it has them. */
  readonly note: string;
  readonly detail: string;
};

/** What stands for a directory where a file has its revision, as doozer's clients know it. */
const directoryRevision = -2;
/** The guard that always holds. */
const always = -1;

/**
 * The refusal of a set or delete as far as sizes, places and revisions are concerned, in doozerd's
 * order: an ancestor that is a file, then the guard, then a directory in the way.
 *
 * Departs from doozerd: a delete below a file is refused too; there it destroyed the file.
 *
 * @param old  the file at `path`, or undefined.
 */
export function checkWrite(
  places: Places,
  path: Path,
  old: File | undefined,
  guard: GuardRevision,
): Refusal | null {
  let current: number = old?.changed ?? 0;
  if (old === undefined) {
    if (places.directories.has(path)) current = directoryRevision;
    else if (isBelowFile(places, path)) return belowFile(path);
  }
  if (guard !== always && guard < current) return mismatch(path, current, guard);
  return current === directoryRevision ? isDirectoryRefusal(path) : null;
}

/** The bound on a path and on a body, which are the cluster's and not this release's. */
export function checkSizes(
  { pathBytesMax, valueBytesMax }: TreeLimits,
  path: Path,
  body: Uint8Array,
): Refusal | null {
  if (path.length > pathBytesMax) return tooLarge('path', path.length, pathBytesMax);
  if (body.length > valueBytesMax) return tooLarge('body', body.length, valueBytesMax);
  return null;
}

const belowFile = (path: Path): Refusal => ({
  code: 'ERR_NOT_DIRECTORY',
  note: 'not a directory',
  detail: `A part of "${path}" is a file`,
});

const isDirectoryRefusal = (path: Path): Refusal => ({
  code: 'ERR_IS_DIRECTORY',
  note: 'is a directory',
  detail: `"${path}" is a directory`,
});

const mismatch = (path: Path, current: number, guard: number): Refusal => ({
  code: 'ERR_REV_MISMATCH',
  note: 'rev mismatch',
  detail: `"${path}" is at revision ${current}, newer than ${guard}`,
});

const tooLarge = (what: string, bytes: number, bytesMax: number): Refusal => ({
  code: 'ERR_TOO_LARGE',
  note: 'too large',
  detail: `The ${what} has ${bytes} bytes, the limit is ${bytesMax}`,
});

export const badMutation = (detail: string): Refusal => ({
  code: 'ERR_BAD_ARGUMENT',
  note: 'bad mutation',
  detail,
});
