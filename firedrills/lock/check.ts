import type { Turn } from './messages.ts';

/** What may never be, of the turns that were taken. */
export function violationsOf(turns: readonly Turn[]): string[] {
  const violations: string[] = [];
  const inTime = [...turns].sort((a, b) => a.fromMs - b.fromMs);
  for (const [i, next] of inTime.entries()) {
    const last = inTime[i - 1];
    if (last === undefined) continue;
    if (next.token <= last.token) violations.push(`token ${next.token} came after ${last.token}`);
    if (next.fromMs < last.untilMs) {
      const ms = (last.untilMs - next.fromMs).toFixed(1);
      violations.push(`${last.token} and ${next.token} both held the lock, for ${ms} ms`);
    }
  }
  const writes = turns.flatMap(({ token, wroteAt }) =>
    wroteAt === null ? [] : [{ token, wroteAt }],
  );
  writes.sort((a, b) => a.wroteAt - b.wroteAt);
  for (const [i, next] of writes.entries()) {
    const last = writes[i - 1];
    if (last !== undefined && next.token < last.token) {
      violations.push(`${next.token} wrote at revision ${next.wroteAt}, after ${last.token} had`);
    }
  }
  return violations;
}
