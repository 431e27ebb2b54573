import type { Way, Weather } from './weather.ts';

/** How an end said good-bye. */
export type Bye = { readonly code: number; readonly reason: string };

/** One thing on its way over a connection. */
export type Parcel =
  /** A frame between nodes: the only thing that gets lost on its way. */
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  | { readonly kind: 'opened' }
  | { readonly kind: 'bye'; readonly bye: Bye };

/** Who takes what a lane brings. */
export type Receiver = {
  /** Something has arrived at the machine; false: there is nobody for it any more. */
  readonly arrived: (take: () => void) => boolean;
  /** False: it waits, and the receiver calls `Lane.goOn` when it reads again. */
  readonly reads: () => boolean;
  readonly take: (parcel: Parcel) => void;
  /** Room was made on the lane. */
  readonly took: () => void;
};

const noBytes = 0;
const sizeOf = (parcel: Parcel): number =>
  parcel.kind === 'frame' || parcel.kind === 'message' ? parcel.bytes.length : noBytes;

/**
 * One direction of one connection: a queue. Each parcel has one happening, and a happening brings the
 * next of the queue, whichever that is: so nothing overtakes, whatever is held or clogged on the way.
 */
export class Lane {
  readonly #weather: Weather;
  readonly #way: Way;
  readonly #to: Receiver;
  /** From `#first`: arrived and not taken, then on their way. Evicted and lost ones are `null`. */
  #queue: (Parcel | null)[] = [];
  #first = 0;
  #arrived = 0;
  #lastAtMs = 0;
  /** Taken while the receiver did not read. */
  #owed = 0;
  /** Frames that are neither taken nor gone. */
  #frames = 0;
  /** Not taken yet. */
  bytes = 0;

  constructor(weather: Weather, way: Way, to: Receiver) {
    this.#weather = weather;
    this.#way = way;
    this.#to = to;
  }

  /** `lateMs`: how much later than usual. */
  put(parcel: Parcel, lateMs = 0): void {
    const { world, temper } = this.#weather;
    const atMs = world.nowMs + this.#weather.delayMs() + lateMs;
    this.#lastAtMs = Math.max(this.#lastAtMs, atMs);
    this.#queue.push(parcel);
    this.bytes += sizeOf(parcel);
    if (parcel.kind === 'frame' && ++this.#frames > temper.linkFramesMax) this.#evict();
    world.at(this.#lastAtMs, this.#arrive);
  }

  /** Only frames are on their way, or nothing: another lane may overtake this one. */
  get holdsFramesOnly(): boolean {
    for (let at = this.#first; at < this.#queue.length; at++) {
      const kind = this.#queue[at]?.kind ?? 'frame';
      if (kind !== 'frame') return false;
    }
    return true;
  }

  /** The receiver reads again. */
  goOn(): void {
    while (this.#owed > 0 && this.#to.reads()) {
      this.#owed--;
      this.#takeNext();
    }
  }

  readonly #arrive = (): void => {
    const way = this.#way;
    const next = this.#queue[this.#arrived];
    if (way.blocked && way.drops && next?.kind === 'frame') {
      this.#weather.counts.blocked++;
      this.#forget(this.#arrived);
    }
    // What was lost or evicted comes and is nothing.
    if (this.#queue[this.#arrived] === null) this.#arrived++;
    else if (way.admits(this.#arrive)) {
      this.#arrived++;
      if (!this.#to.arrived(this.#take)) this.#takeUnheard();
    }
  };

  readonly #take = (): void => {
    if (this.#to.reads()) this.#takeNext();
    else this.#owed++;
  };

  #takeNext(): void {
    while (this.#first < this.#arrived) {
      const parcel = this.#queue[this.#first];
      this.#queue[this.#first++] = null;
      if (parcel === null || parcel === undefined) continue;
      this.#shorten();
      this.#subtract(parcel);
      this.#to.take(parcel);
      this.#to.took();
      return;
    }
  }

  /** Nobody is there for what has just arrived. */
  #takeUnheard(): void {
    this.#forget(this.#arrived - 1);
  }

  #subtract(parcel: Parcel): void {
    this.bytes -= sizeOf(parcel);
    if (parcel.kind === 'frame') this.#frames--;
  }

  #forget(at: number): void {
    const parcel = this.#queue[at];
    if (parcel === null || parcel === undefined) return;
    this.#queue[at] = null;
    this.#subtract(parcel);
  }

  /** A random one, or the next frame after it: what is no frame stays. */
  #evict(): void {
    const { chance, counts } = this.#weather;
    const length = this.#queue.length - this.#first;
    const from = chance.below(length);
    for (let i = 0; i < length; i++) {
      const at = this.#first + ((from + i) % length);
      if (this.#queue[at]?.kind !== 'frame') continue;
      this.#forget(at);
      counts.evicted++;
      return;
    }
  }

  #shorten(): void {
    if (this.#first < 64 || this.#first * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#first);
    this.#arrived -= this.#first;
    this.#first = 0;
  }
}
