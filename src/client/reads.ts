import { aText, aWhole } from './arguments.ts';
import { type Caller, isKind } from './caller.ts';
import { withOwnBody } from './own-bytes.ts';
import { Listing, type Page, pageLimit } from './pages.ts';
import type { FileStat, Reading, ReadOptions, WalkedFile } from './types.ts';

type Freshness = { readonly rev: number | null; readonly least: number | null };

/** Everything that looks at files. */
export class Reads {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async read(path: string, options: ReadOptions): Promise<Reading> {
    const action = `Cannot get ${aText(path, 'path')}`;
    const fresh = this.#freshness(options);
    const reply = await this.#caller.call('read', {
      action,
      options,
      request: (tag) => ({ kind: 'get', tag, path, ...fresh() }),
      read: isKind('value'),
    });
    this.#caller.floor.seen(reply.at);
    const { ageMs, at, body, created, lease, revision } = reply;
    const file = revision === 0 ? null : withOwnBody({ body, revision, created, lease });
    return { file, at, ageMs };
  }

  async stat(path: string, options: ReadOptions): Promise<FileStat | null> {
    const action = `Cannot stat ${aText(path, 'path')}`;
    const fresh = this.#freshness(options);
    const reply = await this.#caller.call('read', {
      action,
      options,
      request: (tag) => ({ kind: 'stat', tag, path, ...fresh() }),
      read: isKind('stat'),
    });
    this.#caller.floor.seen(reply.at);
    const { count, created, lease, revision, what } = reply;
    if (what === 'missing') return null;
    if (what === 'directory') return { kind: 'directory', count };
    return { kind: 'file', revision, size: count, created, lease };
  }

  list(path: string, options: ReadOptions): Listing<string> {
    const action = `Cannot list ${aText(path, 'path')}`;
    return this.#listing(options, async (offset, fresh) => {
      const { ageMs, at, more, names } = await this.#caller.call('read', {
        action,
        options,
        request: (tag) => ({ kind: 'list', tag, path, offset, limit: pageLimit, ...fresh() }),
        read: isKind('names'),
      });
      this.#caller.floor.seen(at);
      return { at, ageMs, more, items: names };
    });
  }

  walk(glob: string, options: ReadOptions): Listing<WalkedFile> {
    const action = `Cannot walk ${aText(glob, 'glob')}`;
    return this.#listing(options, async (offset, fresh) => {
      const { ageMs, at, files, more } = await this.#caller.call('read', {
        action,
        options,
        request: (tag) => ({ kind: 'walk', tag, glob, offset, limit: pageLimit, ...fresh() }),
        read: isKind('files'),
      });
      this.#caller.floor.seen(at);
      return { at, ageMs, more, items: files.map(withOwnBody) };
    });
  }

  /** The first page fixes the revision that all others are read at, by whichever node. */
  #listing<T>(
    options: ReadOptions,
    fetch: (offset: number, fresh: () => Freshness) => Promise<Page<T>>,
  ): Listing<T> {
    const first = this.#freshness(options);
    return new Listing((offset, at) =>
      fetch(offset, at === null ? first : () => ({ rev: at, least: null })),
    );
  }

  /** As it is asked for with each copy: the client may have seen more by then. */
  #freshness({ atLeast, local = false, revision }: ReadOptions): () => Freshness {
    const given = [atLeast !== undefined, local, revision !== undefined].filter(Boolean).length;
    if (given > 1) throw new TypeError('Give at most one of "revision", "local" and "atLeast"');
    if (revision !== undefined) {
      const fresh = { rev: aWhole(revision, 'revision'), least: null };
      return () => fresh;
    }
    if (!local && atLeast === undefined) return () => ({ rev: null, least: null });
    const least = Math.max(0, aWhole(atLeast ?? 0, 'atLeast'));
    return () => ({ rev: null, least: this.#caller.floor.above(least) });
  }
}
