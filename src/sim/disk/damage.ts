// How a disk loses or spoils what was durable.
import type { Prng } from '../../base/index.ts';
import type { DiskCore } from './core.ts';
import { type FileImage, sectorBytes } from './image.ts';
import { eachFile } from './names.ts';

/** Kinds of file whose loss somebody has to notice, by where they stand in a data folder. */
const kinds = ['log/', 'snapshots/', 'state', 'node'] as const;

const matters = (path: string): boolean =>
  path === 'state' || path === 'node' || /^log\/\d+\.seg$/.test(path) || isSnapshot(path);

const isSnapshot = (path: string): boolean => /^snapshots\/.*\.snap$/.test(path);

type Found = { readonly path: string; readonly file: FileImage };

/** One file of those wanted: first a kind, then one of it, so that two small files count as much as a log. */
function chooseFile(disk: DiskCore, wanted: (found: Found) => boolean): Found | null {
  const found: Found[] = [];
  eachFile(disk.names.root, (path, file, place) => {
    if (matters(path) && disk.names.isDurable(place) && wanted({ path, file }))
      found.push({ path, file });
  });
  const there = kinds
    .map((kind) => found.filter(({ path }) => path.startsWith(kind)))
    .filter((files) => files.length > 0);
  return oneOf(oneOf(there, disk.chance) ?? [], disk.chance);
}

const oneOf = <T>(list: readonly T[], chance: Prng): T | null =>
  list.length === 0 ? null : (list[chance.below(list.length)] ?? null);

/** @returns what was flipped, for people; `null` if nothing durable is there. */
export function flipBit(disk: DiskCore, prefix: string): string | null {
  const { chance } = disk;
  const found = chooseFile(
    disk,
    ({ path, file }) => path.startsWith(prefix) && file.durableSectors().length > 0,
  );
  if (found === null) return null;
  const { path, file } = found;
  const sector = oneOf(file.durableSectors(), chance) ?? 0;
  const at = sector * sectorBytes + chance.below(file.lastUsed(sector) + 1);
  const bit = chance.below(8);
  file.flip(at, 1 << bit);
  return `bit ${bit} of byte ${at} of ${path}`;
}

/** The same, where the newest part of the log stands: in what was promised last. */
export function flipTail(disk: DiskCore): string | null {
  let newest: Found | null = null;
  eachFile(disk.names.root, (path, file, place) => {
    if (!/^log\/\d+\.seg$/.test(path) || !disk.names.isDurable(place)) return;
    if (newest === null || path > newest.path) newest = { path, file };
  });
  const found = newest as Found | null;
  const sectors = found?.file.durableSectors().slice(-2) ?? [];
  const sector = oneOf(sectors, disk.chance);
  if (found === null || sector === null) return null;
  const at = sector * sectorBytes + disk.chance.below(found.file.lastUsed(sector) + 1);
  found.file.flip(at, 1 << disk.chance.below(8));
  return `a bit of byte ${at} of ${found.path}`;
}

export function loseName(disk: DiskCore): string | null {
  const lost = chooseFile(disk, () => true);
  if (lost === null) return null;
  eachFile(disk.names.root, (path, _, place) => {
    if (path === lost.path) disk.names.lose(place);
  });
  return `the name ${lost.path}`;
}

export function truncateSnapshot(disk: DiskCore): string | null {
  let newest: Found | null = null;
  eachFile(disk.names.root, (path, file, place) => {
    if (!isSnapshot(path) || !disk.names.isDurable(place) || file.size === 0) return;
    // Their names begin with the index, in digits of one length.
    if (newest === null || path > newest.path) newest = { path, file };
  });
  const found = newest as Found | null;
  if (found === null) return null;
  const size = disk.chance.below(found.file.size);
  const was = found.file.size;
  found.file.cut(size);
  return `${found.path} from byte ${size} of ${was} on`;
}

/**
 * A write lands at another place of its file, as far from a sector's beginning as it should have, or in
 * another file; where it belongs stays what stood there. False if there is no such place.
 */
export function misdirect(
  disk: DiskCore,
  own: FileImage,
  ownPath: string,
  position: number,
  parts: readonly Uint8Array[],
): boolean {
  const { chance } = disk;
  let target = own;
  let path = ownPath;
  if (chance.below(4) === 0) {
    const other = chooseFile(disk, ({ file }) => file !== own);
    if (other !== null) ({ file: target, path } = other);
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const inSector = position % sectorBytes;
  const places = Math.floor((target.size - inSector - length) / sectorBytes) + 1;
  if (places < 1 || length === 0) return false;
  const sector = chance.below(places);
  const at = sector * sectorBytes + inSector;
  if (target === own && at === position) return false;
  let next = at;
  for (const part of parts) {
    target.strike(next, part);
    next += part.length;
  }
  disk.tally.misdirected++;
  disk.world.say(
    () => `disk ${disk.name} writes ${ownPath} at ${position} to ${path} at ${at}: ${length} bytes`,
  );
  return true;
}
