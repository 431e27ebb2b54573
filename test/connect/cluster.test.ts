// The library against real nodes: what the made-up ones of test/client cannot vouch for.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textOf, utf8 } from '../../src/base/index.ts';
import { type Client, count, create, del, get, put, when } from '../../src/connect/index.ts';
import type { Daemon } from '../../src/daemon/index.ts';
import { Town, until } from '../daemon/support/town.ts';

const town = new Town();
let nodes: Daemon[] = [];
let client: Client;

beforeAll(async () => {
  nodes = await town.voters(3);
  client = await town.client(...nodes);
}, 60_000);
afterAll(() => town.end());

const bodyOf = async (path: string): Promise<string | null> => {
  const file = await client.get(path);
  return file === null ? null : textOf(file.body);
};

describe('a client of real nodes', () => {
  it('transacts one branch or the other, whole', async () => {
    const first = await client.transact({
      compares: [when.absent('/t/a')],
      ifTrue: [put('/t/a', 'one'), create('/t/seq-', 'x'), count('/t/n', 3), get('/t/a')],
      ifFalse: [get('/t/a')],
    });
    if (!first.succeeded) expect.fail('the file was not there');
    const [wrote, made, counted, read] = first.results;
    expect(made.path).toBe(`/t/seq-${String(made.revision).padStart(16, '0')}`);
    expect(counted).toEqual({ value: 3, revision: wrote.revision + 2 });
    expect(read).toMatchObject({ body: utf8('one'), revision: wrote.revision, lease: 0 });
    expect(first.revision).toBe(counted.revision);
    const second = await client.transact({
      compares: [when.value('/t/a', '=', 'two'), when.changed('/t/a', '=', wrote.revision)],
      ifTrue: [del('/t/a')],
      ifFalse: [get('/t/a'), get('/t/none')],
    });
    if (second.succeeded) expect.fail('the value is another one');
    expect(second.results[0]?.created).toBe(wrote.revision);
    expect(second.results[1]).toBe(null);
    const refused = client.transact({ ifTrue: [put('/t/b', ''), put('/t/a', '', { guard: 0 })] });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_REV_MISMATCH', effect: 'none' });
    expect(await client.get('/t/b')).toBe(null);
  });

  it('creates names that rise, and counts', async () => {
    const made = [await client.create('/q/', 'a'), await client.create('/q/', 'b')];
    const names: string[] = [];
    for await (const { path } of client.walk('/q/*')) names.push(path);
    expect(names).toEqual(made.map(({ path }) => path));
    await Promise.all(Array.from({ length: 20 }, () => client.count('/n', 1)));
    expect(await client.count('/n', -5)).toMatchObject({ value: 15 });
    await expect(client.count('/n', 1, { guard: 0 })).rejects.toMatchObject({
      code: 'ERR_REV_MISMATCH',
    });
  });

  it('keeps a lease alive beyond its length, and its files with it', async () => {
    const lease = await client.grant(1000);
    expect(lease.isLost).toBe(false);
    const revision = await client.set('/mine', 'x', 0, { lease });
    expect(await client.get('/mine')).toMatchObject({ lease: lease.id, created: revision });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(lease.isLost).toBe(false);
    expect(lease.leftMs()).toBeGreaterThan(0);
    expect(await client.lease(lease)).toMatchObject({ lengthMs: 1000, paths: ['/mine'] });
    await lease.release();
    expect(lease.isLost).toBe(true);
    expect(await client.get('/mine')).toBe(null);
    expect(await client.lease(lease.id)).toBe(null);
    await expect(client.set('/mine', 'x', 0, { lease })).rejects.toMatchObject({
      code: 'ERR_NO_LEASE',
    });
    await expect(client.revoke(lease.id)).rejects.toMatchObject({ code: 'ERR_NO_LEASE' });
  });

  it('lets a lease that it does not keep end by itself', async () => {
    const lease = await client.grant(1000, { keep: false });
    await client.set('/let-go', 'x', 0, { lease });
    expect(await client.renew(lease)).toBeGreaterThan(0);
    await until('the file has gone', async () => (await client.get('/let-go')) === null);
    expect(lease.isLost).toBe(true);
    expect(await client.renew(lease.id)).toBe(null);
  });

  it('takes its leases and its session with it when it is closed', async () => {
    const other = await town.client(...nodes);
    const lease = await other.grant(60_000);
    await other.set('/other', 'x', 0, { lease });
    await other.close();
    expect(lease.isLost).toBe(true);
    expect(await client.get('/other')).toBe(null);
  });

  it('reads what a node has, never behind what it has seen', async () => {
    const revision = await client.set('/fresh', '1', -1);
    const local = await client.read('/fresh', { local: true });
    expect(local.at).toBeGreaterThanOrEqual(revision);
    expect(local.file?.revision).toBe(revision);
    expect(local.ageMs).toBeLessThan(5000);
    const coming = client.read('/fresh', { atLeast: revision + 1 });
    const next = await client.set('/fresh', '2', -1);
    expect((await coming).file?.revision).toBe(next);
    expect(await client.read('/none')).toMatchObject({ file: null, ageMs: null });
    const listing = client.list('/', { local: true });
    await listing.next();
    expect(listing.at).toBeGreaterThanOrEqual(next);
  });

  it('watches with what was there before, from now on', async () => {
    await client.set('/w', 'zero', -1);
    for (let round = 0; round < 20; round++) {
      const watch = client.watch('/w', { previous: true });
      const before = await bodyOf('/w');
      const revision = await client.set('/w', `${round}`, -1);
      const { value } = await watch.next();
      expect(value?.revision).toBe(revision);
      expect(value?.previous && textOf(value.previous)).toBe(before);
      await watch.return?.();
    }
  });

  it('counts every call once while its node goes away', async () => {
    const [victim] = nodes.slice(2);
    const patient = await town.clientWith({
      addresses: [victim?.address ?? '', nodes[0]?.address ?? ''],
    });
    let done = 0;
    const counting = Array.from({ length: 8 }, async () => {
      for (let i = 0; i < 50; i++) {
        await patient.count('/counter', 1);
        done += 1;
      }
    });
    await until('a hundred are done', async () => done > 100);
    await victim?.stop();
    await Promise.all(counting);
    expect(await bodyOf('/counter')).toBe('400');
  });
});
