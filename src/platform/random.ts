import { randomFillSync } from 'node:crypto';
import { assert } from '../base/index.ts';
import type { Random } from '../ports/index.ts';

/** The kernel's generator. */
export function systemRandom(): Random {
  return {
    bytes: (count) => {
      assert(count >= 1 && count <= 1024, 'chance is asked for in pieces of 1 to 1024 bytes');
      return randomFillSync(new Uint8Array(count));
    },
    seed: () => randomFillSync(new Uint32Array(1))[0] ?? 0,
  };
}
