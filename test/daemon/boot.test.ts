// Nodes that find their cluster by name in a boot cluster, whole and in this process.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/connect/index.ts';
import { claimAddresses } from '../../src/daemon/address.ts';
import type { Daemon, DaemonOptions } from '../../src/daemon/index.ts';
import { read, slots, Town, textOf, until } from './support/town.ts';

let town: Town;
let boot: Client;
let bootUri: string;
let addresses: string[];
beforeEach(async () => {
  town = new Town();
  const node = await town.start('boot', { clusterName: 'boot', dataFolder: null });
  boot = await town.client(node);
  bootUri = `doozer:?ca=${node.address}`;
  addresses = await claimAddresses(['127.0.0.1:0', '127.0.0.1:0', '127.0.0.1:0']);
});
afterEach(() => town.end());

const startAt = (place: number, options: Partial<DaemonOptions> = {}): Promise<Daemon> =>
  town.start(String(place), {
    listen: addresses[place] ?? '',
    bootUri,
    promoteAfterMs: 50,
    ...options,
  });

const clusterOf = async (daemon: Daemon): Promise<string> => {
  const { lineage } = await (await town.client(daemon)).members();
  return lineage?.clusterId ?? '';
};

async function inBoot(glob: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { path, body } of boot.walk(glob)) files[path] = textOf(body);
  return files;
}

/** All in one cluster, which is made as large as they are many. Its id. */
async function formed(daemons: readonly Daemon[]): Promise<string> {
  const [first] = daemons;
  if (first === undefined) return '';
  const client = await town.client(first);
  for (let slot = 1; slot < daemons.length; slot++) await client.set(`/ctl/cal/${slot}`, '', 0);
  await until('all slots are held', async () => (await slots(client)).every((id) => id !== ''));
  expect(await slots(client)).toHaveLength(daemons.length);
  const ids = new Set<string>();
  for (const daemon of daemons) ids.add(await clusterOf(daemon));
  expect(ids.size).toBe(1);
  return [...ids].join();
}

describe('nodes started with one boot URI', () => {
  test('at once form one cluster, announce themselves, and go on in it after all were down', async () => {
    const all = await Promise.all([0, 1, 2].map((place) => startAt(place)));
    const cluster = await formed(all);
    await until('all are announced', async () => {
      const announced = Object.values(await inBoot('/ctl/ns/test/*'));
      return announced.sort().join() === [...addresses].sort().join();
    });
    expect(Object.values(await inBoot('/ctl/kept/test/*')).sort()).toEqual(
      addresses.map((address) => `${address} ${cluster}`).sort(),
    );
    // Only in the boot cluster: their own tree has none.
    const client = await town.client(...all);
    for await (const { path } of client.walk('/ctl/ns/**')) expect(path).toBe('');
    const byName = await town.clientWith({ uri: 'doozer:?cn=test', bootUri });
    expect(await read(byName, '/ctl/name')).toBe('test');

    await Promise.all(all.map((daemon) => daemon.stop()));
    expect(await inBoot('/ctl/ns/test/*')).toEqual({});
    const again = await Promise.all([2, 1, 0].map((place) => startAt(place)));
    expect(await clusterOf(again[0] as Daemon)).toBe(cluster);
  });

  test('form a new one when all of them lost their folders', async () => {
    const all = await Promise.all([0, 1, 2].map((place) => startAt(place)));
    const cluster = await formed(all);
    await Promise.all(all.map((daemon) => daemon.stop()));
    for (const place of [0, 1, 2]) rmSync(town.data(String(place)), { recursive: true });
    const again = await Promise.all([0, 1, 2].map((place) => startAt(place)));
    expect(await formed(again)).not.toBe(cluster);
    const kept = Object.values(await inBoot('/ctl/kept/test/*')).map((body) => body.split(' ')[0]);
    expect(kept.sort()).toEqual([...addresses].sort());
  });

  test('form a new one when all of them kept nothing', async () => {
    const dataFolder = null;
    const all = await Promise.all([0, 1, 2].map((place) => startAt(place, { dataFolder })));
    const cluster = await formed(all);
    await Promise.all(all.map((daemon) => daemon.stop()));
    for (const what of ['ns', 'kept']) expect(await inBoot(`/ctl/${what}/test/*`)).toEqual({});
    expect(await boot.get('/ctl/boot/test')).toBe(null);
    const again = await Promise.all([0, 1, 2].map((place) => startAt(place, { dataFolder })));
    expect(await formed(again)).not.toBe(cluster);
  });

  test('one that lost its folder waits while the others, who have theirs, are down', async () => {
    const all = await Promise.all([0, 1, 2].map((place) => startAt(place)));
    const cluster = await formed(all);
    await Promise.all(all.map((daemon) => daemon.stop()));
    rmSync(town.data('0'), { recursive: true });
    const wiped = startAt(0);
    const asker = await town.clientWith({ addresses: [addresses[0] ?? ''] });
    expect(await asker.home()).toMatchObject({ belongs: false });
    await Promise.all([startAt(1), startAt(2)]);
    expect(await clusterOf(await wiped)).toBe(cluster);
    expect(await boot.get('/ctl/boot/test')).toBe(null);
  });

  test('are told what stands in the way: the secret of the boot cluster', async () => {
    const guarded = await town.start('guarded', { secrets: { rw: 'hush', ro: 'ssh' } });
    const uri = `doozer:?ca=${guarded.address}`;
    await expect(
      startAt(0, { bootUri: `${uri}&sk=wrong`, clusterName: 'x' }),
    ).rejects.toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      message: expect.stringContaining('its secret is the sk of the URI, or else DOOZER_RWSECRET'),
    });
    const open = await startAt(0, { bootUri: `${uri}&sk=hush`, clusterName: 'x' });
    expect(await (await town.client(open)).rev()).toBeGreaterThan(0);
  });
});
