import { describe, expect, test } from 'vitest';
import {
  AssertionError,
  assert,
  ClusterError,
  type ErrorCode,
  errorCodes,
  isErrorCode,
  must,
  unreachable,
} from '../../src/base/index.ts';

const codes = Object.keys(errorCodes) as ErrorCode[];

describe('the table of errors', () => {
  test('names each by an upper-case word', () => {
    for (const code of codes) expect(code).toMatch(/^ERR(_[A-Z]+)+$/);
  });

  test('never says of an unknown outcome that it may be sent again as it is', () => {
    for (const code of codes) {
      const { effect, retry } = errorCodes[code];
      if (effect === 'unknown') expect(retry, code).toMatch(/^(session|never)$/);
    }
  });

  test('keeps retries inside a session for what may have happened already', () => {
    for (const code of codes) {
      const { effect, retry } = errorCodes[code];
      if (retry === 'session') expect(effect, code).toBe('unknown');
    }
  });

  test('has no unknown outcome but these', () => {
    expect(codes.filter((code) => errorCodes[code].effect === 'unknown')).toEqual([
      'ERR_OUTCOME_UNKNOWN',
      'ERR_SESSION_LOST',
      'ERR_REQUEST_NUMBER',
      'ERR_CANCELLED',
      'ERR_DISK_FAILED',
    ]);
  });
});

describe('isErrorCode()', () => {
  test('knows every code and nothing that only looks like one', () => {
    for (const code of codes) expect(isErrorCode(code)).toBe(true);
    for (const text of ['ERR_NOTHING', 'err_range', '', 'toString', '__proto__', 'constructor']) {
      expect(isErrorCode(text)).toBe(false);
    }
  });
});

describe('a ClusterError', () => {
  test('says what its code says', () => {
    const error = new ClusterError('ERR_OUTCOME_UNKNOWN', 'not decided in time');
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('ClusterError');
    expect(error.message).toBe('not decided in time');
    expect([error.code, error.effect, error.retry]).toEqual([
      'ERR_OUTCOME_UNKNOWN',
      'unknown',
      'session',
    ]);
  });

  test('keeps what caused it', () => {
    const cause = new Error('EIO');
    expect(new ClusterError('ERR_DISK_FAILED', 'Cannot sync', { cause }).cause).toBe(cause);
    expect('cause' in new ClusterError('ERR_RANGE', 'No such offset')).toBe(false);
  });

  test('is no AssertionError, nor the other way round: one is handled, the other never', () => {
    expect(new ClusterError('ERR_RANGE', '')).not.toBeInstanceOf(AssertionError);
    expect(new AssertionError('x')).not.toBeInstanceOf(ClusterError);
  });
});

describe('assertions', () => {
  test('pass what holds and stop at what does not, with the claim', () => {
    expect(() => assert(true, 'two is even')).not.toThrow();
    expect(() => assert(false, 'three is even')).toThrow(AssertionError);
    expect(() => assert(false, 'three is even')).toThrow('three is even');
  });

  test('must() gives back everything that is there, 0 and the empty text too', () => {
    for (const value of [0, '', false, Number.NaN]) expect(must(value, 'it is there')).toBe(value);
    for (const value of [null, undefined]) {
      expect(() => must(value, 'it is there')).toThrow(new AssertionError('it is there'));
    }
  });

  test('unreachable() names the value nobody had thought of', () => {
    expect(() => unreachable('purple' as never)).toThrow(new AssertionError('unreachable: purple'));
  });
});
