// What rots while a node runs is found while it runs.
import { expect, test } from 'vitest';
import { type LogIndex, limits, logIndex, must, utf8 } from '../../src/base/index.ts';
import { checksum } from '../../src/platform/index.ts';
import type { LogFields, Logger } from '../../src/ports/index.ts';
import { openWal, type Wal } from '../../src/wal/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type MemoryDisk, memoryDisk } from '../support/memory-disk.ts';
import {
  entry,
  hard,
  identity,
  metaAt,
  persist,
  small,
  turnOfTheLoop,
  writeSnapshot,
} from './support.ts';

class Place {
  readonly disk: MemoryDisk = memoryDisk();
  readonly clock = new FakeClock();
  readonly errors: LogFields[] = [];
  readonly rotten: LogIndex[] = [];
  wal!: Wal;

  async open(): Promise<void> {
    const logger: Logger = {
      error: (fields) => this.errors.push(fields),
      info: () => {},
      debug: () => {},
      child: () => logger,
    };
    const { disk, clock } = this;
    this.wal = await openWal({ disk, checksum, logger, clock, options: small });
    await this.wal.createIdentity(identity);
    await this.wal.recover();
    const entries = [1, 2, 3, 4].map((i) => entry(i, 1, 'x'.repeat(3000)));
    await this.wal.log.save(persist({ hardState: hard(1), entries }));
    await writeSnapshot(this.wal.snapshots, metaAt(2, 1), utf8('s'.repeat(600_000)));
    must(this.wal.log.upkeep, 'there is a disk').watch((through) => this.rotten.push(through));
  }

  /** A rest and a pass. */
  async pass(): Promise<void> {
    await this.#advance(limits.scrubRestMs);
    for (let i = 0; i < 200; i++) await this.#advance(limits.scrubPauseMs);
  }

  async #advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    for (let i = 0; i < 3; i++) await turnOfTheLoop();
  }
}

const snapshot = 'snapshots/0000000000000002-0000000000000001.snap';

test('a sound folder is read again and again, and nothing is said', async () => {
  const place = new Place();
  await place.open();
  await place.pass();
  await place.pass();
  expect(place.errors).toEqual([]);
  expect(place.rotten).toEqual([]);
  await place.wal.stop();
});

test('rot in an old segment is found, located and told once', async () => {
  const place = new Place();
  await place.open();
  place.disk.rot('log/00000002.seg', 12_288 + 500);
  await place.pass();
  await place.pass();
  expect(place.errors).toHaveLength(1);
  expect(place.errors[0]).toMatchObject({ file: 'log/00000002.seg', offset: 12_288, through: 2 });
  expect(place.errors[0]?.['found']).toBe('a record whose checksum is wrong');
  expect(place.rotten).toEqual([2]);
  await place.wal.stop();
});

test('rot in both headers of an old segment is found', async () => {
  const place = new Place();
  await place.open();
  place.disk.rot('log/00000001.seg', 40);
  await place.pass();
  expect(place.errors).toEqual([]);
  place.disk.rot('log/00000001.seg', 2088);
  await place.pass();
  expect(place.errors[0]).toMatchObject({ file: 'log/00000001.seg', offset: 0, through: 1 });
  await place.wal.stop();
});

test('a rotten snapshot is not handed out any more, and the next one takes its place', async () => {
  const place = new Place();
  await place.open();
  const { wal, disk } = place;
  disk.rot(snapshot, 400_000);
  expect(await wal.snapshots.newest().then((source) => source?.close())).toBeUndefined();
  await place.pass();
  expect(place.errors[0]).toMatchObject({ file: snapshot, through: 2 });
  expect(place.rotten).toEqual([2]);
  expect(await wal.snapshots.newest()).toBeNull();
  // The same index again: nothing was applied since.
  await writeSnapshot(wal.snapshots, metaAt(2, 1), utf8('good'));
  const source = must(await wal.snapshots.newest(), 'there is one again');
  expect(source.bytes).toBe(4);
  await source.close();
  await wal.log.compact(logIndex(2));
  expect(disk.paths().filter((path) => path.startsWith('snapshots/'))).toEqual([snapshot]);
  await wal.stop();
});

test('reading stops with the log', async () => {
  const place = new Place();
  await place.open();
  await place.clock.advance(limits.scrubRestMs);
  await turnOfTheLoop();
  await place.wal.stop();
  place.disk.rot('log/00000001.seg', 12_400);
  for (let i = 0; i < 20; i++) {
    await place.clock.advance(limits.scrubPauseMs);
    await turnOfTheLoop();
  }
  expect(place.errors).toEqual([]);
});
