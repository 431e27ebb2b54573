import { assert, ClusterError, type Prng } from '../../base/index.ts';
import type { Process } from '../process.ts';
import type { World } from '../world.ts';
import { refused } from './failure.ts';
import { eachFile, Names } from './names.ts';
import { type DiskTally, noTally } from './tally.ts';

export type DiskTemper = {
  /** What a sync or a change of names takes, half to one and a half times that. 0: at once. */
  readonly slowMs: number;
  /** One operation in fifty takes up to this. */
  readonly tailMs: number;
  /** `null`: room without end. */
  readonly capacityBytes: number | null;
};

export type DiskParts = {
  readonly world: World;
  readonly name: string;
  readonly temper: DiskTemper;
};

/** Kinds of operation that can be told to fail. */
export type Failing = 'read' | 'write' | 'sync';

/** What a process asks for. */
export type Wish<T> = {
  /** Does it, and returns or throws what the process will be told. */
  readonly apply: () => T;
  /** It changes nothing. */
  readonly onlyLooks?: boolean;
  /** Does a part of it, where there are parts. */
  readonly applyPart?: () => void;
  readonly after?: () => void;
};

/** What a process asked for and was not told of yet. */
type Operation = {
  readonly apply: () => unknown;
  readonly applyPart: (() => void) | null;
};

/** What the parts of one disk share: names, time, chance, and what is under way. */
export class DiskCore {
  readonly name: string;
  readonly world: World;
  readonly chance: Prng;
  readonly names = new Names();
  readonly tally: DiskTally = noTally();
  #slowMs: number;
  #tailMs: number;
  #capacityBytes: number | null;
  readonly #failing: Record<Failing, number> = { read: 0, write: 0, sync: 0 };
  #misdirected = 0;
  /** Who holds the folder. */
  #holder: Process | null = null;
  /** Operations begun and not ended, oldest first. */
  readonly #underWay = new Set<Operation>();
  #life = 0;

  constructor({ world, name, temper }: DiskParts) {
    this.world = world;
    this.name = name;
    this.chance = world.chance(`disk ${name}`);
    this.#slowMs = temper.slowMs;
    this.#tailMs = temper.tailMs;
    this.#capacityBytes = temper.capacityBytes;
  }

  /** Counts processes that ended: what one opened is gone with it. */
  get life(): number {
    return this.#life;
  }

  setSpeed(slowMs: number, tailMs: number): void {
    this.#slowMs = slowMs;
    this.#tailMs = tailMs;
  }

  setCapacity(bytes: number | null): void {
    this.#capacityBytes = bytes;
  }

  heal(): void {
    for (const what of ['read', 'write', 'sync'] as const) this.#failing[what] = 0;
    this.#misdirected = 0;
    this.setCapacity(null);
  }

  failNext(what: Failing): void {
    this.#failing[what]++;
  }

  misdirectNext(): void {
    this.#misdirected++;
  }

  /** Of what was under way each has happened, or not, or in part. */
  processEnded(): void {
    this.#life++;
    this.#holder = null;
    for (const { apply, applyPart } of this.#underWay) {
      this.tally.inFlight++;
      const fate = this.chance.below(3);
      if (fate === 0) continue;
      try {
        if (fate === 1 && applyPart !== null) applyPart();
        else apply();
      } catch (error) {
        // Nobody is there to be told that it failed.
        if (!(error instanceof ClusterError)) throw error;
      }
    }
    this.#underWay.clear();
  }

  /** A time for one operation, in milliseconds; `share` of what a sync takes. */
  time(share: number): number {
    if (this.#slowMs === 0 && this.#tailMs === 0) return 0;
    const { chance } = this;
    const usualMs = this.#slowMs * share * (0.5 + chance.below(1024) / 1024);
    if (chance.below(50) > 0) return usualMs;
    return Math.max(usualMs, (this.#tailMs * chance.below(1024)) / 1024);
  }

  /**
   * Begins an operation of a process. It takes effect when it ends, though the process be paused by
   * then; `after` is called at that moment too, and the process is told when it runs.
   */
  begin<T>(process: Process, ms: number, wish: Wish<T>): Promise<T> {
    const { apply, onlyLooks = false, applyPart = null, after } = wish;
    const operation: Operation = { apply, applyPart };
    const life = this.#life;
    if (!onlyLooks) this.#underWay.add(operation);
    return new Promise((resolve, reject) => {
      this.world.after(ms, () => {
        // The process that asked has ended, and what became of this is decided.
        if (life !== this.#life) return;
        this.#underWay.delete(operation);
        try {
          const value = apply();
          process.run('disk', () => resolve(value));
        } catch (error) {
          process.run('disk', () => reject(error));
        }
        after?.();
      });
    });
  }

  /** Is this operation the one that has to fail? Asked once for each. */
  fails(what: Failing): boolean {
    if (this.#failing[what] === 0) return false;
    this.#failing[what]--;
    this.say(() => `fails a ${what}`);
    return true;
  }

  /** Has this write to land elsewhere? Asked once for each. */
  misdirects(): boolean {
    if (this.#misdirected === 0) return false;
    this.#misdirected--;
    return true;
  }

  /** Bytes that can still be taken; `null`: any number. Files that are open but have no name are free. */
  free(): number | null {
    if (this.#capacityBytes === null) return null;
    let used = 0;
    eachFile(this.names.root, (_, file) => {
      used += file.size;
    });
    return Math.max(0, this.#capacityBytes - used);
  }

  /** @throws ERR_DISK_FAILED  there is no room for one more name. */
  refuseIfFull(operation: string, path: string): void {
    if (this.free() !== 0) return;
    this.tally.full++;
    throw refused(operation, path, 'ENOSPC');
  }

  /** @throws ERR_LOCKED  a process that has not ended holds the folder. */
  take(process: Process): void {
    const holder = this.#holder;
    if (holder !== null && holder.state !== 'ended') {
      throw new ClusterError(
        'ERR_LOCKED',
        `Cannot use folder "${this.name}": process ${this.#life} holds it; stop that process or choose another folder`,
      );
    }
    assert(process.state !== 'ended', 'a process that ended takes nothing');
    this.#holder = process;
  }

  giveBack(process: Process): void {
    if (this.#holder === process) this.#holder = null;
  }

  say(text: () => string): void {
    this.world.say(() => `disk ${this.name} ${text()}`);
  }
}
