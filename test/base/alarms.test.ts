import { expect, test } from 'vitest';
import { type Alarm, Alarms, Histogram, limits, parseLogLevel } from '../../src/base/index.ts';

const alarm = (name: string, cause = 'c'): Alarm => ({ name, cause, next: 'n' });

test('an alarm is told when it begins, when its cause changes, and when it ends; not in between', () => {
  const told: string[] = [];
  const alarms = new Alarms(({ name, cause }, state) => told.push(`${name} ${cause} ${state}`));
  alarms.raise(alarm('a'));
  alarms.raise(alarm('a'));
  alarms.raise(alarm('a', 'd'));
  expect(alarms.standing).toEqual([alarm('a', 'd')]);
  alarms.clear('a');
  alarms.clear('a');
  expect(told).toEqual(['a c raised', 'a d raised', 'a d cleared']);
  expect(alarms.standing).toEqual([]);
});

test('who settles its own names leaves those of others alone', () => {
  const alarms = new Alarms();
  alarms.raise(alarm('certificate'));
  alarms.settle(['a', 'b'], [alarm('a')]);
  alarms.settle(['a', 'b'], [alarm('b')]);
  expect(alarms.standing.map(({ name }) => name)).toEqual(['certificate', 'b']);
});

test('beyond the bound an alarm is only told', () => {
  let told = 0;
  const alarms = new Alarms(() => {
    told += 1;
  });
  for (let i = 0; i <= limits.alarmsMax; i++) alarms.raise(alarm(`a${i}`));
  expect(alarms.standing).toHaveLength(limits.alarmsMax);
  expect(told).toBe(limits.alarmsMax + 1);
});

test('a histogram counts each value once, below the first bound that holds it', () => {
  const histogram = new Histogram([1, 2]);
  for (const value of [0, 1, 1.5, 3]) histogram.note(value);
  expect(histogram).toMatchObject({ counts: [2, 1, 1], sum: 5.5, count: 4 });
  expect(() => new Histogram([2, 1])).toThrow('bounds rise');
});

test('there are three levels of the log, in small letters', () => {
  expect(['error', 'info', 'debug', 'INFO', ''].map(parseLogLevel)).toEqual([
    'error',
    'info',
    'debug',
    null,
    null,
  ]);
});
