/*
 * A wrong argument is told at once, before anything is sent: nobody has to wonder what it did.
 */

/** `text`, quoted for a message. */
export function aText(text: string, name: string): string {
  if (typeof text !== 'string')
    throw new TypeError(`The ${name} must be a text, not ${typeof text}`);
  return JSON.stringify(text);
}

export function aWhole(n: number, name: string): number {
  if (Number.isSafeInteger(n)) return n;
  throw new RangeError(`The ${name} must be a whole number within 2^53, not ${String(n)}`);
}

export const aRevision = ({ revision }: { readonly revision?: number }): number | null =>
  revision === undefined ? null : aWhole(revision, 'revision');

/** The longest time a timer holds, some 24 days. */
const longestMs = 2 ** 31 - 1;

export function aTime(ms: number, name: string): number {
  if (ms > 0 && ms <= longestMs) return ms;
  throw new RangeError(`The ${name} must be above 0 and at most ${longestMs}, not ${String(ms)}`);
}
