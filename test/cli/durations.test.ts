import { describe, expect, it } from 'vitest';
import { durationText, parseDuration } from '../../src/cli/durations.ts';

describe('parseDuration()', () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['300ms', 300],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['5.s', 5000],
    ['2h45m30.5s', 9_930_500],
    ['100us', 0.1],
    ['100\u00b5s', 0.1],
    ['100\u03bcs', 0.1],
    ['1000000ns', 1],
    ['+1s', 1000],
    ['-1m', -60_000],
    ['-0', -0],
    ['1s1s', 2000],
    ['2562047h', 2_562_047 * 3_600_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 6);
  });

  it.each([
    '',
    '5',
    '-',
    '+',
    's',
    '.s',
    '.',
    '1 s',
    ' 1s',
    '1s ',
    '1d',
    '1S',
    '1e3s',
    '--1s',
    'x',
    '1m30',
    '3000000h',
    '1s,5s',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBe(null);
  });

  it('is written for people', () => {
    expect([300, 1000, 1500].map(durationText)).toEqual(['300 ms', '1 s', '1.5 s']);
  });
});
