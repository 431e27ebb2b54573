import type { Alarms, LogLevel } from '../base/index.ts';

/**
 * The process and machine that a node runs in, as its operator sees and turns them. One for all lives of a
 * process.
 */
export type Host = {
  readonly uptimeMs: () => number;
  /** As of a few seconds ago; `null` where nobody can say. */
  readonly disk: () => { readonly freeBytes: number | null; readonly dataBytes: number | null };
  readonly logLevel: () => LogLevel;
  /** Holds until the next call or the end of the process. */
  readonly setLogLevel: (level: LogLevel) => void;
  /** What is the matter here, whoever found out. */
  readonly alarms: Alarms;
};
