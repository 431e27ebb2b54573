// Each rule about sessions, leases, transactions, sequence names and counters, broken once by what the
// log comes to or by what a guest is told, and nearly broken once.
import { describe, expect, test } from 'vitest';
import { type LeaseId, noLease, type SessionId, utf8 } from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import type { Asked, Operation } from '../../src/sim/history.ts';
import type { Command } from '../../src/tree/index.ts';
import { breach, Town } from './checkers-support.ts';

const set = (where: string, body: string, lease: LeaseId = noLease): Command => ({
  kind: 'set',
  path: path(where),
  body: utf8(body),
  guard: -1,
  lease,
});
const count = (where: string, delta: number): Command => ({
  kind: 'count',
  path: path(where),
  delta,
  guard: -1,
});
const mark = { kind: 'exists', path: path('/mark/1'), exists: false } as const;

/** A guest asks, the tree does it, and the guest is told. */
function done(town: Town, asked: Asked, command: Command): Operation {
  const operation = town.history.began('ann', asked);
  town.history.ended(operation, town.do(command));
  return operation;
}

const inSession = (session: LeaseId, seq: number, ackedBelow = 1) => ({
  session: session as number as SessionId,
  seq,
  ackedBelow,
});

describe('exactlyOnce, in a session', () => {
  const asked: Asked = { kind: 'set', path: '/a', body: 'one', guard: -1 };

  test('what is sent again is answered from the table, and runs no more', () => {
    const town = new Town();
    const session = town.grant(1000, 4);
    const write = town.history.began('ann', asked);
    const told = town.do(set('/a', 'one'), inSession(session, 1));
    expect(town.do(set('/a', 'one'), inSession(session, 1))).toEqual(told);
    town.history.ended(write, told);
    town.finish();
    expect(town.scene.checkers.counts.answeredAgain).toBe(1);
  });

  test('it breaks when a request that was answered runs again', () => {
    const town = new Town();
    const session = town.grant(1000, 4);
    town.history.began('ann', asked);
    town.do(set('/a', 'one'), inSession(session, 1));
    town.lie(set('/a', 'one'), inSession(session, 1), set('/a', 'one'));
    breach('model', () => town.finish());
  });

  test('it breaks when a guest’s write runs under two numbers', () => {
    const town = new Town();
    const session = town.grant(1000, 4);
    town.history.began('ann', asked);
    town.do(set('/a', 'one'), inSession(session, 1));
    town.do(set('/a', 'one'), inSession(session, 2));
    breach('exactlyOnce', () => town.finish());
  });

  test('a session that is gone runs nothing, and neither does a number out of its window', () => {
    const town = new Town();
    const session = town.grant(1000, 2);
    town.history.began('ann', asked);
    town.do({ kind: 'nop' }, inSession(session, 1));
    town.do(set('/a', 'one'), inSession(session, 3));
    town.do({ kind: 'revoke', lease: session });
    town.do(set('/a', 'one'), inSession(session, 2));
    town.history.began('ann', { kind: 'nop' });
    town.history.began('ann', { kind: 'revoke', lease: session });
    town.finish();
    const { counts } = town.scene.checkers;
    expect([counts.numbersRefused, counts.sessionsLost]).toEqual([1, 1]);
  });
});

describe('counters', () => {
  test('the sum is told, each time', () => {
    const town = new Town();
    for (const delta of [3, -5, 1000]) {
      done(town, { kind: 'count', path: '/n', delta, guard: -1 }, count('/n', delta));
    }
    town.finish();
    expect(town.history.operations.at(-1)?.told).toMatchObject({ value: 998 });
  });

  test('it breaks when a guest is told another sum', () => {
    const town = new Town();
    const asked: Asked = { kind: 'count', path: '/n', delta: 2, guard: -1 };
    const operation = town.history.began('ann', asked);
    town.do(count('/n', 2));
    town.history.ended(operation, { kind: 'counted', value: 3, revision: town.revision });
    breach('durable', () => town.finish());
  });

  test('it breaks when it counts twice', () => {
    const town = new Town();
    town.history.began('ann', { kind: 'count', path: '/n', delta: 2, guard: -1 });
    town.do(count('/n', 2));
    town.do(count('/n', 2));
    breach('exactlyOnce', () => town.finish());
  });

  test('it breaks when a refused count counted', () => {
    const town = new Town();
    const asked: Asked = { kind: 'count', path: '/n', delta: 2, guard: -1 };
    const operation = town.history.began('ann', asked);
    town.do(count('/n', 2));
    town.history.ended(operation, { kind: 'refused', code: 'ERR_NO_LEADER' });
    breach('durable', () => town.finish());
  });
});

describe('sequence names', () => {
  const asked: Asked = { kind: 'create', prefix: '/q/', body: 'x' };
  const create: Command = { kind: 'create', prefix: '/q/', body: utf8('x') };

  test('the name ends in the revision', () => {
    const town = new Town();
    expect(done(town, asked, create).told).toMatchObject({ path: '/q/0000000000000001' });
    town.finish();
  });

  test('it breaks when a guest is told another name', () => {
    const town = new Town();
    const operation = town.history.began('ann', asked);
    town.do(create);
    town.history.ended(operation, { kind: 'created', path: '/q/0000000000000002', revision: 1 });
    breach('durable', () => town.finish());
  });
});

describe('transactions', () => {
  const both: Command = {
    kind: 'transaction',
    compares: [mark, { kind: 'created', path: path('/a'), relation: 'equal', revision: 0 }],
    ifTrue: [
      { kind: 'set', path: path('/a'), body: utf8('one'), guard: -1 },
      { kind: 'get', path: path('/a') },
      { kind: 'set', path: path('/b'), body: utf8('two'), guard: -1 },
    ],
    ifFalse: [{ kind: 'get', path: path('/a') }],
  };
  const asked: Asked = {
    kind: 'transact',
    mark: '/mark/1',
    compares: [],
    ifTrue: [],
    ifFalse: [],
  };

  test('all of it, and its reads show its own writes', () => {
    const town = new Town();
    const { told } = done(town, asked, both);
    const file = { body: 'one', revision: 1, created: 1, lease: 0 };
    expect(told).toMatchObject({ succeeded: true, results: [{}, { kind: 'read', file }, {}] });
    town.finish();
    expect(town.scene.checkers.counts).toMatchObject({ ifTrue: 1, ifFalse: 0 });
  });

  test('it breaks when a guest is told of the other branch, of another state, or of none', () => {
    for (const wrong of [
      { succeeded: false },
      { results: [] },
      { revision: 1 },
      {
        results: [
          { kind: 'written', revision: 1 },
          { kind: 'read', file: null },
          { kind: 'written', revision: 2 },
        ],
      },
    ] as const) {
      const town = new Town();
      const operation = town.history.began('ann', asked);
      const told = town.do(both);
      if (told.kind !== 'decided') throw new TypeError('it is decided');
      town.history.ended(operation, { ...told, ...wrong });
      breach('durable', () => town.finish());
    }
  });

  test('it breaks when one that only reads saw a state from before it began', () => {
    const town = new Town();
    const read: Command = { ...both, ifFalse: [], compares: [mark], ifTrue: both.ifFalse };
    const told = town.do(read);
    town.write('bob', '/a', 'one');
    const operation = town.history.began('ann', asked);
    town.history.ended(operation, told);
    breach('linearizable', () => town.finish());
    const good = new Town();
    const early = good.history.began('ann', asked);
    const early1 = good.do(read);
    good.write('bob', '/a', 'one');
    good.history.ended(early, early1);
    good.finish();
  });
});

describe('leases', () => {
  test('a lease that ends takes its files with it, and no others', () => {
    const town = new Town();
    const lease = town.grant();
    town.history.began('ann', { kind: 'grant', lengthMs: 1000 });
    town.history.began('ann', { kind: 'set', path: '/a', body: '1', guard: -1, lease });
    town.history.began('ann', { kind: 'set', path: '/b', body: '2', guard: -1, lease });
    town.history.began('ann', { kind: 'set', path: '/a', body: '3', guard: -1 });
    town.do(set('/a', '1', lease));
    town.do(set('/b', '2', lease));
    town.do(set('/a', '3'));
    town.do({ kind: 'expire', leases: [lease], term: 1 as never });
    expect([...town.state.files.entries()].map(([at]) => at)).toEqual(['/a']);
    town.finish();
    expect(town.scene.checkers.counts).toMatchObject({ leasesGranted: 1, leasesExpired: 1 });
  });

  test('it breaks when a guest is told that a lease ended that did not', () => {
    const town = new Town();
    const lease = town.grant();
    town.history.began('ann', { kind: 'grant', lengthMs: 1000 });
    town.told('ann', { kind: 'revoke', lease }, { kind: 'ended' });
    breach('durable', () => town.finish());
  });

  test('what a client that closes ends by itself is not the end that was asked for and cancelled', () => {
    const cancelled = (town: Town) => {
      const lease = town.grant();
      town.history.began('ann', { kind: 'grant', lengthMs: 1000 });
      const asked = town.history.began('ann', { kind: 'revoke', lease });
      town.history.ended(asked, { kind: 'refused', code: 'ERR_CANCELLED' });
      return lease;
    };
    const closed = new Town();
    closed.do({ kind: 'revoke', lease: cancelled(closed) });
    closed.finish();
    const lied = new Town();
    const session = lied.grant(2000, 4);
    lied.do({ kind: 'revoke', lease: cancelled(lied) }, inSession(session, 1));
    breach('durable', () => lied.finish());
  });

  test('it breaks when a lease is granted that nobody asked for', () => {
    const town = new Town();
    town.grant(1234);
    breach('exactlyOnce', () => town.finish());
  });
});
