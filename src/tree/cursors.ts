import { assert } from '../base/index.ts';
import type { Glob, Path } from '../paths/index.ts';
import type { View } from './state.ts';
import { childAfter, type Found, firstChild } from './views.ts';

/** Places kept of one listing. With more to keep, every second one is dropped. */
const placesPerListing = 4096;
/** At first every so many steps a place is kept. */
const firstStride = 32;
/**
 * The last places asked for, whatever their offsets: one for each reader that goes step by step.
 */
const recentMax = 8;

/** What stands at some offset of a listing: a path, or a name in a directory. */
type Place<At extends string> = { readonly offset: number; readonly at: At };

/**
 * How far some walk through one view has come. Everything up to the furthest offset was passed
 * once, so any offset before it is at most `stride` steps away from a place that is known.
 */
class Listing<At extends string> {
  /** What stands at offsets 0, stride, 2 * stride, ... */
  #places: At[] = [];
  #stride = firstStride;
  readonly #recent: Place<At>[] = [];
  #turn = 0;
  /** How many there are, once a walk came to the end. */
  count: number | null = null;
  /** Where this listing is found again. */
  readonly home: Map<string, Listing<string>>;
  readonly key: string;

  constructor(home: Map<string, Listing<string>>, key: string) {
    this.home = home;
    this.key = key;
  }

  /** The listing itself counts too, or empty ones would gather without a bound. */
  get size(): number {
    return 1 + this.#places.length + this.#recent.length;
  }

  /** The known place that is nearest to `offset` and not beyond it. */
  before(offset: number): Place<At> | null {
    const index = Math.min(Math.floor(offset / this.#stride), this.#places.length - 1);
    const at = this.#places[index];
    let nearest = at === undefined ? null : { offset: index * this.#stride, at };
    for (const place of this.#recent) {
      if (place.offset <= offset && (nearest === null || place.offset > nearest.offset)) {
        nearest = place;
      }
    }
    return nearest;
  }

  /** A walk passes `at`. Offsets are passed in order, beginning at a known place. */
  pass(offset: number, at: At): void {
    if (offset !== this.#places.length * this.#stride) return;
    this.#places.push(at);
    if (this.#places.length < placesPerListing) return;
    this.#places = this.#places.filter((_, index) => index % 2 === 0);
    this.#stride *= 2;
  }

  /** A walk ends at `place`, from where its reader is likely to go on. */
  stay(place: Place<At>, cameFrom: Place<At> | null): void {
    // A reader's new place takes the room of its last one; who jumped takes the oldest.
    const known = cameFrom === null ? -1 : this.#recent.indexOf(cameFrom);
    if (known !== -1) this.#recent[known] = place;
    else if (this.#recent.length < recentMax) this.#recent.push(place);
    else {
      this.#recent[this.#turn] = place;
      this.#turn = (this.#turn + 1) % recentMax;
    }
  }
}

/**
 * Remembers where walks through views have come, so that asking for offset, offset + 1, ... costs
 * one step each, however large the directory and however many readers take turns. It never keeps a
 * view alive.
 *
 * Bound: `placesMax` places in all listings together; beyond, the listing unused for longest is
 * forgotten, and its readers pay for one scan.
 */
export class Cursors {
  readonly #placesMax: number;
  /**
   * By the files of a view, since entries that change no file make a new view of the same files.
   */
  readonly #views = new WeakMap<object, Map<string, Listing<string>>>();
  /** All listings, the one unused for longest first. */
  readonly #used = new Set<Listing<string>>();
  #places = 0;

  constructor(placesMax: number) {
    assert(placesMax > 0, 'cursors keep at least one place');
    this.#placesMax = placesMax;
  }

  /** How many places are kept. */
  get size(): number {
    return this.#places;
  }

  /**
   * The `offset`th step of a walk that is told apart by `key`, or `null` past its end.
   *
   * @param from  the steps after a place, or all steps after `null`.
   */
  find<At extends string>(
    view: View,
    key: string,
    offset: number,
    from: (place: At | null) => Iterable<At>,
  ): At | null {
    const listing = this.#listing(view, key) as Listing<At>;
    if (listing.count !== null && offset >= listing.count) return null;
    const start = listing.before(offset);
    if (start?.offset === offset) return start.at;
    const sizeBefore = listing.size;
    let passed = start === null ? 0 : start.offset + 1;
    let found: At | null = null;
    for (const at of from(start === null ? null : start.at)) {
      listing.pass(passed, at);
      if (passed === offset) {
        listing.stay({ offset, at }, start);
        found = at;
        break;
      }
      passed++;
    }
    if (found === null) listing.count = passed;
    this.#places += listing.size - sizeBefore;
    this.#forget();
    return found;
  }

  #listing(view: View, key: string): Listing<string> {
    let home = this.#views.get(view.files);
    if (home === undefined) {
      home = new Map();
      this.#views.set(view.files, home);
    }
    let listing = home.get(key);
    if (listing === undefined) {
      listing = new Listing(home, key);
      home.set(key, listing);
      this.#places += listing.size;
    } else this.#used.delete(listing);
    this.#used.add(listing);
    return listing;
  }

  /** Keeps the listing in use, also if it alone is beyond the bound: it has a bound of its own. */
  #forget(): void {
    for (const listing of this.#used) {
      if (this.#places <= this.#placesMax || this.#used.size === 1) return;
      this.#used.delete(listing);
      listing.home.delete(listing.key);
      this.#places -= listing.size;
    }
  }
}

/** The answer to one step of listing a directory. */
export type ChildAt =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'notDirectory' }
  | { readonly kind: 'noEntry' }
  /** `offset` is negative, or there are not that many names. */
  | { readonly kind: 'range' };

/** The `offset`th name in `directory`, in the order of bytes. */
export function childAt(view: View, directory: Path, offset: number, cursors: Cursors): ChildAt {
  const count = view.directories.get(directory);
  if (count === undefined) {
    return { kind: view.files.has(directory) ? 'notDirectory' : 'noEntry' };
  }
  if (offset < 0 || offset >= count) return { kind: 'range' };
  const name = cursors.find<string>(view, directory, offset, (place) =>
    namesAfter(view, directory, place),
  );
  assert(name !== null, 'T3: a directory counts the names it holds');
  return { kind: 'name', name };
}

function* namesAfter(view: View, directory: Path, place: string | null): Generator<string, void> {
  let name = place === null ? firstChild(view, directory) : childAfter(view, directory, place);
  for (; name !== null; name = childAfter(view, directory, name)) yield name;
}

/** The `offset`th file that `glob` matches, in walk order; `null` if there are not that many. */
export function matchAt(view: View, glob: Glob, offset: number, cursors: Cursors): Found | null {
  if (offset < 0) return null;
  const path = offset > 0 && glob.exact !== null ? null : pathAt(view, glob, offset, cursors);
  const file = path === null ? undefined : view.files.get(path);
  return path === null || file === undefined ? null : { path, file };
}

function pathAt(view: View, glob: Glob, offset: number, cursors: Cursors): Path | null {
  if (glob.exact !== null) return glob.exact;
  // A pattern holds a wildcard and no path does, so this key cannot be that of a directory.
  return cursors.find<Path>(view, glob.text, offset, (place) => pathsAfter(view, glob, place));
}

function* pathsAfter(view: View, glob: Glob, place: Path | null): Generator<Path, void> {
  for (const [path] of view.files.entries(place ?? (glob.head as Path))) {
    if (!path.startsWith(glob.head)) return;
    if (path !== place && glob.matches(path)) yield path;
  }
}
