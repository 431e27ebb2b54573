// What operators ask a node, and the alarms it raises.
import { expect, test } from 'vitest';
import { Alarms, type LogLevel } from '../../src/base/index.ts';
import type { Host } from '../../src/ports/index.ts';
import { AlarmWatch } from '../../src/server/index.ts';
import { NativeConversation } from './support/native.ts';

class FakeHost implements Host {
  level: LogLevel = 'info';
  readonly alarms = new Alarms();
  readonly uptimeMs = () => 5000;
  readonly disk = () => ({ freeBytes: 1, dataBytes: null });
  readonly logLevel = () => this.level;
  readonly setLogLevel = (level: LogLevel) => {
    this.level = level;
  };
}

const names = ({ alarms }: FakeHost) => alarms.standing.map(({ name }) => name);

test('health tells members, slots and alarms to whoever may read, also on a condemned node', () => {
  const host = new FakeHost();
  const talk = new NativeConversation({ host });
  talk.node.set('/ctl/cal/0', talk.node.id);
  talk.node.set('/ctl/cal/1', '');
  host.alarms.raise({ name: 'disk-full', cause: 'c', next: 'n' });
  expect(talk.ask({ kind: 'health', tag: 1 })).toBe(
    '1 health voter 0,spare null empty=1 alarms=disk-full',
  );
  talk.node.condemn();
  expect(talk.ask({ kind: 'health', tag: 2 })).toContain('2 health');
  const stranger = new NativeConversation({ rw: 'w', ro: 'r' });
  expect(stranger.ask({ kind: 'health', tag: 1 })).toBe('1 ERR_ACCESS_DENIED');
  const reader = new NativeConversation({ rw: 'w', ro: 'r', secret: 'r' });
  expect(reader.ask({ kind: 'health', tag: 1 })).toContain('1 health');
});

test('the log level may be asked for by readers, and changed by writers', () => {
  const host = new FakeHost();
  const reader = new NativeConversation({ rw: 'w', ro: 'r', secret: 'r', host });
  expect(reader.ask({ kind: 'logLevel', tag: 1, level: null })).toBe('1 log level info');
  expect(reader.ask({ kind: 'logLevel', tag: 1, level: 'debug' })).toBe('1 ERR_ACCESS_DENIED');
  const writer = new NativeConversation({ rw: 'w', ro: 'r', secret: 'w', host });
  expect(writer.ask({ kind: 'logLevel', tag: 1, level: 'debug' })).toBe('1 log level debug');
  expect(host.level).toBe('debug');
});

test('a transfer needs the right to write, and the leader', () => {
  const reader = new NativeConversation({ rw: 'w', ro: 'r', secret: 'r' });
  expect(reader.ask({ kind: 'transfer', tag: 1, to: null })).toBe('1 ERR_ACCESS_DENIED');
});

test('a missing leader is an alarm once that has lasted, and none when there is one again', () => {
  const host = new FakeHost();
  const { node, clock } = new NativeConversation();
  const watch = new AlarmWatch({ node, clock, host });
  watch.start();
  node.leader = null;
  clock.pass(5000);
  expect(names(host)).toEqual([]);
  clock.pass(2000);
  expect(names(host)).toEqual(['no-leader']);
  node.leader = node.id;
  clock.pass(1000);
  expect(names(host)).toEqual([]);
  node.leader = null;
  clock.pass(10_000);
  watch.stop();
  expect(names(host)).toEqual([]);
  expect(clock.timers).toBe(0);
});

test('an empty slot is an alarm of the leader, after the time that a spare needs to take it', () => {
  const host = new FakeHost();
  const { node, clock } = new NativeConversation();
  const watch = new AlarmWatch({ node, clock, host });
  node.set('/ctl/cal/1', '');
  node.isLeading = true;
  watch.start();
  clock.pass(10_000);
  expect(names(host)).toEqual([]);
  clock.pass(7000);
  expect(names(host)).toEqual(['slot-empty']);
  expect(host.alarms.standing[0]).toMatchObject({
    cause: 'slot 1 is empty: 1 vote, 2 are wanted',
    next: expect.stringContaining('doozer promote ID') as string,
  });
  node.isLeading = false;
  clock.pass(1000);
  expect(names(host)).toEqual([]);
  watch.stop();
});
