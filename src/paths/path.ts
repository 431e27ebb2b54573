import { assert, type Brand } from '../base/index.ts';

/** An absolute path: `/`, or one or more of `/NAME`. Checked once, where it enters. */
export type Path = Brand<string, 'Path'>;

export const rootPath = '/' as Path;

/**
 * What a name may hold. Doozer's own are letters, digits, `.` and `-`.
 * Departs from doozerd: also `_ : @ + = ~ ,`, none of them special in a glob.
 */
const nameCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:@+=~,';
const slash = 0x2f;

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(128);
  for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = 1;
  return table;
}

const inName = tableOf(nameCharacters);
const inGlobName = tableOf(`${nameCharacters}*?`);

/** Names of at least one character of `table`, each after one slash; or the root alone. */
function isAbsolute(text: string, table: Uint8Array): boolean {
  if (text === '/') return true;
  if (text.length === 0) return false;
  let previous = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === slash ? previous === slash : previous === -1 || table[code] !== 1) return false;
    previous = code;
  }
  return previous !== slash;
}

/** Whether `text` is a path in which names may also hold `*` and `?`. */
export const isGlobText = (text: string): boolean => isAbsolute(text, inGlobName);

/**
 * `text` as a path, or `null` when it is none: not absolute, an empty name, a character that no
 * name may hold. Case matters; `.` and `..` are ordinary names. How long it may be is the caller's
 * to check, since that bound belongs to the cluster.
 */
export const parsePath = (text: string): Path | null =>
  isAbsolute(text, inName) ? (text as Path) : null;

/** As `parsePath`, for callers that know. */
export function path(text: string): Path {
  assert(isAbsolute(text, inName), `a path is "/" or names after slashes, not "${text}"`);
  return text as Path;
}

/** The directory that `path` stands in, or `null` for the root. */
export function parentOf(path: Path): Path | null {
  if (path === rootPath) return null;
  const at = path.lastIndexOf('/');
  return at === 0 ? rootPath : (path.slice(0, at) as Path);
}

/** What follows the last slash; empty for the root. */
export const nameOf = (path: Path): string => path.slice(path.lastIndexOf('/') + 1);

/** The path of `name` in the directory `parent`. `name` is the last part of a checked path. */
export const childOf = (parent: Path, name: string): Path =>
  (parent === rootPath ? `/${name}` : `${parent}/${name}`) as Path;

/** Every directory above `path`, the nearest first, the root last. */
export function ancestorsOf(path: Path): Path[] {
  const ancestors: Path[] = [];
  for (let at = parentOf(path); at !== null; at = parentOf(at)) ancestors.push(at);
  return ancestors;
}

/** Whether `path` lies below the directory `above`, at any depth. */
export const isBelow = (path: Path, above: Path): boolean =>
  above === rootPath
    ? path !== rootPath
    : path.length > above.length &&
      path.charCodeAt(above.length) === slash &&
      path.startsWith(above);

/**
 * Walk order: depth first, the names of a directory by their bytes. So `/a/b` comes before `/a-b`
 * although `-` is less than `/`: a slash is taken as less than any character of a name.
 *
 * Under this order the paths below a directory, and more generally all paths that begin with the
 * same text, stand together.
 */
export function comparePaths(a: Path, b: Path): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return x === slash ? -1 : y === slash ? 1 : x - y;
  }
  return a.length - b.length;
}

/**
 * A place in walk order after everything below `path` and before whatever follows it. It is only
 * good for seeking, since no name holds the character it ends with.
 */
export const endOfSubtree = (path: Path): Path =>
  (path === rootPath ? '/\x7f' : `${path}/\x7f`) as Path;
