import { must, nextRevision, noBytes, noLease, type Revision } from '../base/index.ts';
import { type Path, parentOf, rootPath } from '../paths/index.ts';
import { type Digest, DigestSum } from './digest.ts';
import type { PathMap } from './path-map.ts';
import type { TreeState } from './state.ts';
import type { Event, File } from './types.ts';

/**
 * The files of a tree while one change is being applied. Everything it does takes the next revision
 * and leaves exactly one event there, so revisions and events cannot drift apart (T1).
 */
export class Draft {
  readonly events: Event[] = [];
  #files: PathMap<File>;
  #directories: PathMap<number>;
  #revision: Revision;
  /** `null` until a file is written. */
  #sum: DigestSum | null = null;
  readonly #before: Digest;

  constructor({ files, directories, revision, filesDigest }: TreeState) {
    this.#files = files;
    this.#directories = directories;
    this.#revision = revision;
    this.#before = filesDigest;
  }

  get files(): PathMap<File> {
    return this.#files;
  }

  get directories(): PathMap<number> {
    return this.#directories;
  }

  get revision(): Revision {
    return this.#revision;
  }

  get filesDigest(): Digest {
    return this.#sum === null ? this.#before : this.#sum.sum;
  }

  /**
   * Writes a file. The caller knows that no ancestor is a file and that `path` is no directory.
   *
   * @param old  the file that stands there, for callers that looked it up already.
   */
  set(path: Path, body: Uint8Array, old: File | undefined = this.#files.get(path)): void {
    const changed = this.#next('set', path, body);
    // A plain write takes a file out of its lease.
    const file = { body, created: old?.created ?? changed, changed, lease: noLease };
    this.#files = this.#files.with(path, file);
    this.#sum ??= new DigestSum(this.#before);
    if (old !== undefined) this.#sum.subtract(path, old);
    else this.#addName(path);
    this.#sum.add(path, file);
  }

  /** Deletes a file, and every directory that it leaves empty; or does nothing if it is missing. */
  delete(path: Path): void {
    this.#next('delete', path, noBytes);
    const old = this.#files.get(path);
    if (old === undefined) return;
    this.#files = this.#files.without(path);
    this.#sum ??= new DigestSum(this.#before);
    this.#sum.subtract(path, old);
    this.#removeName(path);
  }

  nop(): void {
    this.#next('nop', rootPath, noBytes);
  }

  #next(kind: Event['kind'], path: Path, body: Uint8Array): Revision {
    this.#revision = nextRevision(this.#revision);
    this.events.push({ kind, path, body, revision: this.#revision });
    return this.#revision;
  }

  #addName(path: Path): void {
    this.#directories = withName(this.#directories, path);
  }

  /** `path` is gone: its directory holds one name less, and with none left is gone too (T3). */
  #removeName(path: Path): void {
    for (let at = parentOf(path); at !== null; at = parentOf(at)) {
      const count = must(this.#directories.get(at), 'T3: a file stands in directories');
      if (count > 1 || at === rootPath) {
        this.#directories = this.#directories.with(at, count - 1);
        return;
      }
      this.#directories = this.#directories.without(at);
    }
  }
}

/** `path` is a new file: its directory holds one name more, and may be new itself. */
export function withName(directories: PathMap<number>, path: Path): PathMap<number> {
  let counted = directories;
  for (let at = parentOf(path); at !== null; at = parentOf(at)) {
    const count = directories.get(at);
    counted = counted.with(at, (count ?? 0) + 1);
    if (count !== undefined) break;
  }
  return counted;
}
