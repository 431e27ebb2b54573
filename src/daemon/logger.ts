import pino from 'pino';
import type { LogLevel } from '../base/index.ts';
import type { LogFields, Logger } from '../ports/index.ts';
import { prettyLine } from './pretty-line.ts';

/** The log of a process: its level can be changed while it runs, for all its children too. */
export type ProcessLogger = Logger & {
  readonly level: LogLevel;
  readonly setLevel: (level: LogLevel) => void;
};

export type LogForm = 'json' | 'pretty';

/** One JSON object a line, with a level, a time and the glossary's names; or the same for eyes. */
export function pinoLogger(
  level: LogLevel,
  fields: LogFields,
  form: LogForm = 'json',
): ProcessLogger {
  // Written before the call returns: the last line of a process that dies is the one that is wanted.
  const stderr = pino.destination({ dest: 2, sync: true });
  const base = pino(
    {
      // Children have a level of their own, fixed when they are made: what is too quiet is dropped by us.
      level: 'debug',
      base: { ...fields },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    form === 'json' ? stderr : { write: (line: string) => stderr.write(prettyLine(line)) },
  );
  const valve: Valve = { level };
  const logger = wrap(base, valve);
  return {
    ...logger,
    get level() {
      return valve.level;
    },
    setLevel: (next) => {
      if (next === valve.level) return;
      const before = valve.level;
      valve.level = next;
      // Said whatever the level is: who reads the log must know what is missing from here on.
      base.info({ before, now: next }, 'log level changed');
    },
  };
}

/** How much is let through, for a logger and all its children. */
type Valve = { level: LogLevel };

function wrap(log: pino.Logger, valve: Valve): Logger {
  return {
    error: (fields, message) => log.error(fields, message),
    info: (fields, message) => {
      if (valve.level !== 'error') log.info(fields, message);
    },
    debug: (fields, message) => {
      if (valve.level === 'debug') log.debug(fields, message);
    },
    child: (fields) => wrap(log.child({ ...fields }), valve),
  };
}
