import { randomInt } from 'node:crypto';

/** What every drill with a checked history takes. */
export type DrillOptions = {
  /** How long faults go on. */
  readonly seconds: number;
  /** Decides what is done to whom. Not when: that is up to the machine. */
  readonly seed: number;
};

const secondsByDefault = 10;
const secondsMax = 7 * 24 * 3600;

/** A word on the command line that means nothing. */
export class UsageError extends Error {}

/** @throws UsageError */
export function drillOptions(words: readonly string[]): DrillOptions {
  const given: Record<string, number> = {};
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i] ?? '';
    const value = Number(words[i + 1]);
    if (name !== '--seconds' && name !== '--seed') {
      throw new UsageError(`"${name}" is no option; there are --seconds N and --seed N`);
    }
    if (!Number.isInteger(value) || value < 0 || value > 2 ** 31) {
      throw new UsageError(`${name} ${words[i + 1] ?? ''}: a whole number is wanted`);
    }
    given[name] = value;
  }
  const { '--seconds': seconds = secondsByDefault, '--seed': seed = randomInt(1_000_000) } = given;
  if (seconds < 1 || seconds > secondsMax) {
    throw new UsageError(`--seconds ${seconds}: must be from 1 to ${secondsMax}`);
  }
  return { seconds, seed };
}
