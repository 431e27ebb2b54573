// The judge of the lock drill sees what must never be.
import { describe, expect, it } from 'vitest';
import { violationsOf } from '../../firedrills/lock/check.ts';
import type { Turn } from '../../firedrills/lock/messages.ts';

const turn = (token: number, fromMs: number, untilMs: number, wroteAt: number | null): Turn => ({
  token,
  fromMs,
  untilMs,
  wroteAt,
  write: wroteAt === null ? 'refused' : 'done',
});

describe('the judge of the lock drill', () => {
  it('is content with turns that follow each other, in whatever order they were told', () => {
    expect(violationsOf([turn(9, 20, 30, 12), turn(5, 0, 10, 7), turn(7, 10, 10, null)])).toEqual(
      [],
    );
  });

  it('sees a token that does not rise', () => {
    expect(violationsOf([turn(5, 0, 1, null), turn(5, 2, 3, null)])).toEqual([
      'token 5 came after 5',
    ]);
  });

  it('sees two holders at a time', () => {
    expect(violationsOf([turn(5, 0, 10, null), turn(6, 8, 12, null)])).toEqual([
      '5 and 6 both held the lock, for 2.0 ms',
    ]);
  });

  it('sees a past holder whose write was taken', () => {
    expect(violationsOf([turn(5, 0, 1, 9), turn(6, 5, 6, 8)])).toEqual([
      '5 wrote at revision 9, after 6 had',
    ]);
  });
});
