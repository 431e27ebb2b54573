import { describe, expect, it } from 'vitest';
import { must } from '../../src/base/index.ts';
import type { FakeNode } from './fake-cluster.ts';
import { codeOf, outcomeOf, settle, World } from './world.ts';

/** The node a client talks to, and the others. */
function split(world: World): [FakeNode, FakeNode[]] {
  const here = must(world.connected(), 'the client is connected');
  return [here, world.cluster.nodes.filter((node) => node !== here)];
}

describe('a client whose node is lost', () => {
  it('goes on with a node it was never given the address of', async () => {
    const world = new World();
    world.nodes(3);
    const client = world.client({ addresses: ['n1:1'] });
    await client.open();
    const [first] = split(world);
    first.die();
    const read = outcomeOf(client.get('/a'));
    await world.clock.run(1000);
    expect(read.of()).toBe(null);
    expect(world.connected()).not.toBe(first);
    // And to the last one, when that goes too.
    const [second] = split(world);
    second.die();
    const again = outcomeOf(client.get('/a'));
    await world.clock.run(1000);
    expect(again.of()).toBe(null);
  });

  it('asks again who the members are, and so finds those that came later', async () => {
    const world = new World();
    const [old] = world.nodes(1);
    const client = world.client();
    await client.open();
    const late = world.cluster.node('late:1');
    await world.clock.run(11_000);
    old?.die();
    const read = outcomeOf(client.get('/a'));
    await world.clock.run(1000);
    expect(read.of()).toBe(null);
    expect(world.connected()).toBe(late);
  });

  it('goes where its node said the members are, when all it was given are gone', async () => {
    const world = new World();
    const [old] = world.nodes(1);
    const client = world.client();
    await client.open();
    const late = world.cluster.node('late:1');
    old?.tellMembers();
    await settle();
    old?.die();
    const read = outcomeOf(client.get('/a'));
    await world.clock.run(1000);
    expect(read.of()).toBe(null);
    expect(world.connected()).toBe(late);
  });

  it('follows the members while it has nothing to ask, until none that it knew is left', async () => {
    const world = new World();
    world.nodes(1);
    const client = world.client();
    await client.open();
    for (const address of ['second:1', 'third:1', 'fourth:1', 'fifth:1']) {
      const next = world.cluster.node(address);
      await world.clock.run(10_000);
      must(world.connected(), 'the client is connected').die();
      // Nobody waits for a link; it comes back at leisure.
      await world.clock.run(10_000);
      expect(world.connected()).toBe(next);
    }
    expect(await client.get('/a')).toBe(null);
  });

  it('comes back at once when it is asked something, not at leisure', async () => {
    const world = new World();
    world.nodes(2);
    const client = world.client();
    await client.open();
    split(world)[0].die();
    await world.clock.run(100);
    expect(world.connected()).toBe(undefined);
    const read = outcomeOf(client.get('/a'));
    expect(await world.clock.runUntil(() => read.of() === null, 5000)).toBeLessThanOrEqual(10);
  });

  it('does not dial without end when nobody is there and nobody asks', async () => {
    const world = new World();
    const [only] = world.nodes(1);
    const client = world.client();
    await client.open();
    only?.die();
    world.dialled.length = 0;
    await world.clock.run(60_000);
    expect(world.dialled.length).toBeGreaterThanOrEqual(6);
    expect(world.dialled.length).toBeLessThanOrEqual(12);
    await client.close();
    world.dialled.length = 0;
    await world.clock.run(60_000);
    expect(world.dialled).toEqual([]);
  });

  it('repeats reads, waits and questions on the next one', async () => {
    const world = new World();
    world.nodes(2);
    const client = world.client();
    await client.open();
    const [here] = split(world);
    here.mute = () => true;
    const pending = [
      outcomeOf(client.get('/a')),
      outcomeOf(client.stat('/a')),
      outcomeOf(client.rev()),
      outcomeOf(client.status()),
    ];
    const waiting = outcomeOf(client.wait('/b', 1));
    await settle();
    here.die();
    await world.clock.run(500);
    expect(pending.map(({ of }) => of())).toMatchObject([null, null, 0, { life: 'ready' }]);
    expect(waiting.of()).toBe('pending');
    world.cluster.set('/b', 'x');
    await settle();
    expect(waiting.of()).toMatchObject({ path: '/b', revision: 1 });
  });

  it('does not know what a write did that was sent and not answered, and does not repeat it', async () => {
    const world = new World();
    world.nodes(2);
    const client = world.client();
    await client.open();
    const [here, [there]] = split(world);
    here.mute = ({ kind }) => kind === 'set' || kind === 'delete' || kind === 'nop';
    // A guard makes no difference: a repeat would fail on what the first one did.
    const writes = [client.set('/a', 'x', -1), client.set('/b', 'x', 0), client.delete('/c', 7)];
    const codes = [...writes, client.nop()].map(codeOf);
    await settle();
    here.die();
    expect(await Promise.all(codes)).toEqual(Array(4).fill('ERR_OUTCOME_UNKNOWN'));
    await client.open();
    expect(there?.count('set')).toBe(0);
    expect(world.cluster.filesAt(world.cluster.revision).has('/a')).toBe(true);
  });

  it('sends a write that had not been sent', async () => {
    const world = new World();
    world.nodes(2);
    const client = world.client();
    await client.open();
    const [here] = split(world);
    here.die();
    await settle();
    const write = outcomeOf(client.set('/a', 'x', 0));
    await world.clock.run(500);
    expect(write.of()).toBe(1);
  });

  it('finds out within seconds that a stopped node answers no more, sooner with a request open', async () => {
    const world = new World();
    world.nodes(2);
    const client = world.client();
    await client.open();
    const [here] = split(world);
    here.mood = 'frozen';
    const read = outcomeOf(client.get('/a'));
    const tookMs = await world.clock.runUntil(() => read.of() !== 'pending', 10_000);
    expect(read.of()).toBe(null);
    expect(tookMs).toBeGreaterThan(1000);
    expect(tookMs).toBeLessThanOrEqual(2000);
  });

  it('finds it out also when nobody asks anything', async () => {
    const world = new World();
    world.nodes(2);
    const client = world.client();
    const events = client.watch('/**', { from: 1 });
    const event = outcomeOf(events.next());
    await settle();
    const [here] = split(world);
    here.mood = 'frozen';
    world.cluster.set('/a', 'x');
    const tookMs = await world.clock.runUntil(() => event.of() !== 'pending', 20_000);
    expect(event.of()).toMatchObject({ value: { path: '/a' } });
    expect(tookMs).toBeGreaterThan(2500);
    expect(tookMs).toBeLessThanOrEqual(4500);
  });

  it('stays with a quiet node that answers pings', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    const client = world.client();
    await client.open();
    await world.clock.run(60_000);
    expect(node?.hellos).toBe(1);
    expect(node?.count('ping')).toBeGreaterThan(10);
  });

  it('loses only a head start to a stopped node among its addresses', async () => {
    const world = new World();
    const [first] = world.nodes(2);
    if (first !== undefined) first.mood = 'frozen';
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const client = world.client({ addresses: ['n1:1', 'n2:1'] }, seed);
      const opened = outcomeOf(client.open());
      const tookMs = await world.clock.runUntil(() => opened.of() !== 'pending', 5000);
      expect(tookMs).toBeLessThanOrEqual(260);
      await client.close();
    }
  });

  it('does not begin at the same address every time', async () => {
    const firsts = new Set<string>();
    for (let seed = 0; seed < 30; seed++) {
      const world = new World();
      world.nodes(3);
      await world.client({ addresses: ['n1:1', 'n2:1', 'n3:1'] }, seed).open();
      firsts.add(world.dialled[0] ?? '');
    }
    expect([...firsts].sort()).toEqual(['n1:1', 'n2:1', 'n3:1']);
  });

  it.each(['ERR_NO_LEADER', 'ERR_STOPPED', 'ERR_CONDEMNED'] as const)(
    'leaves a node that says %s for one that may serve',
    async (code) => {
      const world = new World();
      world.nodes(2);
      const client = world.client();
      await client.open();
      const [here, [there]] = split(world);
      here.refuse = ({ kind }) => (kind === 'set' ? code : null);
      const write = outcomeOf(client.set('/a', 'x', 0));
      await world.clock.run(1000);
      expect(write.of()).toBe(1);
      expect(there?.count('set')).toBe(1);
    },
  );

  it('watches on at another node when the state of its own is condemned', async () => {
    const world = new World();
    world.nodes(2);
    const client = world.client();
    await client.open();
    const [here, [there]] = split(world);
    const watch = client.watch('/a', { from: 1 });
    await settle();
    expect(here.count('watch')).toBe(1);
    here.refuse = ({ kind }) => (kind === 'ping' ? null : 'ERR_CONDEMNED');
    here.say({
      tag: here.requests.find(({ kind }) => kind === 'watch')?.tag ?? -1,
      code: 'ERR_CONDEMNED',
      detail: '',
    });
    await world.clock.run(1000);
    expect(here.count('watch')).toBe(1);
    expect(there?.count('watch')).toBe(1);
    await watch.return?.();
  });

  it('waits on at another node when the state of its own is condemned', async () => {
    const world = new World();
    world.nodes(2);
    const client = world.client();
    await client.open();
    const [here, [there]] = split(world);
    const waits = [outcomeOf(client.wait('/a', 1)), outcomeOf(client.wait('/b', 1))];
    await settle();
    for (const { kind, tag } of here.requests) {
      if (kind === 'wait') here.say({ tag, code: 'ERR_CONDEMNED', detail: '' });
    }
    await world.clock.run(1000);
    expect(here.count('wait')).toBe(2);
    expect(there?.count('wait')).toBe(2);
    expect(waits.map((wait) => wait.of())).toEqual(['pending', 'pending']);
  });

  it('hears the answers it has coming from a node it leaves', async () => {
    const world = new World();
    world.nodes(2);
    const client = world.client();
    await client.open();
    const [here] = split(world);
    here.refuse = ({ kind }) => (kind === 'nop' ? 'ERR_STOPPED' : null);
    here.mute = ({ kind }) => kind === 'set';
    const write = outcomeOf(client.set('/a', 'x', 0));
    await settle();
    const nop = outcomeOf(client.nop());
    await world.clock.run(500);
    expect(nop.of()).toBe(2);
    // The write is not known to be lost: the node may answer it yet.
    expect(write.of()).toBe('pending');
    await world.clock.run(6000);
    expect(write.of()).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
    expect(here.sessions.size).toBe(0);
  });

  it('sends elsewhere what a node that stops says it never took', async () => {
    const world = new World();
    world.nodes(2);
    const client = world.client();
    await client.open();
    const [here, [there]] = split(world);
    // Read by nobody: the node had stopped taking requests when it came.
    here.mute = () => true;
    here.refuse = () => 'ERR_STOPPED';
    const pending = [outcomeOf(client.set('/a', 'x', 0)), outcomeOf(client.get('/b'))];
    await settle();
    here.say({ tag: 0, code: 'ERR_STOPPED', detail: 'the node stops' });
    here.die();
    await world.clock.run(1000);
    expect(pending.map((outcome) => outcome.of())).toEqual([1, null]);
    expect(there?.count('set')).toBe(1);
  });

  it.each([1, 2, 3, 4, 5])('follows a change of members to the leader, seed %i', async (seed) => {
    const world = new World();
    world.nodes(3);
    const client = world.client({}, seed);
    await client.open();
    const [here, [bystander, leader]] = split(world);
    const leaderAddress = leader?.address ?? null;
    here.refuse = ({ kind }) =>
      kind === 'change' ? { code: 'ERR_NOT_LEADER', leaderAddress } : null;
    const change = outcomeOf(client.changeMembership({ kind: 'promote', id: here.id }, null));
    await world.clock.run(1000);
    expect(change.of()).toMatchObject({ clusterName: 'local' });
    expect(leader?.count('change')).toBe(1);
    expect(bystander?.hellos).toBe(0);
  });
});

describe('a client at the wrong door', () => {
  it('says so at once when the secret is wrong', async () => {
    const world = new World();
    world.nodes(1);
    world.cluster.secret = 'sesame';
    expect(await codeOf(world.client({ secret: 'wrong' }).get('/a'))).toBe('ERR_ACCESS_DENIED');
    expect(await codeOf(world.client({ secret: 'sesame' }).open())).toBe('no error but undefined');
  });

  it('says so at once when the cluster has another name', async () => {
    const world = new World();
    world.nodes(1);
    expect(await codeOf(world.client({ clusterName: 'prod' }).open())).toBe('ERR_WRONG_CLUSTER');
  });

  it('does not take a new cluster at an old address for its own', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    const client = world.client();
    await client.open();
    node?.cut('bye');
    world.cluster.id = 'B'.repeat(16);
    await settle();
    expect(await codeOf(client.rev())).toBe('ERR_WRONG_CLUSTER');
  });

  it('does not go back to an epoch that was given up', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    world.cluster.epoch = 2;
    const client = world.client();
    await client.open();
    node?.cut('bye');
    world.cluster.epoch = 1;
    await settle();
    expect(await codeOf(client.rev())).toBe('ERR_WRONG_CLUSTER');
    world.cluster.epoch = 3;
    expect(await client.rev()).toBe(0);
  });
});
