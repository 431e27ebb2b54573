import { limits, type NodeId } from '../../base/index.ts';
import type { Entrance, LinksOf } from '../../life/index.ts';
import type { Dial, PeerLinks } from '../../ports/index.ts';
import type { PeerFrame } from '../../protocol/index.ts';
import type { Process } from '../process.ts';
import type { World } from '../world.ts';
import { DoozerWire, dialFrom } from './dial.ts';
import { type EntranceOf, SimEntrance } from './entrance.ts';
import { SimLinks } from './links.ts';
import { type NativeTap, type NetCounts, type NetTemper, Weather } from './weather.ts';
import { type Listener, Wires } from './wires.ts';

export type { DoozerWire } from './dial.ts';
export type { NativeTap, NetCounts, NetTemper } from './weather.ts';
export { calmTemper, guestsWay } from './weather.ts';

export type SimNetParts = {
  readonly world: World;
  readonly temper: NetTemper;
  /** Bounds of the made-up doors other than the usual ones. */
  readonly unsentBytesMax?: number;
  readonly connectionsMax?: number;
};

/**
 * The network between made-up machines. Faults have a direction and name machines by their addresses;
 * a process that was never given an address goes by `guestsWay`.
 */
export class SimNet {
  readonly #weather: Weather;
  readonly #wires: Wires;
  readonly #parts: SimNetParts;
  readonly #links = new Map<string, SimLinks>();
  /** Each frame as handed to `send`, before anything happens to it. */
  onFrame: ((from: NodeId, to: NodeId, frame: PeerFrame) => void) | null = null;

  constructor(parts: SimNetParts) {
    this.#parts = parts;
    this.#weather = new Weather(parts.world, parts.temper);
    this.#wires = new Wires(this.#weather);
  }

  get counts(): Readonly<NetCounts> {
    return this.#weather.counts;
  }

  /** Who hears what guests ask and are answered. A rule that it finds broken is told to the run. */
  tapNative(tap: NativeTap): void {
    this.#weather.tap = tap;
  }

  setTemper(temper: NetTemper): void {
    this.#weather.temper = temper;
  }

  // -------------------------------------------------------------------------------------------
  // Machines

  /** Links of a node. Its machine is at `of.address` from now on; peers get in once its entrance listens. */
  links(of: LinksOf & { readonly process: Process }): PeerLinks & { linked(): readonly NodeId[] } {
    const links = new SimLinks({
      wires: this.#wires,
      of,
      handed: (to, frame) => this.onFrame?.(of.nodeId, to, frame),
    });
    this.#wires.isAt(of.process, of.address);
    this.#links.set(of.address, links);
    return links;
  }

  /** What listens for guests, and for the links of peers, at the node's address. */
  entrance(of: EntranceOf): Entrance {
    return new SimEntrance({
      wires: this.#wires,
      of,
      peer: (end) => this.#linksAt(of.address, of.process)?.accept(end) === true,
      unsentBytesMax: this.#parts.unsentBytesMax ?? limits.unsentBytesMax,
      connectionsMax: this.#parts.connectionsMax ?? limits.connectionsMax,
    });
  }

  /** Peers get in at `address` although no server is there: for tests of links alone. */
  listenForPeers(address: string, process: Process): void {
    const listener: Listener = {
      process,
      accept: (kind, end) =>
        kind === 'peer' && this.#linksAt(address, process)?.accept(end) === true,
    };
    this.#wires.listen(address, listener);
  }

  /** For the client library. A process with an address goes that machine's ways, others the guests'. */
  dial(process: Process): Dial {
    return dialFrom(this.#wires, process);
  }

  /** A connection of a doozer client of 2011. */
  doozer(process: Process, address: string): DoozerWire {
    return new DoozerWire(this.#wires, process, address);
  }

  /**
   * Its connections are gone. `reset`: it was killed, and its kernel says so to the other ends, if that
   * can arrive; what they send later is answered with a reset too. `silence`: its machine lost power,
   * and nobody hears anything until time-outs, or until `links` or an entrance is at its address again.
   */
  processEnded(process: Process, how: 'reset' | 'silence'): void {
    this.#wires.processEnded(process, how);
  }

  // -------------------------------------------------------------------------------------------
  // Faults

  /**
   * Nothing arrives at `to` from `from`. What a stream carries, hellos of links included, comes after
   * healing; frames between nodes are lost while one such fault lasts, or come after it, by chance.
   */
  block(from: string, to: string): void {
    const way = this.#weather.way(from, to);
    if (!way.blocked) way.block(this.#weather.chance.below(2) === 0);
  }

  unblock(from: string, to: string): void {
    this.#weather.way(from, to).unblock();
  }

  /** Opens every way; clogs end when they end. */
  healAll(): void {
    for (const way of this.#weather.ways()) way.unblock();
  }

  /** What would arrive on that way within `forMs` waits until then. */
  clog(from: string, to: string, forMs: number): void {
    const way = this.#weather.way(from, to);
    way.clogUntilMs = Math.max(way.clogUntilMs, this.#weather.world.nowMs + forMs);
  }

  /**
   * The links between two nodes close. With one side only that one hears of it; the other believes in
   * them until the answer to what it sends is a reset. By chance even that does not come, as behind a
   * firewall that forgot the connection: then it takes the silence through all signs of life.
   */
  reset(a: string, b: string, side: 'both' | 'a' | 'b'): void {
    const [from, to] = side === 'b' ? [b, a] : [a, b];
    for (const end of this.#wires.linksBetween(from, to)) {
      this.#weather.counts.resets++;
      const { other } = end;
      end.cutFromOutside('connection reset');
      if (side === 'both') other?.cutFromOutside('connection reset');
      else end.mute(this.#weather.chance.below(2) === 0);
    }
  }

  /** All guests' connections of a node are cut; both ends hear of it. */
  resetGuests(address: string): void {
    for (const end of this.#wires.guestsAt(address)) {
      this.#weather.counts.resets++;
      const { other } = end;
      end.cutFromOutside('connection reset');
      other?.cutFromOutside('connection reset');
    }
  }

  /** A guest loses its connections, and whatever was on its way over them, and gets none for a while. */
  cutOff(process: Process, forMs: number): void {
    this.#wires.cutOff(process, forMs);
  }

  #linksAt(address: string, process: Process): SimLinks | null {
    const links = this.#links.get(address);
    return links?.process === process ? links : null;
  }
}
