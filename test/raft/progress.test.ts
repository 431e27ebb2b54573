import { describe, expect, test } from 'vitest';
import { bootNumber, logIndex } from '../../src/base/index.ts';
import type { Progress } from '../../src/raft/index.ts';
import {
  acknowledge,
  finishRound,
  hear,
  isCaughtUp,
  newProgress,
  refuse,
  toSnapshot,
} from '../../src/raft/progress.ts';

const one = logIndex(1);
const boot = bootNumber(1);

/** A follower of a leader with 10 entries, that acknowledged `matched`. */
function streaming(matched: number): Progress {
  const p = newProgress(logIndex(10));
  hear(p, boot, logIndex(matched));
  acknowledge(p, logIndex(matched), one);
  return p;
}

function inFlight(p: Progress, ...lasts: number[]): void {
  if (p.flow.mode !== 'replicate') throw new Error('not streaming');
  for (const last of lasts) {
    p.flow.inFlight.push({ last: logIndex(last), bytes: 10 });
    p.flow.inFlightBytes += 10;
    p.next = logIndex(last + 1);
  }
}

describe('probe', () => {
  test('begins after the end of the log', () => {
    expect(newProgress(logIndex(10))).toMatchObject({ matched: 0, next: 11, active: false });
  });

  test.each([
    { previous: 10, agreeing: 10, next: 10, news: true },
    { previous: 10, agreeing: 4, next: 5, news: true },
    { previous: 10, agreeing: 0, next: 1, news: true },
    { previous: 9, agreeing: 4, next: 11, news: false },
  ])('a refusal of $previous that may agree at $agreeing leads to $next', (row) => {
    const p = newProgress(logIndex(10));
    expect(refuse(p, logIndex(row.previous), logIndex(row.agreeing))).toBe(row.news);
    expect(p.next).toBe(row.next);
  });

  test('turns to streaming where the logs agree', () => {
    expect(streaming(7)).toMatchObject({ matched: 7, next: 8, flow: { mode: 'replicate' } });
  });

  test('an acknowledgement that says nothing new about the probe changes nothing', () => {
    const p = newProgress(logIndex(10));
    acknowledge(p, logIndex(0), one);
    expect(p).toMatchObject({ next: 11, flow: { mode: 'probe' } });
  });
});

describe('replicate', () => {
  test('an acknowledgement frees the window up to it', () => {
    const p = streaming(4);
    inFlight(p, 6, 8, 10);
    acknowledge(p, logIndex(8), one);
    expect(p.flow).toEqual({
      mode: 'replicate',
      inFlight: [{ last: 10, bytes: 10 }],
      inFlightBytes: 10,
    });
    expect(p).toMatchObject({ matched: 8, next: 11 });
  });

  test('an old acknowledgement takes nothing back', () => {
    const p = streaming(4);
    inFlight(p, 6);
    acknowledge(p, logIndex(2), one);
    expect(p).toMatchObject({ matched: 4, next: 7 });
  });

  test('a refusal goes back to probing, not below what was promised', () => {
    const p = streaming(4);
    inFlight(p, 6, 8);
    expect(refuse(p, logIndex(6), logIndex(1))).toBe(true);
    expect(p).toMatchObject({ matched: 4, next: 5, flow: { mode: 'probe' } });
  });

  test('a refusal of what was promised since is an old one', () => {
    const p = streaming(4);
    expect(refuse(p, logIndex(3), logIndex(1))).toBe(false);
    expect(p.flow.mode).toBe('replicate');
  });
});

describe('snapshot', () => {
  test.each([
    { matched: 3, first: 8, mode: 'snapshot' },
    { matched: 7, first: 8, mode: 'replicate' },
    { matched: 9, first: 12, mode: 'replicate' },
  ])('with $matched held of a log from $first it is $mode', ({ matched, first, mode }) => {
    const p = newProgress(logIndex(10));
    toSnapshot(p, logIndex(9), logIndex(10));
    acknowledge(p, logIndex(matched), logIndex(first));
    expect(p.flow.mode).toBe(mode);
  });
});

describe('boot', () => {
  test('a newer boot makes everything be learnt anew', () => {
    const p = streaming(7);
    expect(hear(p, bootNumber(2), logIndex(7))).toBe(true);
    expect(p).toMatchObject({ matched: 0, next: 8, boot: 2, flow: { mode: 'probe' } });
  });

  test('replies of an older boot do not count', () => {
    const p = newProgress(logIndex(10));
    expect(hear(p, bootNumber(3), logIndex(0))).toBe(true);
    p.ticksQuiet = 5;
    expect(hear(p, bootNumber(2), logIndex(0))).toBe(false);
    expect(p.ticksQuiet).toBe(5);
  });
});

describe('catching up', () => {
  test('a round ends when what was committed at its beginning is held', () => {
    const p = newProgress(logIndex(10));
    hear(p, boot, logIndex(8));
    acknowledge(p, logIndex(7), one);
    finishRound(p, logIndex(9));
    expect(isCaughtUp(p, 50)).toBe(false);
    acknowledge(p, logIndex(8), one);
    finishRound(p, logIndex(9));
    expect(isCaughtUp(p, 50)).toBe(true);
    expect(p.roundTarget).toBe(9);
  });

  test('the silent are not caught up', () => {
    const p = streaming(4);
    finishRound(p, logIndex(4));
    p.ticksQuiet = 50;
    expect(isCaughtUp(p, 50)).toBe(false);
  });

  test('who needs a snapshot begins again', () => {
    const p = streaming(4);
    finishRound(p, logIndex(4));
    toSnapshot(p, logIndex(9), logIndex(10));
    acknowledge(p, logIndex(9), one);
    finishRound(p, logIndex(10));
    expect(isCaughtUp(p, 50)).toBe(false);
  });
});
