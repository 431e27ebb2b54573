// Each rule about the time of leases, about locks, outcomes and what stood before an event, broken once and
// nearly broken once.
import { describe, expect, test } from 'vitest';
import { Checkers } from '../../src/sim/checkers/checkers.ts';
import { LeaseClock } from '../../src/sim/checkers/lease-clock.ts';
import { type Asked, History, type Holder, type Told } from '../../src/sim/history.ts';
import { type Command, emptyTree } from '../../src/tree/index.ts';
import { breach, Town } from './checkers-support.ts';

const at = { index: 9, term: 2 };
const expire = (lease: number, term = 2): Command => ({
  kind: 'expire',
  leases: [lease as never],
  term: term as never,
});

/** A guest that holds lease 5 of 1,000 ms, and clocks that run by the world's. */
class Room {
  nowMs = 0;
  sign: { sentMs: number; holdsMs: number } | null = { sentMs: 100, holdsMs: 1000 };
  readonly history = new History(() => this.nowMs);
  readonly clock: LeaseClock;

  constructor(fastest = 1, aheadMs = 0) {
    const { counts } = new Checkers({ history: this.history });
    this.clock = new LeaseClock(this.history, counts, () => ({ fastest, aheadMs }));
    this.history.holders.set(5, this.holder('ann', 5));
  }

  holder(guest: string, lease: number): Holder {
    return { guest, lease, lengthMs: 1000, sign: () => this.sign };
  }

  committedAt(nowMs: number, command: Command): void {
    this.nowMs = nowMs;
    const { leases } = emptyTree();
    this.clock.committed(at, command, { leases });
  }
}

describe('a lease', () => {
  test('ends one length after its last sign of life was sent, and no earlier', () => {
    new Room().committedAt(1100, expire(5));
    const early = new Room();
    breach('lease', () => early.committedAt(1090, expire(5)));
  });

  test('ends earlier by no more than a fast clock, or a slow machine that is ahead', () => {
    new Room(1.2).committedAt(940, expire(5));
    breach('lease', () => new Room(1.2).committedAt(920, expire(5)));
    new Room(1, 50).committedAt(1055, expire(5));
    breach('lease', () => new Room(1, 50).committedAt(1040, expire(5)));
  });

  test('may be let go at any time, and an end that is void is none', () => {
    new Room().committedAt(200, { kind: 'revoke', lease: 5 as never });
    new Room().committedAt(200, expire(5, 1));
    new Room().committedAt(200, expire(6));
  });

  test('is not told to go on to who asks after its end', () => {
    for (const [sentMs, isLate] of [
      [1150, false],
      [1250, true],
    ] as const) {
      const room = new Room();
      room.committedAt(1200, expire(5));
      room.sign = { sentMs, holdsMs: 1000 };
      if (isLate) breach('lease', () => room.clock.check());
      else room.clock.check();
    }
  });

  test('is gone for whoever else leans on it, too', () => {
    const room = new Room();
    room.history.leans.set(5, {
      ...room.holder('bob', 5),
      sign: () => ({ sentMs: 900, holdsMs: 1000 }),
    });
    breach('lease', () => room.committedAt(1500, expire(5)));
  });
});

describe('a lease that somebody asks for', () => {
  /** Asked for at 500 and answered 10 ms later. */
  function asked(leftMs: number | null, isQuestion = false): Room {
    const room = new Room();
    room.nowMs = 500;
    const operation = room.history.began('bob', { kind: 'renew', lease: 5, isQuestion });
    room.nowMs = 510;
    room.history.ended(operation, { kind: 'left', leftMs });
    return room;
  }

  test('lasts its whole length again by a sign of life, from when that was sent', () => {
    for (const leftMs of [1000, 990, null]) asked(leftMs).clock.check();
    breach('lease', () => asked(980).clock.check());
    asked(300, true).clock.check();
  });

  test('does not end by its time before what was told has passed, but may be let go', () => {
    for (const [endMs, isEarly] of [
      [1500, false],
      [1480, true],
    ] as const) {
      const room = asked(990);
      room.sign = null;
      room.committedAt(endMs, expire(5));
      if (isEarly) breach('lease', () => room.clock.check());
      else room.clock.check();
    }
    const question = asked(1000, true);
    question.sign = null;
    question.committedAt(1499, expire(5));
    question.clock.check();
    const released = asked(990);
    released.committedAt(600, { kind: 'revoke', lease: 5 as never });
    released.clock.check();
  });

  test('is not told to be there to who asks after its end', () => {
    const room = asked(990);
    room.nowMs = 400;
    room.committedAt(400, { kind: 'revoke', lease: 5 as never });
    breach('lease', () => room.clock.check());
  });
});

describe('a lock', () => {
  function twoHolds(secondMs: number, token: number, releasedMs: number | null): Room {
    const room = new Room();
    const holds = { path: '/lock/a', holder: room.holder('ann', 5) };
    room.history.holds.push(
      { ...holds, guest: 'ann', token: 10, fromMs: 200, releasedMs },
      { ...holds, guest: 'bob', token, fromMs: secondMs, releasedMs: null },
    );
    return room;
  }

  test('is held by one guest at a time, as far as each can be certain', () => {
    twoHolds(1100, 11, null).clock.check();
    breach('lock', () => twoHolds(1000, 11, null).clock.check());
    twoHolds(1000, 11, 990).clock.check();
  });

  test('has tokens that rise', () => {
    breach('lock', () => twoHolds(1050, 9, 1000).clock.check());
    // Told after its lease was over: it holds nothing.
    twoHolds(2000, 9, null).clock.check();
  });
});

describe('an outcome', () => {
  function told(code: 'ERR_OUTCOME_UNKNOWN' | 'ERR_SESSION_LOST', tookMs: number, has: boolean) {
    const town = new Town({ hasSession: () => has });
    const asked: Asked = { kind: 'set', path: '/a', body: 'one', guard: -1 };
    const unknown: Told = { kind: 'unknown', code };
    town.told('ann', asked, unknown).tookMs = tookMs;
    return town;
  }

  test('is unknown in a session only if that was lost, or its guest gave up', () => {
    told('ERR_SESSION_LOST', 10, true).finish();
    told('ERR_OUTCOME_UNKNOWN', 5200, true).finish();
    told('ERR_OUTCOME_UNKNOWN', 10, false).finish();
    const town = told('ERR_OUTCOME_UNKNOWN', 10, true);
    breach('outcome', () => town.finish());
  });
});

describe('a watch that shows what stood before', () => {
  function watched(previous: string | null): Town {
    const town = new Town();
    town.write('ann', '/a', 'one');
    town.write('ann', '/a', 'two');
    const record = town.history.watching('bob', '/a', 2);
    const event = { kind: 'set', path: '/a', body: 'two', revision: 2, previous } as const;
    town.history.noted(record, { kind: 'event', event, ceiling: 2 });
    return town;
  }

  test('shows the body that the event replaced', () => {
    watched('one').finish();
    for (const previous of ['two', null]) breach('watch', () => watched(previous).finish());
  });
});

describe('a read of one node', () => {
  const near = (least: number): Asked => ({ kind: 'get', path: '/a', at: null, least });
  const value = (body: string, revision: number, state: number, created = 1): Told => ({
    kind: 'value',
    file: { body, revision, created },
    state,
  });
  function town(keepsFloor = false): Town {
    const made = new Town({ keepsFloor: () => keepsFloor });
    made.write('ann', '/a', 'one');
    made.write('ann', '/a', 'two');
    return made;
  }

  test('may be old, but not older than what was asked for, and is what it says', () => {
    const good = town();
    good.told('bob', near(0), value('one', 1, 1));
    good.told('bob', near(2), value('two', 2, 2));
    good.finish();
    for (const [asked, told] of [
      [near(2), value('one', 1, 1)],
      [near(0), value('one', 1, 2)],
      [near(0), value('two', 2, 2, 2)],
      [near(0), value('two', 2, 3)],
    ] as const) {
      const bad = town();
      bad.told('bob', asked, told);
      breach('linearizable', () => bad.finish());
    }
  });

  test('never goes back for one client', () => {
    const other = town(true);
    other.told('bob', near(0), value('one', 1, 1));
    other.finish();
    const same = town(true);
    same.told('ann', near(0), value('one', 1, 1));
    breach('session', () => same.finish());
  });

  test('that is linearizable and says its state has its place there', () => {
    const bad = town();
    bad.told('bob', { kind: 'get', path: '/a', at: null }, value('one', 1, 1));
    breach('linearizable', () => bad.finish());
    const good = town();
    good.told('bob', { kind: 'get', path: '/a', at: null }, value('two', 2, 2));
    good.finish();
    expect(good.scene.checkers.counts.nearReads).toBe(0);
  });
});
