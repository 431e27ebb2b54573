import { describe, expect, test } from 'vitest';
import { endOf, WalLife } from './disk-life.ts';

/** More, or others: `SIM_DISK_SEEDS=1000-3000 npx vitest run test/sim/disk-wal.test.ts`. */
const [firstSeed = 1, lastSeed = 300] = (process.env['SIM_DISK_SEEDS'] ?? '')
  .split('-')
  .filter(Boolean)
  .map(Number);
const seeds = lastSeed - firstSeed + 1;
const endsPerSeed = 5;

type End = 'power cut' | 'kill -9' | 'either';

async function run(seed: number, alone: boolean, end: End): Promise<WalLife> {
  const life = new WalLife(seed, alone);
  for (let i = 0; i < endsPerSeed; i++) {
    // Now and then the next end comes while the node is still recovering.
    await life.live(life.chance.below(life.chance.below(3) === 0 ? 20 : 200));
    const cut = end === 'either' ? life.chance.below(2) === 0 : end === 'power cut';
    if (cut) life.disk.powerCut();
    else life.disk.processEnded();
  }
  await life.reopen();
  return life;
}

async function runAll(alone: boolean, end: End): Promise<void> {
  let entries = 0;
  let snapshots = 0;
  const failed: string[] = [];
  for (let seed = firstSeed; seed <= lastSeed; seed++) {
    try {
      const life = await run(seed, alone, end);
      entries += endOf(life.state).index;
      snapshots += life.state.snapshot.index > 0 ? 1 : 0;
    } catch (error) {
      failed.push(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
    }
  }
  expect(failed.length, `${failed.length} of ${seeds}\n${failed.slice(0, 3).join('\n')}`).toBe(0);
  // The generator is not blind.
  expect(entries).toBeGreaterThan(seeds * 5);
  expect(snapshots).toBeGreaterThan(seeds / 3);
}

describe('D1, D2: on the simulated disk a log', () => {
  test(
    `keeps what it promised through ${endsPerSeed} power cuts each, in ${seeds} lives`,
    () => runAll(false, 'power cut'),
    600_000,
  );
  test(
    'of a lone voter does so too, and is never in doubt',
    () => runAll(true, 'power cut'),
    600_000,
  );
  test(
    'keeps what it promised however often its process is killed',
    () => runAll(false, 'kill -9'),
    600_000,
  );
  test(
    'keeps what a killed process left when the power goes afterwards',
    () => runAll(false, 'either'),
    600_000,
  );
  test('of a lone voter does so too', () => runAll(true, 'either'), 600_000);
});
