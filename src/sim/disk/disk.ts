// The disk of one made-up machine.
//
// What a cluster must survive is said in atlas.ts. What this disk does to it:
// - What is written but not synced is anybody's at a power cut, sector by sector: kept, lost, torn or
//   garbage. Names, sizes and changes of folders likewise. What was synced stays as it was.
// - A process that is killed leaves what it wrote; of what it was just doing anything may have happened.
// - Reads, writes and syncs fail when told to. A failed sync drops what it should have written, while
//   reads may go on showing it. A full disk takes no more.
// - When told to, it loses what was durable: a bit, a name, the end of a snapshot, everything; or puts
//   a write where it does not belong.
import type { Disk } from '../../ports/index.ts';
import type { Process } from '../process.ts';
import { DiskCore, type DiskParts, type DiskTemper, type Failing } from './core.ts';
import { flipBit, flipTail, loseName, truncateSnapshot } from './damage.ts';
import { MountedDisk } from './mounted.ts';
import { eachFile, fileAt } from './names.ts';
import type { DiskTally, Mood } from './tally.ts';

export type { DiskParts, DiskTemper } from './core.ts';
export type { DiskTally } from './tally.ts';

export class SimDisk {
  readonly #core: DiskCore;

  constructor(parts: DiskParts) {
    this.#core = new DiskCore(parts);
  }

  get name(): string {
    return this.#core.name;
  }

  /**
   * The disk as one process sees it. What it asks for ends by happenings of that process, and never
   * once the process ended.
   */
  mount(process: Process): Disk {
    return new MountedDisk(this.#core, process);
  }

  /** From now on; of what is under way nothing changes. */
  setSpeed({ slowMs, tailMs }: Pick<DiskTemper, 'slowMs' | 'tailMs'>): void {
    this.#core.setSpeed(slowMs, tailMs);
  }

  /** `null`: room without end. Files that are larger already stay. */
  setCapacity(bytes: number | null): void {
    this.#core.setCapacity(bytes);
    this.#core.say(() => `holds ${bytes === null ? 'anything' : `${bytes} bytes`}`);
  }

  /**
   * kill -9: what was written stays with the system. Open files and the lock are gone. What was under
   * way has happened, or not, or in part.
   */
  processEnded(): void {
    this.#core.processEnded();
  }

  /** The machine is without power for a moment: no process lives on, and the disk is all there is. */
  powerCut(): void {
    const { chance, tally, names, world } = this.#core;
    this.#core.processEnded();
    tally.powerCuts++;
    const draw = chance.below(8);
    const mood: Mood = draw === 0 ? 'all lost' : draw === 1 ? 'all kept' : 'each for itself';
    names.powerCut(chance, mood, tally);
    eachFile(names.root, (_, file) => file.powerCut(chance, mood, tally));
    world.mark(tally.sectorsLost * 31 + tally.sectorsKept);
    this.#core.say(() => `loses power, ${mood}`);
  }

  /** Nothing that was to come will come, and there is room. What was lost stays lost. */
  heal(): void {
    this.#core.heal();
  }

  /** The next operation of this kind fails with EIO. Calls add up. `sync` is of files and folders. */
  failNext(what: Failing): void {
    this.#core.failNext(what);
  }

  /** The next write of a file lands where it does not belong. Calls add up. */
  misdirectNext(): void {
    this.#core.misdirectNext();
  }

  /** Flips a durable bit of a file that matters. Says which; `null` if there is none. */
  rot(): string | null {
    return this.rotIn('');
  }

  /** The same, of a file whose path begins so. */
  rotIn(prefix: string): string | null {
    return this.#done(flipBit(this.#core, prefix), 'bitsFlipped');
  }

  /** One bit of what stands at the end of the log. */
  rotTail(): string | null {
    return this.#done(flipTail(this.#core), 'bitsFlipped');
  }

  /** A durable name of a file vanishes, and the file with it. */
  loseName(): string | null {
    return this.#done(loseName(this.#core), 'entriesVanished');
  }

  /** The newest snapshot is cut on the disk. */
  truncateSnapshot(): string | null {
    return this.#done(truncateSnapshot(this.#core), 'snapshotsCut');
  }

  /** Everything is gone. Only while no process uses the disk, or right before it is ended. */
  lose(): void {
    this.#core.names.loseAll();
    this.#done('everything', 'foldersLost');
  }

  /** What has a name now, in the order in which names were made. */
  readonly files = (): readonly { readonly path: string; readonly bytes: number }[] => {
    const files: { path: string; bytes: number }[] = [];
    eachFile(this.#core.names.root, (path, file) => files.push({ path, bytes: file.size }));
    return files;
  };

  /** The bytes of a file as a process would read them; `null`: not there. */
  peek(path: string): Uint8Array | null {
    const file = fileAt(this.#core.names, path);
    return file === null ? null : file.read(0, file.size);
  }

  /** What it did so far, for the coverage report. */
  describe(): Readonly<DiskTally> {
    return { ...this.#core.tally };
  }

  #done(
    what: string | null,
    counter: 'bitsFlipped' | 'entriesVanished' | 'snapshotsCut' | 'foldersLost',
  ): string | null {
    if (what === null) return null;
    this.#core.tally[counter]++;
    this.#core.say(() => `loses ${what}`);
    return what;
  }
}
