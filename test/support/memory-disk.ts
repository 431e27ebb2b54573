// A disk in memory that can lose power. What was synced stays; what was not is kept or lost sector by
// sector, and names in folders one change at a time, as chance has it.
import { assert, ClusterError, type Prng } from '../../src/base/index.ts';
import type { Disk, DiskFile } from '../../src/ports/index.ts';

const sectorBytes = 512;

/** What each unsynced thing meets when the power goes. */
export type Survival = (what: 'sector' | 'name') => 'kept' | 'lost' | 'torn';

export const allKept: Survival = () => 'kept';
export const allLost: Survival = () => 'lost';
/** Each for itself; one sector in eight is torn in the middle. Names are kept or lost. */
export const byChance =
  (prng: Prng): Survival =>
  (what) => {
    if (what === 'sector' && prng.below(8) === 0) return 'torn';
    return prng.below(2) === 0 ? 'kept' : 'lost';
  };

export type MemoryDisk = Disk & {
  /** Called before each operation that changes something, with a line for people. May throw. */
  watch: (operation: string) => void;
  /** Power goes and comes back: open files are gone, locks too. */
  readonly crash: (survival: Survival) => void;
  /** Flips bits of one byte, also of what is durable: rot. */
  readonly rot: (path: string, offset: number, bits?: number) => void;
  /** The bytes as they are now. */
  readonly peek: (path: string) => Uint8Array;
  readonly paths: () => readonly string[];
};

/** What stays of a file when its name changes. */
class Inode {
  /** Its latest name, for the lines of `watch`. */
  name = '';
  bytes = new Uint8Array(0);
  durable = new Uint8Array(0);
  readonly dirty = new Set<number>();

  write(position: number, part: Uint8Array): void {
    const end = position + part.length;
    if (end > this.bytes.length) this.resize(end);
    this.bytes.set(part, position);
    const last = Math.ceil(end / sectorBytes);
    for (let s = Math.floor(position / sectorBytes); s < last; s++) this.dirty.add(s);
  }

  resize(size: number): void {
    const next = new Uint8Array(size);
    next.set(this.bytes.subarray(0, size));
    this.bytes = next;
  }

  sync(): void {
    if (this.durable.length !== this.bytes.length) this.durable = this.bytes.slice();
    for (const s of this.dirty) this.#copy(s, sectorBytes);
    this.dirty.clear();
  }

  crash(survival: Survival): void {
    if (this.bytes.length !== this.durable.length && survival('name') === 'kept') {
      const grown = new Uint8Array(this.bytes.length);
      grown.set(this.durable.subarray(0, grown.length));
      this.durable = grown;
    }
    for (const s of this.dirty) {
      const fate = survival('sector');
      if (fate === 'kept') this.#copy(s, sectorBytes);
      // The head of the sector made it, in steps of eight bytes.
      else if (fate === 'torn') this.#copy(s, sectorBytes / 2 - 8);
    }
    this.dirty.clear();
    this.bytes = this.durable.slice();
  }

  #copy(sector: number, bytes: number): void {
    const from = sector * sectorBytes;
    if (from >= this.durable.length) return;
    const part = this.bytes.subarray(from, Math.min(from + bytes, this.durable.length));
    this.durable.set(part, from);
  }
}

type Names = { readonly files: Map<string, Inode>; readonly folders: Set<string> };
/** A change of names, and the folders that have to be synced before it is durable. */
type Change = { readonly apply: (names: Names) => void; readonly waiting: Set<string> };

const folderOf = (path: string) => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
const failed = (message: string) => new ClusterError('ERR_DISK_FAILED', message);

export function memoryDisk(name = 'memory'): MemoryDisk {
  let now: Names = { files: new Map(), folders: new Set(['']) };
  const durable: Names = { files: new Map(), folders: new Set(['']) };
  let changes: Change[] = [];
  let locked = false;
  /** Files opened before a crash are gone. */
  let life = 0;

  const change = (folders: readonly string[], apply: (names: Names) => void): void => {
    apply(now);
    changes.push({ apply, waiting: new Set(folders) });
  };

  const settle = (): void => {
    while (changes[0] !== undefined && changes[0].waiting.size === 0)
      changes.shift()?.apply(durable);
  };

  const rename = (names: Names, from: string, to: string): void => {
    const move = (path: string) => (path === from ? to : `${to}${path.slice(from.length)}`);
    const within = (path: string) => path === from || path.startsWith(`${from}/`);
    for (const [path, inode] of [...names.files]) {
      if (!within(path)) continue;
      names.files.delete(path);
      names.files.set(move(path), inode);
    }
    for (const folder of [...names.folders]) {
      if (!within(folder)) continue;
      names.folders.delete(folder);
      names.folders.add(move(folder));
    }
  };

  const remove = (names: Names, path: string): void => {
    const within = (other: string) => other === path || other.startsWith(`${path}/`);
    for (const file of [...names.files.keys()]) if (within(file)) names.files.delete(file);
    for (const folder of [...names.folders]) if (within(folder)) names.folders.delete(folder);
  };

  const inodeAt = (path: string): Inode => {
    const inode = now.files.get(path);
    assert(inode !== undefined, `the file ${path} is there`);
    return inode;
  };

  const disk: MemoryDisk = {
    name,
    watch: () => {},
    open: async (path, how) => {
      if (how === 'create') {
        disk.watch(`create ${path}`);
        if (now.files.has(path)) throw failed(`Cannot create "${path}": EEXIST`);
        if (!now.folders.has(folderOf(path))) throw failed(`Cannot create "${path}": ENOENT`);
        const inode = new Inode();
        inode.name = path;
        change([folderOf(path)], (names) => names.files.set(path, inode));
      }
      const inode = now.files.get(path);
      if (inode === undefined) return null;
      const opened = life;
      return memoryFile(inode, disk, () => opened === life);
    },
    list: async (folder) => {
      const inside = [...now.files.keys(), ...now.folders].filter(
        (path) => path !== '' && folderOf(path) === folder,
      );
      return inside.map((path) => path.slice(folder === '' ? 0 : folder.length + 1)).sort();
    },
    exists: async (path) => now.files.has(path) || now.folders.has(path),
    makeFolder: async (folder) => {
      if (now.folders.has(folder)) return;
      disk.watch(`makeFolder ${folder}`);
      const steps = folder.split('/').map((_, i, all) => all.slice(0, i + 1).join('/'));
      for (const names of [now, durable]) for (const step of steps) names.folders.add(step);
    },
    rename: async (from, to) => {
      disk.watch(`rename ${from} -> ${to}`);
      if (!now.files.has(from) && !now.folders.has(from)) {
        throw failed(`Cannot rename "${from}": ENOENT`);
      }
      change([folderOf(from), folderOf(to)], (names) => rename(names, from, to));
      for (const [path, inode] of now.files) inode.name = path;
    },
    remove: async (path) => {
      if (!now.files.has(path) && !now.folders.has(path)) return;
      disk.watch(`remove ${path}`);
      change([folderOf(path)], (names) => remove(names, path));
    },
    syncFolder: async (folder) => {
      disk.watch(`syncFolder ${folder === '' ? '.' : folder}`);
      for (const { waiting } of changes) waiting.delete(folder);
      settle();
    },
    lock: async (path) => {
      if (locked) throw new ClusterError('ERR_LOCKED', `Cannot use "${path}": process 1 holds it`);
      locked = true;
      const held = life;
      return {
        release: async () => {
          if (held === life) locked = false;
        },
      };
    },
    crash: (survival) => {
      life++;
      locked = false;
      for (const { apply, waiting } of changes) {
        if (waiting.size === 0 || survival('name') === 'kept') apply(durable);
      }
      changes = [];
      for (const inode of new Set(durable.files.values())) inode.crash(survival);
      now = { files: new Map(durable.files), folders: new Set(durable.folders) };
    },
    rot: (path, offset, bits = 1) => {
      const inode = inodeAt(path);
      for (const bytes of [inode.bytes, inode.durable]) {
        bytes[offset] = (bytes[offset] ?? 0) ^ bits;
      }
    },
    peek: (path) => inodeAt(path).bytes.slice(),
    paths: () => [...now.files.keys()].sort(),
  };
  return disk;
}

function memoryFile(
  inode: Inode,
  disk: Disk & Pick<MemoryDisk, 'watch'>,
  alive: () => boolean,
): DiskFile {
  let open = true;
  const use = (operation: string | null): void => {
    if (!alive()) throw failed(`Cannot use "${inode.name}": the power went`);
    assert(open, 'a closed file is not used');
    if (operation !== null) disk.watch(operation);
  };
  return {
    read: async (position, length) => {
      use(null);
      return inode.bytes.slice(position, position + length);
    },
    write: async (position, parts) => {
      const bytes = parts.reduce((sum, part) => sum + part.length, 0);
      use(`write ${inode.name} at ${position}: ${bytes}`);
      let at = position;
      for (const part of parts) {
        inode.write(at, part);
        at += part.length;
      }
    },
    sync: async () => {
      use(`sync ${inode.name}`);
      inode.sync();
    },
    truncate: async (size) => {
      use(`truncate ${inode.name} to ${size}`);
      inode.resize(size);
    },
    size: async () => {
      use(null);
      return inode.bytes.length;
    },
    close: async () => {
      open = false;
    },
  };
}
