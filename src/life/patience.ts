// Waiting for what others must do first, without filling the log.
import type { Clock, Logger } from '../ports/index.ts';

/** The same news is told again after this. */
const tellAgainMs = 60_000;
/** News that changes from look to look is not told more often. */
const tellMsMin = 1000;

/** Tells what is awaited: when it changes, and now and then. */
export class Awaited {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #last = '';
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** `isWrong`: somebody must do something about it. */
  tell(why: string, isWrong: boolean): void {
    const sinceMs = this.#clock.now() - this.#toldAtMs;
    if (sinceMs < (why === this.#last ? tellAgainMs : tellMsMin)) return;
    this.#last = why;
    this.#toldAtMs = this.#clock.now();
    if (isWrong) this.#logger.error({ why }, 'waiting, and nothing will come of it');
    else this.#logger.info({ why }, 'waiting');
  }
}

/** Leaves nothing behind on the signal: a node may wait for days. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const over = () => {
      timer.cancel();
      signal.removeEventListener('abort', over);
      resolve();
    };
    const timer = clock.after(ms, over);
    signal.addEventListener('abort', over);
  });
}
