import { assert, type Prng, prng } from '../base/index.ts';
import type { Timer } from '../ports/index.ts';

type Happening = { readonly atMs: number; readonly order: number; act: (() => void) | null };

/**
 * Made-up time. Everything that happens in a simulated cluster happens here, one thing after the other,
 * in an order that the seed decides. Between two happenings every promise that can go on has gone on:
 * whoever drives the world sees to that (`tools/sim.mjs`).
 */
export class World {
  readonly seed: number;
  /** A binary heap: the earliest first, and of equals the one asked for first. */
  readonly #heap: Happening[] = [];
  #nowMs = 0;
  #order = 0;
  /** Happenings so far. */
  happened = 0;
  #listener: ((line: string) => void) | null = null;
  #digest = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** Milliseconds since the beginning of this world, with fractions. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** A generator of its own for each part, so that what one part draws shifts nobody else's. */
  chance(part: string): Prng {
    let hash = this.seed >>> 0;
    for (let i = 0; i < part.length; i++) {
      hash = Math.imul(hash ^ part.charCodeAt(i), 0x01000193) >>> 0;
      hash = (hash ^ (hash >>> 15)) >>> 0;
    }
    return prng(hash);
  }

  at(atMs: number, act: () => void): Timer {
    const happening: Happening = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, act };
    this.#push(happening);
    return {
      cancel: () => {
        happening.act = null;
      },
    };
  }

  after(ms: number, act: () => void): Timer {
    return this.at(this.#nowMs + ms, act);
  }

  /** Runs the next happening. False when none is left. */
  step(): boolean {
    for (;;) {
      const next = this.#pop();
      if (next === undefined) return false;
      if (next.act === null) continue;
      assert(next.atMs >= this.#nowMs, 'made-up time never falls');
      this.#nowMs = next.atMs;
      this.happened++;
      next.act();
      return true;
    }
  }

  /** Somebody wants a line for each thing that happens. */
  listen(listener: (line: string) => void): void {
    this.#listener = listener;
  }

  /** Says what happens. The text is made only if somebody listens. */
  say(text: () => string): void {
    if (this.#listener === null) return;
    this.#listener(`${this.#nowMs.toFixed(2).padStart(10)} ${text()}`);
  }

  /** Adds to what two runs of one seed must agree on. */
  mark(value: number): void {
    this.#digest = Math.imul(this.#digest ^ value, 0x01000193) >>> 0;
  }

  /** Equal for equal runs. */
  get fingerprint(): string {
    return `${this.happened}-${this.#digest.toString(16)}`;
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let at = heap.push(happening) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Happening;
      if (!earlier(happening, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = happening;
  }

  #pop(): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      const right = heap[below + 1];
      if (right !== undefined && earlier(right, heap[below] as Happening)) below++;
      const child = heap[below] as Happening;
      if (!earlier(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

const earlier = (a: Happening, b: Happening): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
