// Kept whole: one cluster with mutual TLS, and everybody who tries to come in.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect as dialTcp } from 'node:net';
import { connect as dialTls, createServer as tlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doozer } from '../../src/cli/doozer.ts';
import type { Daemon } from '../../src/daemon/index.ts';
import {
  DoozerFramer,
  decodeDoozerResponse,
  doozerVerbs,
  emptyDoozerRequest,
  encodeDoozerRequest,
} from '../../src/protocol/doozer/index.ts';
import { FakeTerminal } from '../cli/fake-terminal.ts';
import { nodeTls, pemFile, pemFiles } from '../support/certificates.ts';
import { read, slots, Town, until } from './support/town.ts';

const town = new Town();
let nodes: Daemon[] = [];
const addresses = () => nodes.map(({ address }) => `ca=${address}`).join('&');
const uri = () => `doozers:?${addresses()}&tlsca=${pemFile('ca')}`;

beforeAll(async () => {
  const first = await town.start('0', { tls: nodeTls(), web: '127.0.0.1:0' });
  nodes = [first];
  const client = await town.clientWith({ uri: uri() });
  for (const [i, name] of ['node-b', 'chained'].entries()) {
    nodes.push(await town.start(String(i + 1), { tls: nodeTls(name), attach: [first.address] }));
    await client.set(`/ctl/cal/${i + 1}`, '', 0);
  }
  await until('all slots are held', async () => (await slots(client)).every((id) => id !== ''));
});
afterAll(() => town.end());

/** What a client that is to fail says, and that it says so in time. */
async function failure(options: Parameters<Town['clientWith']>[0]): Promise<string> {
  const begin = performance.now();
  const said = await town.clientWith({ openTimeoutMs: 300, ...options }).then(
    () => 'it is connected',
    (error: Error) => error.message,
  );
  expect(performance.now() - begin).toBeLessThan(10_000);
  return said;
}

describe('three nodes with mutual TLS', () => {
  it('are a cluster: writes, reads and watches go through doozers:', async () => {
    const client = await town.clientWith({ uri: uri() });
    const seen: string[] = [];
    const watching = (async () => {
      for await (const event of client.watch('/tls/*')) {
        seen.push(event.path);
        if (seen.length === 2) return;
      }
    })();
    const revision = await client.set('/tls/a', 'x', 0);
    await client.set('/tls/b', 'y', 0);
    await watching;
    expect(seen).toEqual(['/tls/a', '/tls/b']);
    for (const { address } of nodes) {
      const one = await town.clientWith({
        addresses: [address],
        onlyThese: true,
        tls: { caFile: pemFile('ca') },
      });
      expect(await read(one, '/tls/a'), address).toBe('x');
      await one.set('/tls/a', 'x', -1);
    }
    await expect(client.set('/tls/a', 'x', revision)).rejects.toThrow();
  });

  it('are seen by an operator whose CA stands in the environment', async () => {
    const env = { DOOZER_URI: `doozers:?${addresses()}`, DOOZER_TLSCA: pemFile('ca') };
    const terminal = new FakeTerminal('', env);
    expect(await doozer(['-json', 'status'], terminal)).toBe(0);
    const { members } = JSON.parse(terminal.output) as { members: { state: string }[] };
    expect(members.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);
  });

  it("take doozer's own frames over TLS", async () => {
    const [host = '', port] = (nodes[1] as Daemon).address.split(':');
    const socket = dialTls({ host, port: Number(port), ca: readFileSync(pemFile('ca')) });
    await once(socket, 'secureConnect');
    expect(socket.getProtocol()).toBe('TLSv1.3');
    const request = { ...emptyDoozerRequest, tag: 1, verb: doozerVerbs.GET, path: '/ctl/name' };
    socket.write(encodeDoozerRequest(request));
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    const [frame] = new DoozerFramer().push(chunk);
    expect(Buffer.from(decodeDoozerResponse(frame as Uint8Array)?.value ?? []).toString()).toBe(
      'test',
    );
    socket.destroy();
  });

  it('show their page and answer health questions over https', async () => {
    const [host = '', port] = ((nodes[0] as Daemon).webAddress ?? '').split(':');
    for (const [path, answer] of [
      ['/', 'doozer viewer'],
      ['/livez', 'live'],
    ]) {
      const socket = dialTls({ host, port: Number(port), ca: readFileSync(pemFile('ca')) });
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      let said = '';
      for await (const chunk of socket) said += chunk;
      expect(said).toContain(answer);
    }
  });

  it('refuse versions of TLS before 1.2', async () => {
    const [host = '', port] = (nodes[1] as Daemon).address.split(':');
    const old = dialTls({
      host,
      port: Number(port),
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT@SECLEVEL=0',
      rejectUnauthorized: false,
    });
    const [error] = await once(old, 'error');
    expect(String(error)).toMatch(/protocol version|unsupported protocol/);
  });
});

describe('who does not fit is told why, and soon', () => {
  it.each([
    ['ca2', 'its certificate is not signed by a CA that is trusted here: is it the right CA?'],
    [null, 'its certificate is not signed by a CA that is trusted here: is it the right CA?'],
  ])('a client with the CA %s', async (ca, why) => {
    const [node] = nodes as [Daemon];
    const file = ca === null ? '' : `&tlsca=${pemFile(ca)}`;
    expect(await failure({ uri: `doozers:?ca=${node.address}${file}` })).toContain(why);
  });

  it('a client that dials by a name that the certificate does not hold', async () => {
    const files = {
      cert: readFileSync(pemFile('elsewhere')),
      key: readFileSync(pemFile('elsewhere-key')),
    };
    const elsewhere = tlsServer(files).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const { port } = elsewhere.address() as AddressInfo;
    const said = await failure({ uri: `doozers:?ca=127.0.0.1:${port}&tlsca=${pemFile('ca')}` });
    expect(said).toContain(
      'its certificate is for IP Address:192.0.2.1, DNS:elsewhere.example, and not for that address',
    );
    elsewhere.close();
    const own = (nodes[0] as Daemon).address.split(':')[1];
    const named = await town.clientWith({
      uri: `doozers:?ca=localhost:${own}&tlsca=${pemFile('ca')}`,
    });
    expect(await named.self()).not.toBe('');
  });

  it('a client without TLS at a node that has it', async () => {
    const [node] = nodes as [Daemon];
    expect(await failure({ uri: `doozer:?ca=${node.address}` })).toContain(
      'This node speaks TLS only, use https: or doozers:',
    );
    const socket = dialTcp(Number(node.address.split(':')[1]), '127.0.0.1');
    socket.write(encodeDoozerRequest({ ...emptyDoozerRequest, verb: doozerVerbs.REV }));
    await once(socket.resume(), 'close');
  });

  it('a client with TLS at a node that has none', async () => {
    const plain = await town.start('plain');
    expect(await failure({ uri: `doozers:?ca=${plain.address}&tlsca=${pemFile('ca')}` })).toMatch(
      /it closed the connection during the TLS handshake: does it speak TLS|it does not speak TLS/,
    );
  });

  it.each([
    ['no certificate', {}, 'This node wants a certificate of its clients'],
    ['one of another CA', pemFiles('client2'), 'This node wants a certificate of its clients'],
    ['an expired one', pemFiles('expired'), 'has expired at 2021-01-01'],
    ['one of its CA', pemFiles('client'), 'it is connected'],
  ])('a client with %s at a node with -tlsclients', async (_, files, why) => {
    demanding ??= await town.start('demanding', { tls: nodeTls('node', 'ca', true) });
    const where = { addresses: [demanding.address], tls: { caFile: pemFile('ca'), ...files } };
    expect(await failure(where)).toContain(why);
  });
  let demanding: Daemon | null = null;

  it('a node of another CA, and one without TLS, that attach: each is told why', async () => {
    const [node] = nodes as [Daemon];
    const strangers = [
      ['another CA', { tls: nodeTls('node2', 'ca2') }, 'not signed by a CA that is trusted here'],
      ['no TLS', {}, 'This node speaks TLS only'],
    ] as const;
    // Each tries for ten seconds: both at once.
    const attempts = strangers.map(async ([name, options, why]) => {
      const stranger = town.start(name, { ...options, attach: [node.address] });
      await expect(stranger).rejects.toMatchObject({ message: expect.stringContaining(why) });
    });
    await Promise.all(attempts);
  }, 60_000);

  it.each([
    [
      'elsewhere',
      'ca',
      /for IP Address:192\.0\.2\.1, DNS:elsewhere\.example, and this node is reached at "127.*needs the alternative name IP:127\.0\.0\.1/,
    ],
    ['expired', 'ca', /has expired at 2021-01-01T00:00:00.000Z: put a new one there/],
    ['client', 'ca', /may not be used as a server's.*extendedKeyUsage=serverAuth,clientAuth/],
    [
      'node2',
      'ca',
      /no CA in ".*ca\.pem" has signed its certificate \(issuer CN=doozer test ca2\)/,
    ],
  ])('a node with the certificate "%s" does not start', async (name, ca, why) => {
    await expect(town.start('never', { tls: nodeTls(name, ca) })).rejects.toMatchObject({
      code: 'ERR_BAD_ARGUMENT',
      message: expect.stringMatching(why),
    });
  });
});
