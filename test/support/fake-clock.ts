// Made-up time: it moves when a test says so, and nobody ever waits for the real one.
import type { Clock, Timer } from '../../src/ports/index.ts';

type Armed = { readonly atMs: number; readonly order: number; readonly then: () => void };

/** All promises that can go on have gone on. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * A clock for many nodes at once. `soon` runs what was asked for in rounds: what is asked for in one
 * round runs in the next, as in turns of an event loop.
 */
export class FakeClock implements Clock {
  #nowMs = 0;
  #order = 0;
  #armed: Armed[] = [];
  #soon: (() => void)[] = [];

  readonly now = (): number => this.#nowMs;

  readonly after = (ms: number, then: () => void): Timer => {
    const armed = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, then };
    this.#armed.push(armed);
    return {
      cancel: () => {
        this.#armed = this.#armed.filter((other) => other !== armed);
      },
    };
  };

  readonly soon = (then: () => void): void => {
    this.#soon.push(then);
  };

  /** Runs everything that is due now and what follows from it, until all is quiet. */
  async quiet(): Promise<void> {
    for (let rounds = 0; ; rounds++) {
      if (rounds > 10_000) throw new Error('something never becomes quiet');
      await settled();
      const due = this.#soon;
      if (due.length === 0) return;
      this.#soon = [];
      for (const then of due) then();
    }
  }

  /** One round of `soon`, for tests that look between turns. */
  async round(): Promise<void> {
    await settled();
    const due = this.#soon;
    this.#soon = [];
    for (const then of due) then();
    await settled();
  }

  /** Time moves on by `ms`; whatever fires on the way does so at its own time. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.quiet();
    for (;;) {
      const next = this.#armed.reduce((least, { atMs }) => Math.min(least, atMs), Infinity);
      if (next > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next);
      const due = this.#armed.filter(({ atMs }) => atMs <= this.#nowMs);
      this.#armed = this.#armed.filter(({ atMs }) => atMs > this.#nowMs);
      for (const { then } of due.sort((a, b) => a.atMs - b.atMs || a.order - b.order)) then();
      await this.quiet();
    }
    this.#nowMs = untilMs;
  }

  /** The process stood still: time passed and nothing fired; what is due fires late, now. */
  async stall(ms: number): Promise<void> {
    this.#nowMs += ms;
    await this.advance(0);
  }
}
