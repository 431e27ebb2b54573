// A machine of a made-up cluster: a process that can be stopped, woken, killed at any moment and started
// again, with a real log on a made-up disk that takes its time.
import type { NodeId } from '../../src/base/index.ts';
import { limits } from '../../src/base/index.ts';
import { Node, type NodeOptions } from '../../src/node/index.ts';
import { checksum } from '../../src/platform/index.ts';
import type { Clock, Disk, DiskFile, Logger, PeerLinks, Random } from '../../src/ports/index.ts';
import { Pulse, Steward, type StewardOptions } from '../../src/steward/index.ts';
import { emptyTree, snapshotDecoder, type TreeState } from '../../src/tree/index.ts';
import { openWal, type Wal } from '../../src/wal/index.ts';
import type { FakeClock } from './fake-clock.ts';
import { allKept, type MemoryDisk, memoryDisk, type Survival } from './memory-disk.ts';
import type { Switchboard } from './switchboard.ts';

/** Everything one process does goes through here, so that it can be stopped or ended between any two steps. */
class Process implements Clock {
  readonly #clock: FakeClock;
  #state: 'runs' | 'stopped' | 'ended' = 'runs';
  /** What came while it was stopped, by where it came from. */
  readonly #late = new Map<string, (() => void)[]>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  readonly now = (): number => this.#clock.now();
  readonly soon = (then: () => void): void => this.#clock.soon(() => this.run('timers', then));
  readonly after: Clock['after'] = (ms, then) =>
    this.#clock.after(ms, () => this.run('timers', then));

  /** What comes from one source keeps its order, as in a socket. */
  run(source: string, then: () => void): void {
    if (this.#state === 'runs') then();
    else if (this.#state === 'stopped') {
      const late = this.#late.get(source);
      if (late === undefined) this.#late.set(source, [then]);
      else late.push(then);
    }
  }

  get isStopped(): boolean {
    return this.#state === 'stopped';
  }

  stop(): void {
    if (this.#state === 'runs') this.#state = 'stopped';
  }

  /** What was due fires late, source by source, in any order of sources. */
  wake(below: (n: number) => number): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'runs';
    const sources = [...this.#late.values()];
    this.#late.clear();
    while (sources.length > 0) {
      for (const then of sources.splice(below(sources.length), 1)[0] ?? []) this.soon(then);
    }
  }

  end(): void {
    this.#state = 'ended';
    this.#late.clear();
  }
}

/** Operations that change something take as long as `delayMs` says, and never end in a process that ended. */
function paced(disk: Disk, process: Process, delayMs: () => number): Disk {
  const pause = (): Promise<void> | undefined => {
    const ms = delayMs();
    if (ms === 0) return undefined;
    return new Promise((resolve) => process.after(ms, resolve));
  };
  const file = (of: DiskFile): DiskFile => ({
    ...of,
    write: async (position, parts) => {
      await pause();
      await of.write(position, parts);
    },
    sync: async () => {
      await pause();
      await of.sync();
      await pause();
    },
  });
  return {
    ...disk,
    open: async (path, how) => {
      const opened = await disk.open(path, how);
      return opened === null ? null : file(opened);
    },
    rename: async (from, to) => {
      await pause();
      await disk.rename(from, to);
    },
    remove: async (path) => {
      await pause();
      await disk.remove(path);
    },
    syncFolder: async (folder) => {
      await disk.syncFolder(folder);
      await pause();
    },
  };
}

export type MachineParts = {
  readonly clock: FakeClock;
  readonly board: Switchboard;
  readonly random: () => Random;
  readonly below: (n: number) => number;
  readonly delayMs: () => number;
  readonly node: Partial<NodeOptions>;
  readonly steward: StewardOptions | null;
  readonly fatal: (id: NodeId, error: unknown) => void;
  readonly toldRemoved: (machine: Machine) => void;
  readonly log: (line: string) => void;
};

type Life = {
  readonly process: Process;
  readonly node: Node;
  readonly steward: Steward | null;
  readonly pulse: Pulse;
};

const walOptions = { segmentBytes: 32 * 1024, firstSegmentBytes: 16 * 1024 };

export class Machine {
  readonly id: NodeId;
  readonly address: string;
  readonly #parts: MachineParts;
  readonly disk: MemoryDisk = memoryDisk();
  #hasFolder = false;
  #process: Process | null = null;
  #life: Life | null = null;

  constructor(id: NodeId, parts: MachineParts) {
    this.id = id;
    this.address = `${id.charAt(0)}:8046`;
    this.#parts = parts;
  }

  /** `null` while it is down or still reading its log. */
  get node(): Node | null {
    return this.#life?.node ?? null;
  }

  get isUp(): boolean {
    return this.#life !== null && !this.#life.process.isStopped;
  }

  get isStopped(): boolean {
    return this.#process?.isStopped ?? false;
  }

  get isDown(): boolean {
    return this.#process === null;
  }

  /** What a new member's folder holds, or a founder's: written before it counts, so at once. */
  async format(first: ((wal: Wal) => Promise<void>) | null): Promise<void> {
    const wal = await this.#open(this.disk);
    await wal.createIdentity({ nodeId: this.id, lineage: null, clusterName: 'test' });
    if (first !== null) {
      await wal.recover();
      await first(wal);
    }
    await wal.stop();
    this.#hasFolder = true;
  }

  /** Begins to start; it is up once its log is read. */
  start(): void {
    if (this.#process !== null || !this.#hasFolder) return;
    const process = new Process(this.#parts.clock);
    this.#process = process;
    this.#begin(process).catch((error) => {
      // One that ended meets a disk that is not its own any more.
      if (this.#process === process) this.#parts.fatal(this.id, error);
    });
  }

  /** SIGKILL, or with a `survival` the power goes. */
  kill(survival: Survival = allKept): void {
    this.#process?.end();
    this.#process = null;
    this.#life = null;
    this.#parts.board.unplug(this.id);
    this.disk.crash(survival);
  }

  /** SIGSTOP: its sockets stay open and fill. */
  stop(): void {
    this.#process?.stop();
  }

  wake(): void {
    this.#process?.wake(this.#parts.below);
  }

  /** A guest's request: in a stopped process it waits in the socket. False: nobody is there. */
  ask(request: (node: Node) => void): boolean {
    const life = this.#life;
    if (life === null) return false;
    life.process.run('guests', () => request(life.node));
    return true;
  }

  #open(disk: Disk): Promise<Wal> {
    return openWal({ disk, checksum, logger: silent, options: walOptions });
  }

  async #begin(process: Process): Promise<void> {
    const { board, delayMs, node: options, steward, random } = this.#parts;
    const wal = await this.#open(paced(this.disk, process, delayMs));
    const recovered = await wal.recover();
    const state = await loadState(wal, recovered.snapshot.index);
    if (this.#process !== process) return;
    const logger = this.#logger();
    const node = new Node(
      {
        id: this.id,
        clusterName: 'test',
        historyRevisions: limits.historyRevisions,
        snapshotEveryBytes: limits.snapshotEveryBytes,
        logKeptBytes: limits.logKeptBytes,
        requestTimeoutMs: limits.requestTimeoutMs,
        ...options,
      },
      {
        clock: process,
        random: random(),
        logger,
        log: wal.log,
        snapshots: wal.snapshots,
        links: linksOf(board.links(this.id, recovered.boot), process),
        recovered,
        state,
        events: {
          fatal: (error) => {
            if (this.#process === process) this.#parts.fatal(this.id, error);
          },
          toldRemoved: () => this.#parts.toldRemoved(this),
          lineageKnown: () => {},
        },
      },
    );
    const life: Life = {
      process,
      node,
      steward: steward === null ? null : new Steward({ node, clock: process, logger }, steward),
      pulse: new Pulse({
        node,
        clock: process,
        pulseMs: 1000,
        address: this.address,
        hostname: 'h',
        version: 'v',
      }),
    };
    this.#life = life;
    node.start();
    life.steward?.start();
    life.pulse.start();
  }

  #logger(): Logger {
    const { log, clock } = this.#parts;
    const say = (level: string) => (fields: object, message: string) =>
      log(
        `${clock.now().toFixed(0)} ${this.id.charAt(0)} ${level} ${message} ${JSON.stringify(fields)}`,
      );
    const logger: Logger = {
      error: say('error'),
      info: say('info'),
      debug: () => {},
      child: () => logger,
    };
    return logger;
  }
}

const linksOf = (inner: PeerLinks, process: Process): PeerLinks => ({
  ...inner,
  start: (events) =>
    inner.start({
      frame: (from, boot, frame) => process.run(from, () => events.frame(from, boot, frame)),
      closed: (peer) => process.run(peer, () => events.closed(peer)),
    }),
});

async function loadState(wal: Wal, index: number): Promise<TreeState> {
  if (index === 0) return emptyTree();
  const source = await wal.snapshots.newest();
  if (source === null) throw new Error('a recovered snapshot is there to be read');
  const decoder = snapshotDecoder();
  decoder.push(await source.read(0, source.bytes));
  await source.close();
  return decoder.finish();
}

const silent: Logger = { error: () => {}, info: () => {}, debug: () => {}, child: () => silent };
