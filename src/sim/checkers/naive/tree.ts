import { noBytes, sameBytes } from '../../../base/index.ts';
import { ancestorsOf, comparePaths, type Path, rootPath } from '../../../paths/index.ts';
import type { Event as TreeEvent } from '../../../tree/index.ts';

type Event = Pick<TreeEvent, 'kind' | 'path' | 'body' | 'revision'>;

export type NaiveFile = {
  readonly body: Uint8Array;
  readonly created: number;
  readonly changed: number;
  readonly lease: number;
};

/**
 * The newest state of the tree, written a second time and differently: maps that are changed in place,
 * and a list of what to do to take it back.
 */
export class NaiveTree {
  readonly files = new Map<Path, NaiveFile>();
  /** By directory: how many files are below it. */
  readonly #below = new Map<Path, number>();
  #undo: (() => void)[] = [];
  events: Event[] = [];
  revision = 0;

  isDirectory(path: Path): boolean {
    return path === rootPath || (this.#below.get(path) ?? 0) > 0;
  }

  isBelowFile(path: Path): boolean {
    return ancestorsOf(path).some((above) => this.files.has(above));
  }

  /** What one command does is done from here on, and can be taken back. */
  begin(): void {
    this.#undo = [];
    this.events = [];
  }

  takeBack(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.begin();
  }

  set(path: Path, body: Uint8Array, lease: number): void {
    const old = this.files.get(path);
    const changed = this.#take('set', path, body);
    this.#put(path, { body, created: old?.created ?? changed, changed, lease });
    this.#undo.push(() => this.#put(path, old));
  }

  delete(path: Path): void {
    const old = this.files.get(path);
    this.#take('delete', path, noBytes);
    this.#put(path, undefined);
    this.#undo.push(() => this.#put(path, old));
  }

  nop(): void {
    this.#take('nop', rootPath, noBytes);
  }

  /** In walk order. */
  filesOf(lease: number): Path[] {
    const paths: Path[] = [];
    for (const [path, file] of this.files) if (file.lease === lease) paths.push(path);
    return paths.sort(comparePaths);
  }

  #take(kind: Event['kind'], path: Path, body: Uint8Array): number {
    this.revision++;
    this.#undo.push(() => {
      this.revision--;
    });
    this.events.push({ kind, path, body, revision: this.revision as Event['revision'] });
    return this.revision;
  }

  #put(path: Path, file: NaiveFile | undefined): void {
    const step = (file === undefined ? 0 : 1) - (this.files.has(path) ? 1 : 0);
    if (file === undefined) this.files.delete(path);
    else this.files.set(path, file);
    if (step === 0) return;
    for (const above of ancestorsOf(path)) {
      this.#below.set(above, (this.#below.get(above) ?? 0) + step);
    }
  }
}

export const sameEvents = (a: readonly Event[], b: readonly Event[]): boolean =>
  a.length === b.length &&
  a.every((event, i) => {
    const other = b[i];
    return (
      other !== undefined &&
      event.kind === other.kind &&
      event.path === other.path &&
      event.revision === other.revision &&
      sameBytes(event.body, other.body)
    );
  });
