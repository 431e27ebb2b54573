import { assert } from '../../base/index.ts';
import type { Process } from '../process.ts';
import { type Bye, Lane, type Parcel, type Receiver } from './lane.ts';
import type { Way, Weather } from './weather.ts';

/** What the kernel takes of a stream before the writer notices that nobody reads. */
const kernelBytes = 64 * 1024;

export type EndHandlers = {
  /** Bytes are the receiver's to keep. */
  readonly message: (bytes: Uint8Array) => void;
  /** Called once, last; not when the process ends. */
  readonly closed: (bye: Bye) => void;
  /** Everything that waited has left. */
  readonly drained?: () => void;
};

/** Closing code when nobody said good-bye (RFC 6455, 7.4.1). */
export const noByeCode = 1006;

/** How long an end waits for the answer to its good-bye, as a WebSocket does. */
const byeMs = 30_000;

const cutOff = (reason: string): Bye => ({ code: noByeCode, reason });

export type EndParts = {
  readonly weather: Weather;
  /** What is sent here goes this way. */
  readonly way: Way;
  readonly process: Process;
  readonly kind: 'peer' | 'native' | 'doozer';
  /** Of one connection, from one end: what comes keeps its order. */
  readonly name: string;
  readonly gone: (end: End) => void;
};

/**
 * One end of a made-up connection. `open` after both know of each other; `closing` when this end said
 * good-bye and awaits the other's; `closed` for good. An end can also be `dead`: its process is gone.
 */
export class End implements Receiver {
  readonly #weather: Weather;
  readonly way: Way;
  readonly process: Process;
  readonly kind: 'peer' | 'native' | 'doozer';
  readonly name: string;
  /** The other end asked for the connection. */
  accepted = false;
  readonly #gone: (end: End) => void;
  #lane: Lane | null = null;
  #other: End | null = null;
  #handlers: EndHandlers | null = null;
  #early: Uint8Array[] = [];
  #earlyBye: Bye | null = null;
  #whenOpened: (() => void) | null = null;
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  /** Nobody is here any more: the process ended, or the connection was cut at this side alone. */
  #dead = false;
  /** What comes to a dead end is not even answered with a reset. */
  #mute = false;
  #reading = true;
  #stuck = false;
  #resetUnderWay = false;

  constructor(parts: EndParts) {
    this.#weather = parts.weather;
    this.way = parts.way;
    this.process = parts.process;
    this.kind = parts.kind;
    this.name = parts.name;
    this.#gone = parts.gone;
  }

  /** Both ends of one connection. */
  static join(a: End, b: End): void {
    a.#joinTo(b);
    b.#joinTo(a);
  }

  /** `null` until somebody has taken the call. */
  get other(): End | null {
    return this.#other;
  }

  get isOpen(): boolean {
    return this.#state === 'open' && !this.#dead && this.process.state !== 'ended';
  }

  get isClosed(): boolean {
    return this.#state === 'closed' || this.#dead;
  }

  /** Bytes that are on their way, or wait at the other end. */
  get bytesUnderWay(): number {
    return this.#lane?.bytes ?? 0;
  }

  /** Bytes the kernel has not taken. */
  get unsentBytes(): number {
    return Math.max(0, this.bytesUnderWay - kernelBytes);
  }

  handle(handlers: EndHandlers): void {
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    for (const bytes of early) handlers.message(bytes);
    if (this.#earlyBye !== null) handlers.closed(this.#earlyBye);
  }

  /** Called once, when the other end took the connection; then messages may be sent. */
  whenOpened(then: () => void): void {
    this.#whenOpened = then;
  }

  /** This end takes the connection; the other one is told. */
  accept(): void {
    assert(this.#state === 'opening', 'a connection is taken once');
    this.#state = 'open';
    this.#put({ kind: 'opened' });
  }

  /** On a connection that is going it is lost. */
  send(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    this.#put({ kind: 'message', bytes });
    if (this.unsentBytes > 0) this.#stuck = true;
  }

  /**
   * A frame between nodes, with what the temper does to it. A link keeps its order. A frame overtakes
   * another only as in the real thing, where a node goes over from one of the two links with a peer to
   * the other: the last one on the old link is late, and what follows has a new queue.
   */
  sendFrame(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    const weather = this.#weather;
    const { counts, temper } = weather;
    counts.sent++;
    if (weather.hits(temper.lossPercent)) {
      counts.lost++;
      return;
    }
    // No frame comes before the hello of its link.
    if (weather.hits(temper.reorderPercent) && this.#lane?.holdsFramesOnly === true) {
      counts.reordered++;
      this.#lane.put({ kind: 'frame', bytes }, weather.tailMs() + weather.delayMs());
      this.#newLane();
    } else this.#put({ kind: 'frame', bytes });
    if (weather.hits(temper.repeatPercent)) {
      counts.repeated++;
      this.#put({ kind: 'frame', bytes: bytes.slice() });
    }
  }

  pause(): void {
    this.#reading = false;
  }

  resume(): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#weather.world.after(0, () => this.process.run(this.name, () => this.#other?.goOn()));
  }

  /** Says good-bye after what was sent; closed once the other end has answered. */
  close(code: number, reason: string): void {
    if (this.#state !== 'open') {
      this.cut(reason);
      return;
    }
    if (!this.isOpen) return;
    this.#state = 'closing';
    this.#put({ kind: 'bye', bye: { code, reason } });
    this.#weather.world.after(byeMs, () => this.cutFromOutside(reason));
  }

  /** Ends at once; the other end hears of a reset, if it can. */
  cut(reason: string): void {
    if (this.isClosed || this.process.state === 'ended') return;
    this.#dead = true;
    this.#weather.counts.resets++;
    this.#other?.resetComes(reason);
    this.#overSoon(cutOff(reason));
  }

  /** As if something between the two had cut it: this end hears of it now, in its own turn. */
  cutFromOutside(reason: string): void {
    if (this.isClosed) return;
    this.#dead = true;
    this.#overSoon(cutOff(reason));
  }

  /** Its process ended. `silently`: nobody hears of it. */
  die(silently: boolean): void {
    if (this.isClosed) return;
    this.#dead = true;
    this.#mute = silently;
    this.#state = 'closed';
    if (!silently) this.#other?.resetComes('connection reset');
    this.#gone(this);
  }

  /** What it is sent is not answered any more, or is again. */
  mute(mute: boolean): void {
    this.#mute = mute;
  }

  /** The other end says that it knows nothing of this connection. Lost if it cannot arrive now. */
  resetComes(reason: string): void {
    if (this.isClosed || this.#resetUnderWay) return;
    const weather = this.#weather;
    const way = weather.way(this.way.to, this.way.from);
    this.#resetUnderWay = true;
    weather.world.after(weather.delayMs(), () => {
      this.#resetUnderWay = false;
      if (way.open) this.cutFromOutside(reason);
    });
  }

  /** Whether a sign of life asked for now would come. Asking may bring a reset instead. */
  answersSigns(): boolean {
    const other = this.#other;
    if (other === null || !this.way.open || !other.way.open) return false;
    if (!other.#nobody()) return other.process.state === 'runs';
    if (!other.#mute) this.resetComes('connection reset');
    return false;
  }

  // -------------------------------------------------------------------------------------------
  // What the other end's lane brings

  readonly arrived = (take: () => void): boolean => {
    if (this.#nobody()) {
      // After a good-bye on both sides there is nothing to say.
      if (this.#dead && !this.#mute) this.#other?.resetComes('connection reset');
      return false;
    }
    this.process.run(this.name, take);
    return true;
  };

  readonly reads = (): boolean => this.#reading;

  readonly take = (parcel: Parcel): void => {
    if (this.#nobody()) return;
    switch (parcel.kind) {
      case 'opened':
        if (this.#state !== 'opening') return;
        this.#state = 'open';
        return this.#whenOpened?.();
      case 'bye':
        return this.#byeCame(parcel.bye);
      case 'frame':
      case 'message':
        if (this.#state === 'closing') return;
        if (this.#handlers === null) this.#early.push(parcel.bytes);
        else this.#handlers.message(parcel.bytes);
    }
  };

  readonly took = (): void => this.#other?.drain();

  goOn(): void {
    this.#lane?.goOn();
  }

  drain(): void {
    if (!this.#stuck || this.unsentBytes > 0) return;
    this.#stuck = false;
    this.#weather.world.after(0, () => this.process.run(this.name, () => this.#drained()));
  }

  #drained(): void {
    if (!this.isClosed) this.#handlers?.drained?.();
  }

  #byeCame(bye: Bye): void {
    if (this.#state === 'closing') return this.#over(bye);
    this.#put({ kind: 'bye', bye });
    this.#over(bye);
  }

  #joinTo(other: End): void {
    this.#other = other;
    this.#newLane();
  }

  #newLane(): void {
    assert(this.#other !== null, 'a lane leads to an end');
    this.#lane = new Lane(this.#weather, this.way, this.#other);
  }

  #put(parcel: Parcel): void {
    this.#lane?.put(parcel);
  }

  #nobody(): boolean {
    return this.isClosed || this.process.state === 'ended';
  }

  #overSoon(bye: Bye): void {
    this.#weather.world.after(0, () => this.process.run(this.name, () => this.#over(bye)));
  }

  #over(bye: Bye): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#gone(this);
    if (this.#handlers === null) this.#earlyBye = bye;
    else this.#handlers.closed(bye);
  }
}
