import { assert, limits } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';

export type UnfinishedParts = {
  readonly clock: Clock;
  /** Other than the usual, for tests. */
  readonly bytesMax?: number | undefined;
  readonly lengthMs?: number | undefined;
};

export type HalfFrameParts = {
  /** Time does not count while the connection is not read: it is not the client that is slow. */
  readonly paused: () => boolean;
  /** Closes the connection. Nothing that is half there was done. */
  readonly drop: (reason: string) => void;
};

/**
 * Frames that have begun and not ended, on all connections of a door.
 *
 * Between two frames a client may be silent for days. Within one it may not: what has arrived is kept
 * in memory, before anybody knows whether the client has any right at all.
 */
export class Unfinished {
  readonly clock: Clock;
  readonly bytesMax: number;
  readonly lengthMs: number;
  bytes = 0;

  constructor({ clock, bytesMax, lengthMs }: UnfinishedParts) {
    this.clock = clock;
    this.bytesMax = bytesMax ?? limits.unfinishedBytesMax;
    this.lengthMs = lengthMs ?? limits.unfinishedMs;
  }
}

/** The frame that one connection has begun, if any. */
export class HalfFrame {
  readonly #all: Unfinished;
  readonly #parts: HalfFrameParts;
  #bytes = 0;
  #sinceMs = 0;
  /** Runs on over the ends of frames, and looks when it fires: a timer a frame would be many. */
  #timer: Timer | null = null;

  constructor(all: Unfinished, parts: HalfFrameParts) {
    this.#all = all;
    this.#parts = parts;
  }

  /** `bytes`: what it holds by now; 0: there is none. `begins`: one has ended, and this is another. */
  holds(bytes: number, begins: boolean): void {
    const all = this.#all;
    const isNew = begins || this.#bytes === 0;
    all.bytes += bytes - this.#bytes;
    this.#bytes = bytes;
    assert(all.bytes >= 0, 'N3: what unfinished frames hold is counted once');
    if (bytes === 0) return;
    if (all.bytes > all.bytesMax) {
      this.#parts.drop(`all unfinished frames hold more than ${all.bytesMax} bytes`);
      return;
    }
    if (isNew) this.again();
    this.#timer ??= all.clock.after(all.lengthMs, this.#look);
  }

  /** Its time begins anew. */
  again(): void {
    this.#sinceMs = this.#all.clock.now();
  }

  close(): void {
    this.holds(0, false);
    this.#timer?.cancel();
    this.#timer = null;
  }

  readonly #look = (): void => {
    this.#timer = null;
    if (this.#bytes === 0) return;
    if (this.#parts.paused()) this.again();
    const { clock, lengthMs } = this.#all;
    const leftMs = this.#sinceMs + lengthMs - clock.now();
    if (leftMs > 0) this.#timer = clock.after(Math.ceil(leftMs), this.#look);
    else this.#parts.drop(`a frame did not end within ${lengthMs} ms`);
  };
}
