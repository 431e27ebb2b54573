import { describe, expect, test } from 'vitest';
import { must } from '../../src/base/index.ts';
import { Bench, filled, sector } from './disk-bench.ts';

describe('what was durable', () => {
  const folder = async (seed: number): Promise<Bench> => {
    const bench = new Bench(seed);
    await bench.durable('node', filled(40, 1));
    await bench.durable('state', filled(40, 2));
    await bench.durable('log/00000001.seg', filled(600, 3));
    await bench.durable('snapshots/1-1.snap', filled(600, 4));
    await bench.durable('snapshots/2-1.snap', filled(600, 5));
    await bench.durable('log/prepared', filled(600, 0));
    return bench;
  };
  const image = ({ sim }: Bench) =>
    sim.files().map(({ path }) => [path, [...must(sim.peek(path), 'it is there')]] as const);

  test('rots by one bit, anywhere but where nothing stands, and stays rotten', async () => {
    const files = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const bench = await folder(seed);
      const before = new Map(image(bench));
      expect(bench.sim.rot()).not.toBe(null);
      bench.powerCut();
      const changed = image(bench).flatMap(([path, bytes]) =>
        bytes.flatMap((byte, i) => {
          const bits = byte ^ (before.get(path)?.[i] ?? 0);
          return bits === 0 ? [] : [{ path, bits }];
        }),
      );
      expect(changed).toHaveLength(1);
      for (const { path, bits } of changed) {
        expect(Math.log2(bits) % 1).toBe(0);
        files.add(path);
      }
    }
    expect(files.size).toBe(5);
    expect(files.has('log/prepared')).toBe(false);
  });

  test('rots where it is told to', async () => {
    const bench = await folder(1);
    expect(bench.sim.rotIn('state')).toContain('of state');
    expect(bench.sim.rotIn('nowhere')).toBe(null);
    expect(new Bench(1).sim.rot()).toBe(null);
  });

  test('loses a name for good', async () => {
    const bench = await folder(1);
    const before = bench.paths();
    const lost = must(bench.sim.loseName(), 'there is one');
    bench.powerCut();
    expect(before.filter((path) => !bench.paths().includes(path))).toEqual([
      lost.replace('the name ', ''),
    ]);
  });

  test('loses the end of its newest snapshot', async () => {
    const bench = await folder(2);
    expect(bench.sim.truncateSnapshot()).toContain('snapshots/2-1.snap');
    bench.powerCut();
    const sizes = new Map(bench.sim.files().map(({ path, bytes }) => [path, bytes]));
    expect(sizes.get('snapshots/2-1.snap')).toBeLessThan(600);
    expect(sizes.get('snapshots/1-1.snap')).toBe(600);
    expect(new Bench(1).sim.truncateSnapshot()).toBe(null);
  });

  test('goes with the folder', async () => {
    const bench = await folder(1);
    bench.sim.lose();
    bench.kill();
    expect(bench.paths()).toEqual([]);
    await bench.durable('node', 'new');
  });

  test('is overwritten by a write that lands elsewhere, while its own place stays', async () => {
    let otherFile = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const bench = await folder(seed);
      const before = image(bench);
      const file = must(
        await bench.run(bench.disk.open('log/00000001.seg', 'write')),
        'it is there',
      );
      bench.sim.misdirectNext();
      await bench.run(file.write(0, [filled(16, 9)]));
      await bench.run(file.sync());
      const after = new Map(image(bench));
      const nines = [...after].flatMap(([path, bytes]) =>
        bytes.flatMap((byte, i) => (byte === 9 ? [`${path} ${i - (i % sector)}`] : [])),
      );
      if (bench.sim.describe().misdirected === 0) continue;
      expect(nines).toHaveLength(16);
      expect(new Set(nines).size).toBe(1);
      expect(nines).not.toContain('log/00000001.seg 0');
      if (!nines[0]?.startsWith('log/')) otherFile++;
      for (const [path, bytes] of before) expect(after.get(path)).toHaveLength(bytes.length);
    }
    expect(otherFile).toBeGreaterThan(0);
  });
});
