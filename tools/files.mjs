// Which files there are. Tools read the disk, not git: what is written and not yet added counts.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top folder of the project. */
export const top = fileURLToPath(new URL('..', import.meta.url));

const skipped = new Set(['node_modules', 'dist', 'coverage', 'tmp', '.git']);

/**
 * Files below `folder` (relative to the top) whose name ends in one of `endings`, sorted, as paths
 * from the top with forward slashes. A folder that does not exist holds none.
 */
export function filesUnder(folder, ...endings) {
  let entries;
  try {
    entries = readdirSync(join(top, folder), { recursive: false, withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  const found = [];
  for (const entry of entries) {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !skipped.has(entry.name))
      found.push(...filesUnder(path, ...endings));
    else if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) {
      found.push(path);
    }
  }
  return found.sort();
}

/** Folders directly below `folder`, sorted. */
export function foldersIn(folder) {
  try {
    return readdirSync(join(top, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** A path as it is shown to people: from where they stand. */
export function shown(path) {
  return relative(process.cwd(), join(top, path)) || '.';
}
