// Scratch copies of the house, to break laws in: the real checks and their settings over made-up files.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('../../', import.meta.url));
const settings = [
  'package.json',
  'tsconfig.json',
  'tsconfig.pure.json',
  'eslint.config.mjs',
  '.dependency-cruiser.mjs',
];
const tools = [
  'house.mjs',
  'files.mjs',
  'check-house.mjs',
  'check-architecture.mjs',
  'check-docs.mjs',
  'print-house.mjs',
];

/** Files by path, with their text. */
export type Files = Readonly<Record<string, string>>;

/** What a command said, and how it ended. */
export type Said = { readonly code: number; readonly out: string; readonly err: string };

/** Scratch houses in a temporary folder of their own. */
export class Scratch {
  readonly #folder = mkdtempSync(join(tmpdir(), 'doozer-house-'));

  /** Makes a house of `files` under a name not used before, and returns its folder. */
  build(name: string, files: Files): string {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    symlinkSync(join(top, 'node_modules'), join(folder, 'node_modules'), 'dir');
    for (const file of [...settings, ...tools.map((tool) => `tools/${tool}`)]) {
      cpSync(join(top, file), join(folder, file));
    }
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), `${text.trimEnd()}\n`);
    }
    return folder;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Runs `node` in a folder; an exit code is an answer, not a failure. */
export function node(folder: string, ...args: string[]): Promise<Said> {
  return new Promise((resolve) => {
    const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, args, options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
    });
  });
}
