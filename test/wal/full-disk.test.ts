// A disk without room: what is noticed before the log meets it, and what is left when it does.
import { describe, expect, test } from 'vitest';
import { ClusterError, limits } from '../../src/base/index.ts';
import { checksum } from '../../src/platform/index.ts';
import type { Disk } from '../../src/ports/index.ts';
import { openWal, type Wal } from '../../src/wal/index.ts';
import { type MemoryDisk, memoryDisk } from '../support/memory-disk.ts';
import {
  at,
  entry,
  hard,
  identity,
  listener,
  persist,
  small,
  textIn,
  turnOfTheLoop,
} from './support.ts';

const noRoom = (path: string) =>
  new ClusterError('ERR_DISK_FAILED', `Cannot write "${path}": ENOSPC`, {
    cause: Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }),
  });

/** A disk that can fill up: what exists can be written, nothing can be made. */
class Cupboard {
  readonly memory: MemoryDisk = memoryDisk();
  freeBytes = 1024 * 1024 * 1024;
  readonly disk: Disk = { ...this.memory, free: async () => this.freeBytes };

  fill(): void {
    this.freeBytes = 0;
    this.memory.watch = (operation) => {
      if (/^write \S+\.part /.test(operation)) throw noRoom(operation.split(' ')[1] ?? '');
    };
  }

  clear(): void {
    this.freeBytes = 1024 * 1024 * 1024;
    this.memory.watch = () => {};
  }
}

async function openOn(disk: Disk, logger = listener()): Promise<Wal> {
  const options = { ...small, reserveBytes: 32 * 1024 };
  const wal = await openWal({ disk, checksum, logger, options });
  if (wal.identity === null) await wal.createIdentity(identity);
  await wal.recover();
  // The second segment is made.
  for (let i = 0; i < 8; i++) await turnOfTheLoop();
  return wal;
}

/** Each entry takes about a fifth of a segment. */
async function append(wal: Wal, from: number, to: number): Promise<void> {
  for (let index = from; index <= to; index++) {
    await wal.log.save(
      persist({
        hardState: index === 1 ? hard(1) : null,
        entries: [entry(index, 1, String(index).padEnd(700, '.'))],
      }),
    );
  }
}

async function look(wal: Wal, times = 1): Promise<boolean> {
  let isFull = false;
  for (let i = 0; i < times; i++) isFull = (await wal.log.upkeep?.look())?.isFull ?? false;
  return isFull;
}

describe('a full disk', () => {
  test('gives its reserve for a start that finds no room for a lock', async () => {
    const cupboard = new Cupboard();
    const before = await openOn(cupboard.disk);
    await look(before, 6);
    await before.stop();
    const { memory } = cupboard;
    expect(memory.paths()).toContain('reserve');
    const disk: Disk = {
      ...cupboard.disk,
      lock: async (path) => {
        if (memory.paths().includes('reserve')) throw noRoom(path);
        return memory.lock(path);
      },
    };
    const wal = await openWal({ disk, checksum, logger: listener() });
    expect(wal.identity).toEqual(identity);
    expect(memory.paths()).not.toContain('reserve');
    await wal.stop();
  });

  test('gives up nothing for a start that meets another holder', async () => {
    const cupboard = new Cupboard();
    const wal = await openOn(cupboard.disk);
    await look(wal, 6);
    const before = cupboard.memory.paths();
    expect(before).toContain('reserve');
    await expect(openOn(cupboard.disk)).rejects.toMatchObject({ code: 'ERR_LOCKED' });
    expect(cupboard.memory.paths()).toEqual(before);
    await wal.stop();
  });

  test('goes on in the reserve, and ends when that is gone too, having lost nothing', async () => {
    const cupboard = new Cupboard();
    const logger = listener();
    let wal = await openOn(cupboard.disk, logger);
    expect(await look(wal, 6)).toBe(false);
    expect(cupboard.memory.peek('reserve')).toHaveLength(32 * 1024);
    cupboard.fill();
    expect(await look(wal)).toBe(true);
    let index = 0;
    let failure: unknown = null;
    while (failure === null && index < 200) {
      index++;
      failure = await append(wal, index, index).then(
        () => null,
        (error: unknown) => error,
      );
    }
    expect(failure).toMatchObject({ code: 'ERR_DISK_FAILED' });
    // The first segment, the prepared one, and the reserve: 4 KiB, 4 KiB and 20 KiB of records.
    expect(index).toBeGreaterThan(25);
    expect(logger.told.map(({ message }) => message)).toContain(
      'disk is full: the log goes on in its reserve; make room',
    );
    // What failed stays failed: nothing is tried again.
    const before = cupboard.memory.paths();
    await expect(append(wal, index, index)).rejects.toBe(failure);
    await expect(wal.log.upkeep?.look()).rejects.toBe(failure);
    expect(cupboard.memory.paths()).toEqual(before);
    await wal.stop();
    cupboard.clear();
    wal = await openOn(cupboard.disk);
    await append(wal, index, index);
    await wal.stop();
    const again = await openWal({ disk: cupboard.disk, checksum, logger, options: small });
    const found = await again.recover();
    expect(found.suspect).toBeNull();
    expect(found.entries.map((one) => Number.parseInt(textIn(one), 10))).toEqual(
      Array.from({ length: index }, (_, i) => i + 1),
    );
    await again.stop();
  });

  test('clears itself, with hysteresis, and refills the reserve', async () => {
    const cupboard = new Cupboard();
    const wal = await openOn(cupboard.disk);
    await look(wal, 6);
    expect(await wal.log.upkeep?.spendReserve()).toBe(true);
    expect(await wal.log.upkeep?.spendReserve()).toBe(false);
    cupboard.freeBytes = limits.diskLowBytes - 1;
    expect(await look(wal)).toBe(true);
    cupboard.freeBytes = limits.diskClearBytes - 1;
    expect(await look(wal)).toBe(true);
    expect(cupboard.memory.paths()).not.toContain('reserve');
    cupboard.freeBytes = limits.diskClearBytes;
    expect(await look(wal)).toBe(false);
    expect(cupboard.memory.paths()).toContain('reserve');
    cupboard.freeBytes = limits.diskLowBytes;
    expect(await look(wal)).toBe(false);
    await wal.stop();
  });

  test('a segment that could not be prepared is prepared once there is room', async () => {
    const cupboard = new Cupboard();
    const wal = await openOn(cupboard.disk);
    cupboard.fill();
    // Into the prepared segment; the one after it has no room.
    await append(wal, 1, 6);
    for (let i = 0; i < 4; i++) await turnOfTheLoop();
    cupboard.freeBytes = limits.diskClearBytes;
    expect(await look(wal), 'what is lacking counts, whatever is said to be free').toBe(true);
    cupboard.clear();
    await look(wal);
    for (let i = 0; i < 8; i++) await turnOfTheLoop();
    expect(await look(wal)).toBe(false);
    await append(wal, 7, 30);
    await wal.stop();
  });

  test('an error of a draft other than no room is told, and nothing is tried again', async () => {
    const cupboard = new Cupboard();
    const wal = await openOn(cupboard.disk);
    let tried = 0;
    cupboard.memory.watch = (operation) => {
      if (!operation.includes('prepared.part')) return;
      tried++;
      throw new ClusterError('ERR_DISK_FAILED', 'Cannot write "log/prepared.part": EIO');
    };
    await append(wal, 1, 6);
    for (let i = 0; i < 4; i++) await turnOfTheLoop();
    await expect(wal.log.upkeep?.look()).rejects.toThrow('EIO');
    const seen = tried;
    await expect(wal.log.upkeep?.look()).rejects.toThrow('EIO');
    expect(tried).toBe(seen);
    await wal.stop();
  });

  test('a start that keeps copies for people goes without them', async () => {
    const cupboard = new Cupboard();
    const wal = await openOn(cupboard.disk);
    await append(wal, 1, 3);
    await wal.stop();
    cupboard.memory.rot('log/00000001.seg', 12_288 + 60);
    cupboard.memory.watch = (operation) => {
      if (operation.startsWith('write damaged/')) throw noRoom('damaged');
    };
    const again = await openWal({
      disk: cupboard.disk,
      checksum,
      logger: listener(),
      options: small,
    });
    expect((await again.recover()).suspect).toEqual(at(3, 1));
    expect(await cupboard.disk.list('damaged')).toEqual([]);
    await again.stop();
  });
});
