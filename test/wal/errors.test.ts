// What an operator reads: file, byte, what was expected, what was found, what to do.
import { expect, test } from 'vitest';
import { clusterId, must, utf8 } from '../../src/base/index.ts';
import { checksum } from '../../src/platform/index.ts';
import { isLost, openWal } from '../../src/wal/index.ts';
import { type MemoryDisk, memoryDisk } from '../support/memory-disk.ts';
import {
  entry,
  fresh,
  hard,
  listener,
  metaAt,
  open,
  other,
  persist,
  small,
  writeSnapshot,
} from './support.ts';

const lineage = { clusterId: clusterId('CLUSTERAAAAAAAAA'), epoch: 1, epochId: '' };
const snapshot = 'snapshots/0000000000000003-0000000000000001.snap';

type Case = {
  readonly name: string;
  readonly damage: (disk: MemoryDisk) => Promise<void> | void;
  readonly says: RegExp;
  /** The node can only come back under another id. */
  readonly lost: boolean;
};

/** One slot, header or record as a later release would write it: its version, and a checksum that fits. */
async function laterVersion(
  disk: MemoryDisk,
  path: string,
  places: readonly number[],
): Promise<void> {
  const file = must(await disk.open(path, 'write'), 'it is there');
  for (const at of places) {
    const head = await file.read(at, 16);
    const view = new DataView(head.buffer, head.byteOffset, 16);
    view.setUint32(8, 2, true);
    const body = await file.read(at + 24, view.getUint32(12, true));
    const sum = new Uint8Array(4);
    new DataView(sum.buffer).setUint32(0, checksum(body, checksum(head)), true);
    await file.write(at, [head, sum]);
  }
  await file.sync();
  await file.close();
}

const asNew =
  /must not come back under its id: set the data folder aside and attach this node as a new one$/;
const runLater = /; run the release that wrote it, or a later one$/;

const cases: readonly Case[] = [
  {
    name: 'identity',
    damage: (disk) => disk.rot('node', 30),
    says: /"node" at byte 0: expected the identity of this node, found checksum/,
    lost: false,
  },
  {
    name: 'identity missing',
    damage: (disk) => disk.remove('node'),
    says: /"node" at byte 0: expected the identity of the node whose log is here, found no file/,
    lost: false,
  },
  {
    name: 'vows',
    damage: (disk) => {
      disk.rot('state', 40);
      disk.rot('state', 4136);
    },
    says: /"state" at byte 0: expected the term and vote of this node, found checksum .* and in the second slot checksum/,
    lost: true,
  },
  {
    name: 'vows missing',
    damage: (disk) => disk.remove('state'),
    says: /"state" at byte 0: expected the term and vote of this node, found no file/,
    lost: true,
  },
  {
    name: 'vows of a later release',
    damage: (disk) => laterVersion(disk, 'state', [0, 4096]),
    says: /"state" at byte 0: .* found format version 2, which this release does not know/,
    lost: false,
  },
  {
    name: 'every segment missing',
    damage: async (disk) => {
      for (const path of disk.paths()) if (path.endsWith('.seg')) await disk.remove(path);
    },
    says: /"log" at byte 0: expected a segment, found none/,
    lost: true,
  },
  {
    name: 'the last header',
    damage: (disk) => {
      disk.rot('log/00000004.seg', 30);
      disk.rot('log/00000004.seg', 2048 + 30);
    },
    says: /"log\/00000004.seg" at byte 0: expected the header of segment 4, found checksum/,
    lost: true,
  },
  {
    name: 'a header of a later release',
    damage: (disk) => laterVersion(disk, 'log/00000003.seg', [0, 2048]),
    says: /"log\/00000003.seg" at byte 0: expected the header of segment 3, found format version 2/,
    lost: false,
  },
  {
    name: 'the last segment missing',
    damage: (disk) => disk.remove('log/00000004.seg'),
    says: /"log\/00000004.seg" at byte 0: expected the segment that was begun after log\/00000003.seg, found no file/,
    lost: true,
  },
  {
    name: 'the head of the only snapshot',
    damage: (disk) => disk.rot(snapshot, 30),
    says: /"snapshots\S+snap" at byte 0: expected the header of a snapshot, found checksum/,
    lost: true,
  },
  {
    name: 'a piece of the only snapshot',
    damage: (disk) => disk.rot(snapshot, 300_000),
    says: /"snapshots\S+snap" at byte 2\d+: expected piece 1 of the snapshot at index 3, found bytes with another checksum/,
    lost: true,
  },
  {
    name: 'the end of the only snapshot',
    damage: async (disk) => {
      const file = must(await disk.open(snapshot, 'write'), 'it is there');
      await file.truncate(300_000);
      await file.sync();
      await file.close();
    },
    says: /"snapshots\S+snap" at byte 299963: expected the end of a snapshot, found/,
    lost: true,
  },
  {
    name: 'a snapshot of a later release',
    damage: (disk) => laterVersion(disk, snapshot, [0]),
    says: /"snapshots\S+snap" at byte 0: expected the header of a snapshot, found format version 2/,
    lost: false,
  },
  {
    name: 'the note of a removed node',
    damage: (disk) => disk.rot('rejoin', 30),
    says: /"rejoin" at byte 0: expected the note of a removed node, found checksum .*; move the whole data folder away and attach a new node$/,
    lost: false,
  },
];

test.each(cases)('$name: the message says it all', async ({ damage, says, lost }) => {
  const disk = memoryDisk();
  const wal = await fresh(disk);
  const entries = [1, 2, 3, 4].map((i) => entry(i, 1, 'x'.repeat(3000)));
  await wal.log.save(persist({ hardState: hard(1), entries }));
  await writeSnapshot(wal.snapshots, metaAt(3, 1), utf8('s'.repeat(600_000)));
  await wal.log.compact(metaAt(2, 1).index);
  await wal.writeRejoinNote({ lineage, clusterName: 'test', addresses: ['a:1'], nodeId: other });
  await wal.stop();
  await damage(disk);
  const start = async (): Promise<void> => {
    const again = await openWal({ disk, checksum, logger: listener(), options: small });
    try {
      await again.readRejoinNote();
      if (again.identity === null) {
        await again.createIdentity({ nodeId: other, lineage: null, clusterName: 'test' });
      }
      await again.recover();
    } finally {
      await again.stop();
    }
  };
  const error = await start().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: 'ERR_DISK_CORRUPT' });
  const { message } = error as Error;
  expect(message).toMatch(/^Cannot read "[^"]+" at byte \d+: expected .+, found .+; .+/);
  expect(message).toMatch(says);
  expect(isLost(error)).toBe(lost);
  if (lost) expect(message).toMatch(asNew);
  if (message.includes('format version')) expect(message).toMatch(runLater);
  // Nothing was touched: the next start says the same.
  await expect(start()).rejects.toThrow(message);
});

test('a folder in use names who holds it', async () => {
  const disk = memoryDisk();
  const wal = await fresh(disk);
  await expect(open(disk)).rejects.toMatchObject({
    code: 'ERR_LOCKED',
    message: expect.stringMatching(/process \d+ holds it/),
  });
  await wal.stop();
});
