import { afterEach, expect, test } from 'vitest';
import { type RawData, WebSocket } from 'ws';
import {
  type ClientHello,
  decodeReplies,
  decodeServerHello,
  encodeClientHello,
  encodeRequests,
  type NativeReply,
  type NativeRequest,
  type ServerHello,
} from '../../src/protocol/client/index.ts';
import { describe, set } from '../server/support/native.ts';
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

/** A native client that keeps what it is told. */
class Guest {
  readonly socket: WebSocket;
  readonly replies: NativeReply[] = [];
  /** How many messages the replies came in. */
  messages = 0;
  hello: ServerHello | null = null;
  closing: string | null = null;

  constructor(house: House) {
    this.socket = new WebSocket(`ws://${house.doors.address()}/client`, {
      perMessageDeflate: false,
    });
    this.socket.on('message', (data: RawData) => {
      const bytes = data as Buffer;
      if (this.hello === null) {
        this.hello = decodeServerHello(bytes);
        return;
      }
      this.messages += 1;
      this.replies.push(...decodeReplies(bytes));
    });
    this.socket.on('close', (code, reason) => {
      this.closing = `${code} ${reason.toString()}`;
    });
    this.socket.on('error', () => {});
  }

  static async greet(house: House, hello: Partial<ClientHello> = {}): Promise<Guest> {
    const guest = new Guest(house);
    await new Promise((resolve) => guest.socket.once('open', resolve));
    const usual = { version: 1, clusterName: 'test', secret: '', client: 'test' };
    guest.socket.send(encodeClientHello({ ...usual, ...hello }));
    await until(() => guest.hello !== null);
    return guest;
  }

  ask(...requests: NativeRequest[]): void {
    this.socket.send(encodeRequests(requests));
  }

  async got(count: number): Promise<string[]> {
    await until(() => this.replies.length >= count || this.closing !== null);
    return this.replies.map(describe);
  }
}

const get = (tag: number, path: string): NativeRequest => ({
  kind: 'get',
  tag,
  path,
  rev: null,
  least: null,
});

test('hello first, then requests and replies', async () => {
  const house = await open();
  const guest = await Guest.greet(house);
  expect(guest.hello).toMatchObject({
    kind: 'welcome',
    version: 1,
    clusterName: 'test',
    nodeId: house.node.id,
    members: [{ address: '127.0.0.1:8046' }, { address: '127.0.0.1:8047' }],
  });
  guest.ask(set(1, '/a', 'x'), get(2, '/a'), { kind: 'ping', tag: 3 });
  expect(await guest.got(3)).toEqual(['1 revision 1', '2 value @1 rev=1 "x"', '3 pong']);
  // One turn answered them all.
  expect(guest.messages).toBe(1);
});

test('a guest of each version is sent the fields that it knows', async () => {
  const house = await open();
  house.node.found(2);
  house.node.set('/a', '1');
  house.node.set('/a', '2');
  const watch = { kind: 'watch', tag: 5, glob: '/a', from: 1, credits: 9, previous: true } as const;
  const told: string[][] = [];
  for (const version of [1, 2]) {
    const guest = await Guest.greet(house, { version });
    expect(guest.hello).toMatchObject({ version });
    guest.ask(get(1, '/a'), watch);
    told.push((await guest.got(2)).sort());
    const value = guest.replies.find(({ kind }) => kind === 'value');
    expect(value).toMatchObject({ created: version === 1 ? 0 : 1 });
    guest.socket.close();
  }
  const value = '1 value @2 rev=2 "2"';
  expect(told).toEqual([
    [value, '5 events set /a@1,set /a@2 progress=2'],
    [value, '5 events set /a@1,set /a@2 was "1" progress=2'],
  ]);
});

test('a hello that is refused is answered with the reason, and the connection closed', async () => {
  const house = await open({ secrets: { rw: 'w', ro: '' } });
  const stranger = await Guest.greet(house, { clusterName: 'prod' });
  expect(stranger.hello).toMatchObject({ kind: 'refused', code: 'ERR_WRONG_CLUSTER' });
  await until(() => stranger.closing !== null);
  expect(stranger.closing).toBe('1008 This is cluster "test", not "prod"');
  const guesser = await Guest.greet(house, { secret: 'guess' });
  expect(guesser.hello).toMatchObject({ kind: 'refused', code: 'ERR_ACCESS_DENIED' });
  await until(() => house.doors.connections === 0);
});

test('garbage, text, and requests before the hello close the connection and nothing else', async () => {
  const house = await open();
  const sent: readonly (readonly [Buffer | string, string])[] = [
    [Buffer.from('garbage'), '1002'],
    [Buffer.from(encodeRequests([get(1, '/a')])), '1002'],
    [Buffer.alloc(0), '1002'],
    ['hello', '1003'],
  ];
  for (const [bytes, code] of sent) {
    const guest = new Guest(house);
    await new Promise((resolve) => guest.socket.once('open', resolve));
    guest.socket.send(bytes);
    await until(() => guest.closing !== null);
    expect(guest.closing?.slice(0, 4)).toBe(code);
  }
  const late = await Guest.greet(house);
  late.socket.send(Buffer.from('c1', 'hex'));
  await until(() => late.closing !== null);
  expect(late.closing).toMatch(/^1002 Cannot read a request/);
  const fine = await Guest.greet(house);
  fine.ask({ kind: 'ping', tag: 1 });
  expect(await fine.got(1)).toEqual(['1 pong']);
});

test('a message beyond a frame closes the connection', async () => {
  const house = await open();
  const guest = await Guest.greet(house);
  guest.socket.send(Buffer.alloc(8 * 1024 * 1024 + 1));
  await until(() => guest.closing !== null);
  expect(guest.closing).toMatch(/^1009/);
});

test('a watch streams events through the door, and goes with its connection', async () => {
  const house = await open();
  const guest = await Guest.greet(house);
  guest.ask({ kind: 'watch', tag: 1, glob: '/**', from: 1, credits: 1000, previous: false });
  await until(() => house.node.watches.size === 1);
  house.node.set('/a', 'x');
  house.node.set('/b', 'y');
  expect(await guest.got(2)).toEqual([
    '1 events set /a@1 progress=1',
    '1 events set /b@2 progress=2',
  ]);
  expect(guest.messages).toBe(1);
  guest.socket.terminate();
  await until(() => house.node.watches.size === 0);
});

test('a client that reads slowly gets every event of a watch from history, without gap or repeat', async () => {
  const house = await open({ unsentBytesMax: 64 * 1024 });
  const guest = await Guest.greet(house);
  guest.ask({ kind: 'watch', tag: 1, glob: '/a', from: 1, credits: 1_000_000, previous: false });
  await until(() => house.node.watches.size === 1);
  guest.socket.pause();
  // Until the kernel's buffers on both sides are full too, however large they are.
  let count = 0;
  for (; house.node.watches.size > 0; count++) {
    house.node.set('/a', 'x'.repeat(50_000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  // From here on the watch is kept as a number.
  for (let i = 0; i < 20; i++, count++) house.node.set('/a', 'later');
  guest.socket.resume();
  const revisions = () =>
    guest.replies.flatMap((reply) =>
      reply.kind === 'events' ? reply.events.map((event) => event.revision) : [],
    );
  await until(() => revisions().length >= count || guest.closing !== null);
  expect(revisions()).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  await until(() => house.node.watches.size === 1);
});

test('more requests than may be in flight wait in the kernel, and are all answered', async () => {
  const house = await open({ limits: { requestsPerConnectionMax: 8 } });
  const guest = await Guest.greet(house);
  house.node.holdsReads = true;
  const count = 100;
  for (let tag = 0; tag < count; tag += 5) {
    guest.ask(...Array.from({ length: 5 }, (_, i) => get(tag + i, '/none')));
  }
  while (guest.replies.length < count) {
    await until(() => house.node.heldReads.length > 0 || guest.replies.length === count);
    expect(house.node.heldReads.length).toBeLessThanOrEqual(8);
    house.node.releaseReads();
  }
  expect(guest.replies.map((reply) => reply.tag)).toEqual(
    Array.from({ length: count }, (_, i) => i),
  );
});

test('stop() answers what is in flight and says good-bye', async () => {
  const house = await open();
  const guest = await Guest.greet(house);
  house.node.holdsReads = true;
  guest.ask(get(1, '/a'), {
    kind: 'watch',
    tag: 2,
    glob: '/**',
    from: 1,
    credits: 9,
    previous: false,
  });
  await until(() => house.node.heldReads.length === 1 && house.node.watches.size === 1);
  const stopped = house.doors.stop();
  house.node.releaseReads();
  await stopped;
  await until(() => guest.closing !== null);
  expect(guest.replies.map(describe)).toEqual([
    '1 value @0 rev=0 ""',
    // Under no request's tag: the rest was not taken.
    '0 ERR_STOPPED',
  ]);
  expect(guest.closing).toBe('1001 the node stops');
  expect(house.node.watches.size).toBe(0);
});

test('stop() takes no request any more, and a client may be sure of that', async () => {
  const house = await open();
  const guest = await Guest.greet(house);
  const stopped = house.doors.stop();
  guest.ask(set(1, '/a', 'x'));
  await stopped;
  await until(() => guest.closing !== null);
  expect(guest.replies.map(({ tag }) => tag)).toEqual([0]);
  expect(house.node.proposed).toEqual([]);
});

test('stop() promises nothing about a request that it gave up', async () => {
  const house = await open();
  const guest = await Guest.greet(house);
  house.node.holdsWrites = true;
  guest.ask(set(1, '/a', 'x'));
  await until(() => house.node.proposed.length === 1);
  await house.doors.stop();
  await until(() => guest.closing !== null);
  expect(guest.replies).toEqual([]);
});
