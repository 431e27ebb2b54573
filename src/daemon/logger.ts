import pino from 'pino';
import type { LogFields, Logger } from '../ports/index.ts';

export type LogLevel = 'error' | 'info' | 'debug';

/** Lines of JSON on stderr: one object each, with a level, a time and the glossary's names. */
export function pinoLogger(level: LogLevel, fields: LogFields): Logger {
  const destination = pino.destination({ dest: 2, sync: true });
  const base = pino(
    {
      level,
      base: { ...fields },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return wrap(base);
}

function wrap(log: pino.Logger): Logger {
  return {
    error: (fields, message) => log.error(fields, message),
    info: (fields, message) => log.info(fields, message),
    debug: (fields, message) => log.debug(fields, message),
    child: (fields) => wrap(log.child({ ...fields })),
  };
}
