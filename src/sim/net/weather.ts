import type { Prng } from '../../base/index.ts';
import type { NativeReply, NativeRequest } from '../../protocol/client/index.ts';
import type { World } from '../world.ts';

/** How a network behaves without any fault: drawn by the plan for a run, and changed in its course. */
export type NetTemper = {
  /** Nothing arrives sooner. */
  readonly delayMs: number;
  /** Added to it: exponential, with this mean. */
  readonly delayMeanMs: number;
  /** So many of a hundred take up to `tailMs` longer than that. */
  readonly tailPercent: number;
  readonly tailMs: number;
  /**
   * Of a hundred frames between nodes. Guests' connections are streams: late or closed, never with a
   * gap, a repeat or another order.
   */
  readonly lossPercent: number;
  readonly repeatPercent: number;
  readonly reorderPercent: number;
  /** Frames on their way over one directed link. Beyond: a random one of them is evicted. */
  readonly linkFramesMax: number;
};

/** A quick network without faults. */
export const calmTemper: NetTemper = {
  delayMs: 0.2,
  delayMeanMs: 0.3,
  tailPercent: 0,
  tailMs: 0,
  lossPercent: 0,
  repeatPercent: 0,
  reorderPercent: 0,
  linkFramesMax: 4096,
};

/** What happened on the network so far. Frames are those between nodes. */
export type NetCounts = {
  /** Frames that left over a link that was up. */
  sent: number;
  /** Frames handed to a node. */
  delivered: number;
  /** Frames that nobody could take: no link, or too much unsent on it. */
  dropped: number;
  lost: number;
  repeated: number;
  reordered: number;
  evicted: number;
  /** Arrivals that a blocked way threw away, or kept until it is open again. */
  blocked: number;
  /** Arrivals that waited for the end of a clog. */
  clogged: number;
  /** Connections cut, each counted once. */
  resets: number;
  /** Attempts to open a connection, and those that nobody listened to. */
  dials: number;
  refusedDials: number;
  /** Links between nodes whose hellos were exchanged, each end counted. */
  linksUp: number;
  /** Messages and chunks handed over on guests' connections, both ways. */
  guestMessages: number;
};

/** Hears what guests of the native protocol ask nodes, and what these answer, connection by connection. */
export type NativeTap = {
  readonly request: (connection: object, request: NativeRequest) => void;
  readonly reply: (connection: object, reply: NativeReply) => void;
  readonly closed: (connection: object) => void;
};

/** The way of everybody who has no address. */
export const guestsWay = 'guests';

/** Sent again by the kernel within this long, once it can arrive. */
const resendMs = 200;

/** One direction between two machines: what is wrong with it, and what waits for it to be better. */
export class Way {
  readonly #weather: Weather;
  readonly from: string;
  readonly to: string;
  /** Nothing arrives. */
  blocked = false;
  /** Frames between nodes that would arrive while it is blocked are lost; else they come late. */
  drops = false;
  clogUntilMs = 0;
  #held: (() => void)[] = [];

  constructor(weather: Weather, from: string, to: string) {
    this.#weather = weather;
    this.from = from;
    this.to = to;
  }

  /** Something can arrive now. */
  get open(): boolean {
    return !this.blocked && this.clogUntilMs <= this.#weather.world.nowMs;
  }

  block(drops: boolean): void {
    this.blocked = true;
    this.drops = drops;
  }

  /** What was held is sent again, in its order, after a moment. */
  unblock(): void {
    if (!this.blocked) return;
    this.blocked = false;
    const { world, chance } = this.#weather;
    const atMs = world.nowMs + this.#weather.delayMs() + chance.below(resendMs);
    const held = this.#held;
    this.#held = [];
    for (const then of held) world.at(atMs, then);
  }

  /** False: it cannot arrive now, and `again` is called when it may. */
  admits(again: () => void): boolean {
    const { world, counts } = this.#weather;
    if (this.blocked) {
      counts.blocked++;
      this.#held.push(again);
      return false;
    }
    if (this.clogUntilMs > world.nowMs) {
      counts.clogged++;
      world.at(this.clogUntilMs, again);
      return false;
    }
    return true;
  }

  /** `then` happens at the other end, sooner or later: what is lost is sent again. */
  carry(then: () => void): void {
    const arrive = (): void => {
      if (this.admits(arrive)) then();
    };
    this.#weather.world.after(this.#weather.delayMs(), arrive);
  }
}

/** What everything on the network shares. */
export class Weather {
  readonly world: World;
  readonly chance: Prng;
  temper: NetTemper;
  readonly counts: NetCounts = {
    sent: 0,
    delivered: 0,
    dropped: 0,
    lost: 0,
    repeated: 0,
    reordered: 0,
    evicted: 0,
    blocked: 0,
    clogged: 0,
    resets: 0,
    dials: 0,
    refusedDials: 0,
    linksUp: 0,
    guestMessages: 0,
  };
  /** `null`: nobody listens. */
  tap: NativeTap | null = null;
  readonly #ways = new Map<string, Map<string, Way>>();

  constructor(world: World, temper: NetTemper) {
    this.world = world;
    this.temper = temper;
    this.chance = world.chance('net');
  }

  /** Whether it happens this time; `percent` may have two decimals. */
  hits(percent: number): boolean {
    return percent > 0 && this.chance.below(10_000) < percent * 100;
  }

  /** A delay, drawn. */
  delayMs(): number {
    const { delayMs, delayMeanMs, tailPercent } = this.temper;
    let ms = delayMs;
    if (delayMeanMs > 0) ms -= delayMeanMs * Math.log(1 - this.chance.below(65_536) / 65_536);
    if (this.hits(tailPercent)) ms += this.tailMs();
    return ms;
  }

  /** How much longer one takes that takes long. */
  tailMs(): number {
    const { tailMs } = this.temper;
    return tailMs >= 1 ? this.chance.below(Math.floor(tailMs)) + 1 : 0;
  }

  way(from: string, to: string): Way {
    let ways = this.#ways.get(from);
    if (ways === undefined) {
      ways = new Map();
      this.#ways.set(from, ways);
    }
    let way = ways.get(to);
    if (way === undefined) {
      way = new Way(this, from, to);
      ways.set(to, way);
    }
    return way;
  }

  *ways(): Iterable<Way> {
    for (const ways of this.#ways.values()) yield* ways.values();
  }
}
