// Writes dist/: the compiled source and drills, and the web view's static files. Only what changed is
// compiled again; what has no source any more is removed.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesUnder, top } from './files.mjs';

const compiled = ['src', 'firedrills'];
const outputs = ['.js', '.js.map', '.d.ts'];
const web = 'src/doors/web';
const webEndings = ['.html', '.css', '.js', '.svg', '.ico', '.png'];

const wanted = new Set();
for (const folder of compiled) {
  for (const file of filesUnder(folder, '.ts')) {
    if (file.endsWith('.d.ts')) continue;
    for (const ending of outputs) wanted.add(`dist/${file.slice(0, -'.ts'.length)}${ending}`);
  }
}

// The compiler's notes say what it wrote, not what is still there.
if ([...wanted].some((file) => !existsSync(join(top, file)))) {
  rmSync(join(top, 'dist', '.tsbuildinfo'), { force: true });
}

const tsc = join(top, 'node_modules', 'typescript', 'bin', 'tsc');
const args = [tsc, '-p', 'tsconfig.build.json', '--pretty', String(process.stdout.isTTY === true)];
const { status } = spawnSync(process.execPath, args, { cwd: top, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

for (const file of filesUnder(web, ...webEndings)) {
  const copy = `dist/${file}`;
  wanted.add(copy);
  mkdirSync(join(top, dirname(copy)), { recursive: true });
  cpSync(join(top, file), join(top, copy));
}

// filesUnder skips a folder called dist when it meets one, not when it is asked for one.
for (const file of compiled.flatMap((folder) => filesUnder(`dist/${folder}`, ''))) {
  if (!wanted.has(file)) rmSync(join(top, file));
}
