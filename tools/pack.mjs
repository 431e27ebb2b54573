// The package as an archive: `npm pack` without its own build, which whoever asks has made already.
// `node tools/pack.mjs FOLDER` prints where the archive is.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { top } from './files.mjs';

/** Packs what was built into `folder`; the archive's path. */
export function pack(folder) {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const said = execFileSync('npm', args, { cwd: top, encoding: 'utf8', stdio: 'pipe' });
  const [{ filename }] = JSON.parse(said);
  return join(folder, filename);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) console.log(pack(process.argv[2]));
