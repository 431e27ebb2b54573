import { WebDoor } from '../doors/index.ts';
import type { Logger } from '../ports/index.ts';
import { claimAddress, hostOf, onNextFreePort } from './address.ts';
import { Life } from './life.ts';
import { pinoLogger } from './logger.ts';
import type { Daemon, DaemonOptions } from './options.ts';

/**
 * Starts a node: claims its address, recovers its data, and founds a cluster, attaches to one or
 * goes on where it was. Resolves once it is there and may be asked.
 *
 * @throws ClusterError naming what was in the way; nothing is left running.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const logger = pinoLogger(options.logLevel, {});
  const daemon = new RunningDaemon(options, logger, await claimAddress(options.listen));
  await daemon.start();
  return daemon;
}

class RunningDaemon implements Daemon {
  readonly address: string;
  readonly #options: DaemonOptions;
  readonly #logger: Logger;
  #web: WebDoor | null = null;
  #life: Life | null = null;
  #stopping: Promise<void> | null = null;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  readonly done: Promise<void>;

  constructor(options: DaemonOptions, logger: Logger, address: string) {
    this.#options = options;
    this.#logger = logger;
    this.address = address;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {});
  }

  get webAddress(): string | null {
    return this.#web?.address() ?? null;
  }

  async start(): Promise<void> {
    this.#life = await this.#begin([], false);
    try {
      this.#web = await this.#startWeb(this.#life);
    } catch (error) {
      await this.#life.stop();
      throw error;
    }
    void this.#follow(this.#life);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#logger.info({ address: this.address }, 'stopping');
    await this.#web?.stop();
    await this.#life?.stop();
    this.#resolve();
  }

  #begin(through: readonly string[], mustAttach: boolean): Promise<Life> {
    const { address } = this;
    return Life.begin({
      options: this.#options,
      address,
      logger: this.#logger,
      through,
      mustAttach,
    });
  }

  /** Life after life: a node that was removed comes back as a spare, under a new id. */
  async #follow(first: Life): Promise<void> {
    let life = first;
    try {
      for (;;) {
        const end = await life.ended;
        if (end.kind === 'stopped' || this.#stopping !== null) return;
        await this.#web?.stop();
        life = await this.#begin(end.through, true);
        this.#life = life;
        this.#web = await this.#startWeb(life);
      }
    } catch (error) {
      this.#reject(error);
    }
  }

  async #startWeb(life: Life): Promise<WebDoor | null> {
    const { web, webExplicit } = this.#options;
    if (web === null) return null;
    const start = async (address: string) => {
      const door = new WebDoor({ address, server: life.server, nodeAddress: () => this.address });
      await door.start();
      return door;
    };
    const door =
      web === 'default' ? await onNextFreePort(hostOf(this.address), start) : await start(web);
    this.#logger.info({ web: door.address(), default: !webExplicit }, 'web view');
    return door;
  }
}
