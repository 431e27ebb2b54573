import { afterEach, describe, expect, it, vi } from 'vitest';
import { noBytes, sameBytes, utf8 } from '../../src/base/index.ts';
import { connect } from '../../src/connect/index.ts';
import { FakeCluster } from '../client/fake-cluster.ts';
import { serve, silentPort } from '../client/fake-server.ts';
import { codeOf } from '../client/world.ts';

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function start(cluster = new FakeCluster()) {
  const server = await serve(cluster);
  endings.push(server.stop);
  return server;
}

async function open(...where: Parameters<typeof connect>) {
  const client = await connect(...where);
  endings.push(() => client.close());
  return client;
}

describe('connect()', () => {
  it('opens a client of the cluster behind a URI', async () => {
    const { address, node } = await start();
    const client = await open(`doozer:?ca=${address}`);
    expect(await client.set('/a', 'body', 0)).toBe(1);
    expect(await client.get('/a')).toMatchObject({ body: utf8('body'), revision: 1 });
    expect(await client.self()).toBe(node.id);
  });

  it('carries a body of a mebibyte, byte for byte', async () => {
    const { address } = await start();
    const client = await open({ addresses: [address] });
    const body = Uint8Array.from({ length: 2 ** 20 }, (_, i) => i * 31);
    await client.set('/big', body, 0);
    expect(sameBytes((await client.get('/big'))?.body ?? noBytes, body)).toBe(true);
  });

  it('gives the secret of the URI', async () => {
    const cluster = new FakeCluster();
    cluster.secret = 'open sesame';
    const { address } = await start(cluster);
    await open(`doozer:?ca=${address}&sk=open+sesame`);
    expect(await codeOf(connect(`doozer:?ca=${address}&sk=x`))).toBe('ERR_ACCESS_DENIED');
  });

  it('goes on over real sockets when a node dies', async () => {
    const cluster = new FakeCluster();
    const [first, second] = [await start(cluster), await start(cluster)];
    const client = await open(`doozer:?ca=${first.address}`);
    const watch = client.watch('/**', { from: 1 });
    cluster.set('/a', '1');
    expect((await watch.next()).value?.revision).toBe(1);
    await first.stop();
    cluster.set('/a', '2');
    expect((await watch.next()).value?.revision).toBe(2);
    expect(await client.self()).toBe(second.node.id);
  });

  it('looks a name up in the boot cluster', async () => {
    const boot = await start();
    const prod = await start(Object.assign(new FakeCluster(), { name: 'prod' }));
    boot.node.cluster.set('/ctl/ns/prod/X', prod.address);
    const bootUri = `doozer:?ca=${boot.address}`;
    const client = await open({ uri: 'doozer:?cn=prod', bootUri });
    await client.set('/a', '', 0);
    expect(prod.node.cluster.revision).toBe(1);
    expect(await codeOf(connect({ uri: 'doozer:?cn=none', bootUri }))).toBe('ERR_UNREACHABLE');
  });

  it('stops looking a name up when it is told to', async () => {
    const boot = await start();
    boot.node.mute = (request) => request.kind === 'walk';
    const abort = new AbortController();
    const bootUri = `doozer:?ca=${boot.address}`;
    const opening = codeOf(connect({ uri: 'doozer:?cn=prod', bootUri, signal: abort.signal }));
    await vi.waitFor(() => expect(boot.node.count('walk')).toBe(1));
    abort.abort();
    expect(await opening).toBe('ERR_CANCELLED');
  });

  it('ignores a name that there is no boot cluster for', async () => {
    const { address } = await start();
    await open(`doozer:?cn=whatever&ca=${address}`);
    await expect(connect('doozer:?cn=whatever')).rejects.toThrow(TypeError);
  });

  it('takes a text that is no URI for a mistake of the caller', async () => {
    await expect(connect('127.0.0.1:8046')).rejects.toThrow(TypeError);
    await expect(connect({ addresses: [] })).rejects.toThrow(RangeError);
  });

  it('says which address refused it, within its time', async () => {
    const { address, close } = await silentPort();
    await close();
    await expect(connect({ addresses: [address], openTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'ERR_UNREACHABLE',
      message: `Cannot reach ${address}: connection refused`,
    });
  });

  it('gives up on a port that takes connections and says nothing', async () => {
    const { address, close } = await silentPort();
    endings.push(close);
    const options = { addresses: [address], openTimeoutMs: 500, connectTimeoutMs: 200 };
    await expect(connect(options)).rejects.toMatchObject({
      code: 'ERR_UNREACHABLE',
      message: `Cannot reach ${address}: no answer`,
    });
  });

  it('stops looking when it is told to', async () => {
    const { address, close } = await silentPort();
    endings.push(close);
    const abort = new AbortController();
    const opening = codeOf(connect({ addresses: [address], signal: abort.signal }));
    abort.abort();
    expect(await opening).toBe('ERR_CANCELLED');
  });
});
