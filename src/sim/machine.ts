import { AssertionError, ClusterError, type NodeId, type Prng } from '../base/index.ts';
import { Client } from '../client/index.ts';
import { Life, type LifeEnd, type LifeOptions, type LifeWorld } from '../life/index.ts';
import type { NodeHandle } from '../node/index.ts';
import { compileGlob } from '../paths/index.ts';
import type { Checksum, Logger, LogStore, PeerLinks } from '../ports/index.ts';
import type { View } from '../tree/index.ts';
import type { SimDisk } from './disk/disk.ts';
import type { SimNet } from './net/net.ts';
import { type Pace, Process } from './process.ts';
import { type LifeName, Violation, type Witness } from './witness.ts';
import type { World } from './world.ts';

export type MachineParts = {
  readonly world: World;
  readonly net: SimNet;
  readonly disk: SimDisk;
  readonly witness: Witness;
  readonly checksum: Checksum;
  readonly options: LifeOptions;
  /** How its processes keep time; asked at each start. */
  readonly pace: () => Pace;
  /** Its process ended by itself: `error`, or `null` when it was told to. */
  readonly ended: (machine: Machine, error: unknown) => void;
  readonly failed: (violation: unknown) => void;
};

/** What is known of one life from outside while it goes on. */
type Watched = {
  readonly name: LifeName;
  readonly node: NodeHandle;
  view: View | null;
  statusDue: boolean;
};

const everything = (() => {
  const glob = compileGlob('/**');
  if (glob === null) throw new TypeError('the glob of everything compiles');
  return glob;
})();

/** A made-up machine: an address, a disk, and on it one process after the other. */
export class Machine {
  /** One letter, for people. */
  readonly name: string;
  readonly address: string;
  readonly disk: SimDisk;
  readonly #parts: MachineParts;
  readonly #chance: Prng;
  #process: Process | null = null;
  #life: Life | null = null;
  #watched: Watched | null = null;
  /** How often a process was started on it. */
  starts = 0;
  #retired = false;
  #lives = 0;
  /** Whose folder is on its disk, as far as a node of it ever ran; `null`: nobody's. */
  folderOf: NodeId | null = null;
  #aheadMs = 0;
  /** Every id it ever had. */
  readonly ids = new Set<NodeId>();

  constructor(name: string, address: string, parts: MachineParts) {
    this.name = name;
    this.address = address;
    this.disk = parts.disk;
    this.#parts = parts;
    this.#chance = parts.world.chance(`machine ${name}`);
  }

  /** Its node, from the moment it was put together until its process ends; it may not have started to turn. */
  get node(): NodeHandle | null {
    return this.#watched?.node ?? null;
  }

  get id(): NodeId | null {
    return this.#watched?.name.node ?? null;
  }

  /** A process runs, is paused, or there is none. */
  get state(): 'runs' | 'paused' | 'down' {
    const state = this.#process?.state ?? 'ended';
    return state === 'ended' ? 'down' : state;
  }

  /** It listens and may be asked. */
  get isUp(): boolean {
    return this.#life !== null && this.state === 'runs';
  }

  /** How far any of its processes was ever ahead of the world: what is slow looks at a later clock. */
  get aheadMs(): number {
    this.#aheadMs = Math.max(this.#aheadMs, this.#process?.aheadMs ?? 0);
    return this.#aheadMs;
  }

  /** Somebody asks its node, if it is there and not stopped; a paused one hears of it late. */
  ask(then: (node: NodeHandle) => void): void {
    this.#process?.run('callers', () => {
      const { node } = this;
      if (node !== null && this.isUp) then(node);
    });
  }

  /** The clock of its process; 0: there is none. */
  get localMs(): number {
    return this.#process?.localMs ?? 0;
  }

  /** `doozerd`, with these addresses to attach through. */
  start(attach: readonly string[]): void {
    if (this.#process !== null || this.#retired) return;
    const { world, pace } = this.#parts;
    const process = new Process(world, pace());
    this.#process = process;
    this.starts++;
    world.say(() => `${this.name} start ${attach.join(' ')}`);
    void this.#run(process, attach);
  }

  /** The folder is gone whole, and with it who the node was. */
  loseFolder(): void {
    this.disk.lose();
    this.folderOf = null;
  }

  /** It is gone for good. */
  retire(): void {
    this.kill();
    this.#retired = true;
  }

  /** SIGTERM. Its process ends when it is done. */
  terminate(): void {
    const process = this.#process;
    this.#parts.world.say(() => `${this.name} sigterm`);
    const life = this.#life;
    if (process === null || life === null) return this.kill();
    process.run('signals', () => void life.stop());
  }

  /** SIGKILL. */
  kill(): void {
    this.#parts.world.say(() => `${this.name} kill`);
    this.#end('reset');
    this.disk.processEnded();
  }

  /** The power goes: what was not synced is as chance has it. */
  cutPower(): void {
    this.#parts.world.say(() => `${this.name} power cut`);
    this.#end('silence');
    this.disk.powerCut();
  }

  /** SIGSTOP, or the suspension of a virtual machine. */
  pause(clockStops: boolean): void {
    this.#parts.world.say(() => `${this.name} pause${clockStops ? ', clock too' : ''}`);
    this.#process?.pause(clockStops);
  }

  resume(): void {
    this.#parts.world.say(() => `${this.name} resume`);
    this.#process?.resume(this.#chance);
  }

  /** Nothing is wrong with it any more, as far as that can be mended. */
  heal(): void {
    this.disk.heal();
    this.#process?.hurry();
  }

  jumpClock(ms: number): void {
    this.#parts.world.say(() => `${this.name} clock jumps ${ms} ms`);
    this.#process?.jump(ms);
  }

  /** Called between happenings: tells the witness what moved since. */
  observe(): void {
    const watched = this.#watched;
    if (watched === null) return;
    const { witness, world } = this.#parts;
    const { node, name } = watched;
    const view = node.view();
    if (view !== watched.view) {
      watched.view = view;
      world.mark(view.appliedIndex * 31 + view.revision);
      witness.applied(name, view);
    }
    if (watched.statusDue) {
      watched.statusDue = false;
      witness.status(name, node.status());
    }
  }

  // --- the process ------------------------------------------------------------------------------

  /** What a daemon does: life after life, as a node that was removed comes back under a new id. */
  async #run(process: Process, attach: readonly string[]): Promise<void> {
    let through: readonly string[] = [];
    let mustAttach = false;
    try {
      for (;;) {
        const life = await this.#begin(process, attach, through, mustAttach);
        if (this.#process !== process) return;
        this.#life = life;
        const end: LifeEnd = await life.ended;
        if (end.kind === 'removed' && this.#watched !== null) {
          this.#parts.witness.setsAside(this.#watched.name);
        }
        this.#forget();
        this.#life = null;
        if (end.kind === 'stopped') return this.#exit(process, null);
        through = end.through;
        mustAttach = true;
      }
    } catch (error) {
      this.#exit(process, error);
    }
  }

  #begin(
    process: Process,
    attach: readonly string[],
    through: readonly string[],
    mustAttach: boolean,
  ): Promise<Life> {
    const { options } = this.#parts;
    return Life.begin({
      world: this.#lifeWorld(process),
      options: { ...options, attach },
      address: this.address,
      logger: this.#logger(process),
      through,
      mustAttach,
      stopping: new AbortController().signal,
    });
  }

  #exit(process: Process, error: unknown): void {
    if (this.#process !== process) return;
    const { world, ended, failed } = this.#parts;
    world.say(() => `${this.name} exit ${error instanceof Error ? error.message : ''}`);
    this.#end('reset');
    this.disk.processEnded();
    if (
      error instanceof AssertionError ||
      error instanceof TypeError ||
      error instanceof RangeError
    ) {
      failed(new Violation('assertion', `${this.name}: ${error.stack ?? error.message}`));
    } else if (error instanceof Violation || (error !== null && !(error instanceof ClusterError))) {
      failed(error);
    } else {
      ended(this, error);
    }
  }

  #end(how: 'reset' | 'silence'): void {
    const process = this.#process;
    if (process === null) return;
    this.#aheadMs = this.aheadMs;
    this.#process = null;
    this.#life = null;
    process.end();
    this.#forget();
    this.#parts.net.processEnded(process, how);
  }

  #forget(): void {
    const watched = this.#watched;
    this.#watched = null;
    if (watched !== null) this.#parts.witness.ended(watched.name);
  }

  // --- its world --------------------------------------------------------------------------------

  #lifeWorld(process: Process): LifeWorld {
    const { world, net, checksum, witness } = this.#parts;
    const chance = world.chance(`life ${this.name} ${this.#lives++}`);
    let name: LifeName | null = null;
    return {
      clock: process,
      random: {
        bytes: (count) => Uint8Array.from({ length: count }, () => chance.below(256)),
        seed: () => chance.below(2 ** 32),
      },
      checksum,
      hostname: this.name,
      disk: () => Promise.resolve(this.disk.mount(process)),
      links: (of) => {
        name = { node: of.nodeId, boot: of.boot };
        return this.#linksOf(net.links({ ...of, process }), name, process);
      },
      observeLog: (log) => (name === null ? log : observed(log, name, witness)),
      entrance: ({ server, logger }) => {
        if (name !== null) this.#watch(process, name, server.node);
        return net.entrance({ server, address: this.address, process, logger });
      },
      connect: async ({ openTimeoutMs = 5000, signal, ...rest }) => {
        const client = new Client({ dial: net.dial(process), clock: process, prng: chance }, rest);
        try {
          await client.open({ timeoutMs: openTimeoutMs, ...(signal && { signal }) });
          return client;
        } catch (error) {
          await client.close();
          throw error;
        }
      },
    };
  }

  #linksOf(links: PeerLinks, name: LifeName, process: Process): PeerLinks {
    const { witness } = this.#parts;
    return {
      start: (events) =>
        links.start({
          ...events,
          frame: (from, boot, frame) => {
            witness.heard(name, from, process.localMs);
            events.frame(from, boot, frame);
          },
        }),
      setPeers: (addresses) => links.setPeers(addresses),
      unsentBytes: (to) => links.unsentBytes(to),
      stop: () => links.stop(),
      send: (to, frame) => {
        witness.sent(name, to, frame);
        links.send(to, frame);
      },
    };
  }

  #watch(process: Process, name: LifeName, node: NodeHandle): void {
    if (this.#process !== process) return;
    const { witness } = this.#parts;
    const watched: Watched = { name, node, view: node.view(), statusDue: true };
    this.ids.add(name.node);
    this.folderOf = name.node;
    try {
      witness.started(name, node.status(), node.view());
    } catch (violation) {
      return this.#parts.failed(violation);
    }
    this.#watched = watched;
    const follow = (): void => {
      node.watch(everything, node.oldestRevision(), {
        event: (event) => {
          if (this.#watched === watched) witness.event(name, event);
        },
        compacted: (oldest) => {
          if (this.#watched !== watched) return;
          witness.jumped(name, oldest);
          // From inside the hub: it is asked again once it is done.
          process.soon(() => follow());
        },
      });
    };
    follow();
  }

  #logger(process: Process): Logger {
    const { world } = this.#parts;
    const say =
      (level: string): Logger['info'] =>
      (fields, message) => {
        if (this.#process !== process) return;
        if (message === 'role changed' || message === 'voters changed') {
          const watched = this.#watched;
          if (watched !== null) watched.statusDue = true;
        }
        world.say(() => `${this.name} ${level} ${message} ${JSON.stringify(fields)}`);
      };
    const logger: Logger = {
      error: say('error'),
      info: say('info'),
      debug: say('debug'),
      child: () => logger,
    };
    return logger;
  }
}

const observed = (log: LogStore, name: LifeName, witness: Witness): LogStore => ({
  save: async (batch) => {
    witness.saving(name, batch);
    await log.save(batch);
    witness.saved(name);
  },
  compact: (through) => log.compact(through),
  bytesSinceSnapshot: () => log.bytesSinceSnapshot(),
  stop: () => log.stop(),
  ...(log.upkeep && { upkeep: log.upkeep }),
});
