import { readdir, stat, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Alarms } from '../base/index.ts';
import type { Clock, Host, Timer } from '../ports/index.ts';
import type { ProcessLogger } from './logger.ts';

/** How often the data folder is measured, and how many files of it are looked at. */
const measureEveryMs = 5000;
const filesMax = 1000;

export type HostParts = {
  readonly clock: Clock;
  readonly logger: ProcessLogger;
  /** `null`: nothing is kept on disk. */
  readonly dataFolder: string | null;
};

/** This process, for as long as it runs, whatever lives its node has in it. */
export class ProcessHost implements Host {
  readonly alarms: Alarms;
  readonly #parts: HostParts;
  readonly #startedAtMs: number;
  #disk: { readonly freeBytes: number | null; readonly dataBytes: number | null };
  #timer: Timer | null = null;
  #stopped = false;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.now();
    this.#disk = { freeBytes: null, dataBytes: null };
    const { logger } = parts;
    this.alarms = new Alarms(({ name, cause, next }, state) => {
      if (state === 'raised') logger.error({ alarm: name, cause, next }, 'alarm');
      else logger.info({ alarm: name }, 'alarm is over: nothing need be done');
    });
  }

  /** Measures once, and from then on now and then. */
  async start(): Promise<void> {
    const { clock, dataFolder } = this.#parts;
    if (dataFolder === null || this.#stopped) return;
    this.#disk = await measured(resolve(dataFolder));
    this.#timer = clock.after(measureEveryMs, () => void this.start());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  readonly uptimeMs = () => this.#parts.clock.now() - this.#startedAtMs;
  readonly disk = () => this.#disk;
  readonly logLevel = () => this.#parts.logger.level;
  readonly setLogLevel: Host['setLogLevel'] = (level) => this.#parts.logger.setLevel(level);
}

async function measured(folder: string) {
  const [space, dataBytes] = await Promise.all([
    statfs(folder).catch(() => null),
    bytesIn(folder, { left: filesMax }).catch(() => null),
  ]);
  return { freeBytes: space === null ? null : space.bavail * space.bsize, dataBytes };
}

/** What the files below `folder` take on disk; what goes away meanwhile counts no more. */
async function bytesIn(folder: string, budget: { left: number }): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (budget.left-- <= 0) break;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await bytesIn(path, budget).catch(() => 0);
    else bytes += ((await stat(path).catch(() => null))?.blocks ?? 0) * 512;
  }
  return bytes;
}
