// Locks over a made-up tree: who is first, who is woken, and what is left behind.
import { beforeEach, describe, expect, it } from 'vitest';
import { ClusterError } from '../../src/base/index.ts';
import { type Lock, lock, tryLock } from '../../src/client/lock.ts';
import { QueueGuest, QueueTree, settle } from './queue-world.ts';
import { outcomeOf } from './world.ts';

let tree: QueueTree;
beforeEach(() => {
  tree = new QueueTree();
});
const guest = (): QueueGuest => new QueueGuest(tree);

/** What a wait for the lock has come to. */
async function waiter(options: Parameters<typeof lock>[2] = {}, client = guest()) {
  const outcome = outcomeOf(lock(client, '/l', options));
  await settle();
  return { client, outcome, held: () => outcome.of() as Lock };
}

describe('a lock', () => {
  it('is held at once by who comes first, by the revision that made its file', async () => {
    tree.set('/else');
    const held = await lock(guest(), '/l', { body: 'me' });
    expect(held.token).toBe(2);
    expect(held.path).toBe('/l/0000000000000002');
    expect(tree.sorted('/l')).toEqual([held.path]);
    expect(held.isLost).toBe(false);
  });

  it('goes from one to the next in the order in which they came, tokens rising', async () => {
    const first = await waiter();
    const others = [await waiter(), await waiter(), await waiter()];
    expect(others.map(({ outcome }) => outcome.of())).toEqual(['pending', 'pending', 'pending']);
    let last = first.held();
    for (const { held } of others) {
      await last.release();
      await settle();
      expect(held().token).toBeGreaterThan(last.token);
      last = held();
    }
  });

  it('wakes one when it is released, however many wait', async () => {
    const first = await waiter();
    for (let i = 0; i < 20; i++) await waiter();
    const before = tree.walks;
    await first.held().release();
    await settle();
    expect(tree.walks - before).toBe(1);
  });

  it('stays with its holder when one that waits before another goes', async () => {
    const first = await waiter();
    const abort = new AbortController();
    const second = await waiter({ signal: abort.signal });
    const third = await waiter();
    abort.abort();
    await settle();
    expect(second.outcome.of()).toMatchObject({ code: 'ERR_CANCELLED' });
    expect(third.outcome.of()).toBe('pending');
    await first.held().release();
    await settle();
    expect(third.held().isLost).toBe(false);
  });

  it('passes over names that are no places', async () => {
    tree.set('/l/0');
    tree.set('/l/README');
    tree.set('/l/00000000000000001');
    tree.set('/l/deeper/0000000000000001');
    expect((await waiter()).held().isLost).toBe(false);
  });

  it('is not granted on a lease that ended while the read was under way', async () => {
    const client = guest();
    client.beforeWalk = () => {
      tree.clock.at += 10_000;
    };
    const { outcome } = await waiter({}, client);
    expect(outcome.of()).toMatchObject({ code: 'ERR_LOCK_LOST' });
    expect(tree.sorted('/l')).toEqual([]);
  });

  it('is not taken for held by a file that is not there any more', async () => {
    const client = guest();
    client.beforeWalk = () => {
      for (const path of tree.sorted('/l')) tree.delete(path);
    };
    const { outcome } = await waiter({}, client);
    expect(outcome.of()).toMatchObject({ code: 'ERR_LOCK_LOST' });
  });

  it('is waited for while the cluster has no leader', async () => {
    const client = guest();
    client.failures.push(new ClusterError('ERR_NO_LEADER', 'none'));
    client.failures.push(new ClusterError('ERR_UNREACHABLE', 'none'));
    expect((await waiter({}, client)).held().isLost).toBe(false);
  });

  it('is not waited for by a client that was closed', async () => {
    const client = guest();
    client.failures.push(new ClusterError('ERR_STOPPED', 'closed'));
    expect((await waiter({}, client)).outcome.of()).toMatchObject({ code: 'ERR_STOPPED' });
    expect(tree.sorted('/l')).toEqual([]);
  });

  it('is waited for also when what happened meanwhile is forgotten', async () => {
    const first = await waiter();
    const second = await waiter();
    tree.set('/else');
    tree.forget();
    tree.set('/else');
    await settle();
    await first.held().release();
    await settle();
    expect(second.held().isLost).toBe(false);
  });
});

describe('a wait that is given up', () => {
  it('leaves no file and no lease', async () => {
    const first = await waiter();
    const abort = new AbortController();
    const second = await waiter({ signal: abort.signal });
    expect(tree.sorted('/l').length).toBe(2);
    abort.abort();
    await settle();
    expect(second.outcome.of()).toMatchObject({ code: 'ERR_CANCELLED' });
    expect(tree.sorted('/l')).toEqual([first.held().path]);
    expect(tree.revoked).toEqual([2]);
  });

  it('ends with its place when somebody deletes its file', async () => {
    await waiter();
    const second = await waiter();
    tree.delete(tree.sorted('/l')[1] ?? '');
    await settle();
    expect(second.outcome.of()).toMatchObject({ code: 'ERR_LOCK_LOST' });
  });

  it('ends with its lease', async () => {
    await waiter();
    const second = await waiter();
    tree.leases[1]?.end('in a test');
    await settle();
    expect(second.outcome.of()).toMatchObject({ code: 'ERR_LOCK_LOST' });
    expect(tree.sorted('/l').length).toBe(1);
  });
});

describe('a holder', () => {
  it('loses the lock with its lease', async () => {
    const { held } = await waiter();
    tree.leases[0]?.end('in a test');
    expect(held().lost.aborted).toBe(true);
    expect(held().lost.reason).toMatchObject({ code: 'ERR_LOCK_LOST' });
  });

  it('knows by the clock what no timer has told yet', async () => {
    const { held } = await waiter();
    tree.clock.at += 10_000;
    expect(held().isLost).toBe(true);
    expect(held().lost.aborted).toBe(true);
  });

  it('loses the lock when somebody deletes its file', async () => {
    const { held } = await waiter();
    tree.delete(held().path);
    await settle();
    expect(held().lost.reason).toMatchObject({
      code: 'ERR_LOCK_LOST',
      message: `The place "${held().path}" is lost: its file was deleted`,
    });
  });

  it('loses it also when that is forgotten by the time it looks', async () => {
    const { held } = await waiter();
    tree.set('/else');
    tree.delete(held().path);
    tree.forget();
    await settle();
    expect(held().isLost).toBe(true);
  });

  it('loses it also when nobody could tell what is there at the first look', async () => {
    const { client, held } = await waiter();
    client.getFailures.push(new ClusterError('ERR_NO_LEADER', 'none'));
    tree.set('/else');
    tree.delete(held().path);
    tree.forget();
    // Something else it did meanwhile showed it a later revision.
    client.floor = tree.revision;
    await settle();
    expect(client.getFailures).toEqual([]);
    expect(held().isLost).toBe(true);
  });

  it('keeps it when what happened is forgotten and its file is there', async () => {
    const { held } = await waiter();
    tree.set('/else');
    tree.set('/else');
    tree.oldest = tree.revision + 1;
    tree.set('/else');
    await settle();
    expect(held().isLost).toBe(false);
  });

  it('has a guard that fails once it holds no more', async () => {
    const { client, held } = await waiter();
    const { guard } = held();
    expect(await client.transact({ compares: [guard] })).toMatchObject({ succeeded: true });
    tree.delete(held().path);
    tree.set(held().path, 'somebody else, same name');
    expect(await client.transact({ compares: [guard] })).toMatchObject({ succeeded: false });
  });

  it('releases its own file and nobody else’s', async () => {
    const { held } = await waiter();
    tree.delete(held().path);
    tree.set(held().path, 'by hand');
    await held().release();
    expect(tree.sorted('/l')).toEqual([held().path]);
  });

  it('may release twice, and loses nothing by it', async () => {
    const { held } = await waiter();
    await Promise.all([held().release(), held().release()]);
    await held().release();
    expect(held().lost.aborted).toBe(false);
    expect(tree.revoked).toEqual([1]);
    expect(tree.sorted('/l')).toEqual([]);
  });

  it('leaves a lease alone that it was given', async () => {
    const client = guest();
    const lease = await client.grant(5000);
    const held = await lock(client, '/l', { lease });
    await held.release();
    expect(tree.revoked).toEqual([]);
    expect(lease.isLost).toBe(false);
    expect(tree.sorted('/l')).toEqual([]);
  });
});

describe('tryLock', () => {
  it('takes a lock that is free', async () => {
    expect((await tryLock(guest(), '/l', {}))?.token).toBe(1);
  });

  it('leaves one that is held, without a trace', async () => {
    await waiter();
    const { revision } = tree;
    expect(await tryLock(guest(), '/l', {})).toBeNull();
    expect(tree.revision).toBe(revision);
  });

  it('gives way to who came between its look and its file', async () => {
    const client = guest();
    let walks = 0;
    client.beforeWalk = () => {
      walks += 1;
      if (walks === 1) setImmediate(() => tree.set('/l/0000000000000000'));
    };
    const { create } = client;
    client.create = async (...args) => {
      await settle();
      return create.apply(client, args);
    };
    expect(await tryLock(client, '/l', {})).toBeNull();
    expect(tree.sorted('/l')).toEqual(['/l/0000000000000000']);
  });
});
