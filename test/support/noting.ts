import type { Logger } from '../../src/ports/index.ts';

/** Keeps what is said, one line each. */
export function noting(lines: string[]): Logger {
  const logger: Logger = {
    error: (fields, message) => lines.push(`error ${message} ${JSON.stringify(fields)}`),
    info: (fields, message) => lines.push(`info ${message} ${JSON.stringify(fields)}`),
    debug: (fields, message) => lines.push(`debug ${message} ${JSON.stringify(fields)}`),
    child: () => logger,
  };
  return logger;
}
