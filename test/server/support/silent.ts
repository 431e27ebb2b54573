import type { Clock, Logger } from '../../../src/ports/index.ts';

export const silentLogger: Logger = {
  error: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLogger,
};

/** A clock that stands still; what is put off runs when the test says so. */
export class StillClock implements Clock {
  #soon: (() => void)[] = [];

  now(): number {
    return 0;
  }

  after(): { cancel: () => void } {
    return { cancel: () => {} };
  }

  soon(then: () => void): void {
    this.#soon.push(then);
  }

  /** Runs what was put off, and what that puts off. Returns how many turns it took. */
  runAll(): number {
    let turns = 0;
    for (; this.#soon.length > 0; turns++) for (const then of this.#soon.splice(0)) then();
    return turns;
  }
}
