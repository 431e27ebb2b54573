import type { Prng } from '../../src/base/index.ts';
import { encodeDoozerRequest } from '../../src/protocol/doozer/index.ts';

const verbs = [1, 2, 3, 5, 6, 7, 9, 14, 16, 20, 99, 0, 4, 8, 100, -1];
const paths = ['/', '/a', '/a/b', '/**', '/*', '/ctl/name', '', 'x', '/a b', '//', '/\u0000'];
const numbers = [0, 1, -1, -2, -3, 7, 100_000, 2 ** 31 - 1, -(2 ** 31), 2 ** 53 - 1];

/** `damaged`: its frame may not end where the bytes do, or not decode. */
export type Hostile = { readonly bytes: Uint8Array; readonly damaged: boolean };

/** One request as a guest might send it that knows the format and nothing else; or one that is damaged. */
export function hostileRequest(random: Prng): Hostile {
  const one = <T>(of: readonly T[]): T => of[random.below(of.length)] as T;
  const maybe = <T>(value: T): T | null => (random.below(3) === 0 ? null : value);
  const number = () => (random.below(2) === 0 ? one(numbers) : random.below(2 ** 31));
  if (random.below(8) === 0) return { bytes: noise(random), damaged: true };
  const frame = encodeDoozerRequest({
    tag: maybe(number() | 0),
    verb: maybe(one(verbs)),
    path: maybe(one(paths)),
    value: maybe(noise(random)),
    offset: maybe(number() | 0),
    rev: maybe(number()),
  });
  if (random.below(2) === 0) return { bytes: frame, damaged: false };
  for (let i = random.below(4); i >= 0; i--) frame[random.below(frame.length)] = random.below(256);
  // A true length, or the body would hardly ever be looked at.
  new DataView(frame.buffer, frame.byteOffset).setInt32(0, frame.length - 4);
  return { bytes: frame, damaged: true };
}

function noise(random: Prng): Uint8Array {
  const bytes = new Uint8Array(1 + random.below(64));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);
  return bytes;
}
