import type { ErrorCode } from '../../base/index.ts';
import {
  ancestorsOf,
  comparePaths,
  type Glob,
  isBelow,
  type Path,
  rootPath,
} from '../../paths/index.ts';
import type { Event } from '../../tree/index.ts';
import { Violation } from '../witness.ts';

/** A file as it was written at a revision; `event` is `null` where it was deleted. */
export type Version = { readonly revision: number; readonly event: Event | null };

/** All that ever stood at one path. */
export type FileHistory = { readonly path: Path; readonly versions: Version[] };

export type Write = {
  readonly kind: 'set' | 'delete';
  readonly path: Path;
  readonly guard: number;
};

/** What a directory's revision counts as where a guard meets it. */
const directoryRevision = -2;

/**
 * The tree as the page on the data model tells it, written a second time and differently: no tree but the
 * events, and what stood where at each revision.
 */
export class TreeModel {
  revision = 0;
  readonly #files = new Map<string, FileHistory>();
  /** By directory: all that ever stood below it. */
  readonly #below = new Map<string, FileHistory[]>();
  /** By glob; forgotten when a new path comes. */
  readonly #matches = new Map<string, readonly FileHistory[]>();

  /** The next event. */
  push(event: Event): void {
    const { kind, path, revision } = event;
    if (revision !== this.revision + 1) {
      throw new Violation('revision', `revision ${revision} follows ${this.revision}`);
    }
    if (kind === 'set' && (this.isDirectory(path, this.revision) || this.#isBelowFile(path))) {
      throw new Violation(
        'model',
        `revision ${revision} sets ${path}, where a file has no place beside other files`,
      );
    }
    this.revision = revision;
    if (kind === 'nop') return;
    const file = this.#files.get(path);
    if (kind === 'delete') {
      if (file !== undefined && versionAt(file, revision) !== null)
        file.versions.push({ revision, event: null });
      return;
    }
    (file ?? this.#add(path)).versions.push({ revision, event });
  }

  /** What stood at `path` after `revision`. */
  fileAt(path: string, revision: number): Event | null {
    const file = this.#files.get(path);
    return file === undefined ? null : versionAt(file, revision);
  }

  /** The revision that made the file which stood at `path` after `revision`; 0: none did. */
  createdAt(path: string, revision: number): number {
    let created = 0;
    for (const version of this.#files.get(path)?.versions ?? []) {
      if (version.revision > revision) break;
      if (version.event === null) created = 0;
      else if (created === 0) created = version.revision;
    }
    return created;
  }

  historyOf(path: string): FileHistory | null {
    return this.#files.get(path) ?? null;
  }

  isDirectory(path: string, revision: number): boolean {
    if (path === rootPath) return true;
    const below = this.#below.get(path);
    return below?.some((file) => versionAt(file, revision) !== null) ?? false;
  }

  /** The names in a directory; `null`: there is none. */
  namesAt(path: string, revision: number): string[] | null {
    const head = path === rootPath ? '/' : `${path}/`;
    const names = new Set<string>();
    for (const file of this.#below.get(path) ?? []) {
      if (versionAt(file, revision) === null) continue;
      const end = file.path.indexOf('/', head.length);
      names.add(end === -1 ? file.path.slice(head.length) : file.path.slice(head.length, end));
    }
    if (names.size === 0 && path !== rootPath) return null;
    return [...names].sort((a, b) => (a < b ? -1 : 1));
  }

  /** All files that matched at `revision`, in walk order. */
  walkAt(glob: Glob, revision: number): Event[] {
    const found: Event[] = [];
    for (const file of this.matching(glob)) {
      const event = versionAt(file, revision);
      if (event !== null) found.push(event);
    }
    return found;
  }

  /** All that ever matched, in walk order. */
  matching(glob: Glob): readonly FileHistory[] {
    let matching = this.#matches.get(glob.text);
    if (matching === undefined) {
      matching = [...this.#files.values()]
        .filter(({ path }) => glob.matches(path))
        .sort((a, b) => comparePaths(a.path, b.path));
      this.#matches.set(glob.text, matching);
    }
    return matching;
  }

  /** Why a write that comes after `revision` is refused; `null`: it takes effect. Slots are not judged. */
  judge({ path, guard }: Write, revision: number): ErrorCode | null {
    const old = this.fileAt(path, revision);
    let current: number = old?.revision ?? 0;
    if (old === null) {
      if (this.isDirectory(path, revision)) current = directoryRevision;
      else if (ancestorsOf(path).some((above) => this.fileAt(above, revision) !== null)) {
        return 'ERR_NOT_DIRECTORY';
      }
    }
    if (guard !== -1 && guard < current) return 'ERR_REV_MISMATCH';
    return current === directoryRevision ? 'ERR_IS_DIRECTORY' : null;
  }

  /** Whether a file may stand at `path`, as far as other files are concerned. */
  hasPlace(path: Path, revision: number): boolean {
    return this.judge({ kind: 'set', path, guard: -1 }, revision) === null;
  }

  #isBelowFile(path: Path): boolean {
    return ancestorsOf(path).some((above) => this.fileAt(above, this.revision) !== null);
  }

  #add(path: Path): FileHistory {
    const file = { path, versions: [] };
    this.#files.set(path, file);
    this.#matches.clear();
    for (const above of ancestorsOf(path)) {
      const below = this.#below.get(above);
      if (below === undefined) this.#below.set(above, [file]);
      else below.push(file);
    }
    return file;
  }
}

/** The version that stood after `revision`, or `null`. */
export function versionAt({ versions }: FileHistory, revision: number): Event | null {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((versions[middle]?.revision ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return versions[low - 1]?.event ?? null;
}

/** Whether an event may change what is in `directory`, or whether it is one. */
export const touches = (event: Event, directory: string): boolean =>
  event.path === directory || isBelow(event.path, directory as Path);
