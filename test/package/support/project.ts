import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Said } from '../../support/scratch.ts';

const top = fileURLToPath(new URL('../../../', import.meta.url));
const inTop = (...path: string[]): string => join(top, 'node_modules', ...path);

/**
 * An empty project of somebody else, with doozer installed from an archive as `npm publish` would make it.
 * Nothing comes over the network: what doozer depends on is copied from here, so npm finds it there already.
 */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), 'doozer-package-'));

  /** Builds, packs and installs. */
  async install(): Promise<void> {
    await must(command(top, process.execPath, [join(top, 'tools', 'build.mjs')]));
    const pack = [join(top, 'tools', 'pack.mjs'), this.folder];
    const archive = (await must(command(top, process.execPath, pack))).trim();
    this.write('package.json', JSON.stringify({ name: 'guest', private: true, type: 'module' }));
    this.#copyDependencies();
    const flags = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    const cache = ['--cache', join(this.folder, '.cache')];
    await must(command(this.folder, 'npm', ['install', ...flags, ...cache, archive]));
    // For the compiler alone.
    for (const name of ['@types/node', 'undici-types']) this.#copy(`node_modules/${name}`);
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), text);
  }

  /** Runs a program of the project. */
  run(file: string, ...args: string[]): Promise<Said> {
    return command(this.folder, process.execPath, [file, ...args]);
  }

  /**
   * Checks the types of `files` as strictly as can be, doozer's own declarations included. `world`: whose
   * globals there are.
   */
  compile(
    files: readonly string[],
    module: 'nodenext' | 'bundler',
    world: 'node' | 'browser',
  ): Promise<Said> {
    const names =
      module === 'nodenext'
        ? ['--module', 'nodenext', '--moduleResolution', 'nodenext']
        : ['--module', 'esnext', '--moduleResolution', 'bundler'];
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
    const globals =
      world === 'node' ? ['--types', 'node', '--lib', 'es2023'] : ['--lib', 'es2023,dom'];
    const options = ['--target', 'es2023', '--noEmit', '--skipDefaultLibCheck', ...globals];
    const tsc = inTop('typescript', 'bin', 'tsc');
    return this.run(tsc, ...names, ...strict, ...options, ...files);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Everything of our own lock file that is not for development, with the commands that npm looks for. */
  #copyDependencies(): void {
    const lock: unknown = JSON.parse(readFileSync(join(top, 'package-lock.json'), 'utf8'));
    const { packages } = lock as { packages: Record<string, { readonly dev?: boolean }> };
    for (const [path, { dev }] of Object.entries(packages)) {
      if (path !== '' && dev !== true && existsSync(join(top, path))) this.#copy(path);
    }
    const commands = join(this.folder, 'node_modules', '.bin');
    mkdirSync(commands);
    for (const name of readdirSync(inTop('.bin'))) {
      const target = readlinkSync(inTop('.bin', name));
      if (existsSync(join(commands, target))) symlinkSync(target, join(commands, name));
    }
  }

  #copy(path: string): void {
    cpSync(join(top, path), join(this.folder, path), { recursive: true });
  }
}

function command(folder: string, program: string, args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
    });
  });
}

async function must(saying: Promise<Said>): Promise<string> {
  const { code, err, out } = await saying;
  if (code !== 0) throw new Error(`Cannot install the package: ${out}${err}`);
  return out;
}
