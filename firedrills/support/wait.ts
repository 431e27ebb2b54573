/** Milliseconds since some moment, steady. */
export const nowMs = (): number => performance.now();

export const pause = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

/**
 * Looks until `look` gives something other than `null`, and says how long that took.
 *
 * @throws after `withinMs`, naming what was waited for and what was seen last.
 */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => Promise<T | null> | T | null,
  everyMs = 20,
): Promise<{ value: T; tookMs: number }> {
  const startMs = nowMs();
  let last: unknown = null;
  for (;;) {
    try {
      const value = await look();
      if (value !== null) return { value, tookMs: Math.round(nowMs() - startMs) };
    } catch (error) {
      last = error;
    }
    if (nowMs() - startMs > withinMs) {
      const seen = last instanceof Error ? ` (last: ${last.message})` : '';
      throw new Error(`Waited ${withinMs} ms in vain for ${what}${seen}`);
    }
    await pause(everyMs);
  }
}

export function expect(condition: boolean, claim: string): void {
  if (!condition) throw new Error(`Expected: ${claim}`);
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
