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

/** The items of a listing as they are wanted, all of one revision. */
export type Listing<T> = AsyncIterableIterator<T, undefined> & {
  /** The revision that is listed: a watch from the next one on misses nothing. `null` before the first item. */
  readonly at: number | null;
  /** As for a single read. */
  readonly ageMs: number | null;
};

type Fetch<T> = (offset: number, at: number | null) => Promise<Page<T>>;

/**
 * Every item of a listing, read page by page as they are wanted. All are of one revision, that of the first
 * page, however long it takes.
 */
export class Pages<T> implements Listing<T> {
  readonly #items: AsyncGenerator<T, undefined, undefined>;
  #at: number | null = null;
  #ageMs: number | null = null;

  constructor(fetch: Fetch<T>) {
    this.#items = this.#all(fetch);
  }

  get at(): number | null {
    return this.#at;
  }

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
