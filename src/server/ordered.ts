import { assert } from '../base/index.ts';

/** A place in the order, taken by a request whose answer is not there yet. */
export type Place<A> = { answer: A | null };

/**
 * Lets answers out in the order of their requests. doozerd answers REV, SELF, ACCESS and every
 * refused argument at once and in order; since our REV waits for a read barrier, what comes after
 * it on the same connection waits behind it.
 *
 * What waits here is bounded by its owner, who counts every place among the requests in flight.
 */
export class Ordered<A> {
  readonly #release: (answer: A) => void;
  #places: Place<A>[] = [];
  #first = 0;

  constructor(release: (answer: A) => void) {
    this.#release = release;
  }

  /** Nobody waits: an answer given now may leave at once. */
  get empty(): boolean {
    return this.#first === this.#places.length;
  }

  /** Takes the next place. `answer`: what is known already. */
  take(answer: A | null): Place<A> {
    const place = { answer };
    this.#places.push(place);
    return place;
  }

  /** Fills a place and lets out everything up to the next one that is still open. */
  fill(place: Place<A>, answer: A): void {
    assert(place.answer === null, 'a place in the order is filled once');
    place.answer = answer;
    while (this.#first < this.#places.length) {
      const next = this.#places[this.#first]?.answer ?? null;
      if (next === null) break;
      this.#first += 1;
      this.#release(next);
    }
    if (this.empty) {
      this.#places = [];
      this.#first = 0;
    }
  }
}
