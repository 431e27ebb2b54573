// Whole runs: the same number gives the same run, and the first numbers are clean. Thousands more:
// `npm run sim`.
import { describe, expect, test } from 'vitest';
import { checksum } from '../../src/platform/index.ts';
import { drawPlan, type Left, type Outcome, Run, shrink, whole } from '../../src/sim/index.ts';

/** As `tools/sim/drive.mjs` does. */
function outcomeOf(
  seed: number,
  options: { left?: Left; lines?: string[] } = {},
): Promise<Outcome> {
  const { left, lines } = options;
  const run = new Run(drawPlan(seed), {
    checksum,
    ...(left && { left }),
    ...(lines && { listener: (line) => lines.push(line) }),
  });
  return new Promise((resolve) => {
    const step = (): void => {
      if (run.step()) setImmediate(step);
      else resolve(run.outcome());
    };
    step();
  });
}

describe('a run', () => {
  test('is the same for the same seed, watched or not', { timeout: 60_000 }, async () => {
    const lines: string[] = [];
    const [first, again] = [await outcomeOf(3), await outcomeOf(3, { lines })];
    expect(again.fingerprint).toBe(first.fingerprint);
    expect(again.happened).toEqual(first.happened);
    expect(lines.length).toBeGreaterThan(20);
    expect((await outcomeOf(4)).fingerprint).not.toBe(first.fingerprint);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    'of seed %i breaks no rule',
    { timeout: 60_000 },
    async (seed) => {
      const { violation, happened } = await outcomeOf(seed);
      expect(violation).toBe(null);
      expect(happened['elections']).toBeGreaterThan(0);
      expect(happened['committed']).toBeGreaterThan(10);
    },
  );

  test('goes on without the steps and errands that are left out', { timeout: 60_000 }, async () => {
    const nothing: Left = { steps: new Set(), errands: new Set() };
    const { violation, happened } = await outcomeOf(5, { left: nothing });
    expect(violation).toBe(null);
    expect([happened['crashes'], happened['partitions'], happened['rots']]).toEqual([0, 0, 0]);
  });
});

describe('the shrinker', () => {
  test('leaves what the failure needs, and little else', async () => {
    const plan = drawPlan(12);
    const all = whole(plan);
    const needed = { step: [...all.steps].at(-1), errand: [...all.errands].at(0) };
    let tries = 0;
    const fails = (left: Left): Promise<boolean> => {
      tries++;
      const hasStep = needed.step === undefined || left.steps.has(needed.step);
      const hasErrand = needed.errand === undefined || left.errands.has(needed.errand);
      return Promise.resolve(hasStep && hasErrand);
    };
    const left = await shrink(plan, fails, 400);
    expect(all.steps.size + all.errands.size).toBeGreaterThan(10);
    expect(left.steps.size + left.errands.size).toBe(2);
    expect(tries).toBeLessThanOrEqual(400);
  });

  test('gives up in time', async () => {
    const plan = drawPlan(12);
    let tries = 0;
    await shrink(plan, () => Promise.resolve(++tries < 0), 7);
    expect(tries).toBe(7);
  });
});
