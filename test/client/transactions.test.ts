import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/index.ts';
import { type Compare, count, create, del, get, put, when } from '../../src/client/index.ts';
import { TreeWorld } from './tree-cluster.ts';
import { codeOf } from './world.ts';

describe('a transaction', () => {
  it('answers each operation of the branch it took in its own words', async () => {
    const client = new TreeWorld().client();
    const made = await client.transact({
      compares: [when.absent('/a'), when.changed('/a', '=', 0)],
      ifTrue: [put('/a', 'one'), create('/q/', 'job'), count('/n', 4), get('/a'), get('/none')],
      ifFalse: [del('/a')],
    });
    expect(made).toEqual({
      succeeded: true,
      revision: 3,
      results: [
        { revision: 1 },
        { path: '/q/0000000000000002', revision: 2 },
        { value: 4, revision: 3 },
        { body: utf8('one'), revision: 1, created: 1, lease: 0 },
        null,
      ],
    });
    const other = await client.transact({
      compares: [when.absent('/a')],
      ifTrue: [],
      ifFalse: [del('/a', { guard: 1 })],
    });
    expect(other).toEqual({ succeeded: false, revision: 4, results: [{ revision: 4 }] });
    expect(client.floor).toBe(4);
  });

  it('compares existence, revisions, bytes and leases', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const lease = await client.grant(9000);
    await client.set('/a', 'm', 0, { lease });
    const holds = async (...compares: Compare[]): Promise<boolean> =>
      (await client.transact({ compares })).succeeded;
    expect(await holds(when.exists('/a'), when.absent('/b'))).toBe(true);
    expect(await holds(when.value('/a', '<', 'n'), when.value('/a', '>', utf8('l')))).toBe(true);
    expect(await holds(when.value('/a', '!=', 'm'))).toBe(false);
    expect(await holds(when.created('/a', '=', 1), when.changed('/a', '>', 0))).toBe(true);
    expect(await holds(when.lease('/a', '=', lease), when.lease('/b', '=', null))).toBe(true);
    expect(await holds(when.lease('/a', '!=', lease.id))).toBe(false);
  });

  it('is refused whole when one of its writes is', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const refused = client.transact({ ifTrue: [put('/a', 'x'), put('/b', 'x', { guard: -2 })] });
    expect(await codeOf(refused)).toBe('ERR_REV_MISMATCH');
    expect(world.cluster.textAt('/a')).toBe(null);
  });

  it('is measured before it is sent', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const many = Array.from({ length: 129 }, (_, i) => get(`/${i}`));
    await expect(client.transact({ ifTrue: many })).rejects.toThrow(
      'Cannot transact: a transaction has at most 128 compares and operations, this one 129',
    );
    const big = put('/a', new Uint8Array(2 ** 19));
    const sum = client.transact({ compares: [when.value('/a', '=', big.body)], ifFalse: [big] });
    await expect(sum).rejects.toMatchObject({ code: 'ERR_TOO_LARGE', effect: 'none' });
    expect(() => when.changed('/a', 'about' as never, 1)).toThrow(/one of = != < >, not "about"/);
    expect(() => put(7 as never, '')).toThrow(TypeError);
    expect(() => count('/a', 0.5)).toThrow(RangeError);
    expect(world.of('transact')).toEqual([]);
  });
});
