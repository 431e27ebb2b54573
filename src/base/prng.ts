/** A seeded generator. The same seed gives the same numbers on every machine. */
export type Prng = {
  /** A whole number in [0, below). `below` is 1 to 2^32. */
  below(below: number): number;
};

/** xoshiro128** seeded through splitmix32 (Blackman and Vigna, "Scrambled linear generators", 2018). */
export function prng(seed: number): Prng {
  let mix = seed >>> 0;
  const word = () => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [word(), word(), word(), word()];
  const next = () => {
    const five = Math.imul(b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  return { below: (below) => Math.floor((next() / 2 ** 32) * below) };
}
