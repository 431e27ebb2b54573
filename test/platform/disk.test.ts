import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { must } from '../../src/base/index.ts';
import { openDisk } from '../../src/platform/index.ts';
import { describeDisk } from '../contracts/disk.contract.ts';
import { memoryDisk } from '../support/memory-disk.ts';

const scratch = () => mkdtempSync(join(tmpdir(), 'doozer-disk-'));

describeDisk('openDisk()', async () => {
  const folder = scratch();
  return {
    disk: await openDisk(join(folder, 'made/on/the/way')),
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

describeDisk('memoryDisk()', async () => ({ disk: memoryDisk(), dispose: async () => {} }));

describe('the lock of a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = scratch();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('names the process that holds it, and leaves no draft behind', async () => {
    const disk = await openDisk(folder);
    const lock = await disk.lock('lock');
    await expect(disk.lock('lock')).rejects.toThrow(`process ${process.pid}`);
    expect(readdirSync(folder)).toEqual(['lock']);
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is taken over from a process that is gone', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    writeFileSync(join(folder, 'lock'), `pid ${child.pid}\nstarted 1\nboot ${bootId()}\n`);
    const lock = await (await openDisk(folder)).lock('lock');
    expect(readFileSync(join(folder, 'lock'), 'utf8')).toContain(`pid ${process.pid}\n`);
    expect(readdirSync(folder)).toEqual(['lock']);
    await lock.release();
  });

  test('is taken over from a process that ended and that nobody has collected', async () => {
    // A shell that becomes `sleep` leaves its child uncollected.
    const script = 'cat <&3 & echo $!; exec 3<&-; exec sleep 60';
    const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
    const [line] = (await once(must(shell.stdout, 'it is a pipe'), 'data')) as [Buffer];
    const pid = Number(line.toString());
    const soon = () => new Promise((resolve) => setImmediate(resolve));
    while (readFileSync(`/proc/${shell.pid}/comm`, 'utf8') !== 'sleep\n') await soon();
    (shell.stdio[3] as Writable).end();
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8');
    while (!stat().includes(') Z ')) await soon();
    const started = stat()
      .slice(stat().lastIndexOf(')') + 2)
      .split(' ')[19];
    writeFileSync(join(folder, 'lock'), `pid ${pid}\nstarted ${started}\nboot ${bootId()}\n`);
    const disk = await openDisk(folder);
    const lock = await disk.lock('lock');
    await lock.release();
    shell.kill('SIGKILL');
  });

  test('is taken over when its pid belongs to a process that started later', async () => {
    writeFileSync(join(folder, 'lock'), `pid ${process.pid}\nstarted 1\nboot ${bootId()}\n`);
    await (await (await openDisk(folder)).lock('lock')).release();
  });

  test('is taken over after the machine was restarted, and when it is torn', async () => {
    const disk = await openDisk(folder);
    writeFileSync(join(folder, 'lock'), `pid ${process.pid}\nstarted 1\nboot another\n`);
    await (await disk.lock('lock')).release();
    writeFileSync(join(folder, 'lock'), '');
    await (await disk.lock('lock')).release();
  });

  // On a full disk the draft would fail first, and the holder's reserve would be taken for room.
  test('is refused before anything is written when somebody holds it', async () => {
    const disk = await openDisk(folder);
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const held = `pid ${process.pid}\nstarted ${started}\nboot ${bootId()}\n`;
    writeFileSync(join(folder, 'lock'), held);
    const before = statSync(folder, { bigint: true }).mtimeNs;
    await expect(disk.lock('lock')).rejects.toMatchObject({ code: 'ERR_LOCKED' });
    expect(statSync(folder, { bigint: true }).mtimeNs).toBe(before);
  });

  test('goes to one of many who find it stale at once', async () => {
    writeFileSync(join(folder, 'lock'), 'pid 0\n');
    const disk = await openDisk(folder);
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => disk.lock('lock')));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
});

test('a folder that is a file, or lies in one, is refused by name', async () => {
  const folder = scratch();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(openDisk(file)).rejects.toMatchObject({
    code: 'ERR_DISK_FAILED',
    message: `Cannot use "${file}" as a folder: it is a file`,
  });
  await expect(openDisk(join(file, 'below'))).rejects.toMatchObject({ code: 'ERR_DISK_FAILED' });
  rmSync(folder, { recursive: true });
});

test.runIf(process.platform === 'linux')('a folder that cannot be made is refused', async () => {
  // A recursive mkdir of Node's would try for ever.
  await expect(openDisk('/proc/doozer')).rejects.toMatchObject({
    code: 'ERR_DISK_FAILED',
    message: 'Cannot make "/proc/doozer": ENOENT',
  });
});

test('a disk that refuses says which file and why', async () => {
  const disk = await openDisk('/dev');
  const file = must(await disk.open('full', 'write'), '/dev/full is there');
  const refused = file.write(0, [new Uint8Array(10)]);
  await expect(refused).rejects.toMatchObject({
    code: 'ERR_DISK_FAILED',
    message: 'Cannot write "/dev/full": ENOSPC',
    cause: { code: 'ENOSPC' },
  });
  await file.close();
});
