import { describe, expect, test } from 'vitest';
import { isDiskFull, must } from '../../src/base/index.ts';
import type { Disk } from '../../src/ports/index.ts';
import { describeDisk } from '../contracts/disk.contract.ts';
import { Bench, filled, sector } from './disk-bench.ts';

/** Asks the question of so many seeds; each must hold, and the answers are counted. */
async function tally(
  seeds: number,
  ask: (bench: Bench, seed: number) => Promise<string>,
): Promise<Map<string, number>> {
  const answers = new Map<string, number>();
  for (let seed = 1; seed <= seeds; seed++) {
    const answer = await ask(new Bench(seed), seed);
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }
  return answers;
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

/** Runs its world by itself. */
for (const slowMs of [0, 3]) {
  describeDisk(`SimDisk of ${slowMs} ms`, async () => {
    const bench = new Bench(7, { slowMs, tailMs: slowMs * 10 });
    let isOver = false;
    const pump = () => {
      if (isOver) return;
      bench.world.step();
      setImmediate(pump);
    };
    pump();
    return {
      disk: bench.disk,
      dispose: async () => {
        isOver = true;
      },
    };
  });
}

describe('at a power cut', () => {
  test('what was synced stays, byte for byte, whatever else was written beside it', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const bench = new Bench(seed);
      const file = await bench.durable('a', filled(4 * sector, 1));
      // The second half of one sector and the first of the next.
      await bench.run(file.write(sector + 256, [filled(sector, 2)]));
      bench.powerCut();
      const bytes = must(bench.sim.peek('a'), 'it is there');
      expect(bytes).toHaveLength(4 * sector);
      const outside = [...bytes].filter((_, i) => i < sector + 256 || i >= 2 * sector + 256);
      expect(outside.every((byte) => byte === 1)).toBe(true);
    }
  });

  test('each unsynced sector is kept, lost, torn or garbage, for itself', async () => {
    const answers = await tally(300, async (bench) => {
      const file = await bench.durable('a', filled(2 * sector, 1));
      await bench.run(file.write(0, [filled(2 * sector, 2)]));
      bench.powerCut();
      const bytes = must(bench.sim.peek('a'), 'it is there');
      return [bytes.subarray(0, sector), bytes.subarray(sector)]
        .map((part) => {
          const kinds = new Set(part);
          if (kinds.size > 2) return 'garbage';
          if (kinds.size === 2) return 'torn';
          return kinds.has(2) ? 'kept' : 'lost';
        })
        .join(' ');
    });
    for (const pair of ['kept lost', 'lost kept', 'kept kept', 'lost lost', 'torn kept'])
      expect(answers.get(pair) ?? 0, pair).toBeGreaterThan(0);
    expect([...answers.keys()].filter((pair) => pair.includes('garbage')).length).toBeGreaterThan(
      1,
    );
  });

  test('a sector that was written twice may have kept the first', async () => {
    const answers = await tally(200, async (bench) => {
      const file = await bench.durable('a', filled(sector, 1));
      await bench.run(file.write(0, [filled(sector, 2)]));
      await bench.run(file.write(0, [filled(sector, 3)]));
      bench.powerCut();
      return [...new Set(bench.sim.peek('a'))].join(' ').slice(0, 5);
    });
    for (const version of ['1', '2', '3'])
      expect(answers.get(version) ?? 0, version).toBeGreaterThan(0);
  });

  test('an unsynced size is kept, lost, or got half of the way, and the rest reads as zeros', async () => {
    const sizes = await tally(200, async (bench) => {
      const file = await bench.durable('a', filled(sector, 1));
      await bench.run(file.write(sector, [filled(4 * sector, 2)]));
      bench.powerCut();
      const bytes = must(bench.sim.peek('a'), 'it is there');
      expect([...bytes.subarray(0, sector)].every((byte) => byte === 1)).toBe(true);
      const again = must(await bench.run(bench.disk.open('a', 'write')), 'it is there');
      await bench.run(again.truncate(8 * sector));
      const rest = must(bench.sim.peek('a'), 'it is there').subarray(bytes.length);
      expect(rest.every((byte) => byte === 0)).toBe(true);
      return String(bytes.length / sector);
    });
    for (const size of ['1', '3', '5']) expect(sizes.get(size) ?? 0, size).toBeGreaterThan(0);
  });

  test('names that were not synced are kept or lost one by one; those of a synced folder stay', async () => {
    const answers = await tally(200, async (bench) => {
      await bench.durable('old', 'old');
      for (const name of ['a', 'b']) await bench.create(name, name);
      await bench.run(bench.disk.makeFolder('f'));
      await bench.create('f/c');
      await bench.run(bench.disk.syncFolder('f'));
      bench.powerCut();
      expect(bench.paths()).toContain('old');
      expect(bench.paths()).toContain('f/c');
      return ['a', 'b'].filter((name) => bench.paths().includes(name)).join('');
    });
    for (const names of ['', 'a', 'b', 'ab']) expect(answers.get(names) ?? 0).toBeGreaterThan(0);
  });

  test('a rename that was not synced is there whole or not at all, and never loses both', async () => {
    const answers = await tally(100, async (bench) => {
      await bench.durable('a', 'old');
      await bench.durable('b', 'new');
      await bench.run(bench.disk.rename('b', 'a'));
      bench.powerCut();
      return `${bench.text('a')} ${bench.text('b')}`;
    });
    expect([...answers.keys()].sort()).toEqual(['new null', 'old new']);
  });

  test('a name that was used again never stands for what is lost', async () => {
    const answers = await tally(200, async (bench) => {
      await bench.durable('a', 'first');
      await bench.run(bench.disk.rename('a', 'b'));
      const file = await bench.create('a', 'second');
      await bench.run(file.sync());
      bench.powerCut();
      return `${bench.text('a')} ${bench.text('b')}`;
    });
    expect([...answers.keys()].sort()).toEqual(['first null', 'null first', 'second first']);
  });

  test('open files, the lock and whatever was under way are gone, and nobody is told', async () => {
    const bench = new Bench(3, { slowMs: 5 });
    const file = await bench.durable('a', 'text');
    await bench.run(bench.disk.lock('lock'));
    let told = false;
    const tell = () => {
      told = true;
    };
    file.sync().then(tell, tell);
    const before = bench.disk;
    bench.powerCut();
    before.list('').then(tell, tell);
    file.read(0, 1).then(tell, tell);
    await bench.drain();
    expect(told).toBe(false);
    await bench.run(bench.disk.lock('lock'));
  });
});

describe('when a process is killed', () => {
  test('what it wrote stays, and what it was writing is there, or not, or up to a sector', async () => {
    const answers = await tally(200, async (_, seed) => {
      const bench = new Bench(seed, { slowMs: 4 });
      const file = await bench.durable('a', filled(4 * sector, 1));
      await bench.run(file.write(0, [filled(8, 2)]));
      void file.write(sector, [filled(3 * sector, 3)]);
      bench.kill();
      const bytes = must(bench.sim.peek('a'), 'it is there');
      expect([...bytes.subarray(0, 8)].every((byte) => byte === 2)).toBe(true);
      const written = bytes.filter((byte) => byte === 3).length;
      expect(written % sector).toBe(0);
      await bench.drain();
      expect(bench.sim.peek('a'), 'what became of it is decided').toEqual(bytes);
      return String(written / sector);
    });
    for (const sectors of ['0', '1', '2', '3'])
      expect(answers.get(sectors) ?? 0, sectors).toBeGreaterThan(0);
  });

  test('a folder that it was removing may be gone in part', async () => {
    const answers = await tally(200, async (bench) => {
      await bench.durable('f/a', 'a');
      await bench.durable('f/b', 'b');
      void bench.disk.remove('f');
      bench.kill();
      return bench.paths().join(' ');
    });
    for (const paths of ['f/a f/b', 'f/b', ''])
      expect(answers.get(paths) ?? 0, paths).toBeGreaterThan(0);
  });

  test('its lock is free, and that of a process that lives is not', async () => {
    const bench = new Bench(1);
    await bench.run(bench.disk.lock('lock'));
    expect(await failure(bench.run(bench.disk.lock('lock')))).toMatchObject({ code: 'ERR_LOCKED' });
    bench.kill();
    await bench.run(bench.disk.lock('lock'));
  });
});

test('a paused process is told when it goes on, and the disk does not wait for it', async () => {
  const bench = new Bench(1, { slowMs: 5 });
  const file = await bench.create('a', 'text');
  const synced = file.sync();
  bench.process.pause();
  let told = false;
  void synced.then(() => {
    told = true;
  });
  await bench.drain();
  expect(told).toBe(false);
  expect(bench.sim.describe().syncs).toBe(1);
  bench.process.resume(bench.world.chance('test'));
  await bench.run(synced);
});

test('a disk takes about as long as it was told to, and one operation in fifty much longer', async () => {
  const bench = new Bench(1, { slowMs: 4, tailMs: 1000 });
  const file = await bench.create('a', 'text');
  const took: number[] = [];
  for (let i = 0; i < 500; i++) {
    const from = bench.world.nowMs;
    await bench.run(file.sync());
    took.push(bench.world.nowMs - from);
  }
  took.sort((a, b) => a - b);
  expect(must(took[250], 'there are 500')).toBeGreaterThan(2);
  expect(must(took[250], 'there are 500')).toBeLessThan(6);
  expect(must(took[499], 'there are 500')).toBeGreaterThan(100);
});

test('what one file was asked for is done in order, though nobody waited', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const bench = new Bench(seed, { slowMs: seed % 2, tailMs: 50 });
    const file = await bench.create('a');
    const all = Promise.all([
      file.write(0, [filled(4, 1)]),
      file.truncate(2),
      file.write(2, [filled(1, 3)]),
      file.size(),
    ]);
    expect((await bench.run(all))[3]).toBe(3);
    expect([...must(bench.sim.peek('a'), 'it is there')]).toEqual([1, 1, 3]);
  }
});

describe('an operation that is told to fail', () => {
  test('fails once, with ERR_DISK_FAILED and EIO as its cause', async () => {
    const bench = new Bench(1);
    const file = await bench.durable('a', 'text');
    const expected = { code: 'ERR_DISK_FAILED', cause: { code: 'EIO' } };
    bench.sim.failNext('read');
    expect(await failure(bench.run(file.read(0, 4)))).toMatchObject(expected);
    bench.sim.failNext('write');
    expect(await failure(bench.run(file.write(0, [filled(4, 1)])))).toMatchObject(expected);
    bench.sim.failNext('sync');
    expect(await failure(bench.run(file.sync()))).toMatchObject(expected);
    bench.sim.failNext('sync');
    expect(await failure(bench.run(bench.disk.syncFolder('')))).toMatchObject(expected);
    await bench.run(file.read(0, 4));
    await bench.run(file.write(0, [filled(4, 1)]));
    await bench.run(file.sync());
    expect(bench.sim.describe()).toMatchObject({ readsFailed: 1, writesFailed: 1, syncsFailed: 2 });
  });

  test('may have written up to a sector', async () => {
    const written = await tally(60, async (bench) => {
      const file = await bench.durable('a', filled(3 * sector, 1));
      bench.sim.failNext('write');
      await failure(bench.run(file.write(0, [filled(3 * sector, 2)])));
      return String(
        must(bench.sim.peek('a'), 'it is there').filter((b) => b === 2).length / sector,
      );
    });
    expect([...written.keys()].sort()).toEqual(['0', '1', '2']);
  });

  test('of a sync leaves what no later sync writes, though it may read as written', async () => {
    const answers = await tally(100, async (bench) => {
      const file = await bench.durable('a', filled(2 * sector, 1));
      await bench.run(file.write(0, [filled(sector, 2)]));
      bench.sim.failNext('sync');
      await failure(bench.run(file.sync()));
      const reads = must(bench.sim.peek('a'), 'it is there')[0];
      await bench.run(file.write(sector, [filled(8, 3)]));
      await bench.run(file.sync());
      bench.powerCut();
      expect(must(bench.sim.peek('a'), 'it is there')[0]).toBe(1);
      expect(must(bench.sim.peek('a'), 'it is there')[sector]).toBe(3);
      return String(reads);
    });
    expect([...answers.keys()].sort()).toEqual(['1', '2']);
  });

  test('of a sync comes to light at a power cut, though its sector was written to since', async () => {
    const answers = await tally(100, async (bench) => {
      const file = await bench.durable('a', filled(sector, 1));
      await bench.run(file.write(0, [filled(sector, 2)]));
      bench.sim.failNext('sync');
      await failure(bench.run(file.sync()));
      const reads = must(bench.sim.peek('a'), 'it is there')[100];
      await bench.run(file.write(0, [filled(8, 3)]));
      bench.powerCut();
      return `${reads} ${must(bench.sim.peek('a'), 'it is there')[100]}`;
    });
    expect([...answers.keys()]).toEqual(expect.arrayContaining(['1 1', '2 1', '2 2']));
  });

  test('of a sync is made good for by writing again', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const bench = new Bench(seed);
      const file = await bench.durable('a', filled(sector, 1));
      await bench.run(file.write(0, [filled(sector, 2)]));
      bench.sim.failNext('sync');
      await failure(bench.run(file.sync()));
      await bench.run(file.write(0, [filled(sector, 2)]));
      await bench.run(file.sync());
      bench.powerCut();
      expect([...new Set(bench.sim.peek('a'))]).toEqual([2]);
    }
  });
});

describe('a full disk', () => {
  test('refuses what makes a file longer, with ENOSPC, and takes what does not', async () => {
    const bench = new Bench(1);
    const file = await bench.durable('a', filled(1000, 1));
    bench.sim.setCapacity(1200);
    expect(await bench.run(must(bench.disk.free, 'it can be asked')())).toBe(200);
    await bench.run(file.write(0, [filled(1000, 2)]));
    expect(isDiskFull(await failure(bench.run(file.write(1000, [filled(201, 3)]))))).toBe(true);
    const { length } = must(bench.sim.peek('a'), 'it is there');
    expect(length).toBeLessThanOrEqual(1200);
    await bench.run(file.truncate(1000));
    await bench.run(file.write(1000, [filled(200, 3)]));
    expect(isDiskFull(await failure(bench.run(bench.disk.open('b', 'create'))))).toBe(true);
    await bench.run(bench.disk.remove('a'));
    await bench.create('b');
    bench.sim.setCapacity(null);
    expect(await bench.run(must(bench.disk.free, 'it can be asked')())).toBe(null);
    expect(bench.sim.describe().full).toBe(2);
  });
});

test('the same seed loses the same', async () => {
  const run = async (seed: number): Promise<string> => {
    const bench = new Bench(seed, { slowMs: 2, tailMs: 30 });
    const lines: string[] = [];
    bench.world.listen((line) => lines.push(line));
    await work(bench, bench.disk);
    bench.powerCut();
    bench.sim.rot();
    const bytes = bench.sim.files().map(({ path }) => `${path} ${bench.sim.peek(path)}`);
    return [...lines, ...bytes, JSON.stringify(bench.sim.describe())].join('\n');
  };
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) {
    const outcome = await run(seed);
    expect(await run(seed)).toBe(outcome);
    outcomes.add(outcome);
  }
  expect(outcomes.size).toBe(20);
});

async function work(bench: Bench, disk: Disk): Promise<void> {
  await bench.run(disk.makeFolder('log'));
  const file = await bench.durable('log/00000001.seg', filled(3000, 1));
  for (let i = 0; i < 10; i++) await bench.run(file.write(i * 300, [filled(200, i)]));
  for (const name of ['a', 'b', 'c', 'd']) await bench.create(name, name);
  await bench.run(disk.rename('a', 'log/a'));
}
