// The drill flips bits only of what was promised: the log must then miss them.
import { expect, test } from 'vitest';
import { completeRecords } from '../../firedrills/bit-rot/rot.ts';
import { must } from '../../src/base/index.ts';
import { type MemoryDisk, memoryDisk } from '../support/memory-disk.ts';
import { entry, fresh, hard, listener, open, persist } from '../wal/support.ts';

const segment = 'log/00000001.seg';
const ringFrom = 4096;
const slotBytes = 512;

async function threeSyncs(): Promise<MemoryDisk> {
  const disk = memoryDisk();
  const wal = await fresh(disk);
  for (const index of [1, 2, 3]) {
    await wal.log.save(
      persist({ hardState: hard(1), entries: [entry(index, 1, `body ${index}`)] }),
    );
  }
  await wal.stop();
  return disk;
}

const bytesOf = (disk: MemoryDisk): Buffer => Buffer.from(disk.peek(segment));

async function saidAfterFlip(disk: MemoryDisk, byte: number): Promise<string[]> {
  disk.rot(segment, byte);
  const logger = listener();
  const wal = await open(disk, undefined, logger);
  await wal.recover();
  await wal.stop();
  return logger.told.map(({ message }) => message);
}

test('every record of a sync that the ring tells of is missed', async () => {
  const { length } = completeRecords(bytesOf(await threeSyncs()));
  expect(length).toBe(6);
  for (let i = 0; i < length; i++) {
    const disk = await threeSyncs();
    const record = must(completeRecords(bytesOf(disk))[i], 'it is there');
    const said = await saidAfterFlip(disk, record.from + 45 - (i % 2) * 20);
    expect(
      said.some((line) => /suspect|damaged|rotten/.test(line)),
      said.join('; '),
    ).toBe(true);
  }
});

test('a last sync whose slot was not written any more is left out: it is a torn end', async () => {
  const disk = await threeSyncs();
  const whole = completeRecords(bytesOf(disk));
  const bytes = bytesOf(disk);
  const slotFrom = ringFrom + 3 * slotBytes;
  for (let i = slotFrom; i < slotFrom + slotBytes; i++) {
    const is = bytes.readUInt8(i);
    if (is !== 0) disk.rot(segment, i, is);
  }
  expect(completeRecords(bytesOf(disk))).toEqual(whole.slice(0, 4));
  const last = must(whole[4], 'it is there');
  expect(await saidAfterFlip(disk, last.from + 45)).toContain('torn end of the log was cut');
});
