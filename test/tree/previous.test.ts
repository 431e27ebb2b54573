// Every event knows what its file held before, the same on every node.
import { expect, test } from 'vitest';
import { leaseId, textOf, utf8 } from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import { digestText, type Event, encodeSnapshot, snapshotDecoder } from '../../src/tree/index.ts';
import { Driver } from './driver.ts';

const told = (events: readonly Event[]) =>
  events.map(({ kind, path: at, previous }) => {
    const before = previous === null ? 'nothing' : `"${textOf(previous)}"`;
    return `${kind} ${at} was ${before}`;
  });

function founded(): Driver {
  const driver = new Driver();
  driver.found({ '/ctl/name': 'local' }, {}, 2);
  return driver;
}

test('an event says what the file held before it, and nothing where there was none', () => {
  const driver = founded();
  expect(told(driver.set('/a', '1').events)).toEqual(['set /a was nothing']);
  expect(told(driver.set('/a', '').events)).toEqual(['set /a was "1"']);
  // An empty file is a file.
  expect(told(driver.delete('/a').events)).toEqual(['delete /a was ""']);
  expect(told(driver.delete('/a').events)).toEqual(['delete /a was nothing']);
  expect(told(driver.command({ kind: 'nop' }).events)).toEqual(['nop / was nothing']);
  const count = { kind: 'count', path: path('/n'), delta: 5, guard: -1 } as const;
  expect(told(driver.command(count).events)).toEqual(['set /n was nothing']);
  expect(told(driver.command(count).events)).toEqual(['set /n was "5"']);
  // A refusal writes a note over the last one.
  driver.set('/n', 'x', 0);
  expect(told(driver.set('/n', 'x', 0).events)).toEqual(['set /ctl/err was "rev mismatch"']);
});

test('inside a transaction it is what the operation before left there', () => {
  const driver = founded();
  driver.set('/a', '0');
  const set = (body: string) =>
    ({ kind: 'set', path: path('/a'), body: utf8(body), guard: -1 }) as const;
  const { events } = driver.command({
    kind: 'transaction',
    compares: [],
    ifTrue: [set('1'), { kind: 'delete', path: path('/a'), guard: -1 }, set('2')],
    ifFalse: [],
  });
  expect(told(events)).toEqual(['set /a was "0"', 'delete /a was "1"', 'set /a was nothing']);
});

test('the files that go with a lease say what they held', () => {
  const driver = founded();
  const { reply } = driver.command({ kind: 'grant', lengthMs: 5000, window: 0 });
  if (reply?.kind !== 'granted') throw new TypeError('not granted');
  for (const at of ['/a', '/b']) {
    const body = utf8(at);
    driver.command({ kind: 'set', path: path(at), body, guard: -1, lease: reply.lease });
  }
  const { events } = driver.command({ kind: 'revoke', lease: leaseId(reply.lease) });
  expect(told(events)).toEqual(['delete /a was "/a"', 'delete /b was "/b"']);
});

test('what was before the last event of a snapshot changes the bytes of that snapshot, and no digest', () => {
  const [one, other] = [founded(), founded()];
  one.set('/a', 'some');
  other.set('/a', 'else');
  one.set('/a', 'new');
  other.set('/a', 'new');
  // The same file, made and changed at the same revisions: the states are equal.
  expect(digestText(one.state)).toBe(digestText(other.state));
  const whole = (driver: Driver) => Buffer.concat([...encodeSnapshot(driver.state)]);
  expect(whole(one).equals(whole(other))).toBe(false);
  const decoder = snapshotDecoder();
  decoder.push(whole(one));
  const loaded = new Driver(decoder.finish());
  expect(told([loaded.state.lastEvent as Event])).toEqual(['set /a was "some"']);
  expect(digestText(loaded.state)).toBe(digestText(other.state));
  expect(told(loaded.set('/a', 'x').events)).toEqual(['set /a was "new"']);
});
