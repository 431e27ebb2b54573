import { assert } from '../base/index.ts';
import type { Path } from '../paths/index.ts';

/*
 * A persistent B+ tree over paths in walk order. Writing copies the nodes on the way to the root,
 * and of those only the arrays that change: an overwrite shares all keys. (`sorted-btree` was tried
 * first. Its `clone()` is free, but the write after it copies the keys too and marks every sibling
 * of a copied node as shared; with 200,000 files a write took two to three times as long.)
 */

/** Keys of a leaf, or children of an inner node. Large enough for four levels to hold a million. */
export const fanout = 32;
/** A node with fewer is merged with its neighbour if both fit one. */
const fewest = fanout / 4;

export type Leaf<V> = {
  readonly keys: readonly Path[];
  readonly values: readonly V[];
  readonly children: null;
};

/** `keys[i]` separates: all of `children[i]` is less, all of `children[i + 1]` is not. */
type Inner<V> = {
  readonly keys: readonly Path[];
  readonly values: null;
  readonly children: readonly Node<V>[];
};

export type Node<V> = Leaf<V> | Inner<V>;

export const leafOf = <V>(keys: readonly Path[], values: readonly V[]): Leaf<V> => ({
  keys,
  values,
  children: null,
});

export const innerOf = <V>(keys: readonly Path[], children: readonly Node<V>[]): Inner<V> => ({
  keys,
  values: null,
  children,
});

const slash = 0x2f;
/**
 * A search answers with three things in one number: where, whether it is there, and what to skip.
 */
const placeMask = 0xff;
const foundBit = 0x100;
const skipShift = 9;

/**
 * Where `key` stands among `keys`, or would stand, by halving.
 *
 * All paths between two others begin with what those two have in common with `key`, so that much
 * need not be compared again, here or in the node below: paths are long and alike.
 */
function search(keys: readonly Path[], key: Path, skip: number): number {
  let low = 0;
  let high = keys.length;
  let skipLow = skip;
  let skipHigh = skip;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = keys[middle] as Path;
    const length = Math.min(other.length, key.length);
    let at = Math.min(skipLow, skipHigh);
    while (at < length && other.charCodeAt(at) === key.charCodeAt(at)) at++;
    if (at === length && other.length === key.length) {
      return (at << skipShift) | foundBit | middle;
    }
    if (isLess(other, key, at)) {
      low = middle + 1;
      skipLow = at;
    } else {
      high = middle;
      skipHigh = at;
    }
  }
  return (Math.min(skipLow, skipHigh) << skipShift) | low;
}

/** Whether `a` comes before `b`, which differ first at `at`: as `comparePaths`. */
function isLess(a: Path, b: Path, at: number): boolean {
  if (at === a.length) return true;
  if (at === b.length) return false;
  const x = a.charCodeAt(at);
  const y = b.charCodeAt(at);
  return x === slash || (y !== slash && x < y);
}

const isFound = (answer: number): boolean => (answer & foundBit) !== 0;
const placeOf = (answer: number): number => answer & placeMask;
const skipOf = (answer: number): number => answer >>> skipShift;
/** The child that a key belongs to: a separator itself belongs to its right. */
const childOf = (answer: number): number => placeOf(answer) + (isFound(answer) ? 1 : 0);
/** A separator that equals the key says nothing about what else is in the child. */
const skipBelow = (answer: number, skip: number): number =>
  isFound(answer) ? skip : skipOf(answer);

/** Values by path, in walk order. Immutable: writing answers with another map. */
export class PathMap<V> {
  readonly size: number;
  readonly #root: Node<V>;

  private constructor(root: Node<V>, size: number) {
    this.#root = root;
    this.size = size;
  }

  static empty<V>(): PathMap<V> {
    return new PathMap<V>(leafOf<V>([], []), 0);
  }

  /** The map of the `size` paths below `root`. For `PathMapBuilder`. */
  static of<V>(root: Node<V>, size: number): PathMap<V> {
    return new PathMap(root, size);
  }

  get(path: Path): V | undefined {
    let node = this.#root;
    let skip = 0;
    while (node.children !== null) {
      const answer = search(node.keys, path, skip);
      skip = skipBelow(answer, skip);
      node = node.children[childOf(answer)] as Node<V>;
    }
    const answer = search(node.keys, path, skip);
    return isFound(answer) ? node.values[placeOf(answer)] : undefined;
  }

  has(path: Path): boolean {
    return this.get(path) !== undefined;
  }

  /** The map in which `path` has `value`. */
  with(path: Path, value: V & NonNullable<unknown>): PathMap<V> {
    const written = write(this.#root, path, value, 0);
    const { left, right, separator } = written;
    const root = right === null ? left : innerOf([separator as Path], [left, right]);
    return new PathMap(root, this.size + (written.isNew ? 1 : 0));
  }

  /** The map without `path`. */
  without(path: Path): PathMap<V> {
    const left = remove(this.#root, path, 0);
    if (left === null) return this;
    let root = left;
    while (root.children !== null && root.children.length === 1) root = root.children[0] as Node<V>;
    return new PathMap(root, this.size - 1);
  }

  /** The first path after `place`, which need not be in the map. */
  nextAfter(place: Path): Path | null {
    const cursor = new PathCursor<V>(this.#root, place, true);
    return cursor.next() ? cursor.path : null;
  }

  /** All that stands at `from` or later, in walk order. */
  *entries(from?: Path): Generator<[Path, V], void> {
    const cursor = new PathCursor<V>(this.#root, from ?? ('/' as Path), false);
    while (cursor.next()) yield [cursor.path, cursor.value];
  }
}

/** Goes through a tree from a place on. */
class PathCursor<V> {
  /** The way down to the leaf, and which child was taken at each level. */
  readonly #parents: Inner<V>[] = [];
  readonly #places: number[] = [];
  #leaf: Leaf<V>;
  /** The entry that `next` stands on. */
  #place: number;

  constructor(root: Node<V>, from: Path, after: boolean) {
    let node = root;
    let skip = 0;
    while (node.children !== null) {
      const answer = search(node.keys, from, skip);
      skip = skipBelow(answer, skip);
      this.#parents.push(node);
      this.#places.push(childOf(answer));
      node = node.children[childOf(answer)] as Node<V>;
    }
    this.#leaf = node;
    const answer = search(node.keys, from, skip);
    this.#place = placeOf(answer) - (after && isFound(answer) ? 0 : 1);
  }

  get path(): Path {
    return this.#leaf.keys[this.#place] as Path;
  }

  get value(): V {
    return this.#leaf.values[this.#place] as V;
  }

  next(): boolean {
    this.#place++;
    return this.#place < this.#leaf.keys.length || this.#nextLeaf();
  }

  #nextLeaf(): boolean {
    for (let level = this.#parents.length - 1; level >= 0; level--) {
      const place = (this.#places[level] as number) + 1;
      const sibling = (this.#parents[level] as Inner<V>).children[place];
      if (sibling !== undefined) {
        this.#places[level] = place;
        this.#descend(sibling, level + 1);
        return true;
      }
    }
    return false;
  }

  /** To the first entry below `top`, whose parent stands at the level above `level`. */
  #descend(top: Node<V>, level: number): void {
    let node = top;
    for (let at = level; node.children !== null; at++) {
      this.#parents[at] = node;
      this.#places[at] = 0;
      node = node.children[0] as Node<V>;
    }
    this.#leaf = node;
    this.#place = 0;
  }
}

/** What a write made of a node: it, or two with a separator between. */
type Written<V> = {
  readonly left: Node<V>;
  readonly right: Node<V> | null;
  readonly separator: Path | null;
  readonly isNew: boolean;
};

function write<V>(node: Node<V>, path: Path, value: V, skip: number): Written<V> {
  const answer = search(node.keys, path, skip);
  if (node.children === null) return writeLeaf(node, answer, path, value);
  const place = childOf(answer);
  const child = node.children[place] as Node<V>;
  const written = write(child, path, value, skipBelow(answer, skip));
  const children = node.children.slice();
  children[place] = written.left;
  if (written.right === null) {
    return one(innerOf(node.keys, children), written.isNew);
  }
  children.splice(place + 1, 0, written.right);
  const keys = node.keys.toSpliced(place, 0, written.separator as Path);
  if (children.length <= fanout) return one(innerOf(keys, children), true);
  const half = halfOf(place + 1, children.length);
  return {
    left: innerOf(keys.slice(0, half - 1), children.slice(0, half)),
    right: innerOf(keys.slice(half), children.slice(half)),
    separator: keys[half - 1] as Path,
    isNew: true,
  };
}

function writeLeaf<V>(leaf: Leaf<V>, answer: number, path: Path, value: V): Written<V> {
  const place = placeOf(answer);
  if (isFound(answer)) {
    const values = leaf.values.slice();
    values[place] = value;
    return one(leafOf(leaf.keys, values), false);
  }
  const keys = leaf.keys.toSpliced(place, 0, path);
  const values = leaf.values.toSpliced(place, 0, value);
  if (keys.length <= fanout) return one(leafOf(keys, values), true);
  const half = halfOf(place, keys.length);
  return {
    left: leafOf(keys.slice(0, half), values.slice(0, half)),
    right: leafOf(keys.slice(half), values.slice(half)),
    separator: keys[half] as Path,
    isNew: true,
  };
}

const one = <V>(left: Node<V>, isNew: boolean): Written<V> => ({
  left,
  right: null,
  separator: null,
  isNew,
});

/** Where to cut. Paths that come in order, as from a snapshot, leave full nodes behind. */
const halfOf = (place: number, length: number): number =>
  place === length - 1 ? length - 1 : length >>> 1;

/** The node without `path`, or `null` if it is not there. */
function remove<V>(node: Node<V>, path: Path, skip: number): Node<V> | null {
  const answer = search(node.keys, path, skip);
  if (node.children === null) {
    if (!isFound(answer)) return null;
    const place = placeOf(answer);
    return leafOf(node.keys.toSpliced(place, 1), node.values.toSpliced(place, 1));
  }
  const place = childOf(answer);
  const child = remove(node.children[place] as Node<V>, path, skipBelow(answer, skip));
  if (child === null) return null;
  const children = node.children.slice();
  children[place] = child;
  if (sizeOf(child) >= fewest) return innerOf(node.keys, children);
  return mergeAt(node.keys, children, place);
}

const sizeOf = <V>(node: Node<V>): number => (node.children ?? node.keys).length;

/** Merges the child at `place` with a neighbour, if both fit one node; an empty one always does. */
function mergeAt<V>(keys: readonly Path[], children: Node<V>[], place: number): Inner<V> {
  const left = place > 0 ? place - 1 : 0;
  const [a, b] = [children[left], children[left + 1]];
  if (a === undefined || b === undefined || sizeOf(a) + sizeOf(b) > fanout) {
    return innerOf(keys, children);
  }
  children.splice(left, 2, merged(a, b, keys[left] as Path));
  return innerOf(keys.toSpliced(left, 1), children);
}

function merged<V>(a: Node<V>, b: Node<V>, separator: Path): Node<V> {
  if (a.children === null) {
    assert(b.children === null, 'all leaves stand at one depth');
    return leafOf([...a.keys, ...b.keys], [...a.values, ...b.values]);
  }
  assert(b.children !== null, 'all leaves stand at one depth');
  return innerOf([...a.keys, separator, ...b.keys], [...a.children, ...b.children]);
}
