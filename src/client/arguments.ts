import { ClusterError, limits, utf8 } from '../base/index.ts';

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

/** The longest time a timer holds, some 24 days. */
const longestMs = 2 ** 31 - 1;

export function aTime(ms: number, name: string): number {
  if (ms > 0 && ms <= longestMs) return ms;
  throw new RangeError(`The ${name} must be above 0 and at most ${longestMs}, not ${String(ms)}`);
}

/** `body` as bytes. */
export function aBody(body: Uint8Array | string): Uint8Array {
  const bytes = typeof body === 'string' ? utf8(body) : body;
  if (!(bytes instanceof Uint8Array)) throw new TypeError('A body is bytes or text');
  return bytes;
}

/** Refused before anything is sent. */
export const tooLarge = (action: string, reason: string): ClusterError =>
  new ClusterError('ERR_TOO_LARGE', `${action}: ${reason}`);

const sessionLengthMs = 30_000;

/** How long a session lives without a sign of life; `null`: there is to be none. */
export function aSessionLength(lengthMs: number | null | undefined): number | null {
  if (lengthMs === null) return null;
  const { leaseLengthMsMax: max, leaseLengthMsMin: min } = limits;
  const ms = aWhole(lengthMs ?? sessionLengthMs, 'sessionLengthMs');
  if (ms >= min && ms <= max) return ms;
  throw new RangeError(`The sessionLengthMs must be from ${min} to ${max}, not ${ms}`);
}
