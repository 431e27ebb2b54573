// What `npm test`, `npm start` and `npm run drill` share: a fresh clone is made ready first, so that
// each works as the first command ever given. Uses nothing that would have to be installed.
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { top } from './files.mjs';

const oldest = [20, 19];
/** npm writes the lock file and its own copy in node_modules within this time of each other. */
const slackMillis = 2_000;

/** Runs a command in the top folder with our terminal, hands signals on, and resolves with its exit code. */
export function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: top, stdio: 'inherit' });
    const handOn = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, handOn);
    const settle = (end) => {
      for (const signal of signals) process.off(signal, handOn);
      end();
    };
    child.on('error', (error) => settle(() => reject(error)));
    child.on('close', (code, signal) => settle(() => resolve(code ?? (signal === null ? 1 : 130))));
  });
}

/** Runs `node` on a file of this project. */
export function runNode(...args) {
  return run(process.execPath, args);
}

/** Installs what package-lock.json says when node_modules is missing or older. */
export async function ensureInstalled() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    console.error(`doozer needs Node ${oldest.join('.')} or later; this is ${process.version}`);
    process.exit(1);
  }
  const lock = join(top, 'package-lock.json');
  const installed = join(top, 'node_modules', '.package-lock.json');
  if (
    existsSync(installed) &&
    statSync(lock).mtimeMs <= statSync(installed).mtimeMs + slackMillis
  ) {
    return;
  }
  console.log('installing (npm ci)');
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) process.exit(code);
}

/** Installs if needed, then builds what changed. */
export async function ensureBuilt() {
  await ensureInstalled();
  const code = await runNode(join('tools', 'build.mjs'));
  if (code !== 0) process.exit(code);
}
