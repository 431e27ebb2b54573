// Nodes started with one list, whole and in this process.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimAddresses } from '../../src/daemon/address.ts';
import type { Daemon, DaemonOptions } from '../../src/daemon/index.ts';
import { read, slots, Town, until } from './support/town.ts';

let town: Town;
let seeds: string[];
beforeEach(async () => {
  town = new Town();
  seeds = (await claimAddresses(['127.0.0.1:0', '127.0.0.1:0', '127.0.0.1:0'])).sort();
});
afterEach(() => town.end());

const startAt = (place: number, options: Partial<DaemonOptions> = {}): Promise<Daemon> =>
  town.start(String(place), { listen: seeds[place] ?? '', seeds, promoteAfterMs: 50, ...options });

/** All three vote, in one cluster, whose id it says. */
async function allVote(daemons: readonly Daemon[]): Promise<string> {
  const clusters = new Set<string>();
  for (const daemon of daemons) {
    const client = await town.client(daemon);
    await until('all slots are held', async () => {
      const held = await slots(client);
      return held.length === 3 && held.every((id) => id !== '');
    });
    const { lineage, membership } = await client.members();
    expect([...membership.addresses.values()].sort()).toEqual(seeds);
    clusters.add(lineage?.clusterId ?? '');
    await client.set(`/from/${daemon.address}`, 'x', 0);
  }
  expect(clusters.size).toBe(1);
  return [...clusters].join();
}

describe('nodes started with one list', () => {
  test('at once form one cluster with a slot for each, and go on in it after all were down', async () => {
    const first = await Promise.all([0, 1, 2].map((place) => startAt(place)));
    const cluster = await allVote(first);
    await Promise.all(first.map((daemon) => daemon.stop()));
    const again = await Promise.all([2, 1, 0].map((place) => startAt(place)));
    expect(await (await town.client(...again)).members()).toMatchObject({
      lineage: { clusterId: cluster },
    });
  });

  test('form none while one of them is missing, whichever it is', async () => {
    const two = [startAt(0), startAt(1)];
    for (const address of seeds.slice(0, 2)) {
      const client = await town.clientWith({ addresses: [address] });
      expect(await client.home()).toMatchObject({ belongs: false, seeds });
    }
    const all = await Promise.all([...two, startAt(2)]);
    await allVote(all);
  });

  test('the lowest, come back without its folder, joins the others as a new member', async () => {
    const all = await Promise.all([0, 1, 2].map((place) => startAt(place)));
    const cluster = await allVote(all);
    const [lowest] = all;
    await lowest?.stop();
    rmSync(town.data('0'), { recursive: true });
    const back = await startAt(0);
    const client = await town.client(back);
    expect((await client.members()).lineage?.clusterId).toBe(cluster);
  });

  test('with a secret ask each other with it', async () => {
    const secrets = { rw: 'hush', ro: '' };
    const all = await Promise.all([0, 1, 2].map((place) => startAt(place, { secrets })));
    const client = await town.clientWith({ addresses: [all[0]?.address ?? ''], secret: 'hush' });
    expect(await read(client, '/ctl/name')).toBe('test');
  });

  test('without data form one cluster as well', async () => {
    const all = await Promise.all([0, 1, 2].map((place) => startAt(place, { dataFolder: null })));
    await allVote(all);
  });
});
