import type { Prng } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import type { World } from './world.ts';

/** How a process keeps time: its clock began at `startMs`, and runs `rate` times as fast as the world's. */
export type Pace = {
  readonly startMs: number;
  readonly rate: number;
  /** Each look at the clock costs this much: a slow machine. 0: none. */
  readonly lookMs: number;
};

/** No timer is sooner: what waits for the rest of a rounding error must not wait for ever. */
const leastMs = 0.001;

/**
 * One process of a made-up machine. Everything it does goes through here, so that it can be paused or
 * ended between any two things it does. Input that comes while it is paused waits, source by source, as
 * in sockets; what was due fires late.
 */
export class Process implements Clock {
  readonly #world: World;
  readonly #pace: Pace;
  readonly #bornMs: number;
  #lookMs: number;
  #state: 'runs' | 'paused' | 'ended' = 'runs';
  /** Busy until then: what comes earlier waits. */
  #busyUntilMs = 0;
  /** The most that its clock was ever ahead of the world's. */
  aheadMs = 0;
  #jumpedMs = 0;
  /** While paused with its clock stopped, as a suspended machine's may be. */
  #frozenAtMs: number | null = null;
  readonly #late = new Map<string, (() => void)[]>();
  /** What a busy process has not come to yet, in order. */
  #waiting: (() => void)[] = [];
  #draining = false;

  constructor(world: World, pace: Pace) {
    this.#world = world;
    this.#pace = pace;
    this.#lookMs = pace.lookMs;
    this.#bornMs = world.nowMs;
  }

  get state(): 'runs' | 'paused' | 'ended' {
    return this.#state;
  }

  readonly now = (): number => {
    const { startMs, rate } = this.#pace;
    const lookMs = this.#lookMs;
    const world = this.#world;
    let atMs = world.nowMs;
    if (lookMs > 0) {
      this.#busyUntilMs = Math.max(this.#busyUntilMs, atMs) + lookMs;
      atMs = this.#busyUntilMs;
      this.aheadMs = Math.max(this.aheadMs, atMs - world.nowMs);
    }
    return startMs + (atMs - this.#bornMs) * rate + this.#jumpedMs;
  };

  /** As `now`, for whoever looks at it from outside: it costs the process nothing. */
  get localMs(): number {
    const { startMs, rate } = this.#pace;
    const atMs = Math.max(this.#world.nowMs, this.#lookMs > 0 ? this.#busyUntilMs : 0);
    return startMs + (atMs - this.#bornMs) * rate + this.#jumpedMs;
  }

  readonly soon = (then: () => void): void => {
    this.#world.after(0, () => this.run('timers', then));
  };

  readonly after = (ms: number, then: () => void): Timer =>
    this.#world.after(Math.max(leastMs, ms) / this.#pace.rate, () => this.run('timers', then));

  /** What comes from one source keeps its order. */
  run(source: string, then: () => void): void {
    if (this.#state === 'ended') return;
    if (this.#state === 'paused') {
      const late = this.#late.get(source);
      if (late === undefined) this.#late.set(source, [then]);
      else late.push(then);
    } else if (this.#waiting.length > 0 || this.#busyUntilMs > this.#world.nowMs) {
      this.#waiting.push(then);
      this.#drainLater();
    } else {
      then();
    }
  }

  /** SIGSTOP, or with `clockStops` the suspension of a virtual machine whose steady clock stops too. */
  pause(clockStops = false): void {
    if (this.#state !== 'runs') return;
    this.#state = 'paused';
    this.#frozenAtMs = clockStops ? this.#world.nowMs : null;
  }

  /** What waited comes late, source by source, in any order of sources. */
  resume(chance: Prng): void {
    if (this.#state !== 'paused') return;
    this.#state = 'runs';
    if (this.#frozenAtMs !== null) {
      this.#jumpedMs -= (this.#world.nowMs - this.#frozenAtMs) * this.#pace.rate;
      this.#frozenAtMs = null;
    }
    const sources = [...this.#late.values()];
    this.#late.clear();
    while (sources.length > 0) {
      this.#waiting.push(...(sources.splice(chance.below(sources.length), 1)[0] ?? []));
    }
    this.#drainLater();
  }

  /** The machine is slow no more. */
  hurry(): void {
    this.#lookMs = 0;
  }

  /** Its clock jumps forward. Steady clocks never go back. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** It will never do anything again. */
  end(): void {
    this.#state = 'ended';
    this.#late.clear();
    this.#waiting = [];
  }

  #drainLater(): void {
    if (this.#draining || this.#waiting.length === 0) return;
    this.#draining = true;
    this.#world.at(this.#busyUntilMs, () => {
      this.#draining = false;
      if (this.#state !== 'runs') return;
      this.#waiting.shift()?.();
      this.#drainLater();
    });
  }
}
