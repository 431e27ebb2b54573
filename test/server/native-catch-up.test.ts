// The past is read beside what is applied, a slice at a time, however many watches ask for it at once.
import { expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import type { NativeRequest } from '../../src/protocol/client/index.ts';
import { NativeConversation } from './support/native.ts';

const { catchUpEvents, catchUpRevisions, catchUpSlices } = limits;

const watch = (tag: number, glob: string, credits = 1_000_000): NativeRequest => ({
  kind: 'watch',
  tag,
  glob,
  from: 1,
  credits,
  previous: false,
});

/** How many events each watch was given, by its tag. */
function given(talk: NativeConversation): Map<number, number[]> {
  const all = new Map<number, number[]>();
  for (const reply of talk.replies) {
    if (reply.kind !== 'events') continue;
    const revisions = reply.events.map((event) => event.revision as number);
    all.set(reply.tag, [...(all.get(reply.tag) ?? []), ...revisions]);
  }
  return all;
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

test('a look at a long past that matches nothing is cut into slices, too', () => {
  const talk = new NativeConversation();
  const turns = 3;
  for (let i = 0; i < catchUpRevisions * catchUpSlices * turns; i++) talk.node.set('/busy', 'x');
  talk.ask(watch(1, '/quiet'));
  expect(talk.node.watches.size).toBe(0);
  expect(talk.node.looks).toEqual([catchUpRevisions]);
  talk.node.set('/quiet', 'meanwhile');
  expect(talk.clock.runAll()).toBeGreaterThanOrEqual(turns);
  expect(Math.max(...talk.node.looks)).toBe(catchUpRevisions);
  expect(given(talk).get(1)).toEqual([talk.node.state.revision]);
  expect(talk.node.watches.size).toBe(1);
});

test('a hundred watches that ask at once read a few slices a turn, and each gets everything', () => {
  const talk = new NativeConversation();
  const events = catchUpEvents * 2;
  for (let i = 0; i < events; i++) talk.node.set('/a', 'x');
  const perTurn = catchUpSlices * catchUpEvents;
  let before = 0;
  const turn = (act: () => void) => {
    act();
    const now = [...given(talk).values()].reduce((sum, { length }) => sum + length, 0);
    expect(now - before).toBeLessThanOrEqual(perTurn);
    before = now;
  };
  turn(() => {
    for (const tag of upTo(100)) talk.session.handle(watch(tag, '/a'));
  });
  for (let turns = 0; before < events * 100; turns++) {
    expect(turns).toBeLessThan(200);
    turn(() => talk.clock.turn());
  }
  for (const tag of upTo(100)) expect(given(talk).get(tag)).toEqual(upTo(events));
});

test('watches that stood still for want of room do not all come back in the turn that brings it', () => {
  const talk = new NativeConversation();
  for (const tag of upTo(50)) talk.ask(watch(tag, '/a'));
  talk.clock.runAll();
  talk.hasRoom = false;
  for (let i = 0; i < catchUpEvents; i++) talk.node.set('/a', 'x');
  // All of them left the node's hub: to apply costs nothing more because of them.
  expect(talk.node.watches.size).toBe(0);
  talk.hasRoom = true;
  talk.session.roomAgain();
  expect(given(talk).size).toBeLessThanOrEqual(catchUpSlices);
  talk.clock.turn();
  expect(given(talk).size).toBeLessThanOrEqual(catchUpSlices * 2);
  talk.clock.runAll();
  for (const tag of upTo(50)) expect(given(talk).get(tag)).toEqual(upTo(catchUpEvents));
  expect(talk.node.watches.size).toBe(50);
});

test('a watch that is taken back while it waits for its slice reads nothing more', () => {
  const talk = new NativeConversation();
  for (let i = 0; i < 10; i++) talk.node.set('/a', 'x');
  for (const tag of upTo(catchUpSlices + 2)) talk.session.handle(watch(tag, '/a'));
  const looks = talk.node.looks.length;
  talk.ask({ kind: 'cancel', tag: catchUpSlices + 1 });
  talk.session.close();
  talk.clock.runAll();
  expect(talk.node.looks.length).toBe(looks);
  expect(talk.node.watches.size).toBe(0);
});

test('sessions take turns: a guest with many watches does not keep another one waiting for all of them', () => {
  const talk = new NativeConversation();
  for (let i = 0; i < catchUpEvents * 4; i++) talk.node.set('/a', 'x');
  const other: number[] = [];
  const opened = talk.server.openNative(
    { version: 2, clusterName: 'test', secret: '', client: 'other' },
    {
      answer: (reply) => {
        if (reply.kind === 'events') other.push(...reply.events.map((event) => event.revision));
      },
      room: () => true,
    },
    () => {},
  );
  for (const tag of upTo(40)) talk.session.handle(watch(tag, '/a'));
  opened.session?.handle(watch(1, '/a'));
  // Its first slice is due before anybody's second one.
  let turns = 0;
  for (; other.length === 0; turns++) talk.clock.turn();
  expect(turns).toBeLessThanOrEqual(40 / catchUpSlices + 1);
  talk.clock.runAll();
  expect(other).toEqual(upTo(catchUpEvents * 4));
});
