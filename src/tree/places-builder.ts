import { must } from '../base/index.ts';
import { isBelow, type Path, rootPath } from '../paths/index.ts';
import { PathMapBuilder } from './path-map-builder.ts';
import type { Places } from './places.ts';
import type { File } from './types.ts';

/** A directory whose files are being added. */
type OpenDirectory = { readonly path: Path; readonly nth: number; count: number };

/** Builds files and the directories they stand in, from files in walk order. */
export class PlacesBuilder {
  readonly #files = new PathMapBuilder<File>();
  readonly #directories = new PathMapBuilder<number>();
  /** From the root to the one that the last file stands in. */
  readonly #open: OpenDirectory[] = [];

  constructor() {
    this.#enter(rootPath);
  }

  /** How many files there are. */
  get size(): number {
    return this.#files.size;
  }

  /** The last file's. */
  get last(): Path | null {
    return this.#files.last;
  }

  /**
   * Whether a file may be added at `path`, which comes after all others: not below a file, and not
   * at a directory. In walk order what is below a file follows it at once, and a directory comes
   * before what is in it, so there are but two to be looked at.
   */
  canAdd(path: Path): boolean {
    return path !== rootPath && (this.last === null || !isBelow(path, this.last));
  }

  /** The caller knows that it can be added. */
  add(path: Path, file: File): void {
    let directory = this.#top();
    while (!isBelow(path, directory.path)) {
      this.#leave();
      directory = this.#top();
    }
    const from = directory.path === rootPath ? 1 : directory.path.length + 1;
    for (let at = path.indexOf('/', from); at !== -1; at = path.indexOf('/', at + 1)) {
      directory.count++;
      directory = this.#enter(path.slice(0, at) as Path);
    }
    directory.count++;
    this.#files.add(path, file);
  }

  finish(): Places {
    while (this.#open.length > 0) this.#leave();
    return { files: this.#files.finish(), directories: this.#directories.finish() };
  }

  #top(): OpenDirectory {
    return must(this.#open.at(-1), 'T3: every file stands below the root');
  }

  #enter(path: Path): OpenDirectory {
    const directory = { path, nth: this.#directories.add(path, 0), count: 0 };
    this.#open.push(directory);
    return directory;
  }

  #leave(): void {
    const { nth, count } = this.#top();
    this.#directories.replace(nth, count);
    this.#open.pop();
  }
}
