import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/index.ts';
import { connect } from '../../src/connect/index.ts';
import { FakeCluster } from '../client/fake-cluster.ts';
import { serve } from '../client/fake-server.ts';
import { pemFile } from '../support/certificates.ts';

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function start(name: string | null, cluster = new FakeCluster()) {
  const secured = name === null ? undefined : { cert: pem(name), key: pem(`${name}-key`) };
  const server = await serve(cluster, secured && createServer(secured));
  endings.push(server.stop);
  return { cluster, server };
}
function called(name: string): FakeCluster {
  const cluster = new FakeCluster();
  cluster.name = name;
  return cluster;
}

const pem = (name: string) => readFileSync(pemFile(name));

async function open(...where: Parameters<typeof connect>) {
  const client = await connect(...where);
  endings.push(() => client.close());
  return client;
}

describe('connect() with TLS', () => {
  it('takes files from the URI, from the options, or what a function returns', async () => {
    const { server } = await start('node');
    const { address } = server;
    const caFile = pemFile('ca');
    for (const where of [
      { uri: `doozers:?ca=${address}&tlsca=${caFile}` },
      { uri: `doozers:?ca=${address}`, tls: { caFile } },
      { uri: `doozers:?ca=${address}&tlsca=/nowhere`, tls: { caFile } },
      { addresses: [address], tls: { caFile } },
      { addresses: [address], tls: () => ({ ca: pem('ca').toString() }) },
    ]) {
      expect(await (await open(where)).self()).toBe(server.node.id);
    }
  });

  it('looks names up in a boot cluster that may have TLS, or not, for itself', async () => {
    const { server: plain } = await start(null, called('plain'));
    const { server: secured } = await start('node', called('secured'));
    const { cluster: names, server: boot } = await start('node2');
    names.set('/ctl/ns/plain/1', plain.address);
    names.set('/ctl/ns/secured/1', secured.address);
    const bootUri = `doozers:?ca=${boot.address}&tlsca=${pemFile('ca2')}`;
    const first = await open({ uri: 'doozer:?cn=plain', bootUri });
    expect(await first.self()).toBe(plain.node.id);
    const tls = { caFile: pemFile('ca') };
    const second = await open({ uri: 'doozers:?cn=secured', bootUri, tls });
    expect(await second.self()).toBe(secured.node.id);
  });

  it('never goes without TLS where TLS was asked for, nor with it where it was not', async () => {
    const { cluster, server } = await start(null);
    const uri = `doozer:?ca=${server.address}`;
    await expect(connect({ uri, tls: true })).rejects.toThrow('must begin with "doozers:?"');
    const without = connect({ uri: uri.replace('doozer', 'doozers'), tls: false });
    await expect(without).rejects.toThrow('must begin with "doozer:?"');
    const tls = { caFile: pemFile('ca') };
    const wanted = { addresses: [server.address], tls, openTimeoutMs: 300 };
    await expect(connect(wanted)).rejects.toMatchObject({ code: 'ERR_UNREACHABLE' });
    cluster.set('/a', '1');
    expect(await (await open(uri)).get('/a')).toMatchObject({ body: utf8('1') });
  });

  it('says at once that a file is of no use', async () => {
    for (const tls of [{ caFile: '/nowhere' }, { certFile: pemFile('client') }]) {
      const failed = connect({ addresses: ['127.0.0.1:1'], tls });
      await expect(failed).rejects.toMatchObject({ code: 'ERR_BAD_ARGUMENT' });
    }
  });
});
