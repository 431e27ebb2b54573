import { expect, test } from 'vitest';
import { bootNumber, ClusterError, revision, term, utf8 } from '../../src/base/index.ts';
import { Proposals } from '../../src/node/proposals.ts';

const unknown = new ClusterError('ERR_OUTCOME_UNKNOWN', 'unknown');
const none = new ClusterError('ERR_NO_LEADER', 'none');
const errorFor = (sent: boolean) => (sent ? unknown : none);
const applied = { kind: 'applied', revision: revision(1) } as const;

class Desk {
  readonly proposals: Proposals;
  /** What each waiter was told, by number. */
  readonly told = new Map<number, string[]>();

  constructor(countMax = 100, bytesMax = 1_000_000) {
    this.proposals = new Proposals({ countMax, bytesMax }, bootNumber(1));
  }

  add(deadlineMs = 5000, bytes = 10): number {
    const n = this.proposals.nextN;
    const told: string[] = [];
    this.told.set(n, told);
    this.proposals.add(
      utf8(String(n).padEnd(bytes)),
      { applied: ({ kind }) => told.push(kind), failed: ({ code }) => told.push(code) },
      deadlineMs,
    );
    return n;
  }

  /** Numbers of the commands that are taken. */
  take(inTerm: number, bytesMax = 1_000_000): { batch: number; numbers: number[] } {
    const { batch, commands } = this.proposals.take(term(inTerm), bytesMax);
    return { batch, numbers: commands.map((bytes) => Number(new TextDecoder().decode(bytes))) };
  }

  all(): string {
    return [...this.told].map(([n, told]) => `${n}:${told.join('+')}`).join(' ');
  }
}

test('all that waits is taken as one batch, in order, and handed on once', () => {
  const desk = new Desk();
  for (let i = 0; i < 3; i++) desk.add();
  expect(desk.take(1).numbers).toEqual([1, 2, 3]);
  expect(desk.proposals.hasUnsent).toBe(false);
  desk.add();
  expect(desk.take(1).numbers).toEqual([4]);
});

test('a batch keeps its bound, and one command always goes', () => {
  const desk = new Desk();
  for (const bytes of [500, 30, 30, 30]) desk.add(5000, bytes);
  expect(desk.take(1, 70).numbers).toEqual([1]);
  expect(desk.take(1, 70).numbers).toEqual([2, 3]);
  expect(desk.take(1, 70).numbers).toEqual([4]);
});

test('N2: whoever was answered is answered no more', () => {
  const desk = new Desk();
  desk.add();
  const { batch } = desk.take(1);
  desk.proposals.applied(1, applied);
  desk.proposals.applied(1, applied);
  desk.proposals.termApplied(term(2));
  desk.proposals.refused(batch);
  desk.proposals.failBatch(batch, none);
  desk.proposals.jumped(unknown);
  desk.proposals.expire(9999, errorFor);
  desk.proposals.failAll(errorFor);
  expect(desk.all()).toBe('1:applied');
  expect(desk.proposals.size).toBe(0);
});

test('an entry of a later term shows that what an earlier leader got did nothing: again, same number', () => {
  const desk = new Desk();
  desk.add();
  desk.add();
  desk.take(3);
  desk.add();
  desk.proposals.termApplied(term(3));
  expect(desk.take(3).numbers).toEqual([3]);
  desk.proposals.termApplied(term(4));
  expect(desk.take(4).numbers).toEqual([1, 2, 3]);
  desk.proposals.applied(2, applied);
  desk.proposals.termApplied(term(4));
  expect(desk.proposals.hasUnsent).toBe(false);
  expect(desk.all()).toBe('1: 2:applied 3:');
});

test('a refused batch waits again, in front of what came later; a refusal that comes twice does nothing', () => {
  const desk = new Desk();
  desk.add();
  const { batch } = desk.take(1);
  desk.add();
  desk.proposals.refused(batch);
  desk.proposals.refused(batch);
  // Nobody counts batches from 0: what waits here is in none.
  desk.proposals.refused(0);
  desk.proposals.failBatch(0, none);
  expect(desk.take(1).numbers).toEqual([1, 2]);
  desk.proposals.refused(batch);
  expect(desk.proposals.hasUnsent).toBe(false);
});

test('a batch that is refused for good is told to its own waiters only', () => {
  const desk = new Desk();
  desk.add();
  const { batch } = desk.take(1);
  desk.add();
  desk.take(1);
  desk.proposals.failBatch(batch, none);
  expect(desk.all()).toBe('1:ERR_NO_LEADER 2:');
});

test('time ends what waits: unknown if it was handed on, none if it never was or came back', () => {
  const desk = new Desk();
  desk.add(100);
  desk.add(100);
  desk.proposals.refused(desk.take(1).batch);
  desk.take(1, 10);
  desk.add(200);
  desk.proposals.expire(99, errorFor);
  expect(desk.all()).toBe('1: 2: 3:');
  desk.proposals.expire(100, errorFor);
  expect(desk.all()).toBe('1:ERR_OUTCOME_UNKNOWN 2:ERR_NO_LEADER 3:');
  expect(desk.take(2).numbers).toEqual([3]);
});

test('without a leader what has expired is not kept', () => {
  const desk = new Desk(10);
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 5; i++) desk.add(round + 1);
    desk.proposals.expire(round, errorFor);
    expect(desk.proposals.size).toBeLessThanOrEqual(10);
  }
  expect(desk.take(1).numbers.length).toBe(5);
});

test('a snapshot leaves unknown what was handed on, and lets the rest wait', () => {
  const desk = new Desk();
  desk.add();
  desk.take(1);
  desk.add();
  desk.proposals.jumped(unknown);
  expect(desk.all()).toBe('1:ERR_OUTCOME_UNKNOWN 2:');
  expect(desk.take(1).numbers).toEqual([2]);
});

test('N3: it is full by count and by bytes, and free again when somebody was answered', () => {
  const byCount = new Desk(2);
  byCount.add();
  expect(byCount.proposals.full).toBe(false);
  byCount.add();
  expect(byCount.proposals.full).toBe(true);
  expect(() => byCount.add()).toThrow('N3');
  byCount.take(1);
  byCount.proposals.applied(1, applied);
  expect(byCount.proposals.full).toBe(false);

  const byBytes = new Desk(100, 50);
  byBytes.add(100, 60);
  expect(byBytes.proposals.full).toBe(true);
  byBytes.proposals.expire(100, errorFor);
  expect(byBytes.proposals.full).toBe(false);
});

test('a waiter that asks again while it is told waits as a new one', () => {
  const proposals = new Proposals({ countMax: 10, bytesMax: 1000 }, bootNumber(1));
  let calls = 0;
  const waiter = {
    applied: () => {},
    failed: () => {
      calls++;
      if (calls === 1) proposals.add(utf8('again'), waiter, 1000);
    },
  };
  proposals.add(utf8('first'), waiter, 100);
  proposals.expire(100, errorFor);
  expect(calls).toBe(1);
  expect(proposals.size).toBe(1);
});
