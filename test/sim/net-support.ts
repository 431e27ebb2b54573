// Made-up machines with nothing but links, and somebody who drives the world they are in.
import {
  bootNumber,
  type Lineage,
  logIndex,
  type NodeId,
  nodeId,
  term,
} from '../../src/base/index.ts';
import type { Logger } from '../../src/ports/index.ts';
import type { PeerFrame } from '../../src/protocol/index.ts';
import { calmTemper, type NetTemper, SimNet, type SimNetParts } from '../../src/sim/net/net.ts';
import { Process } from '../../src/sim/process.ts';
import { World } from '../../src/sim/world.ts';

export const silent: Logger = {
  error: () => {},
  info: () => {},
  debug: () => {},
  child: () => silent,
};

export const steady = { startMs: 0, rate: 1, lookMs: 0 };

/** `a` stands for the id AAAAAAAAAAAAAAAA. */
export const idOf = (letter: string): NodeId => nodeId(letter.toUpperCase().repeat(16));
export const addressOf = (letter: string): string => `${letter}:1`;

/** A frame that says a number. */
export const frameOf = (n: number): PeerFrame => ({
  messages: [],
  nodeMessages: [{ kind: 'snapshotAck', index: logIndex(1), term: term(1), position: n }],
});

/** The number a frame says. */
export function saidBy(frame: PeerFrame): number {
  const [message] = frame.nodeMessages;
  if (message?.kind !== 'snapshotAck') throw new Error('not one of ours');
  return message.position;
}

export type MachineOptions = {
  readonly clusterName?: string;
  readonly secret?: string;
  readonly lineage?: Lineage;
  readonly boot?: number;
};

/** Promises that can go on have gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A made-up world with a network, and who drives it. */
export class Stage {
  readonly world: World;
  readonly net: SimNet;

  constructor(temper: Partial<NetTemper> = {}, seed = 1, bounds: Partial<SimNetParts> = {}) {
    this.world = new World(seed);
    const { world } = this;
    this.net = new SimNet({ world, temper: { ...calmTemper, ...temper }, ...bounds });
  }

  /** Drives the world until `reached` holds. Made-up time has an end too. */
  async until(reached: () => boolean, withinMs = 60_000): Promise<void> {
    const endMs = this.world.nowMs + withinMs;
    await settled();
    while (!reached()) {
      if (this.world.nowMs > endMs || !this.world.step()) {
        throw new Error(`it has not come true by ${this.world.nowMs} ms`);
      }
      await settled();
    }
  }

  /** Drives the world for so long. */
  async pass(ms: number): Promise<void> {
    let over = false;
    this.world.after(ms, () => {
      over = true;
    });
    await this.until(() => over);
  }

  /** The value of a promise that only the world's going on resolves. */
  async value<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const done = (): void => {
      over = true;
    };
    promise.then(done, done);
    await this.until(() => over);
    return promise;
  }

  process(): Process {
    return new Process(this.world, steady);
  }
}

/** What a machine is told of a peer. */
type Peer = { readonly numbers: number[]; readonly boots: number[]; closed: number };

/** A process with links to others, which notes what it hears. */
export class Host {
  readonly letter: string;
  readonly process: Process;
  readonly links: ReturnType<SimNet['links']>;
  readonly #stage: Stage;
  readonly #peers = new Map<string, Peer>();

  constructor(stage: Stage, letter: string, options: MachineOptions = {}) {
    this.#stage = stage;
    this.letter = letter;
    this.process = stage.process();
    this.links = stage.net.links({
      nodeId: idOf(letter),
      boot: bootNumber(options.boot ?? 1),
      address: addressOf(letter),
      clusterName: options.clusterName ?? 'test',
      lineage: () => options.lineage ?? null,
      secret: options.secret ?? '',
      logger: silent,
      process: this.process,
    });
    stage.net.listenForPeers(addressOf(letter), this.process);
    this.links.start({
      frame: (from, boot, frame) => {
        const peer = this.of(from.charAt(0));
        peer.numbers.push(saidBy(frame));
        peer.boots.push(boot);
      },
      closed: (from) => {
        this.of(from.charAt(0)).closed++;
      },
    });
  }

  of(letter: string): Peer {
    const name = letter.toUpperCase();
    let peer = this.#peers.get(name);
    if (peer === undefined) {
      peer = { numbers: [], boots: [], closed: 0 };
      this.#peers.set(name, peer);
    }
    return peer;
  }

  dials(...letters: string[]): void {
    this.links.setPeers(new Map(letters.map((letter) => [idOf(letter), addressOf(letter)])));
  }

  send(to: string, ...numbers: number[]): void {
    for (const n of numbers) this.links.send(idOf(to), frameOf(n));
  }

  sees(letter: string): boolean {
    return this.links.linked().includes(idOf(letter));
  }

  end(how: 'reset' | 'silence' = 'reset'): void {
    this.process.end();
    this.#stage.net.processEnded(this.process, how);
  }
}

/** Hosts that dial each other, linked both ways. */
export async function linked(stage: Stage, ...letters: string[]): Promise<Host[]> {
  const hosts = letters.map((letter) => new Host(stage, letter));
  for (const host of hosts) host.dials(...letters);
  await stage.until(() => stage.net.counts.linksUp === 2 * letters.length * (letters.length - 1));
  return hosts;
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
