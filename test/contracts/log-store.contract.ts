import { beforeEach, describe, expect, test } from 'vitest';
import { logIndex, must, sameBytes, utf8 } from '../../src/base/index.ts';
import type { LogStore, SnapshotStore } from '../../src/ports/index.ts';
import { encodeEntry } from '../../src/protocol/index.ts';
import type { Entry } from '../../src/raft/index.ts';
import { at, entry, hard, metaAt, persist, readAll, writeSnapshot } from '../wal/support.ts';

export type StoresUnderTest = { readonly log: LogStore; readonly snapshots: SnapshotStore };

/** What every `LogStore` with its `SnapshotStore` must do, durable or not. */
export function describeLogStore(name: string, make: () => Promise<StoresUnderTest>): void {
  describe(`${name} is a LogStore and a SnapshotStore`, () => {
    let log: LogStore;
    let snapshots: SnapshotStore;

    beforeEach(async () => {
      ({ log, snapshots } = await make());
    });

    const entries = (from: number, upto: number, of = 1): Entry[] =>
      Array.from({ length: upto - from }, (_, i) => entry(from + i, of, `entry ${from + i}`));
    const bytesOf = (some: readonly Entry[]) =>
      some.reduce((sum, one) => sum + encodeEntry(one).length, 0);

    test('counts the bytes of what it saved', async () => {
      expect(log.bytesSinceSnapshot()).toBe(0);
      const some = entries(1, 11);
      await log.save(persist({ hardState: hard(1), entries: some }));
      expect(log.bytesSinceSnapshot()).toBeGreaterThanOrEqual(bytesOf(some));
      const before = log.bytesSinceSnapshot();
      await log.save(persist({ entries: entries(11, 12) }));
      expect(log.bytesSinceSnapshot()).toBeGreaterThan(before);
    });

    test('a truncated tail no longer counts, and what replaces it does', async () => {
      await log.save(persist({ hardState: hard(1), entries: entries(1, 6) }));
      const five = log.bytesSinceSnapshot();
      await log.save(persist({ entries: entries(6, 11) }));
      const hardState = hard(2);
      await log.save(persist({ hardState, truncateFrom: logIndex(6), before: at(5, 1) }));
      expect(log.bytesSinceSnapshot()).toBe(five);
      await log.save(persist({ truncateFrom: logIndex(4), entries: entries(4, 6, 2) }));
      expect(log.bytesSinceSnapshot()).toBe(five);
    });

    test('an entry is encoded once and kept as it was', async () => {
      const one = entry(1, 1, 'text');
      const encoded = encodeEntry(one);
      await log.save(persist({ hardState: hard(1), entries: [one] }));
      expect(one.encoded).toBe(encoded);
    });

    test('saves nothing when nothing is asked for', async () => {
      await log.save(persist({}));
      expect(log.bytesSinceSnapshot()).toBe(0);
    });

    test('refuses a gap', async () => {
      await log.save(persist({ hardState: hard(1), entries: entries(1, 3) }));
      await expect(log.save(persist({ entries: entries(4, 5) }))).rejects.toThrow('no gap');
    });

    test('has no snapshot until one is finished', async () => {
      expect(await snapshots.newest()).toBeNull();
      await log.save(persist({ hardState: hard(1), entries: entries(1, 10) }));
      const sink = await snapshots.begin(metaAt(5, 1));
      await sink.write(utf8('half'));
      expect(await snapshots.newest()).toBeNull();
      await sink.abort();
      await sink.abort();
      expect(await snapshots.newest()).toBeNull();
      await writeSnapshot(snapshots, metaAt(6, 1), utf8('whole'));
      const source = must(await snapshots.newest(), 'it is finished');
      expect(source.meta).toEqual(metaAt(6, 1));
      expect(source.bytes).toBe(5);
      await source.close();
    });

    test('gives a body back whole, in pieces of any size', async () => {
      await log.save(persist({ hardState: hard(1), entries: entries(1, 3) }));
      const body = Uint8Array.from({ length: 600_001 }, (_, i) => i * 7);
      await writeSnapshot(snapshots, metaAt(2, 1), body, 99_999);
      for (const step of [262_144, 70_000, 600_001, 1_000_000]) {
        const source = must(await snapshots.newest(), 'it is finished');
        expect(sameBytes(await readAll(source, step), body)).toBe(true);
        await source.close();
      }
      const source = must(await snapshots.newest(), 'it is finished');
      expect(await source.read(600_000, 10)).toEqual(body.slice(600_000));
      expect(await source.read(600_001, 10)).toHaveLength(0);
      await source.close();
    });

    test('an empty body is a body', async () => {
      await log.save(persist({ hardState: hard(1), entries: entries(1, 3) }));
      await writeSnapshot(snapshots, metaAt(2, 1), new Uint8Array(0));
      const source = must(await snapshots.newest(), 'it is finished');
      expect(source.bytes).toBe(0);
      expect(await source.read(0, 10)).toHaveLength(0);
      await source.close();
    });

    test('a snapshot of the log makes the entries it covers stop counting', async () => {
      await log.save(persist({ hardState: hard(1), entries: entries(1, 11) }));
      await writeSnapshot(snapshots, metaAt(10, 1), utf8('state'));
      expect(log.bytesSinceSnapshot()).toBe(0);
      await log.save(persist({ entries: entries(11, 12) }));
      expect(log.bytesSinceSnapshot()).toBeGreaterThan(0);
      await log.compact(logIndex(8));
      await log.compact(logIndex(0));
    });

    test('a source stays readable when a newer snapshot replaces it', async () => {
      await log.save(persist({ hardState: hard(1), entries: entries(1, 21) }));
      await writeSnapshot(snapshots, metaAt(10, 1), utf8('old'));
      const old = must(await snapshots.newest(), 'it is finished');
      await writeSnapshot(snapshots, metaAt(20, 1), utf8('newer'));
      expect(await old.read(0, 10)).toEqual(utf8('old'));
      await old.close();
      const newer = must(await snapshots.newest(), 'it is finished');
      expect(newer.meta.index).toBe(20);
      expect(await newer.read(0, 10)).toEqual(utf8('newer'));
      await newer.close();
    });

    test('the log goes on after a snapshot from the leader', async () => {
      await log.save(persist({ hardState: hard(1), entries: entries(1, 6) }));
      await writeSnapshot(snapshots, metaAt(100, 3), utf8('leader'));
      const snapshot = metaAt(100, 3);
      await log.save(persist({ snapshot, hardState: hard(3), entries: entries(101, 103, 3) }));
      const two = log.bytesSinceSnapshot();
      expect(two).toBeGreaterThan(0);
      await log.save(
        persist({ truncateFrom: logIndex(102), hardState: hard(4), before: at(101, 3) }),
      );
      expect(log.bytesSinceSnapshot()).toBeLessThan(two);
      await log.save(persist({ entries: entries(102, 103, 4) }));
    });

    test('stops, twice if asked', async () => {
      await log.save(persist({ hardState: hard(1), entries: entries(1, 2) }));
      await log.stop();
      await log.stop();
    });
  });
}
