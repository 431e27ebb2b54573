import { describe, expect, test } from 'vitest';
import { WalLife } from './disk-life.ts';

/** More, or others: `SIM_DISK_SEEDS=1000-3000 npx vitest run test/sim/disk-rot.test.ts`. */
const [firstSeed = 1, lastSeed = 200] = (process.env['SIM_DISK_SEEDS'] ?? '')
  .split('-')
  .filter(Boolean)
  .map(Number);
const seeds = lastSeed - firstSeed + 1;

/** A node that lived through some power cuts, and stopped in order. */
async function lived(seed: number): Promise<WalLife> {
  const life = new WalLife(seed, false);
  for (let i = 0; i < 3; i++) {
    await life.live(life.chance.below(300));
    life.disk.powerCut();
  }
  await life.reopen();
  return life;
}

async function forAll(
  damage: (life: WalLife) => string | null | Promise<string | null>,
): Promise<{ whole: number; suspect: number; refused: number }> {
  const outcomes = { whole: 0, suspect: 0, refused: 0 };
  const failed: string[] = [];
  for (let seed = firstSeed; seed <= lastSeed; seed++) {
    let what: string | null = null;
    try {
      const life = await lived(seed);
      what = await damage(life);
      outcomes[await life.examine()]++;
    } catch (error) {
      failed.push(`seed ${seed}, ${what}: ${error instanceof Error ? error.message : error}`);
    }
  }
  expect(failed.length, `${failed.length} of ${seeds}\n${failed.slice(0, 5).join('\n')}`).toBe(0);
  return outcomes;
}

describe('D4: a log that something destroyed a part of', () => {
  test(`is whole, or suspect, or refused after one flipped bit, in ${seeds} lives`, async () => {
    const outcomes = await forAll((life) => life.disk.rot());
    expect(outcomes.whole).toBeGreaterThan(0);
    expect(outcomes.suspect).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThan(0);
  }, 600_000);

  test('is so after a flipped bit of its last segment', async () => {
    const outcomes = await forAll((life) => {
      const last = life.disk.files().findLast(({ path }) => path.endsWith('.seg'));
      return life.disk.rotIn(last?.path ?? 'log/');
    });
    expect(outcomes.suspect).toBeGreaterThan(seeds / 20);
  }, 600_000);

  test('is so after a name vanished', async () => {
    const outcomes = await forAll((life) => life.disk.loseName());
    expect(outcomes.refused).toBeGreaterThan(seeds / 4);
  }, 600_000);

  test('is so after its newest snapshot was cut', async () => {
    const outcomes = await forAll((life) => life.disk.truncateSnapshot());
    expect(outcomes.refused).toBeGreaterThan(0);
  }, 600_000);

  test('is so after a write that landed elsewhere', async () => {
    const outcomes = await forAll(async (life) => {
      await life.live(1000, async (wal) => {
        for (let left = life.chance.below(4); left > 0; left--) await life.act(wal);
        life.disk.misdirectNext();
        for (let left = 1 + life.chance.below(2); left > 0; left--) await life.act(wal);
      });
      life.disk.processEnded();
      return `${life.disk.describe().misdirected} misdirected`;
    });
    expect(outcomes.refused + outcomes.suspect).toBeGreaterThan(seeds / 20);
  }, 600_000);
});

describe('D1: a log whose sync failed', () => {
  test('keeps what it recovered afterwards when the power goes too', async () => {
    const failed: string[] = [];
    for (let seed = firstSeed; seed <= lastSeed; seed++) {
      try {
        const life = await lived(seed);
        const skipped = life.chance.below(120);
        await life.live(200 + skipped, async (wal) => {
          for (let i = 0; i < 3; i++) await life.act(wal);
          life.disk.failNext('sync');
          for (;;) await life.act(wal);
        });
        life.disk.processEnded();
        await life.live(life.chance.below(200));
        life.disk.powerCut();
        await life.reopen();
      } catch (error) {
        failed.push(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
      }
    }
    expect(failed.length, `${failed.length} of ${seeds}\n${failed.slice(0, 5).join('\n')}`).toBe(0);
  }, 600_000);
});
