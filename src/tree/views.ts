import type { Revision } from '../base/index.ts';
import { endOfSubtree, type Glob, type Path, rootPath } from '../paths/index.ts';
import type { View } from './state.ts';
import type { File } from './types.ts';

/** What stands at a path. */
export type Stat =
  | { readonly kind: 'file'; readonly length: number; readonly revision: Revision }
  /** `count`: how many names it holds. */
  | { readonly kind: 'directory'; readonly count: number }
  | { readonly kind: 'missing' };

/** A file and where it stands. */
export type Found = { readonly path: Path; readonly file: File };

export const fileAt = (view: View, path: Path): File | null => view.files.get(path) ?? null;

export const isDirectory = (view: View, path: Path): boolean => view.directories.has(path);

export function stat(view: View, path: Path): Stat {
  const file = view.files.get(path);
  if (file !== undefined) {
    return { kind: 'file', length: file.body.length, revision: file.changed };
  }
  const count = view.directories.get(path);
  return count === undefined ? { kind: 'missing' } : { kind: 'directory', count };
}

/**
 * Every file that `glob` matches, in walk order. It reads no more than the files that begin with
 * the text before the first wildcard.
 */
export function* walk(view: View, glob: Glob): Generator<Found, void> {
  if (glob.exact !== null) {
    const file = view.files.get(glob.exact);
    if (file !== undefined) yield { path: glob.exact, file };
    return;
  }
  // Under walk order the paths that begin with the same text stand together.
  for (const [path, file] of view.files.entries(glob.head as Path)) {
    if (!path.startsWith(glob.head)) return;
    if (glob.matches(path)) yield { path, file };
  }
}

/** The names in a directory, in the order of their bytes; none if it is missing or a file. */
export function* children(view: View, directory: Path): Generator<string, void> {
  for (let name = firstChild(view, directory); name !== null; ) {
    yield name;
    name = childAfter(view, directory, name);
  }
}

/** The first name in a directory, or `null`. */
export const firstChild = (view: View, directory: Path): string | null =>
  childFrom(view, directory, directory);

/** The name that follows `name` in a directory, or `null`. */
export const childAfter = (view: View, directory: Path, name: string): string | null =>
  childFrom(view, directory, endOfSubtree(`${folder(directory)}${name}` as Path));

const folder = (directory: Path): string => (directory === rootPath ? '/' : `${directory}/`);

/** The name in `directory` under which the first file after `place` stands, or `null`. */
function childFrom(view: View, directory: Path, place: Path): string | null {
  const next = view.files.nextAfter(place);
  const above = folder(directory);
  if (next === null || !next.startsWith(above)) return null;
  const end = next.indexOf('/', above.length);
  return end === -1 ? next.slice(above.length) : next.slice(above.length, end);
}
