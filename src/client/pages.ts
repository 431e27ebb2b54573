/** A part of a listing, from some offset on, as of revision `at`. */
export type Page<T> = {
  readonly at: number;
  readonly items: readonly T[];
  /** Items follow these. */
  readonly more: boolean;
};

/** Items asked for at a time. The node may send fewer. */
export const pageLimit = 1000;

/**
 * Every item of a listing, read page by page as they are wanted. The first page fixes the revision that
 * all others are read at, so that the listing is one moment's, however long it takes.
 */
export async function* pages<T>(
  revision: number | null,
  fetch: (offset: number, revision: number | null) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  let at = revision;
  let offset = 0;
  while (true) {
    const page = await fetch(offset, at);
    at ??= page.at;
    yield* page.items;
    offset += page.items.length;
    if (!page.more || page.items.length === 0) return;
  }
}
