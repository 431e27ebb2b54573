// Clients that are wrong, slow or greedy: they hurt nobody but themselves, and leave nothing behind.
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type DoozerRequest,
  doozerVerbs,
  emptyDoozerRequest,
  encodeDoozerRequest,
} from '../../src/protocol/doozer/index.ts';
import { request } from '../server/support/doozer.ts';
import { House, type HouseOptions, until } from './support/house.ts';

const houses: House[] = [];
async function open(options: HouseOptions = {}): Promise<House> {
  const house = await House.open(options);
  houses.push(house);
  return house;
}
afterEach(async () => {
  await Promise.all(houses.splice(0).map((house) => house.doors.stop()));
});

/** Nobody is here, nothing waits, and whoever comes is answered. */
async function unharmed(house: House): Promise<void> {
  await until(() => house.doors.connections === 0);
  expect(house.node.watches.size).toBe(0);
  expect(house.node.futures.size).toBe(0);
  const client = await house.dial();
  client.write(encodeDoozerRequest(request('SET', { tag: 1, path: '/fine', rev: -1 })));
  expect((await client.got(1))[0]).toMatch(/^tag=1 rev=\d+$/);
  client.socket.destroy();
  await until(() => house.doors.connections === 0);
}

/** fast-check prints the seed of what it finds; give it here to see it again. */
const seed = 2011;
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const somePath = fc.constantFrom(
  '/',
  '/a',
  '/a/b',
  '/c',
  '/none',
  '/**',
  '/*',
  '',
  'x',
  '/a b',
  '//',
);
const someRev = fc.oneof(fc.constantFrom(-3, -2, -1, 0, 1, 2, 1_000_000), fc.maxSafeInteger());
/** Decodes, whatever it asks for. Tags are given later. */
const wellFormed: fc.Arbitrary<DoozerRequest> = fc.record({
  tag: fc.constant(null),
  verb: optional(fc.oneof(fc.constantFrom(...Object.values(doozerVerbs)), fc.integer())),
  path: optional(fc.oneof(somePath, fc.string({ unit: 'grapheme' }))),
  value: optional(fc.uint8Array({ maxLength: 40 })),
  offset: optional(fc.oneof(fc.constantFrom(-1, 0, 1), fc.integer())),
  rev: optional(someRev),
});
const mayWait = ({ verb, rev }: DoozerRequest): boolean =>
  verb === doozerVerbs.WAIT || rev !== null;

describe('requests at random', () => {
  test('each that is well formed is answered exactly once, or waits', async () => {
    const house = await open();
    const requests = fc.array(wellFormed, { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(requests, async (asked) => {
        const client = await house.dial();
        const frames = asked.map((one, tag) => encodeDoozerRequest({ ...one, tag }));
        client.write(Buffer.concat(frames));
        const due = asked.flatMap((one, tag) => (mayWait(one) ? [] : [tag]));
        const told = () => client.responses.map((response) => response.tag ?? -1);
        await client.until(() => client.closed || due.every((tag) => told().includes(tag)));
        const last = asked.length;
        client.write(encodeDoozerRequest({ ...emptyDoozerRequest, tag: last, verb: 20 }));
        await client.until(() => client.closed || told().includes(last));
        expect(client.closed).toBe(false);
        expect(new Set(told()).size).toBe(told().length);
        expect(told().every((tag) => tag >= 0 && tag <= last)).toBe(true);
        client.socket.destroy();
      }),
      { numRuns: 150, seed },
    );
    await unharmed(house);
  });

  test('what is nearly a request is answered, or closes its own connection', async () => {
    const house = await open();
    /** A true length in front of a body that was hurt, or a frame that was. */
    const hurt = fc
      .tuple(
        wellFormed,
        fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
        fc.boolean(),
      )
      .map(([one, changes, trueLength]) => {
        const frame = Buffer.from(encodeDoozerRequest({ ...one, tag: 1 }));
        for (const [at, byte] of changes) frame[at % frame.length] = byte;
        if (trueLength) frame.writeInt32BE(frame.length - 4);
        return frame;
      });
    const noise = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(hurt, noise), { maxLength: 6 }), async (pieces) => {
        const client = await house.dial();
        for (const piece of pieces) client.write(piece);
        client.socket.end();
        await client.until(() => client.closed);
      }),
      { numRuns: 150, seed },
    );
    await unharmed(house);
  });
});

describe('a frame that does not end', () => {
  test('closes its connection in time; silence between frames never does', async () => {
    const house = await open({ unfinishedMs: 50 });
    const silent = await house.dial();
    silent.write(encodeDoozerRequest(request('SELF', { tag: 1 })));
    await silent.got(1);
    const slow = await house.dial();
    const frame = encodeDoozerRequest(
      request('SET', { path: '/a', value: 'x'.repeat(5000), rev: 0 }),
    );
    let sent = 0;
    const drip = setInterval(() => slow.write(frame.subarray(sent, ++sent)), 5);
    await slow.until((client) => client.closed);
    clearInterval(drip);
    expect(slow.bytes.length).toBe(0);
    expect(sent).toBeLessThan(frame.length);
    // Asked by another connection, so that a turn has passed in which the silent one could have ended.
    expect(silent.closed).toBe(false);
    silent.write(encodeDoozerRequest(request('SELF', { tag: 2 })));
    expect(await silent.got(2)).toHaveLength(2);
    silent.socket.destroy();
    await unharmed(house);
  });

  test('is let be while it moves from frame to frame, however often it stands half way', async () => {
    const house = await open({ unfinishedMs: 60 });
    const client = await house.dial();
    const frame = encodeDoozerRequest(request('SELF', { tag: 1 }));
    const startMs = performance.now();
    client.write(frame.subarray(0, 5));
    for (let count = 1; performance.now() - startMs < 200; count++) {
      client.write(Buffer.concat([frame.subarray(5), frame.subarray(0, 5)]));
      await client.got(count);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(client.closed).toBe(false);
    client.socket.destroy();
    await unharmed(house);
  });

  test('ends when all of its kind hold too much, and those that are small go on', async () => {
    const house = await open({ unfinishedBytesMax: 100_000 });
    const small = await house.dial();
    const frame = encodeDoozerRequest(request('SELF', { tag: 1 }));
    small.write(frame.subarray(0, 6));
    const greedy = await Promise.all([house.dial(), house.dial(), house.dial()]);
    const begun = Buffer.alloc(40_000, 'x');
    begun.writeInt32BE(80_000);
    for (const client of greedy) client.write(begun);
    for (const client of greedy) client.write(begun);
    await until(() => greedy.some((client) => client.closed));
    small.write(frame.subarray(6));
    expect(await small.got(1)).toHaveLength(1);
    for (const client of [small, ...greedy]) client.socket.destroy();
    await unharmed(house);
    // Nothing of what went is counted any more.
    const next = await house.dial();
    const whole = encodeDoozerRequest(
      request('SET', { tag: 3, path: '/a', value: 'x'.repeat(90_000), rev: 0 }),
    );
    next.write(whole.subarray(0, 80_000));
    await house.dial();
    next.write(whole.subarray(80_000));
    expect(await next.got(1)).toHaveLength(1);
  });
});
