import { performance } from 'node:perf_hooks';
import type { Clock } from '../ports/index.ts';

/** The process's monotonic clock. Its timers keep nothing alive: a daemon lives by its socket. */
export function systemClock(): Clock {
  return {
    now: () => performance.now(),
    after: (ms, then) => {
      const timer = setTimeout(then, ms);
      timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
    soon: (then) => {
      setImmediate(then);
    },
  };
}
