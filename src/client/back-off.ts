import type { Prng } from '../base/index.ts';

const firstMs = 50;
const longestMs = 1000;

/**
 * How long to pause before attempt `n` (from 0) of a series: drawn from the upper half of a span that
 * doubles from 50 ms to a second, so that a thousand clients of one dead node come back spread out.
 */
export function pauseMs(n: number, prng: Prng): number {
  const spanMs = Math.min(longestMs, firstMs * 2 ** Math.min(n, 16));
  return spanMs / 2 + prng.below(spanMs / 2);
}
