import { describe, expect, it } from 'vitest';
import { must } from '../../src/base/index.ts';
import { TreeWorld } from './tree-cluster.ts';
import { codeOf, outcomeOf, settle, World } from './world.ts';

describe('a read', () => {
  it('says what it saw, and when that was', async () => {
    const world = new TreeWorld();
    const client = world.client();
    const lease = await client.grant(9000);
    await client.set('/a', 'x', 0, { lease });
    await client.nop();
    const file = { body: Uint8Array.of(120), revision: 1, created: 1, lease: lease.id };
    expect(await client.read('/a')).toEqual({ file, at: 2, ageMs: null });
    expect(await client.read('/none', { local: true })).toEqual({ file: null, at: 2, ageMs: 7 });
    expect(await client.get('/a')).toEqual(file);
  });

  it('of one node alone asks for no less than the client has seen by the time it is sent', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.open();
    await client.get('/a', { local: true });
    await client.set('/a', 'x', 0);
    await client.get('/a', { local: true });
    await client.get('/a', { atLeast: 9 });
    for (const node of world.nodes) node.fate = ({ kind }) => (kind === 'get' ? 'mute' : 'answer');
    const repeated = outcomeOf(client.get('/a', { local: true }));
    await settle();
    await client.nop();
    for (const node of world.nodes) {
      node.fate = () => 'answer';
      node.cut();
    }
    await world.clock.run(1000);
    expect(repeated.of()).toMatchObject({ revision: 1 });
    // The last one was asked a second time, of the other node.
    expect(
      world
        .of('get')
        .map(({ least }) => least)
        .sort(),
    ).toEqual([0, 1, 1, 2, 9]);
    expect(world.of('get').every(({ rev }) => rev === null)).toBe(true);
  });

  it('is of one kind', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await expect(client.get('/a', { local: true, revision: 1 })).rejects.toThrow(TypeError);
    expect(() => client.list('/', { atLeast: 0.5 })).toThrow(RangeError);
    expect(world.of('get')).toEqual([]);
  });

  it('of one node alone is not asked of a node that does not know how', async () => {
    const world = new World();
    world.nodes(1);
    const client = world.client();
    expect(await codeOf(client.get('/a', { local: true }))).toBe('ERR_UNKNOWN_VERB');
    expect(await codeOf(client.watch('/a', { from: 1, previous: true }).next())).toBe(
      'ERR_UNKNOWN_VERB',
    );
    expect(world.connected()?.requests).toEqual([]);
  });

  it('of many pages says which revision it is of', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    for (let i = 0; i < 1500; i++) world.cluster.set(`/d/${i}`, '');
    const walk = world.client().walk('/d/*');
    expect(walk.at).toBe(null);
    await walk.next();
    expect(walk.at).toBe(1500);
    world.cluster.set('/d/late', '');
    let count = 1;
    for await (const _ of walk) count += 1;
    expect(count).toBe(1500);
    const walks = must(node, 'there is a node').requests.filter((r) => r.kind === 'walk');
    expect(walks.map(({ rev }) => rev)).toEqual([null, 1500]);
  });
});

describe('a watch from now on', () => {
  it('sees every write that its client is asked for after it', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    const client = world.client();
    await client.open();
    world.cluster.set('/a', 'before');
    // The node answers from what it has when it answers, in whatever order.
    if (node !== undefined) node.answersLast = 'rev';
    const watch = client.watch('/a');
    const wrote = await client.set('/a', 'after', -1);
    expect((await watch.next()).value).toMatchObject({ revision: wrote });
  });

  it('holds writes back no longer than until it is known what now is', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.nop();
    const abort = new AbortController();
    world.fates('rev', 'mute');
    void client.watch('/a', { signal: abort.signal }).next();
    const write = outcomeOf(client.set('/a', 'x', 0));
    await settle();
    expect(write.of()).toBe('pending');
    abort.abort();
    await settle();
    expect(write.of()).toBe(2);
  });
});
