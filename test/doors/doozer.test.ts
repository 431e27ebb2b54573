import { afterEach, expect, test } from 'vitest';
import { encodeDoozerRequest } from '../../src/protocol/doozer/index.ts';
import { type Asked, request } from '../server/support/doozer.ts';
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

const frame = (verb: Parameters<typeof request>[0], asked: Asked): Uint8Array =>
  encodeDoozerRequest(request(verb, asked));
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('a conversation, byte by byte', async () => {
  const house = await open();
  const client = await house.dial();
  // SET tag=1 path="/a" value="x" rev=0.
  client.write(hex('0000000d 0801 1002 22022f61 2a0178 4800'));
  await client.got(1);
  // tag=1 rev=1
  expect(client.bytes.toString('hex')).toBe('0000000408011801');
  // GET tag=2 path="/a"; then the same without a tag.
  client.write(hex('00000008 0802 1001 22022f61'));
  client.write(hex('00000006 1001 22022f61'));
  await client.got(3);
  expect(client.bytes.subarray(8).toString('hex')).toBe(
    '00000007080218013201 78 00000005 1801 320178'.replaceAll(' ', ''),
  );
  // An empty message is a request without a verb.
  client.write(hex('00000000'));
  await client.got(4);
  expect(client.bytes.subarray(28).toString('hex')).toBe('00000003a00602');
});

test('requests may be cut at every byte', async () => {
  const house = await open();
  const bytes = Buffer.concat([
    frame('SET', { tag: 1, path: '/a', value: 'x', rev: -1 }),
    frame('GET', { tag: 2, path: '/a', rev: 1 }),
    frame('SELF', { tag: 3 }),
  ]);
  for (let cut = 1; cut < bytes.length; cut++) {
    const client = await house.dial();
    client.write(bytes.subarray(0, cut));
    // The first piece has surely been read alone: another connection was answered meanwhile.
    const other = await house.dial();
    other.write(frame('SELF', {}));
    await other.got(1);
    client.write(bytes.subarray(cut));
    expect(await client.got(3), `cut at ${cut}`).toHaveLength(3);
    expect(client.answers[1]).toBe('tag=2 rev=1 value="x"');
    client.socket.destroy();
    other.socket.destroy();
  }
});

test('what one turn answers leaves in one write, whole frames only', async () => {
  const house = await open();
  const client = await house.dial();
  house.node.holdsReads = true;
  const count = 1000;
  client.write(
    Buffer.concat(Array.from({ length: count }, (_, tag) => frame('GET', { tag, path: '/none' }))),
  );
  await until(() => house.node.heldReads.length === count);
  house.node.releaseReads();
  const answers = await client.got(count);
  expect(answers).toEqual(Array.from({ length: count }, (_, tag) => `tag=${tag} rev=0 value=""`));
  // 10 bytes an answer, 11 from tag 128 on: less than one segment of loopback.
  expect(client.chunks.length).toBe(1);
});

test('1,000 pipelined requests of all kinds are each answered once', async () => {
  const house = await open();
  const client = await house.dial();
  const kinds = [
    (tag: number) => frame('SELF', { tag }),
    (tag: number) => frame('SET', { tag, path: `/n/${tag}`, value: 'v', rev: 0 }),
    (tag: number) => frame('GET', { tag, path: '/none' }),
    (tag: number) => frame('REV', { tag }),
    (tag: number) => frame('WAIT', { tag, path: '/n/*', rev: 1 }),
  ];
  for (let tag = 0; tag < 1000; tag++) client.write(kinds[tag % kinds.length]?.(tag) as Uint8Array);
  await client.got(1000);
  const tags = client.responses.map((response) => response.tag ?? -1).sort((a, b) => a - b);
  expect(tags).toEqual(Array.from({ length: 1000 }, (_, tag) => tag));
  expect(client.answers.filter((answer) => answer.includes('OTHER'))).toEqual([]);
});

test('a negative length, an absurd one, and a body that does not decode close without a reply', async () => {
  const house = await open();
  const broken = {
    'negative length': 'ffffffff',
    'least length': '80000000',
    'beyond a frame': '3fffffff',
    'a field cut short': '00000002 2205',
    'a wire type that is none': '00000001 0f',
    'the path as a number': '00000002 2001',
    'tls hello': '1603010200010001fc',
  };
  for (const [name, text] of Object.entries(broken)) {
    const client = await house.dial();
    client.write(Buffer.concat([hex(text)]));
    await client.until(() => client.closed);
    expect(client.bytes.length, name).toBe(0);
  }
  // Nothing of it harms anybody else.
  const client = await house.dial();
  client.write(frame('GET', { tag: 1, path: '' }));
  client.write(frame('GETDIR', { tag: 2, path: '', offset: 0 }));
  expect(await client.got(2)).toEqual(['tag=1 rev=0 value=""', 'tag=2 NOENT']);
});

test('random bytes never do more than close their own connection', async () => {
  const house = await open();
  let seed = 7;
  for (let round = 0; round < 200; round++) {
    const client = await house.dial();
    const bytes = Buffer.alloc(64);
    for (let i = 0; i < bytes.length; i++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      bytes[i] = seed >>> 16;
    }
    // A true length, so that the body is looked at.
    bytes.writeInt32BE(60, 0);
    client.write(bytes);
    client.write(frame('SELF', { tag: 1 }));
    await client.until(() => client.closed || client.responses.length > 0);
    client.socket.destroy();
  }
});

test('a connection that goes takes its WAITs with it, and one that says nothing may stay', async () => {
  const house = await open();
  const silent = await house.dial();
  const client = await house.dial();
  for (let tag = 0; tag < 50; tag++) client.write(frame('WAIT', { tag, path: '/never', rev: 1 }));
  await until(() => house.node.watches.size === 50);
  client.socket.destroy();
  await until(() => house.node.watches.size === 0);
  expect(silent.closed).toBe(false);
  silent.write(frame('SELF', { tag: 1 }));
  await silent.got(1);
});

test('with enough requests in flight a connection is not read, until answers leave', async () => {
  const house = await open({ limits: { requestsPerConnectionMax: 10 } });
  const client = await house.dial();
  house.node.holdsReads = true;
  const count = 95;
  client.write(
    Buffer.concat(Array.from({ length: count }, (_, tag) => frame('GET', { tag, path: '/none' }))),
  );
  for (let answered = 0; answered < count; answered += 10) {
    const expected = Math.min(10, count - answered);
    await until(() => house.node.heldReads.length === expected);
    // Another connection is served meanwhile.
    const other = await house.dial();
    other.write(frame('SELF', {}));
    await other.got(1);
    expect(house.node.heldReads.length).toBe(expected);
    house.node.releaseReads();
  }
  await client.got(count);
  const tags = client.responses.map((response) => response.tag);
  expect(tags).toEqual(Array.from({ length: count }, (_, tag) => tag));
});

test('a client that asks for much and reads late gets everything, and memory stays bounded', async () => {
  const unsentBytesMax = 256 * 1024;
  const house = await open({ unsentBytesMax });
  const size = 100_000;
  house.node.set('/big', 'x'.repeat(size));
  const client = await house.dial();
  client.socket.pause();
  const count = 300;
  let taken = 0;
  const read = house.node.read.bind(house.node);
  house.node.read = (waiter) => {
    taken += 1;
    read(waiter);
  };
  for (let tag = 0; tag < count; tag++) client.write(frame('GET', { tag, path: '/big' }));
  // 30 MB are asked for in about 4 KiB of requests; a quarter MiB waits as bytes.
  await until(() => taken > 0);
  client.socket.resume();
  await client.got(count);
  expect(client.closed).toBe(false);
  expect(client.bytes.length).toBeGreaterThan(count * size);
});

test('a client that never reads its events is closed, before they fill the memory', async () => {
  const house = await open({ unsentBytesMax: 64 * 1024 });
  const client = await house.dial();
  client.socket.pause();
  const count = 2000;
  for (let tag = 1; tag <= count; tag++) {
    client.write(frame('WAIT', { tag, path: '/a', rev: tag }));
  }
  await until(() => house.node.watches.size === count);
  // Up to 100 MB of events, far beyond what the kernel's buffers swallow.
  for (let i = 0; i < count && house.doors.connections > 0; i++) {
    house.node.set('/a', 'x'.repeat(50_000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(house.doors.connections).toBe(0);
  expect(house.node.watches.size).toBe(0);
  client.socket.resume();
  await client.until(() => client.closed);
  expect(client.responses.length).toBeLessThan(count);
});

test('stop() lets requests in flight be answered, takes no more, and gives up WAITs', async () => {
  const house = await open();
  const client = await house.dial();
  house.node.holdsReads = true;
  client.write(frame('GET', { tag: 1, path: '/a' }));
  client.write(frame('WAIT', { tag: 2, path: '/a', rev: 1 }));
  await until(() => house.node.heldReads.length === 1 && house.node.watches.size === 1);
  const stopped = house.doors.stop();
  client.write(frame('SELF', { tag: 3 }));
  await expect(house.dial()).rejects.toThrow('ECONNREFUSED');
  house.node.releaseReads();
  await stopped;
  await client.until(() => client.closed);
  expect(client.answers).toEqual(['tag=1 rev=0 value=""']);
  expect(house.node.watches.size).toBe(0);
  await house.doors.stop();
});

test('connections beyond the bound are closed; those within it go on', async () => {
  const house = await open({ connectionsMax: 2 });
  const [first, second] = [await house.dial(), await house.dial()];
  first.write(frame('SELF', { tag: 1 }));
  second.write(frame('SELF', { tag: 1 }));
  await first.got(1);
  await second.got(1);
  const third = await house.dial();
  third.write(frame('SELF', { tag: 1 }));
  await third.until(() => third.closed);
  expect(third.responses).toEqual([]);
  first.socket.destroy();
  await until(() => house.doors.connections === 1);
  const fourth = await house.dial();
  fourth.write(frame('SELF', { tag: 1 }));
  expect(await fourth.got(1)).toHaveLength(1);
});
