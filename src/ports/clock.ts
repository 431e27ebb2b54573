/** A timer that was set. */
export type Timer = {
  /** It will not fire any more. May be called at any time, also after it fired. */
  readonly cancel: () => void;
};

/** A steady clock. Wall time plays no part in anything a cluster decides. */
export type Clock = {
  /** Milliseconds since some fixed moment, with fractions; never falls. */
  readonly now: () => number;
  /** Calls `then` once, no sooner than after `ms` milliseconds. Does not keep the process alive alone. */
  readonly after: (ms: number, then: () => void) => Timer;
  /** Calls `then` once, in a later turn of the event loop, after waiting input was read. */
  readonly soon: (then: () => void) => void;
};
