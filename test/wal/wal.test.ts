import { describe, expect, test } from 'vitest';
import { clusterId, logIndex, must, sameBytes, utf8 } from '../../src/base/index.ts';
import { checksum } from '../../src/platform/index.ts';
import { openWal, type RejoinNote } from '../../src/wal/index.ts';
import { allKept, allLost, memoryDisk } from '../support/memory-disk.ts';
import {
  at,
  entry,
  fresh,
  hard,
  identity,
  listener,
  me,
  metaAt,
  open,
  other,
  persist,
  readAll,
  small,
  textIn,
  writeSnapshot,
} from './support.ts';

const lineage = { clusterId: clusterId('CLUSTERAAAAAAAAA'), epoch: 1, epochId: '' };

describe('openWal()', () => {
  test('refuses a folder that is in use, and takes it once it was given back', async () => {
    const disk = memoryDisk();
    const wal = await open(disk);
    await expect(open(disk)).rejects.toMatchObject({ code: 'ERR_LOCKED' });
    await wal.stop();
    await wal.stop();
    await (await open(disk)).stop();
  });

  test('gives the lock back when the folder cannot be read', async () => {
    const disk = memoryDisk();
    await (await fresh(disk)).stop();
    disk.rot('node', 30);
    await expect(open(disk)).rejects.toMatchObject({ code: 'ERR_DISK_CORRUPT' });
    await expect(open(disk)).rejects.toThrow('Cannot read "node" at byte 0');
  });

  test('refuses segments too small to hold anything', async () => {
    const options = { segmentBytes: 8192 };
    const opening = openWal({ disk: memoryDisk(), checksum, logger: listener(), options });
    await expect(opening).rejects.toThrow('at least 16384 bytes');
  });
});

describe('the identity', () => {
  test('is there again after a power cut, and keeps what it learnt', async () => {
    const disk = memoryDisk();
    const wal = await open(disk);
    expect(wal.identity).toBeNull();
    await wal.createIdentity(identity);
    disk.crash(allLost);
    const again = await open(disk);
    expect(again.identity).toEqual(identity);
    await again.updateIdentity({ lineage });
    disk.crash(allLost);
    expect((await open(disk)).identity).toEqual({ ...identity, lineage });
  });

  test('is never taken for lost when a log is there: the folder is not cleared', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    await wal.log.save(persist({ hardState: hard(1), entries: [entry(1, 1, 'a')] }));
    await wal.stop();
    await disk.remove('node');
    const unknown = await open(disk);
    expect(unknown.identity).toBeNull();
    await expect(unknown.createIdentity(identity)).rejects.toMatchObject({
      code: 'ERR_DISK_CORRUPT',
    });
    expect(disk.paths()).toContain('log/00000001.seg');
  });

  test("another node's segments and state are refused", async () => {
    const [mine, theirs] = [memoryDisk(), memoryDisk()];
    await (await fresh(mine)).stop();
    const wal = await open(theirs);
    await wal.createIdentity({ ...identity, nodeId: other });
    await wal.stop();
    const move = async (path: string) => {
      const file = must(await mine.open(path, 'write'), 'it is there');
      await file.write(0, [theirs.peek(path)]);
      await file.close();
    };
    await move('log/00000001.seg');
    await expect((await open(mine)).recover()).rejects.toThrow(`a log of node ${me}`);
    mine.crash(allKept);
    await move('state');
    await expect((await open(mine)).recover()).rejects.toThrow(`the state of node ${other}`);
  });
});

describe('a removed node', () => {
  const note: RejoinNote = {
    lineage,
    clusterName: 'test',
    addresses: ['127.0.0.1:8046', 'host:1'],
    nodeId: other,
  };

  test('finds its note again, and clears it for good', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    expect(await wal.readRejoinNote()).toBeNull();
    await wal.writeRejoinNote(note);
    disk.crash(allLost);
    const again = await open(disk);
    expect(await again.readRejoinNote()).toEqual(note);
    await again.clearRejoinNote();
    disk.crash(allLost);
    expect(await (await open(disk)).readRejoinNote()).toBeNull();
  });

  test('sets its data aside whole, wherever the power goes on the way', async () => {
    for (let operations = 0; operations < 15; operations++) {
      const disk = memoryDisk();
      const wal = await fresh(disk);
      await wal.log.save(persist({ hardState: hard(1), entries: [entry(1, 1, 'a')] }));
      await wal.writeRejoinNote(note);
      let left = operations;
      disk.watch = () => {
        if (left-- <= 0) throw new Error('power cut');
      };
      await wal.setAside().catch(() => undefined);
      disk.watch = () => {};
      disk.crash(operations % 2 === 0 ? allKept : allLost);
      const again = await open(disk);
      const found = must(await again.readRejoinNote(), 'the note stays');
      expect([null, me]).toContain(again.identity?.nodeId ?? null);
      await again.setAside();
      await again.createIdentity({ ...identity, nodeId: found.nodeId, lineage: found.lineage });
      await again.recover();
      const aside = disk.paths().filter((path) => path.startsWith('aside/'));
      expect(aside).toContain('aside/1/node');
      expect(aside).toContain('aside/1/state');
      expect(aside).toContain('aside/1/log/00000001.seg');
      expect(aside.every((path) => path.startsWith('aside/1/'))).toBe(true);
    }
  });

  test('goes on in the same process, and a second removal gets a folder of its own', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    for (const n of [1, 2]) {
      await wal.setAside();
      expect(wal.identity).toBeNull();
      expect(disk.paths()).toContain(`aside/${n}/node`);
      await wal.createIdentity(identity);
      expect((await wal.recover()).boot).toBe(1);
    }
  });
});

describe('the log', () => {
  test('keeps a record larger than a segment', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    const large = 'x'.repeat(3 * small.segmentBytes);
    const entries = [entry(1, 1, 'a'), entry(2, 1, large), entry(3, 1, 'b')];
    await wal.log.save(persist({ hardState: hard(1), entries }));
    await wal.log.save(persist({ entries: [entry(4, 1, large), entry(5, 1, 'c')] }));
    disk.crash(allLost);
    const found = await (await open(disk)).recover();
    expect(found.entries.map(textIn)).toEqual(['a', large, 'b', large, 'c']);
  });

  test('keeps a save larger than a sync, and one with bodies of every size', async () => {
    const disk = memoryDisk();
    const sizes = { segmentBytes: 32 * 1024 * 1024, firstSegmentBytes: 1024 * 1024 };
    const wal = await fresh(disk, sizes);
    const bodies = Array.from({ length: 64 }, (_, i) => String(i % 10).repeat(i * 9973));
    const entries = bodies.map((body, i) => entry(i + 1, 1, body));
    await wal.log.save(persist({ hardState: hard(1), entries }));
    disk.crash(allLost);
    const found = await (await open(disk, sizes)).recover();
    expect(found.entries.map(textIn)).toEqual(bodies);
  });

  test('stops using a disk that refused once: what reached it is not known', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    const save = (index: number) =>
      wal.log.save(persist({ hardState: hard(1), entries: [entry(index, 1, 'a')] }));
    await save(1);
    disk.watch = (operation) => {
      if (operation.startsWith('sync log')) throw new Error('EIO');
    };
    await expect(save(2)).rejects.toThrow('EIO');
    disk.watch = () => {};
    await expect(save(2)).rejects.toThrow('EIO');
    await expect(wal.log.compact(logIndex(1))).rejects.toThrow('EIO');
  });

  test('refuses an entry beyond the term it knows to be durable', async () => {
    const wal = await fresh(memoryDisk());
    const saving = wal.log.save(persist({ entries: [entry(1, 1, 'a')] }));
    await expect(saving).rejects.toThrow('R2');
  });

  test('refuses to fall back behind a term', async () => {
    const wal = await fresh(memoryDisk());
    await wal.log.save(persist({ hardState: hard(5) }));
    await expect(wal.log.save(persist({ hardState: hard(4) }))).rejects.toThrow('R3');
  });

  test('a log ahead of its term says that a vote is lost', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    const before = disk.peek('state');
    await wal.log.save(persist({ hardState: hard(9), entries: [entry(1, 9, 'a')] }));
    await wal.stop();
    const state = must(await disk.open('state', 'write'), 'it is there');
    await state.write(0, [before]);
    await expect((await open(disk)).recover()).rejects.toThrow('must not come back under its id');
  });

  test('a missing segment, and a log that begins after the snapshot, are told apart from a crash', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    const entries = [1, 2, 3, 4].map((i) => entry(i, 1, 'x'.repeat(3000)));
    await wal.log.save(persist({ hardState: hard(1), entries }));
    await wal.stop();
    await disk.remove('log/00000002.seg');
    const logger = listener();
    const found = await (await open(disk, small, logger)).recover();
    expect(found.entries.map(({ index }) => index)).toEqual([1]);
    expect(found.suspect).toEqual(at(4, 1));
    expect(logger.told).toContainEqual({
      level: 'error',
      message: 'log is damaged: entries once durable cannot be read',
    });
  });

  test('a log that begins after what the newest snapshot holds is lost, and says what is missing', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    const entries = [1, 2, 3, 4].map((i) => entry(i, 1, 'x'.repeat(3000)));
    await wal.log.save(persist({ hardState: hard(1), entries }));
    await wal.stop();
    await disk.remove('log/00000001.seg');
    const again = await open(disk);
    await expect(again.recover()).rejects.toThrow('a log that begins at index 1');
    await expect(again.recover()).rejects.toThrow('a part of what this node held is lost');
  });

  test('a format of a later release is refused, not misread', async () => {
    const disk = memoryDisk();
    await (await fresh(disk)).stop();
    const file = must(await disk.open('node', 'write'), 'it is there');
    const bytes = disk.peek('node');
    const view = new DataView(bytes.buffer);
    view.setUint32(8, 2, true);
    view.setUint32(16, checksum(bytes.subarray(24), checksum(bytes.subarray(0, 16))), true);
    await file.write(0, [bytes]);
    await expect(open(disk)).rejects.toThrow('format version 2, which this release does not know');
  });

  test('bytes of a record inside a value are not evidence of anything', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    await wal.log.save(persist({ hardState: hard(1), entries: [entry(1, 1, 'a')] }));
    await wal.log.save(persist({ entries: [entry(2, 1, 'b')] }));
    const stored = disk.peek('log/00000001.seg').slice(12_288, 12_288 + 360);
    // Somebody keeps a copy of a WAL as a value, and the power goes while it is saved.
    const other = memoryDisk();
    const theirs = await open(other);
    await theirs.createIdentity({ ...identity, lineage });
    await theirs.recover();
    const value = { ...entry(1, 1, ''), payload: { kind: 'command' as const, bytes: stored } };
    other.watch = (operation) => {
      if (operation.startsWith('write log') && operation.endsWith(': 40'))
        throw new Error('power cut');
    };
    const saving = theirs.log.save(persist({ hardState: hard(1), entries: [value] }));
    await expect(saving).rejects.toThrow('power cut');
    other.watch = () => {};
    other.crash(allKept);
    other.rot('log/00000001.seg', 12_288);
    const found = await (await open(other)).recover();
    expect(found.suspect).toBeNull();
    expect(found.entries).toEqual([]);
  });
});

describe('snapshots', () => {
  test('survive a power cut whole, and drafts do not', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    await wal.log.save(
      persist({ hardState: hard(1), entries: [entry(1, 1, 'a'), entry(2, 1, 'b')] }),
    );
    const body = new Uint8Array(5_000_000).map((_, i) => (i * 31) >>> 3);
    await writeSnapshot(wal.snapshots, metaAt(1, 1), body);
    const draft = await wal.snapshots.begin(metaAt(2, 1));
    await draft.write(body);
    disk.crash(allLost);
    const again = await open(disk);
    const found = await again.recover();
    expect(found.snapshot).toEqual(metaAt(1, 1));
    expect(found.entries.map(textIn)).toEqual(['b']);
    const source = must(await again.snapshots.newest(), 'it is durable');
    expect(sameBytes(await readAll(source), body)).toBe(true);
    expect(disk.paths().some((path) => path.endsWith('.part'))).toBe(false);
  });

  test('a later one that was cut short does not hide the one before', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    await wal.log.save(
      persist({ hardState: hard(1), entries: [entry(1, 1, 'a'), entry(2, 1, 'b')] }),
    );
    await writeSnapshot(wal.snapshots, metaAt(1, 1), utf8('one'));
    await wal.stop();
    const whole = disk.peek('snapshots/0000000000000001-0000000000000001.snap');
    const name = 'snapshots/0000000000000002-0000000000000001.snap';
    const file = must(await disk.open(name, 'create'), 'a created file is open');
    await file.write(0, [whole.subarray(0, whole.length - 5)]);
    const found = await (await open(disk)).recover();
    expect(found.snapshot.index).toBe(1);
  });

  test('of this log keep counting when the log was restarted and compacted', async () => {
    const disk = memoryDisk();
    const wal = await fresh(disk);
    await writeSnapshot(wal.snapshots, metaAt(10, 2), utf8('leader'));
    const entries = [11, 12, 13, 14].map((i) => entry(i, 2, 'x'.repeat(3000)));
    await wal.log.save(persist({ snapshot: metaAt(10, 2), hardState: hard(2), entries }));
    await writeSnapshot(wal.snapshots, metaAt(13, 2), utf8('own'));
    await wal.log.compact(logIndex(13));
    disk.crash(allLost);
    const found = await (await open(disk)).recover();
    expect(found.snapshot).toEqual(metaAt(13, 2));
    expect(found.entries.map(({ index }) => index)).toEqual([14]);
    expect(found.hardState).toEqual(hard(2));
    expect(at(14, 2).index).toBe(14);
  });
});
