// Version 1 of every format, byte for byte. A change here is a new version: readers of old folders exist.
import { describe, expect, test } from 'vitest';
import { clusterId, logIndex, utf8 } from '../../src/base/index.ts';
import { type Wal, walDefaults } from '../../src/wal/index.ts';
import { type MemoryDisk, memoryDisk } from '../support/memory-disk.ts';
import {
  at,
  entry,
  hard,
  identity,
  me,
  metaAt,
  open,
  other,
  persist,
  small,
  writeSnapshot,
} from './support.ts';

const lineage = { clusterId: clusterId('CLUSTERAAAAAAAAA'), epoch: 1, epochId: '' };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** Everything up to the last byte that is not zero, in lines of 32. */
function lines(bytes: Uint8Array): string {
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  return hex(bytes.subarray(0, Math.ceil(end / 8) * 8)).replace(/(.{64})(?=.)/g, '$1\n');
}

async function written(): Promise<{ disk: MemoryDisk; wal: Wal }> {
  const disk = memoryDisk();
  const wal = await open(disk, small);
  await wal.createIdentity(identity);
  await wal.updateIdentity({ lineage });
  await wal.recover();
  await wal.log.save(
    persist({ hardState: hard(1, me), entries: [entry(1, 1, 'a'), entry(2, 1, 'b')] }),
  );
  await wal.log.save(
    persist({ hardState: hard(3, other), truncateFrom: logIndex(2), entries: [entry(2, 3, 'c')] }),
  );
  await writeSnapshot(wal.snapshots, metaAt(7, 4), utf8('the state'));
  await wal.log.save(persist({ snapshot: metaAt(7, 4), hardState: hard(4), before: at(7, 4) }));
  return { disk, wal };
}

describe('version 1 on disk', () => {
  test('the identity', async () => {
    const { disk } = await written();
    expect(lines(disk.peek('node'))).toMatchInlineSnapshot(`
      "647a722d6e6f6465010000003500000009976ece0000000010004e4f44454141
      41414141414141414141040074657374011000434c5553544552414141414141
      4141410100000000"
    `);
  });

  test('term, vote and boot, twice', async () => {
    const { disk } = await written();
    const bytes = disk.peek('state');
    expect(bytes).toHaveLength(8192);
    expect(lines(bytes.subarray(0, 4096))).toMatchInlineSnapshot(`
      "647a722d766f7773010000002d0000008dc22a8f000000000500000000000000
      10004e4f44454141414141414141414141410400000000000000000001000000"
    `);
    expect(hex(bytes.subarray(4096))).toBe(hex(bytes.subarray(0, 4096)));
  });

  test('a segment: header twice, ring, records', async () => {
    const { disk } = await written();
    const bytes = disk.peek('log/00000001.seg');
    expect(bytes).toHaveLength(small.firstSegmentBytes);
    expect(lines(bytes.subarray(0, 2048))).toMatchInlineSnapshot(`
      "647a722d776c6f670100000047000000f334045e0000000010004e4f44454141
      41414141414141414141000100000000"
    `);
    expect(hex(bytes.subarray(2048, 4096))).toBe(hex(bytes.subarray(0, 2048)));
    const slots = [0, 1, 2, 3, 4].map((slot) =>
      lines(bytes.subarray(4096 + slot * 512, 4096 + (slot + 1) * 512)),
    );
    expect(slots.join('\n\n')).toMatchInlineSnapshot(`
      "

      010000000000000002000000000000000100000000000000c830000000000000
      51bf5bde8984b7b2

      0200000000000000020000000000000003000000000000006831000000000000
      a5868eb96d78c6a8

      030000000000000007000000000000000400000000000000b831000000000000
      b6c3fb8a116d495e

      "
    `);
    expect(lines(bytes.subarray(12_288))).toMatchInlineSnapshot(`
      "2f64299700000000210000000100000001000000000000000100000000000000
      0100000000000000010100000100000001000000000000000100000000000000
      010000000000000061000000000000007936b1a12f6429972100000001000000
      0100000000000000020000000000000001000000000000000101000001000000
      0200000000000000010000000000000002000000000000006200000000000000
      51bf5bde7936b1a1000000000400000001000000000000000200000000000000
      0100000000000000ae9b693a51bf5bde00000000020000000100000000000000
      02000000000000000200000000000000b769040cae9b693a2100000001000000
      0300000000000000020000000000000002000000000000000101000001000000
      0200000000000000030000000000000002000000000000006300000000000000
      a5868eb9b769040c000000000400000003000000000000000200000000000000
      0200000000000000591cc3eea5868eb900000000030000000400000000000000
      07000000000000000300000000000000b6c3fb8a591cc3ee0000000004000000
      040000000000000007000000000000000300000000000000"
    `);
  });

  test('a snapshot', async () => {
    const { disk } = await written();
    expect(
      lines(disk.peek('snapshots/0000000000000007-0000000000000004.snap')),
    ).toMatchInlineSnapshot(`
      "647a722d736e6170010000006d0000008589568b0000000010004e4f44454141
      4141414141414141414100000400530000000107000000000000000400000000
      000000070000000000000001000000000000000100000000000000010001004e
      4f44454141414141414141414141410e003132372e302e302e313a3830343601
      00000000007468652073746174658c9d1fa7647a722d73454e44010000000d00
      0000c35e2a46000000000900000000000000008589568b"
    `);
  });

  test('the note of a removed node', async () => {
    const { disk, wal } = await written();
    const addresses = ['127.0.0.1:8046', '127.0.0.1:8047'];
    await wal.writeRejoinNote({ lineage, clusterName: 'test', addresses, nodeId: other });
    expect(lines(disk.peek('rejoin'))).toMatchInlineSnapshot(`
      "647a722d72656a6e010000005600000053e0b2e000000000011000434c555354
      45524141414141414141410100000000000000000004007465737410004e4f44
      45424242424242424242424242020e003132372e302e302e313a383034360e00
      3132372e302e302e313a38303437"
    `);
  });

  test('names', async () => {
    const { disk } = await written();
    expect(disk.paths().filter((path) => !path.includes('prepared'))).toEqual([
      'log/00000001.seg',
      'node',
      'snapshots/0000000000000007-0000000000000004.snap',
      'state',
    ]);
    expect(walDefaults.segmentBytes).toBe(64 * 1024 * 1024);
  });
});
