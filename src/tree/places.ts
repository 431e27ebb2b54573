import { type Path, parentOf } from '../paths/index.ts';
import type { PathMap } from './path-map.ts';
import type { File } from './types.ts';

/** The part of a state that says what stands where. */
export type Places = {
  readonly files: PathMap<File>;
  readonly directories: PathMap<number>;
};

/**
 * Whether an ancestor of `path` is a file. The nearest ancestor that exists decides: above a
 * directory there are only directories.
 */
export function isBelowFile({ files, directories }: Places, path: Path): boolean {
  for (let at = parentOf(path); at !== null; at = parentOf(at)) {
    if (directories.has(at)) return false;
    if (files.has(at)) return true;
  }
  return false;
}

/** Whether a file may be written at `path` as far as other files are concerned. */
export const canHoldFile = (places: Places, path: Path): boolean =>
  places.files.has(path) || !(places.directories.has(path) || isBelowFile(places, path));
