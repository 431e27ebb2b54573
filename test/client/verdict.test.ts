import { describe, expect, it } from 'vitest';
import { ClusterError, type Effect, type ErrorCode, leaseId } from '../../src/base/index.ts';
import { Session } from '../../src/client/session.ts';
import { type Verdict, verdictOn } from '../../src/client/verdict.ts';

type Row = readonly [
  code: ErrorCode,
  effect: Effect,
  decided: boolean,
  mayHaveRun: boolean,
  verdict: Verdict,
];

const because = (code: ErrorCode, effect: Effect) => new ClusterError(code, 'no', { effect });

describe('verdictOn() a refused copy', () => {
  it.each<Row>([
    ['ERR_NO_LEADER', 'none', false, false, 'again'],
    ['ERR_NO_LEADER', 'none', false, true, 'again'],
    ['ERR_NOT_LEADER', 'none', false, false, 'again'],
    ['ERR_OUTCOME_UNKNOWN', 'unknown', false, false, 'again'],
    ['ERR_DISK_FAILED', 'unknown', false, false, 'again'],
    // The session remembers it: the same number gets the same answer.
    ['ERR_OVERLOADED', 'none', true, false, 'anew'],
    ['ERR_OVERLOADED', 'none', true, true, 'anew'],
    ['ERR_OVERLOADED', 'none', false, true, 'again'],
    ['ERR_REV_MISMATCH', 'none', true, true, 'tell'],
    ['ERR_BAD_PATH', 'none', false, false, 'tell'],
    // What one node says for itself ends nothing of which another copy may have run.
    ['ERR_DISK_FULL', 'none', false, false, 'tell'],
    ['ERR_DISK_FULL', 'none', false, true, 'again'],
    ['ERR_SESSION_LOST', 'unknown', true, false, 'elsewhere'],
    ['ERR_SESSION_LOST', 'unknown', true, true, 'tell'],
    ['ERR_REQUEST_NUMBER', 'unknown', true, false, 'tell'],
  ])('under a number: %s, effect %s, decided %s, in doubt %s: %s', (...row) => {
    const [code, effect, decided, mayHaveRun, verdict] = row;
    const refusal = { why: because(code, effect), decided, mayHaveRun };
    expect(verdictOn(refusal, true)).toBe(verdict);
  });

  it.each<readonly [ErrorCode, Effect, Verdict]>([
    ['ERR_NO_LEADER', 'none', 'again'],
    ['ERR_OUTCOME_UNKNOWN', 'unknown', 'tell'],
    ['ERR_MEMBERSHIP_REFUSED', 'none', 'tell'],
    ['ERR_REV_MISMATCH', 'none', 'tell'],
  ])('without one: %s, effect %s: %s', (code, effect, verdict) => {
    const refusal = { why: because(code, effect), decided: false, mayHaveRun: false };
    expect(verdictOn(refusal, false)).toBe(verdict);
  });
});

describe('S3: the numbers of a session', () => {
  it('rise, span less than the window, and acknowledge what is below the lowest open one', () => {
    const session = new Session(leaseId(7), 3);
    expect([session.take(), session.take(), session.take()]).toEqual([1, 2, 3]);
    expect(session.hasRoom).toBe(false);
    session.close(2);
    session.close(3);
    expect(session.hasRoom).toBe(false);
    expect(session.inSession(1)).toEqual({ session: 7, seq: 1, ackedBelow: 1 });
    session.close(1);
    expect(session.take()).toBe(4);
    expect(session.inSession(4)).toMatchObject({ ackedBelow: 4 });
  });

  it('are not given beyond the window, nor sent once closed', () => {
    const session = new Session(leaseId(7), 1);
    session.take();
    expect(() => session.take()).toThrow('a session has no more requests open than its window');
    session.close(1);
    expect(() => session.inSession(1)).toThrow('only an open number is sent');
  });
});
