import { createServer } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ClusterError, limits } from '../../src/base/index.ts';
import { formatHostPort, listenOn, parseHostPort } from '../../src/doors/address.ts';
import { encodeDoozerRequest } from '../../src/protocol/doozer/index.ts';
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

const self = encodeDoozerRequest(request('SELF', { tag: 1 }));

test('one port tells doozer from HTTP by the first byte, however slowly it comes', async () => {
  const house = await open();
  const doozer = await house.dial();
  for (const byte of self) {
    doozer.write(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await doozer.got(1)).toHaveLength(1);

  const raw = (await house.dial()).socket;
  let text = '';
  raw.removeAllListeners('data');
  raw.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  for (const letter of 'GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n') {
    raw.write(letter);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => raw.destroyed);
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*live\n$/);
});

test('health: live always, ready only with a leader', async () => {
  const house = await open();
  const at = `http://${house.doors.address()}`;
  const status = async (path: string) => (await fetch(at + path)).status;
  expect(await status('/livez')).toBe(200);
  expect(await status('/readyz')).toBe(200);
  house.node.leader = null;
  expect(await status('/livez')).toBe(200);
  expect(await status('/readyz')).toBe(503);
  expect(await status('/')).toBe(404);
  expect(await status('/client')).toBe(404);
  // A body that nobody wants does not harm the connection.
  const post = await fetch(`${at}/x`, { method: 'POST', body: 'x'.repeat(1_000_000) });
  expect(post.status).toBe(404);
});

test('an upgrade on /peer is handed over whole, and takes no place among the guests', async () => {
  const peers = new WebSocketServer({ noServer: true });
  const house = await open({
    peers: (incoming, socket, head) => {
      peers.handleUpgrade(incoming, socket, head, (link) => {
        link.on('message', (data) => link.send(data));
      });
    },
  });
  const link = new WebSocket(`ws://${house.doors.address()}/peer`);
  await new Promise((resolve) => link.once('open', resolve));
  link.send(Buffer.alloc(300_000, 7));
  const echo = await new Promise<Buffer>((resolve) => link.once('message', resolve));
  expect(echo.length).toBe(300_000);
  expect(house.doors.connections).toBe(0);
  // The doors stop without cutting the link: it is the transport's.
  await house.doors.stop();
  expect(link.readyState).toBe(WebSocket.OPEN);
  link.terminate();
});

test('an upgrade anywhere else is refused, and so is what only looks like HTTP', async () => {
  const house = await open();
  const link = new WebSocket(`ws://${house.doors.address()}/elsewhere`);
  const error = await new Promise<Error>((resolve) => link.once('error', resolve));
  expect(error.message).toContain('404');
  const client = await house.dial();
  client.socket.removeAllListeners('data');
  let text = '';
  client.socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  client.write(Buffer.from('NONSENSE\r\n\r\n'));
  await client.until(() => client.closed);
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
});

test('a page in a browser cannot open a WebSocket here, whatever path it asks for', async () => {
  const house = await open();
  for (const path of ['client', 'peer']) {
    const link = new WebSocket(`ws://${house.doors.address()}/${path}`, {
      origin: 'http://example.com',
    });
    const error = await new Promise<Error>((resolve) => link.once('error', resolve));
    expect(error.message).toContain('403');
  }
});

test('stop() does not wait for connections that say nothing, or that wait for another page', async () => {
  const house = await open();
  const silent = await house.dial();
  const browser = await house.dial();
  browser.socket.removeAllListeners('data');
  browser.write(Buffer.from('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'));
  await new Promise((resolve) => browser.socket.once('data', resolve));
  const begun = performance.now();
  await house.doors.stop();
  expect(performance.now() - begun).toBeLessThan(limits.drainMs / 2);
  await silent.until(() => silent.closed);
  await browser.until(() => browser.closed);
});

test('a peer is let in when guests fill every place', async () => {
  let peers = 0;
  const house = await open({
    connectionsMax: 1,
    peers: (_request, socket) => {
      peers += 1;
      socket.destroy();
    },
  });
  const guest = await house.dial();
  guest.write(self);
  await guest.got(1);
  const link = new WebSocket(`ws://${house.doors.address()}/peer`);
  await new Promise((resolve) => link.once('error', resolve));
  expect(peers).toBe(1);
  const another = new WebSocket(`ws://${house.doors.address()}/client`);
  const error = await new Promise<Error>((resolve) => another.once('error', resolve));
  expect(error.message).toContain('503');
});

test('address() is numeric and resolved, also for a name and for port 0', async () => {
  const house = await open();
  expect(house.doors.address()).toMatch(/^127\.0\.0\.1:[1-9][0-9]*$/);
  const server = createNetServer();
  await listenOn(server, 'localhost:0');
  expect(server.address()).toMatchObject({
    address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
  });
  server.close();
});

test('addresses are read as Go reads them', () => {
  expect(parseHostPort('127.0.0.1:8046')).toEqual({ host: '127.0.0.1', port: 8046 });
  expect(parseHostPort(':8046')).toEqual({ host: '', port: 8046 });
  expect(parseHostPort('[::1]:80')).toEqual({ host: '::1', port: 80 });
  expect(formatHostPort('::1', 80)).toBe('[::1]:80');
  for (const bad of [
    '',
    'x',
    '1.2.3.4',
    '1.2.3.4:',
    '::1:80',
    'h:65536',
    'h:-1',
    'h:8o',
    '[::1]',
  ]) {
    expect(() => parseHostPort(bad), bad).toThrow(/Cannot listen on ".*": an address is HOST:PORT/);
  }
});

test('a port that cannot be had says which and why', async () => {
  const taken = await open();
  const code = async (address: string) => {
    const server = createServer();
    const error = await listenOn(server, address).then(
      () => null,
      (cause: unknown) => cause,
    );
    server.close();
    expect(error).toBeInstanceOf(ClusterError);
    return (error as ClusterError).code + ' ' + (error as ClusterError).message;
  };
  const address = taken.doors.address();
  expect(await code(address)).toBe(
    `ERR_ADDRESS_IN_USE Cannot listen on "${address}": the address is in use`,
  );
  expect(await code('192.0.2.1:0')).toBe(
    'ERR_BAD_ARGUMENT Cannot listen on "192.0.2.1:0": this machine has no such address',
  );
  expect(await code('no-such-host.invalid:0')).toMatch(
    /^ERR_BAD_ARGUMENT Cannot listen on "no-such-host.invalid:0": the host name /,
  );
});
