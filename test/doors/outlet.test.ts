import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { Intake } from '../../src/doors/intake.ts';
import { Outlet } from '../../src/doors/outlet.ts';

const frameBytes = 10;

/** A socket that takes what is written only when the test says so, and an outlet into it. */
function slowOutlet(unsentBytesMax: number) {
  const takes: (() => void)[] = [];
  const writes: string[] = [];
  const seen = { most: 0, drained: 0, overrun: 0, encoded: 0 };
  const socket = new Writable({
    highWaterMark: 1,
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      writes.push(chunk);
      takes.push(done);
    },
  });
  const outlet = new Outlet<string>({
    socket,
    unsentBytesMax,
    write: (answers, first, room) => {
      const count = Math.min(answers.length - first, Math.ceil(room / frameBytes));
      seen.encoded += count;
      socket.write(
        answers
          .slice(first, first + count)
          .join('')
          .padEnd(count * frameBytes, '.'),
      );
      seen.most = Math.max(seen.most, socket.writableLength);
      return count;
    },
    drained: () => {
      seen.drained += 1;
    },
    overrun: () => {
      seen.overrun += 1;
    },
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const take = async () => {
    takes.shift()?.();
    await turn();
  };
  return { outlet, socket, writes, seen, turn, take };
}

test('what one turn puts leaves in one write; the next turn in the next', async () => {
  const { outlet, writes, turn, take } = slowOutlet(1000);
  outlet.put('a', 0);
  outlet.put('b', 0);
  expect(writes).toEqual([]);
  await turn();
  expect(writes).toEqual(['ab'.padEnd(20, '.')]);
  outlet.put('c', 0);
  await turn();
  await take();
  expect(writes.at(-1)).toBe('c'.padEnd(10, '.'));
});

test('answers become bytes only as far as there is room, and all of them leave in order', async () => {
  const { outlet, writes, seen, turn, take } = slowOutlet(40);
  for (const letter of 'abcdefghijkl') outlet.put(letter, 0);
  // Before the turn ends a client has had no chance to read: that is no reason to stop.
  expect(outlet.room).toBe(true);
  await turn();
  expect(seen.encoded).toBe(4);
  expect(outlet.room).toBe(false);
  expect(outlet.empty).toBe(false);
  while (!outlet.empty) await take();
  expect(writes.join('').replaceAll('.', '')).toBe('abcdefghijkl');
  expect(seen.most).toBeLessThanOrEqual(40);
  expect(seen.drained).toBe(1);
  expect(seen.overrun).toBe(0);
});

test('answers that only repeat what the tree holds never overrun; events that pin memory do', async () => {
  const reads = slowOutlet(40);
  for (let i = 0; i < 10_000; i++) reads.outlet.put('r', 0);
  await reads.turn();
  expect(reads.seen.overrun).toBe(0);

  const events = slowOutlet(40);
  for (let i = 0; i < 7; i++) events.outlet.put('e', 10);
  await events.turn();
  // 40 bytes encoded and 30 pinned: within twice the bound.
  expect(events.seen.overrun).toBe(0);
  events.outlet.put('e', 10);
  expect(events.seen.overrun).toBe(0);
  events.outlet.put('e', 10);
  expect(events.seen.overrun).toBe(1);
  events.outlet.put('e', 10);
  expect(events.seen.overrun).toBe(1);
});

test('one turn of many events is written as far as it goes, and then judged', async () => {
  const { outlet, seen, turn } = slowOutlet(40);
  for (let i = 0; i < 9; i++) outlet.put('e', 10);
  await turn();
  expect(seen.encoded).toBe(4);
  expect(seen.overrun).toBe(1);
});

function intake(capacity: number) {
  const handled: number[] = [];
  const state = { free: capacity, reading: true };
  const way = new Intake<number>({
    handle: (request) => {
      handled.push(request);
      state.free -= 1;
    },
    mayTake: () => state.free > 0,
    pause: () => {
      state.reading = false;
    },
    resume: () => {
      state.reading = true;
    },
  });
  return { way, handled, state };
}

test('requests are taken while there is room, the rest waits, and reading stops', async () => {
  const { way, handled, state } = intake(2);
  way.offer([1, 2, 3, 4, 5]);
  expect(handled).toEqual([1, 2]);
  expect(state.reading).toBe(false);
  state.free = 2;
  way.goOn();
  way.goOn();
  // Whoever made room is in the middle of something: it goes on in a turn of its own.
  expect(handled).toEqual([1, 2]);
  await Promise.resolve();
  expect(handled).toEqual([1, 2, 3, 4]);
  expect(state.reading).toBe(false);
  // A WebSocket may still give what it had read.
  way.offer([6]);
  state.free = 9;
  way.goOn();
  await Promise.resolve();
  expect(handled).toEqual([1, 2, 3, 4, 5, 6]);
  expect(state.reading).toBe(true);
});

test('a closed intake handles nothing more, also in the middle of a chunk', () => {
  const { way, handled, state } = intake(9);
  const stopping = new Intake<number>({
    handle: (request) => {
      handled.push(request);
      if (request === 2) stopping.close();
    },
    mayTake: () => state.free > 0,
    pause: () => {},
    resume: () => {},
  });
  stopping.offer([1, 2, 3]);
  expect(handled).toEqual([1, 2]);
  stopping.offer([4]);
  expect(handled).toEqual([1, 2]);
  way.close();
  way.offer([5]);
  expect(handled).toEqual([1, 2]);
});
