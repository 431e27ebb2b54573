import type { Disk, DiskFile, DiskLock } from '../../ports/index.ts';
import type { Process } from '../process.ts';
import type { DiskCore } from './core.ts';
import { refused } from './failure.ts';
import { FileImage } from './image.ts';
import { Folder } from './names.ts';
import { OpenFile } from './open-file.ts';

/** What a process that ended is told: nothing, ever. */
const never = <T>(): Promise<T> => new Promise(() => {});

/** A read takes this share of what a sync takes. */
const readShare = 1 / 8;

/** The disk as one process sees it. */
export class MountedDisk implements Disk {
  readonly #disk: DiskCore;
  readonly #process: Process;
  readonly #life: number;

  constructor(disk: DiskCore, process: Process) {
    this.#disk = disk;
    this.#process = process;
    this.#life = disk.life;
  }

  get name(): string {
    return this.#disk.name;
  }

  get #isOver(): boolean {
    return this.#process.state === 'ended' || this.#life !== this.#disk.life;
  }

  readonly open = (path: string, how: 'create' | 'write' | 'read'): Promise<DiskFile | null> =>
    how === 'create' ? this.#create(path) : this.#look(() => this.#opened(this.#file(path)));

  readonly list = (path: string): Promise<readonly string[]> =>
    this.#look(() => {
      const folder = this.#disk.names.find(path);
      return folder instanceof Folder ? [...folder.names.keys()].sort() : [];
    });

  readonly exists = (path: string): Promise<boolean> =>
    this.#look(() => this.#disk.names.find(path) !== null);

  readonly makeFolder = (path: string): Promise<void> =>
    this.#change(() => this.#disk.names.makeFolders(path));

  readonly rename = (from: string, to: string): Promise<void> =>
    this.#change(() => {
      const { names } = this.#disk;
      const [source, target] = [names.place(from), names.place(to)];
      if (source === null || target === null || !source.folder.names.has(source.name))
        throw refused('rename', from, 'ENOENT');
      names.rename(source, target);
    });

  readonly remove = (path: string): Promise<void> => {
    const remove = (most?: number): void => {
      const place = this.#disk.names.place(path);
      if (place?.folder.names.has(place.name) === true) this.#disk.names.remove(place, most);
    };
    // Of a folder a part may be gone already.
    return this.#change(
      () => remove(),
      () => remove(this.#disk.chance.below(8)),
    );
  };

  readonly syncFolder = (path: string): Promise<void> => {
    // What changes while it is under way is for the next one.
    const mark = this.#disk.names.mark;
    return this.#change(() => {
      const folder = this.#disk.names.find(path);
      if (!(folder instanceof Folder)) throw refused('sync folder', path, 'ENOENT');
      if (this.#disk.fails('sync')) {
        this.#disk.tally.syncsFailed++;
        throw refused('sync folder', path, 'EIO');
      }
      this.#disk.tally.syncs++;
      this.#disk.names.sync(folder, mark);
    });
  };

  readonly lock = (_path: string): Promise<DiskLock> =>
    this.#look(() => {
      this.#disk.take(this.#process);
      return {
        release: () => {
          if (!this.#isOver) this.#disk.giveBack(this.#process);
          return this.#isOver ? never<void>() : Promise.resolve();
        },
      };
    });

  /** Bytes that can still be taken; `null`: nobody can say. */
  readonly free = (): Promise<number | null> => this.#look(() => this.#disk.free());

  #create(path: string): Promise<DiskFile> {
    return this.#change(() => {
      const place = this.#disk.names.place(path);
      if (place === null) throw refused('create', path, 'ENOENT');
      if (place.folder.names.has(place.name)) throw refused('create', path, 'EEXIST');
      this.#disk.refuseIfFull('create', path);
      const image = new FileImage();
      this.#disk.names.create(place, image);
      return this.#handle(image, path);
    });
  }

  #file(path: string): { readonly image: FileImage; readonly path: string } | null {
    const node = this.#disk.names.find(path);
    if (node instanceof Folder) throw refused('open', path, 'EISDIR');
    return node === null ? null : { image: node, path };
  }

  #opened(found: { readonly image: FileImage; readonly path: string } | null): DiskFile | null {
    return found === null ? null : this.#handle(found.image, found.path);
  }

  #handle(image: FileImage, path: string): DiskFile {
    return new OpenFile({
      disk: this.#disk,
      process: this.#process,
      life: this.#life,
      image,
      path,
    });
  }

  /** Changes nothing, so it may be done on the spot. */
  #look<T>(see: () => T): Promise<T> {
    if (this.#isOver) return never();
    const ms = this.#disk.time(readShare);
    if (ms > 0) return this.#disk.begin(this.#process, ms, { apply: see, onlyLooks: true });
    try {
      return Promise.resolve(see());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #change<T>(apply: () => T, applyPart?: () => void): Promise<T> {
    if (this.#isOver) return never();
    const what = applyPart === undefined ? { apply } : { apply, applyPart };
    return this.#disk.begin(this.#process, this.#disk.time(1), what);
  }
}
