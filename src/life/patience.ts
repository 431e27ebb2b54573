// Waiting for what others must do first, without filling the log.
import type { Clock, Logger } from '../ports/index.ts';

/** From telling to telling: twice as long each time, so that reasons that come and go fill no log. */
const tellAgainMsMin = 1000;
const tellAgainMsMax = 60_000;

/** Tells what is awaited: at once, when it becomes somebody's to mend, and now and then. */
export class Awaited {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #wasWrong = false;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #pauseMs = tellAgainMsMin;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** `isWrong`: somebody must do something about it. */
  tell(why: string, isWrong: boolean): void {
    const nowMs = this.#clock.now();
    const isNewlyWrong = isWrong && !this.#wasWrong;
    if (!isNewlyWrong && nowMs - this.#toldAtMs < this.#pauseMs) return;
    if (this.#toldAtMs >= 0) this.#pauseMs = Math.min(2 * this.#pauseMs, tellAgainMsMax);
    this.#toldAtMs = nowMs;
    this.#wasWrong = isWrong;
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
