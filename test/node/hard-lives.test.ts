// Lives of whole nodes, real logs under them, with everything happening at once: processes stopped, woken
// and killed at any moment, links cut one way or both, members coming and going, operators writing slots.
// What is judged is what a guest may rely on: one history on all nodes, in the order in which it was asked
// for; nothing acknowledged is missing, nothing refused is there, nothing comes twice; and afterwards it
// goes on.
import { expect, test } from 'vitest';
import { HardLife, type Seen } from '../support/hard-life.ts';

/** More, or others: HARD_SEED=1000 HARD_SEEDS=500 npx vitest run test/node/hard-lives.test.ts */
const first = Number(process.env['HARD_SEED'] ?? 1);
const count = Number(process.env['HARD_SEEDS'] ?? 8);
const steps = Number(process.env['HARD_STEPS'] ?? 120);
const seeds = Array.from({ length: count }, (_, i) => first + i);
const seen: Seen[] = [];

test.each(seeds)('a hard life, seed %i', { timeout: 120_000 }, async (seed) => {
  const life = new HardLife(seed);
  try {
    await life.found();
    await life.live(steps);
    await life.settle();
  } catch (error) {
    const again = `HARD_SEED=${seed} HARD_SEEDS=1 HARD_STEPS=${steps}`;
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${again}: ${message}\n${life.lines.slice(-40).join('\n')}`, { cause: error });
  }
  seen.push(life.seen);
});

test('they were hard', () => {
  const all = (what: keyof Seen): number => seen.reduce((sum, one) => sum + one[what], 0);
  // One seed alone may be an easy one.
  if (seen.length < 8) return;
  expect(all('applied')).toBeGreaterThan(20 * seen.length);
  expect(all('unknown')).toBeGreaterThan(seen.length);
  expect(all('reads')).toBeGreaterThan(10 * seen.length);
  expect(all('leaders')).toBeGreaterThan(2 * seen.length);
  expect(all('installs')).toBeGreaterThan(0);
});
