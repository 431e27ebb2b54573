// What a client may rely on when it asks again: S1, S2 and T4, told as stories.
import { describe, expect, test } from 'vitest';
import { leaseId, must, term, utf8 } from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import {
  type Command,
  digestText,
  encodeSnapshot,
  fileAt,
  snapshotDecoder,
} from '../../src/tree/index.ts';
import { Driver } from './driver.ts';

const set = (at: string, body = 'x', lease = 0): Command => ({
  kind: 'set',
  path: path(at),
  body: utf8(body),
  guard: -1,
  ...(lease > 0 && { lease: leaseId(lease) }),
});

function founded(): Driver {
  const driver = new Driver();
  driver.found({ '/ctl/name': 'local' }, {}, 2);
  return driver;
}

/** @returns the lease's id. */
function grant(driver: Driver, window = 0, lengthMs = 5000): number {
  const { reply } = driver.command({ kind: 'grant', lengthMs, window });
  if (reply?.kind !== 'granted') throw new TypeError(`not granted: ${reply?.kind}`);
  return reply.lease;
}

const again = (driver: Driver): Driver => {
  const decoder = snapshotDecoder();
  for (const piece of encodeSnapshot(driver.state)) decoder.push(piece);
  return new Driver(decoder.finish());
};

describe('a session', () => {
  test('takes no revision, and neither do its answers', () => {
    const driver = founded();
    const before = driver.state.revision;
    grant(driver, 4);
    expect(driver.state.revision).toBe(before);
  });

  test('runs a request once, however often it comes, and says the same each time', () => {
    const driver = founded();
    const session = grant(driver, 4);
    const count: Command = { kind: 'count', path: path('/n'), delta: 5, guard: -1 };
    const first = driver.ask(count, session, 1);
    expect(first).toMatchObject({ kind: 'counted', value: 5 });
    expect(driver.ask(count, session, 1)).toEqual(first);
    expect(driver.ask(count, session, 2)).toMatchObject({ value: 10 });
    // Also on a node that began with a snapshot.
    const other = again(driver);
    expect(other.ask(count, session, 1)).toEqual(first);
    expect(digestText(other.state)).toBe(digestText(again(other).state));
  });

  test('remembers that it refused, and does not change its mind', () => {
    const driver = founded();
    const session = grant(driver, 4);
    driver.set('/a', 'there');
    const absent: Command = { kind: 'set', path: path('/a'), body: utf8('y'), guard: 0 };
    const refused = driver.ask(absent, session, 1);
    expect(refused).toMatchObject({ kind: 'refused', code: 'ERR_REV_MISMATCH' });
    driver.delete('/a');
    expect(driver.ask(absent, session, 1)).toEqual(refused);
    expect(fileAt(driver.state, path('/a'))).toBeNull();
  });

  test('never runs what it was told is acknowledged, nor what is beyond its window', () => {
    const driver = founded();
    const session = grant(driver, 2);
    driver.ask(set('/a', '1'), session, 1);
    driver.ask(set('/a', '2'), session, 2, 2);
    const late = driver.ask(set('/a', '1'), session, 1);
    expect(late).toMatchObject({ kind: 'refused', code: 'ERR_REQUEST_NUMBER' });
    expect(driver.ask(set('/a', '4'), session, 4, 2)).toMatchObject({ code: 'ERR_REQUEST_NUMBER' });
    expect(driver.ask(set('/a', '3'), session, 3, 4)).toMatchObject({ code: 'ERR_REQUEST_NUMBER' });
    expect(fileAt(driver.state, path('/a'))?.body).toEqual(utf8('2'));
    expect(driver.ask(set('/a', '3'), session, 3, 2)).toMatchObject({ kind: 'applied' });
  });

  test('takes its requests in any order', () => {
    const driver = founded();
    const session = grant(driver, 4);
    const third = driver.ask(set('/c'), session, 3);
    const first = driver.ask(set('/a'), session, 1);
    expect(driver.ask(set('/c'), session, 3)).toEqual(third);
    expect(driver.ask(set('/a'), session, 1)).toEqual(first);
  });

  test('that ended, or never was, runs nothing', () => {
    const driver = founded();
    const session = grant(driver, 4);
    driver.command({ kind: 'revoke', lease: leaseId(session) });
    const { revision } = driver.state;
    const lost = { kind: 'refused', code: 'ERR_SESSION_LOST', revision };
    expect(driver.ask(set('/a'), session, 1)).toMatchObject(lost);
    expect(driver.ask(set('/a'), 99, 1)).toMatchObject(lost);
    // A lease that is no session answers nobody.
    expect(driver.ask(set('/a'), grant(driver), 1)).toMatchObject(lost);
  });

  test('may end itself', () => {
    const driver = founded();
    const session = grant(driver, 4);
    driver.ask(set('/mine', 'x', session), session, 1);
    const end: Command = { kind: 'revoke', lease: leaseId(session) };
    expect(driver.ask(end, session, 2)).toMatchObject({ kind: 'applied' });
    expect(fileAt(driver.state, path('/mine'))).toBeNull();
    expect(driver.ask(end, session, 2)).toMatchObject({ code: 'ERR_SESSION_LOST' });
  });

  test('is not known to a cluster of behaviour version 1', () => {
    const driver = new Driver();
    driver.found({});
    const { reply } = driver.command({ kind: 'grant', lengthMs: 5000, window: 4 });
    expect(reply).toMatchObject({ kind: 'refused', code: 'ERR_UNKNOWN_VERB' });
    expect(driver.ask(set('/a'), 1, 1)).toMatchObject({ code: 'ERR_UNKNOWN_VERB' });
  });

  test('keeps no more of what was read than its bound, and refuses the rest whole', () => {
    const driver = new Driver();
    driver.found({}, { sessionReplyBytesMax: 10 }, 2);
    const session = grant(driver, 4);
    driver.set('/six', '123456');
    const read: Command = {
      kind: 'transaction',
      compares: [],
      ifTrue: [
        { kind: 'get', path: path('/six') },
        { kind: 'set', path: path('/done'), body: utf8(''), guard: -1 },
      ],
      ifFalse: [],
    };
    expect(driver.ask(read, session, 1)).toMatchObject({ kind: 'decided' });
    driver.delete('/done');
    expect(driver.ask(read, session, 2)).toMatchObject({ code: 'ERR_OVERLOADED' });
    expect(fileAt(driver.state, path('/done'))).toBeNull();
    expect(driver.ask(read, session, 3, 3)).toMatchObject({ kind: 'decided' });
  });
});

describe('a lease', () => {
  test('takes its files with it, in walk order, a revision each', () => {
    const driver = founded();
    const lease = grant(driver);
    for (const at of ['/b', '/a/2', '/a/1']) driver.command(set(at, 'x', lease));
    driver.set('/stays');
    const { events } = driver.command({ kind: 'revoke', lease: leaseId(lease) });
    expect(events.map(({ kind, path: at }) => `${kind} ${at}`)).toEqual([
      'delete /a/1',
      'delete /a/2',
      'delete /b',
    ]);
    expect(fileAt(driver.state, path('/stays'))).not.toBeNull();
  });

  test('lets go of a file that is written without it, or with another', () => {
    const driver = founded();
    const [one, other] = [grant(driver), grant(driver)];
    driver.command(set('/a', 'x', one));
    driver.command(set('/b', 'x', one));
    driver.set('/a');
    driver.command(set('/b', 'x', other));
    expect(driver.command({ kind: 'revoke', lease: leaseId(one) }).events).toEqual([]);
    expect(again(driver).command({ kind: 'revoke', lease: leaseId(other) }).events).toHaveLength(1);
  });

  test('must be there when a file is given to it', () => {
    const driver = founded();
    const { reply } = driver.command(set('/a', 'x', 77));
    expect(reply).toMatchObject({ kind: 'refused', code: 'ERR_NO_LEASE' });
    expect(fileAt(driver.state, path('/a'))).toBeNull();
  });

  test('expires by the word of the leader of this term, and of no other', () => {
    const driver = founded();
    const lease = grant(driver);
    driver.command(set('/a', 'x', lease));
    const leases = [leaseId(lease), leaseId(98)];
    const deposed = driver.command({ kind: 'expire', leases, term: term(2) });
    expect(deposed.reply).toMatchObject({ kind: 'refused' });
    expect(fileAt(driver.state, path('/a'))).not.toBeNull();
    const { events } = driver.command({ kind: 'expire', leases, term: term(1) });
    expect(events.map(({ path: at }) => at)).toEqual(['/a']);
  });

  test('has a length within bounds, and so many files', () => {
    const driver = new Driver();
    driver.found({}, { leaseFilesMax: 1, leasesMax: 1 }, 2);
    for (const lengthMs of [0, 999, 86_400_001]) {
      const { reply } = driver.command({ kind: 'grant', lengthMs, window: 0 });
      expect(reply).toMatchObject({ kind: 'refused', code: 'ERR_BAD_ARGUMENT' });
    }
    const lease = grant(driver, 0, 1000);
    expect(driver.command({ kind: 'grant', lengthMs: 1000, window: 0 }).reply).toMatchObject({
      code: 'ERR_OVERLOADED',
    });
    driver.command(set('/a', '1', lease));
    driver.command(set('/a', '2', lease));
    expect(driver.command(set('/b', '1', lease)).reply).toMatchObject({ code: 'ERR_TOO_LARGE' });
    expect(must(fileAt(driver.state, path('/a')), 'it is there').lease).toBe(lease);
  });
});
