/** Chance that may not be guessed. */
export type Random = {
  /** `count` random bytes, 1 to 1024. */
  readonly bytes: (count: number) => Uint8Array;
  /** A 32-bit seed for a `Prng`. */
  readonly seed: () => number;
};
