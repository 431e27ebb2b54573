// A made-up disk with one process after the other, for tests that ask it for one thing at a time.
import { must, textOf, utf8 } from '../../src/base/index.ts';
import type { Disk, DiskFile } from '../../src/ports/index.ts';
import { SimDisk } from '../../src/sim/disk/disk.ts';
import { Process } from '../../src/sim/process.ts';
import { World } from '../../src/sim/world.ts';
import { turnOfTheLoop } from '../wal/support.ts';

export const sector = 512;

export class Bench {
  readonly world: World;
  readonly sim: SimDisk;
  process: Process;
  disk: Disk;

  constructor(seed: number, { slowMs = 0, tailMs = 0 } = {}) {
    this.world = new World(seed);
    const temper = { slowMs, tailMs, capacityBytes: null };
    this.sim = new SimDisk({ world: this.world, name: 'n1', temper });
    this.process = this.#begin();
    this.disk = this.sim.mount(this.process);
  }

  #begin(): Process {
    return new Process(this.world, { startMs: 0, rate: 1, lookMs: 0 });
  }

  /** Lets things happen until this promise settles. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const end = () => {
      settled = true;
    };
    promise.then(end, end);
    for (;;) {
      await turnOfTheLoop();
      if (settled) return promise;
      if (!this.world.step()) throw new Error('nothing will happen any more');
    }
  }

  /** Lets everything happen that can. */
  async drain(): Promise<void> {
    do await turnOfTheLoop();
    while (this.world.step());
  }

  async create(path: string, bytes: Uint8Array | string = ''): Promise<DiskFile> {
    const file = must(await this.run(this.disk.open(path, 'create')), 'a created file is open');
    const body = typeof bytes === 'string' ? utf8(bytes) : bytes;
    if (body.length > 0) await this.run(file.write(0, [body]));
    return file;
  }

  /** A file that is durable, and its name. */
  async durable(path: string, bytes: Uint8Array | string): Promise<DiskFile> {
    const slash = path.lastIndexOf('/');
    const folder = slash < 0 ? '' : path.slice(0, slash);
    if (folder !== '') await this.run(this.disk.makeFolder(folder));
    const file = await this.create(path, bytes);
    await this.run(file.sync());
    await this.run(this.disk.syncFolder(folder));
    return file;
  }

  powerCut(): void {
    this.process.end();
    this.sim.powerCut();
    this.#again();
  }

  kill(): void {
    this.process.end();
    this.sim.processEnded();
    this.#again();
  }

  #again(): void {
    this.process = this.#begin();
    this.disk = this.sim.mount(this.process);
  }

  text(path: string): string | null {
    const bytes = this.sim.peek(path);
    return bytes === null ? null : textOf(bytes);
  }

  paths(): string[] {
    return this.sim.files().map(({ path }) => path);
  }
}

export const filled = (bytes: number, value: number): Uint8Array =>
  new Uint8Array(bytes).fill(value);
