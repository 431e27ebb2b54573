// Locks and elections with real nodes and real time.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { del, put } from '../../src/connect/index.ts';
import { Town, textOf, until } from '../daemon/support/town.ts';

let town: Town;
beforeEach(() => {
  town = new Town();
});
afterEach(() => town.end());

describe('a lock, with real nodes', () => {
  it('goes from hand to hand among clients of different nodes, tokens rising, and leaves nothing', async () => {
    const [first, ...rest] = await town.voters(3);
    if (first === undefined) throw new Error('there are three');
    const nodes = [first, ...rest, ...rest, first];
    const clients = await Promise.all(nodes.map((node) => town.client(node)));
    const tokens: number[] = [];
    let inside = 0;
    await Promise.all(
      clients.map(async (client) => {
        for (let turn = 0; turn < 5; turn++) {
          const lock = await client.lock('/lock/a');
          inside += 1;
          expect(inside).toBe(1);
          tokens.push(lock.token);
          const count = await client.transact({
            compares: [lock.guard],
            ifTrue: [put('/last', String(lock.token))],
          });
          expect(count.succeeded).toBe(true);
          inside -= 1;
          await lock.release();
        }
      }),
    );
    expect(tokens.length).toBe(30);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    const [client] = clients;
    expect(await client?.stat('/lock')).toBeNull();
  });

  it('passes on when its holder is cut off for longer than its lease', async () => {
    const node = await town.start('0');
    const holder = await town.client(node);
    const next = await town.client(node);
    const held = await holder.lock('/lock/a', { lengthMs: 1000 });
    const waiting = next.lock('/lock/a');
    // As if its process stood still: nothing of it reaches the cluster any more.
    await next.revoke(held.lease.id);
    const later = await waiting;
    expect(later.token).toBeGreaterThan(held.token);
    await until('the holder knows', async () => held.isLost);
    const write = { compares: [held.guard], ifTrue: [put('/a', 'late')] };
    expect(await holder.transact(write)).toMatchObject({ succeeded: false });
    await held.release();
    expect(later.isLost).toBe(false);
    expect(await next.transact({ compares: [later.guard], ifTrue: [del('/a')] })).toMatchObject({
      succeeded: true,
    });
  });

  it('is let go by a client that is closed, or stops waiting', async () => {
    const node = await town.start('0');
    const [holder, waiter, last] = [
      await town.client(node),
      await town.client(node),
      await town.client(node),
    ];
    await holder.lock('/lock/a', { lengthMs: 60_000 });
    const given = waiter.lock('/lock/a', { lengthMs: 60_000 });
    await until('both stand there', async () => {
      const stat = await last.stat('/lock/a');
      return stat?.kind === 'directory' && stat.count === 2;
    });
    const refused = expect(given).rejects.toMatchObject({ name: 'ClusterError' });
    await waiter.close();
    await refused;
    await holder.close();
    const lock = await last.lock('/lock/a', { signal: AbortSignal.timeout(5000) });
    expect(lock.isLost).toBe(false);
  });
});

describe('an election, with real nodes', () => {
  it('is told to observers, proclamations and nobody included', async () => {
    const node = await town.start('0');
    const [a, b, eye] = [await town.client(node), await town.client(node), await town.client(node)];
    const seen: (string | null)[] = [];
    const abort = new AbortController();
    const observing = (async () => {
      for await (const leader of eye.observe('/e', { signal: abort.signal })) {
        seen.push(leader === null ? null : textOf(leader.value));
      }
    })();
    const saw = (...values: (string | null)[]) =>
      until(`it saw ${values.join()}`, async () => seen.join() === values.join());
    await saw(null);
    const first = await a.campaign('/e', 'a');
    const second = b.campaign('/e', 'b');
    await saw(null, 'a');
    await first.proclaim('a2');
    await saw(null, 'a', 'a2');
    await first.resign();
    await saw(null, 'a', 'a2', 'b');
    await expect(first.proclaim('a3')).rejects.toMatchObject({ code: 'ERR_LOCK_LOST' });
    await (await second).resign();
    await saw(null, 'a', 'a2', 'b', null);
    expect(await eye.leader('/e')).toBeNull();
    abort.abort();
    await observing;
  });
});
