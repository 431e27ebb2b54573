// A folder held by one process. The lock is a file that says who holds it: pid, the moment that process
// started, and the machine's own boot, so that neither a pid used again nor a reboot is taken for the
// holder. Two who find the same stale lock at once are told apart by the kernel, where it can.
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { ClusterError } from '../base/index.ts';
import type { DiskLock } from '../ports/index.ts';
import { codeOf, diskFailed } from './failure.ts';

/** A lock that changes hands this often in a row is not stale. */
const attemptsMax = 10;

/** @throws ERR_LOCKED naming the process that holds it. */
export async function lockFile(path: string): Promise<DiskLock> {
  const mine = `pid ${process.pid}\nstarted ${await startOf(process.pid)}\nboot ${await machineBoot()}\nlock ${unique()}\n`;
  const draft = `${path}.${process.pid}.${unique()}`;
  const name = await claimName(path);
  let held = false;
  try {
    // Looked at before anything is written: on a full disk, too, the holder is what is in the way.
    const found = await readOrNull(path);
    if (found !== null && (await isAlive(found))) throw lockedBy(path, found);
    await writeFile(draft, mine, { flag: 'wx' });
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (await takeFree(draft, path)) {
        held = true;
        return { release: () => release(path, mine, name) };
      }
      const holder = await readOrNull(path);
      if (holder === null) continue;
      if (await isAlive(holder)) throw lockedBy(path, holder);
      await setStaleAside(path, holder);
    }
    throw lockedBy(path, (await readOrNull(path)) ?? '');
  } catch (error) {
    throw error instanceof ClusterError ? error : diskFailed('lock', path, error);
  } finally {
    // A draft that cannot be removed does no harm, and must not hide what went wrong before.
    await rm(draft, { force: true }).catch(() => undefined);
    if (!held) name?.close();
  }
}

/**
 * Binds an abstract socket named after the folder, which the kernel gives to one process and takes
 * back at its death, whatever that is. It is known within one network namespace only, so the file
 * still decides; this only lets one at a time look at a stale one. `null` where there is no such
 * thing.
 */
async function claimName(path: string): Promise<Server | null> {
  if (process.platform !== 'linux') return null;
  const { dev, ino } = await stat(dirname(path));
  const server = createServer((socket) => socket.destroy());
  const bound = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error) => {
      if (codeOf(error) === 'EADDRINUSE') resolve(false);
      else reject(diskFailed('lock', path, error));
    });
    server.listen(`\0doozer folder ${dev}:${ino} ${path.slice(dirname(path).length)}`, () => {
      resolve(true);
    });
  });
  if (!bound) throw lockedBy(path, (await readOrNull(path)) ?? '');
  server.unref();
  return server;
}

const unique = (): string => randomBytes(6).toString('hex');

/** Linking, unlike creating and then writing, never shows an empty lock to anyone. */
async function takeFree(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Of several who find the same stale lock only one can move it; the others look again. */
async function setStaleAside(path: string, stale: string): Promise<void> {
  const aside = `${path}.stale.${process.pid}.${unique()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  // Somebody else was faster and this is already the next holder's lock: give it back.
  if ((await readOrNull(aside)) !== stale) await takeFree(aside, path);
  await rm(aside, { force: true });
}

async function release(path: string, mine: string, name: Server | null): Promise<void> {
  if ((await readOrNull(path)) === mine) await rm(path, { force: true });
  if (name?.listening !== true) return;
  // The name is free for the next holder when the kernel has it back, not before.
  await new Promise((resolve) => name.close(resolve));
}

function lockedBy(path: string, holder: string): ClusterError {
  const pid = fieldOf(holder, 'pid') || 'unknown';
  return new ClusterError(
    'ERR_LOCKED',
    `Cannot use folder "${dirname(path)}": process ${pid} holds it; stop that process or choose another folder`,
  );
}

async function isAlive(holder: string): Promise<boolean> {
  const pid = Number(fieldOf(holder, 'pid'));
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (fieldOf(holder, 'boot') !== (await machineBoot())) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: alive, and somebody else's.
    if (codeOf(error) !== 'EPERM') return false;
  }
  return fieldOf(holder, 'started') === (await startOf(pid));
}

const fieldOf = (text: string, name: string): string =>
  text
    .split('\n')
    .find((line) => line.startsWith(`${name} `))
    ?.slice(name.length + 1) ?? '';

/**
 * When the process started, in ticks since the machine did; empty where there is no /proc. A process
 * that ended and was not collected by its parent yet is said to have started never.
 */
async function startOf(pid: number): Promise<string> {
  const stat = (await readOrNull(`/proc/${pid}/stat`)) ?? '';
  // The second field is the command in parentheses and may hold anything; `state` is the third,
  // `starttime` the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? 'never' : (fields[19] ?? '');
}

const machineBoot = async (): Promise<string> =>
  ((await readOrNull('/proc/sys/kernel/random/boot_id')) ?? '').trim();

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(codeOf(error))) return null;
    throw error;
  }
}
