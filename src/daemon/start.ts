import { type DoorTls, WebDoor } from '../doors/index.ts';
import { Life } from '../life/index.ts';
import { systemClock } from '../platform/index.ts';
import { Certificates } from '../tls/index.ts';
import {
  advertisedAddress,
  claimAddresses,
  hostOf,
  onNextFreePort,
  publishedAddress,
} from './address.ts';
import { ProcessHost } from './host.ts';
import { type ProcessLogger, pinoLogger } from './logger.ts';
import type { Daemon, DaemonOptions, DaemonTls } from './options.ts';
import { type RealWorld, realWorld } from './world.ts';

/**
 * Starts a node: claims its address, recovers its data, and founds a cluster, attaches to one or
 * goes on where it was. Resolves once it is there and may be asked.
 *
 * @throws ClusterError naming what was in the way; nothing is left running.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const logger = pinoLogger(options.logLevel, {}, options.logForm ?? 'json');
  const { web } = options;
  const wanted = web === null || web === 'default' ? [] : [web];
  const [listen = options.listen] = await claimAddresses([options.listen, ...wanted]);
  const { advertise: told } = options;
  const address = told === undefined ? publishedAddress(listen) : advertisedAddress(told, listen);
  const { dataFolder } = options;
  const host = new ProcessHost({ clock: systemClock(), logger, dataFolder });
  const tls = openTls(options.tls, address, logger, host);
  const daemon = new RunningDaemon(options, { logger, host, tls }, listen, address);
  await daemon.start();
  return daemon;
}

/** @throws ERR_BAD_ARGUMENT with the file and what is wrong with it. */
function openTls(
  tls: DaemonTls | null,
  address: string,
  logger: ProcessLogger,
  { alarms }: ProcessHost,
): DoorTls | null {
  if (tls === null) return null;
  const { guestsCertified, ...files } = tls;
  const certificates = new Certificates({ files, address, clock: systemClock(), logger, alarms });
  return { certificates, guestsCertified };
}

/** What outlasts the lives of a node. */
type OfProcess = {
  readonly logger: ProcessLogger;
  readonly host: ProcessHost;
  readonly tls: DoorTls | null;
};

const aliveMs = 60_000;

class RunningDaemon implements Daemon {
  readonly address: string;
  /** Numeric, and free a moment ago. */
  readonly #listen: string;
  readonly #options: DaemonOptions;
  readonly #logger: ProcessLogger;
  readonly #host: ProcessHost;
  /** The parts' timers keep no process alive, and there are moments without a socket. */
  readonly #alive = setInterval(() => {}, aliveMs);
  readonly #tls: DoorTls | null;
  #world: RealWorld | null = null;
  #web: WebDoor | null = null;
  #life: Life | null = null;
  #following: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();
  #stopped: Promise<void> | null = null;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  readonly done: Promise<void>;

  constructor(
    options: DaemonOptions,
    { logger, host, tls }: OfProcess,
    listen: string,
    address: string,
  ) {
    this.#options = options;
    this.#logger = logger;
    this.#host = host;
    this.#listen = listen;
    this.address = address;
    this.#tls = tls;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {});
  }

  readonly logLevel = () => this.#logger.level;
  readonly setLogLevel: Daemon['setLogLevel'] = (level) => this.#logger.setLevel(level);

  get webAddress(): string | null {
    return this.#web?.address() ?? null;
  }

  reload(): void {
    this.#tls?.certificates.reload();
  }

  async start(): Promise<void> {
    this.#tls?.certificates.start();
    try {
      this.#life = await this.#begin([], false);
      this.#web = await this.#startWeb(this.#life);
      await this.#host.start();
    } catch (error) {
      await this.#life?.stop();
      this.#tls?.certificates.stop();
      clearInterval(this.#alive);
      throw error;
    }
    const over = () => {
      clearInterval(this.#alive);
      this.#tls?.certificates.stop();
    };
    this.done.then(over, over);
    this.#following = this.#follow(this.#life);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    this.#stop.abort();
    this.#host.stop();
    this.#logger.info({ address: this.address }, 'stopping');
    await this.#web?.stop();
    await this.#life?.stop();
    // A next life may just have been beginning.
    await this.#following;
    this.#logger.info({ address: this.address }, 'stopped');
    this.#resolve();
  }

  #begin(through: readonly string[], mustAttach: boolean): Promise<Life> {
    this.#world = realWorld(this.#listen, this.#host, this.#tls);
    return Life.begin({
      world: this.#world,
      options: this.#options,
      address: this.address,
      logger: this.#logger,
      through,
      mustAttach,
      stopping: this.#stop.signal,
    });
  }

  /** Life after life: a node that was removed comes back as a spare, under a new id. */
  async #follow(first: Life): Promise<void> {
    let life = first;
    try {
      for (;;) {
        const end = await life.ended;
        if (end.kind === 'stopped' || this.#stop.signal.aborted) return;
        await this.#web?.stop();
        life = await this.#begin(end.through, true);
        this.#life = life;
        // Told to stop while it began: nobody else knows of it yet.
        if (this.#stop.signal.aborted) return await life.stop();
        this.#web = await this.#startWeb(life);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#reject(error);
    }
  }

  async #startWeb(life: Life): Promise<WebDoor | null> {
    const { web, webExplicit } = this.#options;
    if (web === null) return null;
    const start = async (address: string) => {
      const door = new WebDoor({
        address,
        server: life.server,
        metrics: this.#world?.metrics() ?? null,
        clock: systemClock(),
        nodeAddress: () => this.address,
        tls: this.#tls,
      });
      await door.start();
      return door;
    };
    const door =
      web === 'default' ? await onNextFreePort(hostOf(this.#listen), start) : await start(web);
    this.#logger.info({ web: door.address(), default: !webExplicit }, 'web view');
    return door;
  }
}
