import { assert, type Prng } from '../../base/index.ts';
import type { FileImage } from './image.ts';
import type { DiskTally, Mood } from './tally.ts';

export class Folder {
  /** As processes see it. */
  names = new Map<string, FileImage | Folder>();
  /** As the disk has it. */
  readonly durable = new Map<string, FileImage | Folder>();
}

type Place = { readonly folder: Folder; readonly name: string };

/** One change of names, and the folders that have to be synced before the disk has it. */
type Change = {
  readonly order: number;
  readonly node: FileImage | Folder;
  /** `null`: it is made. */
  readonly from: Place | null;
  /** `null`: it goes. */
  readonly to: Place | null;
  readonly waiting: Set<Folder>;
};

/**
 * The names of a disk. Changes reach it one by one, and in any order but for those of one name or one
 * file, which keep theirs; a rename is there whole or not at all.
 */
export class Names {
  #root = new Folder();
  /** Oldest first. */
  #changes: Change[] = [];
  #order = 0;

  get root(): Folder {
    return this.#root;
  }

  find(path: string): FileImage | Folder | null {
    let node: FileImage | Folder = this.#root;
    if (path === '') return node;
    for (const name of path.split('/')) {
      if (!(node instanceof Folder)) return null;
      const next = node.names.get(name);
      if (next === undefined) return null;
      node = next;
    }
    return node;
  }

  /** Where a name stands or would stand; `null` if that folder is not there. */
  place(path: string): Place | null {
    const slash = path.lastIndexOf('/');
    const folder = this.find(slash < 0 ? '' : path.slice(0, slash));
    return folder instanceof Folder ? { folder, name: path.slice(slash + 1) } : null;
  }

  create(to: Place, node: FileImage): void {
    to.folder.names.set(to.name, node);
    this.#note(node, null, to, [to.folder]);
  }

  rename(from: Place, to: Place): void {
    const node = from.folder.names.get(from.name);
    assert(node !== undefined, 'what is renamed is there');
    from.folder.names.delete(from.name);
    to.folder.names.set(to.name, node);
    this.#note(node, from, to, [from.folder, to.folder]);
  }

  /** A folder goes with all that is in it, one name after the other; `most` names at most. */
  remove(from: Place, most = Number.POSITIVE_INFINITY): void {
    let left = most;
    // What was in the folder is gone for good once the folder is.
    const removeIn = (place: Place): void => {
      const node = place.folder.names.get(place.name);
      assert(node !== undefined, 'what is removed is there');
      if (node instanceof Folder)
        for (const name of [...node.names.keys()]) removeIn({ folder: node, name });
      if (left-- <= 0) return;
      place.folder.names.delete(place.name);
      this.#note(node, place, null, [from.folder]);
    };
    removeIn(from);
  }

  /** Durable at once, as the port says. */
  makeFolders(path: string): void {
    let folder = this.#root;
    for (const name of path.split('/')) {
      let next = folder.names.get(name);
      if (!(next instanceof Folder)) {
        next = new Folder();
        folder.names.set(name, next);
        folder.durable.set(name, next);
      }
      folder = next;
    }
  }

  /** What changed until now. */
  get mark(): number {
    return this.#order;
  }

  /** What changed in this folder before `mark` is on the disk. */
  sync(folder: Folder, mark: number): void {
    for (const { order, waiting } of this.#changes) if (order < mark) waiting.delete(folder);
    let done = 0;
    for (const change of this.#changes) {
      if (change.waiting.size > 0) break;
      apply(change);
      done++;
    }
    if (done > 0) this.#changes = this.#changes.slice(done);
  }

  powerCut(chance: Prng, mood: Mood, tally: DiskTally): void {
    // Most file systems keep a journal: what they lose is the end of it.
    const journal = mood === 'each for itself' && chance.below(3) === 0;
    const whole = journal ? chance.below(this.#changes.length + 1) : 0;
    const lost: Change[] = [];
    for (const [i, change] of this.#changes.entries()) {
      const wanted =
        mood === 'all kept' ||
        (mood !== 'all lost' && (journal ? i < whole : chance.below(2) === 0));
      const synced = change.waiting.size === 0;
      if (synced || (wanted && !lost.some((other) => meet(change, other)))) {
        apply(change);
        if (!synced) tally.namesKept++;
      } else {
        lost.push(change);
        tally.namesLost++;
      }
    }
    this.#changes = [];
    restore(this.#root);
  }

  /** A name that was durable is not there any more. */
  lose({ folder, name }: Place): void {
    folder.names.delete(name);
    folder.durable.delete(name);
  }

  /** Is this name on the disk, and for this file? */
  isDurable({ folder, name }: Place): boolean {
    const node = folder.durable.get(name);
    return node !== undefined && node === folder.names.get(name);
  }

  loseAll(): void {
    this.#root = new Folder();
    this.#changes = [];
  }

  #note(
    node: FileImage | Folder,
    from: Place | null,
    to: Place | null,
    waiting: readonly Folder[],
  ): void {
    this.#changes.push({ order: this.#order++, node, from, to, waiting: new Set(waiting) });
  }
}

function apply({ node, from, to }: Change): void {
  if (from !== null && from.folder.durable.get(from.name) === node)
    from.folder.durable.delete(from.name);
  if (to !== null) to.folder.durable.set(to.name, node);
}

const samePlace = (a: Place | null, b: Place | null): boolean =>
  a !== null && b !== null && a.folder === b.folder && a.name === b.name;

/** Do two changes touch the same name or the same file? */
const meet = (a: Change, b: Change): boolean =>
  a.node === b.node ||
  samePlace(a.from, b.from) ||
  samePlace(a.from, b.to) ||
  samePlace(a.to, b.from) ||
  samePlace(a.to, b.to);

/** Everything is what the disk has. */
function restore(folder: Folder): void {
  folder.names = new Map(folder.durable);
  for (const node of folder.names.values()) if (node instanceof Folder) restore(node);
}

/** Calls `each` with every file, in the order in which names were made. */
export function eachFile(
  folder: Folder,
  each: (path: string, file: FileImage, place: Place) => void,
  prefix = '',
): void {
  for (const [name, node] of folder.names) {
    if (node instanceof Folder) eachFile(node, each, `${prefix}${name}/`);
    else each(prefix + name, node, { folder, name });
  }
}

/** The file of this path; `null`: none. */
export function fileAt(names: Names, path: string): FileImage | null {
  const node = names.find(path);
  return node instanceof Folder ? null : node;
}
