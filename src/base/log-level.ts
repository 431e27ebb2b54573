/** How much a process logs: each level with all before it. */
export const logLevels = ['error', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** `null`: there is no such level. */
export const parseLogLevel = (text: string): LogLevel | null =>
  logLevels.find((level) => level === text) ?? null;
