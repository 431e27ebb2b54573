import { Guesses, utf8 } from '../base/index.ts';
import type { Clock } from '../ports/index.ts';

/** Two secrets; an empty one is not set. A read-only secret alone is refused where the daemon starts. */
export type Secrets = { readonly rw: string; readonly ro: string };

/** What a connection may do. `write` includes `read`. */
export type Right = 'none' | 'read' | 'write';

const rank = { none: 0, read: 1, write: 2 } as const satisfies Record<Right, number>;

export const includes = (held: Right, needed: Right): boolean => rank[held] >= rank[needed];

/** The greater of two rights: what a guest was given once stays. */
export const greater = (a: Right, b: Right): Right => (includes(a, b) ? a : b);

/** What comes of showing a secret. */
export type Verdict =
  | { readonly kind: 'right'; readonly right: 'read' | 'write' }
  /** The answer has to wait so long, and nothing else of its connection may be taken meanwhile. */
  | { readonly kind: 'wrong'; readonly afterMs: number }
  /** Too many answers wait for its address: it was not looked at, and the connection is to be closed. */
  | { readonly kind: 'unheard' };

/** Tells what a secret is worth. Holds the secrets as bytes; they never leave it. */
export class Access {
  readonly #rw: Uint8Array;
  readonly #ro: Uint8Array;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #guesses = new Guesses();

  constructor(secrets: Secrets, clock: Pick<Clock, 'now'>) {
    this.#rw = utf8(secrets.rw);
    this.#ro = utf8(secrets.ro);
    this.#clock = clock;
  }

  /**
   * Judges a secret shown by a guest from `address`. An empty one is no guess and never waits; nor does any where
   * there is nothing to guess.
   */
  judge(given: Uint8Array, address: string): Verdict {
    const now = this.#clock.now();
    const isGuess = this.guarded && given.length > 0;
    if (isGuess && !this.#guesses.mayTry(address, now)) return { kind: 'unheard' };
    const right = this.rightOf(given);
    if (right !== 'none') return { kind: 'right', right };
    return { kind: 'wrong', afterMs: isGuess ? this.#guesses.failed(address, now) : 0 };
  }

  /** The read-write secret is compared first, as doozerd does; `none` when neither fits. */
  rightOf(given: Uint8Array): Right {
    // Both comparisons are always made, so that the time says nothing of which one held.
    const writes = fits(this.#rw, given);
    const reads = fits(this.#ro, given);
    if (writes) return 'write';
    return reads ? 'read' : 'none';
  }

  /** Some secret is set: whoever has none sees less than everything. */
  get guarded(): boolean {
    return this.#rw.length > 0 || this.#ro.length > 0;
  }
}

/**
 * Whether `given` is `secret`, in a time that depends on the length of `given` alone. (A pure
 * loop: this room has no Node, and an early exit would tell how many bytes were right.)
 */
function fits(secret: Uint8Array, given: Uint8Array): boolean {
  let differs = secret.length ^ given.length;
  for (let i = 0; i < given.length; i++) {
    differs |= (secret[i % Math.max(secret.length, 1)] ?? 0) ^ (given[i] ?? 0);
  }
  return differs === 0;
}
