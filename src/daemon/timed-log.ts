import type { Clock, LogStore } from '../ports/index.ts';

/** The same log; how long each save took, in seconds, is told to `note`. */
export function timedLog(log: LogStore, clock: Clock, note: (seconds: number) => void): LogStore {
  const { upkeep } = log;
  return {
    save: async (batch) => {
      const beganMs = clock.now();
      await log.save(batch);
      note((clock.now() - beganMs) / 1000);
    },
    compact: (through) => log.compact(through),
    bytesSinceSnapshot: () => log.bytesSinceSnapshot(),
    stop: () => log.stop(),
    ...(upkeep && { upkeep }),
  };
}
