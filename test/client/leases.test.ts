// A lease, as its holder sees it: counted from what it sent, by its own clock.
import { describe, expect, it } from 'vitest';
import { type Fate, TreeWorld } from './tree-cluster.ts';
import { codeOf, outcomeOf } from './world.ts';

describe('a lease', () => {
  it('is kept alive at a third of its length, together with the session', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const lease = await client.grant(30_000);
    await world.clock.run(31_000);
    expect(world.of('keepAlive').map(({ leases }) => leases.length)).toEqual([2, 2, 2]);
    expect(lease.isLost).toBe(false);
    expect(lease.leftMs()).toBe(29_000);
  });

  it('is asked for in as few requests as their bound allows', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await Promise.all(Array.from({ length: 1500 }, () => client.grant(9000)));
    await world.clock.run(3000);
    const sizes = world.of('keepAlive').map(({ leases }) => leases.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1500);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024);
    expect(sizes.length).toBeLessThanOrEqual(4);
  });

  it('is lost one length after the last answered sign of life was sent, not after its answer', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const lease = await client.grant(9000);
    await world.clock.run(3500);
    const sent = 3000;
    for (const node of world.nodes) node.fate = () => 'mute';
    const reasons: unknown[] = [];
    lease.lost.addEventListener('abort', () => reasons.push(lease.lost.reason));
    await world.clock.run(sent + 9000 - 1 - 3500);
    expect(reasons).toEqual([]);
    expect(lease.isLost).toBe(false);
    await world.clock.run(1);
    expect(reasons).toMatchObject([{ code: 'ERR_NO_LEASE' }]);
    expect(lease.leftMs()).toBe(0);
  });

  it('gains nothing from an answer that took long', async () => {
    const world = new TreeWorld(1);
    const lease = await world.client().grant(9000);
    world.fates('keepAlive', 'slow');
    await world.clock.run(5000);
    for (const node of world.nodes) {
      node.fate = () => 'mute';
      node.answerLate();
    }
    await world.clock.run(0);
    // Sent at 3,000.
    expect(lease.leftMs()).toBe(3000 + 9000 - 5000);
  });

  it('is lost for whoever asks, however late its timer is', async () => {
    const world = new TreeWorld();
    const lease = await world.client().grant(9000);
    const { lost } = lease;
    world.clock.jump(9000);
    expect(lost.aborted).toBe(false);
    expect(lease.isLost).toBe(true);
    expect(lost.aborted).toBe(true);
    const second = await world.client().grant(9000);
    world.clock.jump(9000);
    expect(second.lost.aborted).toBe(true);
  });

  it('counts from the first copy of its grant, since that may be the one that was done', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.nop();
    for (const node of world.nodes) {
      node.fate = ({ kind }) => {
        if (kind === 'keepAlive') return 'mute';
        return kind === 'grant' && world.of('grant').length < 4 ? 'cutAfter' : 'answer';
      };
    }
    const granted = outcomeOf(client.grant(5000, { timeoutMs: 20_000 }));
    await world.clock.run(3000);
    const lease = granted.of();
    if (lease === 'pending' || lease instanceof Error) expect.fail('it was granted');
    // Of its three copies the last one was answered, with what the first one did.
    expect(world.of('grant').length).toBe(4);
    expect(lease.leftMs()).toBe(2000);
    expect(world.cluster.state.leases.size).toBe(2);
  });

  it('is lost at once when the cluster says that it is not there', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const lease = await client.grant(9000);
    world.cluster.forget();
    await world.clock.run(3000);
    expect(lease.isLost).toBe(true);
    expect(await codeOf(client.set('/a', 'x', 0, { lease }))).toBe('ERR_NO_LEASE');
    expect(world.of('set')).toEqual([]);
  });

  it('survives a node that answers no sign of life, over another one', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const lease = await client.grant(3000);
    const silent = world.nodes.find(({ open }) => open.size > 0);
    if (silent !== undefined) silent.fate = ({ kind }) => (kind === 'ping' ? 'answer' : 'mute');
    await world.clock.run(20_000);
    expect(lease.isLost).toBe(false);
  });

  it('survives signs of life that are refused for a while', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const lease = await client.grant(3000);
    world.fates('keepAlive', ...Array<Fate>(3).fill('noLeader'));
    await world.clock.run(20_000);
    expect(lease.isLost).toBe(false);
  });

  it('ends with its files when it is released, and twice is once', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const lease = await client.grant(9000);
    await client.set('/a', 'x', 0, { lease });
    await client.create('/q-', 'x', { lease: lease.id });
    await lease.release();
    expect(lease.lost.reason).toMatchObject({ message: `Lease ${lease.id} is lost: released` });
    expect(world.cluster.textAt('/a')).toBe(null);
    await lease.release();
    await world.clock.run(10_000);
    expect(world.of('keepAlive').every(({ leases }) => !leases.includes(lease.id as never))).toBe(
      true,
    );
  });

  it('is not kept, nor ended with its client, when it is only granted', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const lease = await client.grant(9000, { keep: false });
    await world.clock.run(8000);
    expect(world.of('keepAlive')).toEqual([]);
    expect(await client.renew(lease)).toBe(9000);
    await world.clock.run(1000);
    expect(lease.isLost).toBe(true);
    await client.close();
    expect(world.cluster.state.leases.size).toBe(1);
  });

  it('is over for its holder, and in the cluster, when its client is closed', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const lease = await client.grant(9000);
    await client.close();
    expect(lease.lost.reason).toMatchObject({ code: 'ERR_NO_LEASE' });
    expect(world.cluster.state.leases.size).toBe(0);
    await world.clock.run(60_000);
    expect(world.clock.timers).toBe(0);
  });

  it('has a length within its bounds', async () => {
    const client = new TreeWorld().client();
    await expect(client.grant(999)).rejects.toThrow(/1000 to 86400000, not 999/);
    await expect(client.grant(86_400_001)).rejects.toThrow(RangeError);
    await expect(client.revoke(0)).rejects.toThrow(RangeError);
  });
});
