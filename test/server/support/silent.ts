import type { Clock, Logger } from '../../../src/ports/index.ts';

export const silentLogger: Logger = {
  error: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLogger,
};

type Due = { readonly atMs: number; readonly then: () => void };

/** A clock that stands still until the test moves it; what is put off runs when the test says so. */
export class StillClock implements Clock {
  #soon: (() => void)[] = [];
  readonly #timers = new Set<Due>();
  #nowMs = 0;

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, then: () => void): { cancel: () => void } {
    const due = { atMs: this.#nowMs + ms, then };
    this.#timers.add(due);
    return { cancel: () => this.#timers.delete(due) };
  }

  /** Timers that were set and have not fired. */
  get timers(): number {
    return this.#timers.size;
  }

  /** `ms` pass; timers fire at their times, in order. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > untilMs) break;
      this.#nowMs = next.atMs;
      this.#timers.delete(next);
      next.then();
    }
    this.#nowMs = untilMs;
  }

  soon(then: () => void): void {
    this.#soon.push(then);
  }

  /** One turn: runs what was put off until now. */
  turn(): void {
    for (const then of this.#soon.splice(0)) then();
  }

  /** Runs what was put off, and what that puts off. Returns how many turns it took. */
  runAll(): number {
    let turns = 0;
    for (; this.#soon.length > 0; turns++) this.turn();
    return turns;
  }
}
