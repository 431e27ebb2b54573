import { describe, expect, it } from 'vitest';
import { textOf, utf8 } from '../../src/base/index.ts';
import { codeOf, outcomeOf, settle, World } from './world.ts';

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

describe('a client of one node', () => {
  it('writes, reads and deletes, and says which revision it was', async () => {
    const world = new World();
    world.nodes(1);
    const client = world.client();
    expect(await client.set('/a', 'one', 0)).toBe(1);
    const bytes = Uint8Array.of(0, 255, 10);
    expect(await client.set('/a', bytes, 1)).toBe(2);
    expect(await client.get('/a')).toMatchObject({ body: bytes, revision: 2 });
    expect(textOf((await client.get('/a', { revision: 1 }))?.body ?? utf8('none'))).toBe('one');
    expect(await client.delete('/a', 2)).toBe(3);
    expect(await client.get('/a')).toBe(null);
    expect(await client.nop()).toBe(4);
    expect(await client.rev()).toBe(4);
  });

  it('tells a file, a directory and nothing apart', async () => {
    const world = new World();
    world.nodes(1);
    const client = world.client();
    world.cluster.set('/d/a', 'body');
    expect(await client.stat('/d/a')).toMatchObject({ kind: 'file', revision: 1, size: 4 });
    expect(await client.stat('/d')).toEqual({ kind: 'directory', count: 1 });
    expect(await client.stat('/x')).toBe(null);
    expect(await codeOf(client.get('/d'))).toBe('ERR_IS_DIRECTORY');
  });

  it('reads who answers and who belongs to the cluster', async () => {
    const world = new World();
    const [node] = world.nodes(2);
    const client = world.client();
    expect(await client.self()).toBe(node?.id);
    expect((await client.status()).nodeId).toBe(node?.id);
    expect([...(await client.members()).membership.addresses.values()]).toEqual(['n1:1', 'n2:1']);
  });

  it('throws what the node refused with', async () => {
    const world = new World();
    world.nodes(1);
    const client = world.client();
    await client.set('/a', '', 0);
    expect(await codeOf(client.set('/a', '', 0))).toBe('ERR_REV_MISMATCH');
    expect(await codeOf(client.set('/a/b', '', 0))).toBe('ERR_NOT_DIRECTORY');
    expect(await codeOf(client.set('a b', '', 0))).toBe('ERR_BAD_PATH');
    expect(await codeOf(all(client.walk('[')))).toBe('ERR_BAD_GLOB');
    expect(await codeOf(all(client.list('/none')))).toBe('ERR_NO_ENTRY');
  });

  it('lists and walks page by page, all as of the revision of the first page', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    for (let i = 0; i < 2500; i++) world.cluster.set(`/d/f${String(i).padStart(4, '0')}`, `${i}`);
    const client = world.client();
    const names: string[] = [];
    for await (const name of client.list('/d')) {
      if (names.length === 0) world.cluster.set('/d/a-late', '');
      names.push(name);
    }
    expect(names.length).toBe(2500);
    expect(names.at(-1)).toBe('f2499');
    expect(node?.count('list')).toBe(3);
    const walked = await all(client.walk('/d/f*', { revision: 2500 }));
    expect(walked.length).toBe(2500);
    expect(walked[7]).toMatchObject({ path: '/d/f0007', body: utf8('7'), revision: 8 });
  });

  it('sends what was asked in one turn as one message', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    const client = world.client();
    await client.open();
    let messages = 0;
    for (const session of node?.sessions ?? []) {
      const received = session.received.bind(session);
      session.received = (bytes) => {
        messages += 1;
        received(bytes);
      };
    }
    await Promise.all(Array.from({ length: 100 }, () => client.nop()));
    expect(messages).toBe(1);
    expect(world.cluster.revision).toBe(100);
  });

  it('holds back what is more than a connection takes, and sends it when there is room', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    const client = world.client();
    await client.open();
    const waiting = Array.from({ length: 5000 }, () => client.get('/a'));
    await settle();
    await Promise.all(waiting);
    expect(node?.count('get')).toBe(5000);
  });

  it('refuses wrong arguments before anything is sent', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    const client = world.client();
    expect(() => world.client({ addresses: [] })).toThrow(RangeError);
    expect(() => world.client({ requestTimeoutMs: 0 })).toThrow(RangeError);
    await expect(client.set('/a', '', 1.5)).rejects.toThrow(RangeError);
    await expect(client.get('/a', { revision: Number.NaN })).rejects.toThrow(RangeError);
    await expect(client.get(7 as never)).rejects.toThrow(TypeError);
    await expect(client.set('/a', 7 as never, 0)).rejects.toThrow(TypeError);
    expect(() => client.watch('/**', { from: 0.5 })).toThrow(RangeError);
    expect(await codeOf(client.set('/a', new Uint8Array(5_000_000), 0))).toBe('ERR_TOO_LARGE');
    await settle();
    expect(node?.hellos).toBe(0);
  });

  it('never says a revision that lies behind one it said', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    const client = world.client();
    expect(await client.set('/a', '', 0)).toBe(1);
    expect(await client.set('/a', '', 1)).toBe(2);
    if (node !== undefined) node.appliedThrough = 1;
    expect(await client.rev()).toBe(2);
    expect(client.floor).toBe(2);
  });
});

describe('waits of a client', () => {
  it('end at their time: a read certainly did nothing, a write may have taken effect', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    const client = world.client({ requestTimeoutMs: 400 });
    await client.open();
    if (node !== undefined) node.mute = ({ kind }) => kind === 'get' || kind === 'set';
    const read = outcomeOf(client.get('/a'));
    const write = outcomeOf(client.set('/a', 'x', 0));
    await world.clock.run(399);
    expect(read.of()).toBe('pending');
    await world.clock.run(2);
    expect(read.of()).toMatchObject({ code: 'ERR_TIMEOUT', effect: 'none' });
    expect(write.of()).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', effect: 'unknown' });
  });

  it('take the time of one request where one is given', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    const client = world.client();
    if (node !== undefined) node.mute = ({ kind }) => kind === 'get';
    const read = outcomeOf(client.get('/a', { timeoutMs: 100 }));
    await world.clock.run(101);
    expect(read.of()).toMatchObject({ code: 'ERR_TIMEOUT' });
  });

  it('end when the caller says so, also before anything was sent', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    const client = world.client();
    const early = AbortSignal.abort();
    expect(await codeOf(client.get('/a', { signal: early }))).toBe('ERR_CANCELLED');
    expect(node?.hellos).toBe(0);
    const abort = new AbortController();
    const waiting = codeOf(client.wait('/never', 1, { signal: abort.signal }));
    await settle();
    expect(node?.count('wait')).toBe(1);
    abort.abort();
    expect(await waiting).toBe('ERR_CANCELLED');
    await settle();
    expect(node?.count('cancel')).toBe(1);
  });

  it('end when the client is closed, and nothing starts after that', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    const client = world.client();
    await client.open();
    if (node !== undefined) node.mute = () => true;
    const pending = [client.get('/a'), client.wait('/a', 9)].map(codeOf);
    await settle();
    await client.close();
    await client.close();
    // What a closed client had sent is lost; being asked again it refuses.
    expect(await Promise.all(pending)).toEqual(['ERR_STOPPED', 'ERR_STOPPED']);
    expect(await codeOf(client.rev())).toBe('ERR_STOPPED');
    expect(node?.sessions.size).toBe(0);
    await world.clock.run(60_000);
    expect(world.clock.timers).toBe(0);
  });

  it('say where no node answered, within their time', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    if (node !== undefined) node.mood = 'down';
    const client = world.client({ requestTimeoutMs: 3000 });
    const write = outcomeOf(client.set('/a', 'x', 0));
    await world.clock.run(3001);
    expect(write.of()).toMatchObject({
      code: 'ERR_UNREACHABLE',
      effect: 'none',
      message: 'Cannot set "/a": Cannot reach n1:1: connection refused',
    });
    // Tried again and again, and ever less often.
    expect(world.dialled.length).toBeGreaterThan(4);
    expect(world.dialled.length).toBeLessThan(20);
  });

  it('outlast a node that starts late', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    if (node !== undefined) node.mood = 'down';
    const client = world.client();
    const write = outcomeOf(client.set('/a', 'x', 0));
    await world.clock.run(2000);
    if (node !== undefined) node.mood = 'up';
    await world.clock.run(1000);
    expect(write.of()).toBe(1);
  });

  it.each([
    ['ERR_OVERLOADED', { code: 'ERR_OVERLOADED' }],
    ['ERR_NO_LEADER', { code: 'ERR_NO_LEADER' }],
    ['ERR_PROPOSAL_OVERWRITTEN', { code: 'ERR_PROPOSAL_OVERWRITTEN' }],
  ] as const)('wait out %s, which certainly did nothing', async (_, refusal) => {
    const world = new World();
    const [node] = world.nodes(1);
    let refusals = 3;
    if (node !== undefined) {
      node.refuse = ({ kind }) => (kind === 'set' && refusals-- > 0 ? refusal : null);
    }
    const client = world.client();
    const write = outcomeOf(client.set('/a', 'x', 0));
    await world.clock.run(3000);
    expect(write.of()).toBe(1);
    expect(node?.count('set')).toBe(4);
  });

  it('tell the last refusal when the time is up', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    if (node !== undefined) node.refuse = () => 'ERR_OVERLOADED';
    const write = outcomeOf(world.client().set('/a', 'x', 0));
    await world.clock.run(6000);
    expect(write.of()).toMatchObject({ code: 'ERR_OVERLOADED', effect: 'none' });
  });

  it('tell a refusal that took so long that another try would be cut off', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    if (node !== undefined) node.mute = ({ kind }) => kind === 'set';
    if (node !== undefined) node.refuse = ({ kind }) => (kind === 'set' ? 'ERR_NO_LEADER' : null);
    const client = world.client();
    const write = outcomeOf(client.set('/a', 'x', 0));
    await world.clock.run(5000);
    const [asked] = node?.requests.filter(({ kind }) => kind === 'set') ?? [];
    node?.say({ tag: asked?.tag ?? -1, code: 'ERR_NO_LEADER', detail: 'no quorum' });
    await world.clock.run(1000);
    expect(write.of()).toMatchObject({ code: 'ERR_NO_LEADER', message: 'no quorum' });
    expect(node?.count('set')).toBe(1);
  });

  it('do not repeat a write whose outcome the node calls unknown, whatever its code', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    if (node !== undefined) {
      node.refuse = ({ kind }) =>
        kind === 'set' ? { code: 'ERR_TIMEOUT', effect: 'unknown', detail: 'no quorum' } : null;
    }
    const client = world.client();
    expect(await codeOf(client.set('/a', 'x', 0))).toBe('ERR_OUTCOME_UNKNOWN');
    expect(node?.count('set')).toBe(1);
  });

  it('leave a refused change of members to the caller', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    if (node !== undefined) {
      node.refuse = () => ({ code: 'ERR_MEMBERSHIP_REFUSED', detail: 'a change is under way' });
    }
    const client = world.client();
    const change = { kind: 'remove', id: node?.id ?? ('' as never) } as const;
    await expect(client.changeMembership(change, null)).rejects.toThrow(/^a change is under way$/);
    expect(node?.count('change')).toBe(1);
  });
});
