import { performance } from 'node:perf_hooks';
import type { Clock } from '../ports/index.ts';

/** The steady clock of this process. Its timers do not keep the process alive alone. */
export const processClock: Clock = {
  now: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (then) => {
    setImmediate(then);
  },
};
