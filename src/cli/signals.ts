/** Signals that end a process unless it does something about them. */
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
export type EndingSignal = (typeof endingSignals)[number];

/** What comes from outside. */
export type Signals = {
  /** Aborted at the first Ctrl-C that nobody takes; a second one does not wait for anything. */
  readonly interrupted: AbortSignal;
  /** All of them come to `taker` from now on. Returns what ends that. One at a time. */
  readonly take: (taker: (signal: EndingSignal) => void) => () => void;
};

/** For a program that sees to them itself. */
export const noSignals: Signals = {
  interrupted: new AbortController().signal,
  take: () => () => undefined,
};

/** Those of this process. */
export function processSignals(): Signals {
  const controller = new AbortController();
  let taker: ((signal: EndingSignal) => void) | null = null;
  process.on('SIGINT', () => {
    if (taker !== null) return taker('SIGINT');
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  });
  const others = endingSignals.filter((name) => name !== 'SIGINT');
  const pass = (signal: NodeJS.Signals): void => taker?.(signal as EndingSignal);
  // A program under a lock cannot be stopped with this process: the lock would be lost meanwhile.
  const ignore = (): void => undefined;
  return {
    interrupted: controller.signal,
    take: (next) => {
      taker = next;
      for (const name of others) process.on(name, pass);
      process.on('SIGTSTP', ignore);
      return () => {
        taker = null;
        for (const name of others) process.off(name, pass);
        process.off('SIGTSTP', ignore);
      };
    },
  };
}
