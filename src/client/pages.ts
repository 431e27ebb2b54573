/** A part of a listing, from some offset on, as of revision `at`. */
export type Page<T> = {
  readonly at: number;
  readonly ageMs: number | null;
  readonly items: readonly T[];
  /** Items follow these. */
  readonly more: boolean;
};

/** Items asked for at a time. The node may send fewer. */
export const pageLimit = 1000;

type Fetch<T> = (offset: number, at: number | null) => Promise<Page<T>>;

/**
 * Every item of a listing, read page by page as they are wanted. All are of one revision, that of the first
 * page, however long it takes.
 */
export class Listing<T> implements AsyncIterableIterator<T, undefined> {
  readonly #items: AsyncGenerator<T, undefined, undefined>;
  #at: number | null = null;
  #ageMs: number | null = null;

  /** @internal Made by `Client.list` and `Client.walk`. */
  constructor(fetch: Fetch<T>) {
    this.#items = this.#all(fetch);
  }

  /** The revision that is listed, so that a watch can go on from the next one. `null` before the first item. */
  get at(): number | null {
    return this.#at;
  }

  /** As for a single read. */
  get ageMs(): number | null {
    return this.#ageMs;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#items.next();
  }

  /** The consumer left its loop: no more is read. */
  return(): Promise<IteratorResult<T, undefined>> {
    return this.#items.return(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async *#all(fetch: Fetch<T>): AsyncGenerator<T, undefined, undefined> {
    let offset = 0;
    while (true) {
      const page = await fetch(offset, this.#at);
      if (this.#at === null) this.#ageMs = page.ageMs;
      this.#at ??= page.at;
      yield* page.items;
      offset += page.items.length;
      if (!page.more || page.items.length === 0) return undefined;
    }
  }
}
