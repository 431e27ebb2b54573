// A write takes effect once, however often it is sent; or it is told that nobody knows.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClusterError } from '../../src/base/index.ts';
import { type Fate, TreeWorld } from './tree-cluster.ts';
import { codeOf, outcomeOf, settle } from './world.ts';

describe('a write in a session', () => {
  it('opens one with the first write, and numbers them all', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.open();
    await client.get('/a');
    expect(world.of('grant')).toEqual([]);
    await Promise.all([client.set('/a', 'x', 0), client.nop(), client.count('/n', 2)]);
    await client.delete('/a', -1);
    expect(world.of('grant')).toMatchObject([{ lengthMs: 30_000, window: 256, session: 0 }]);
    const writes = [...world.of('set'), ...world.of('nop'), ...world.of('count')];
    expect(writes.map(({ seq }) => seq).sort()).toEqual([1, 2, 3]);
    expect(new Set(writes.map(({ session }) => session)).size).toBe(1);
    expect(world.of('delete')).toMatchObject([{ seq: 4, ackedBelow: 4 }]);
  });

  it.each<Fate>(['cutAfter', 'cutBefore', 'cutLater', 'unknownDone', 'unknownUndone', 'twice'])(
    'takes effect once when its first copy meets "%s"',
    async (fate) => {
      const world = new TreeWorld();
      const client = world.client();
      await client.nop();
      world.fates('count', fate);
      const counted = outcomeOf(client.count('/n', 1));
      await world.clock.run(2000);
      expect(counted.of()).toMatchObject({ value: 1 });
      const copies = world.of('count');
      expect(new Set(copies.map(({ seq }) => seq)).size).toBe(1);
      expect(copies.length).toBe(fate === 'twice' ? 1 : 2);
      world.cluster.late();
      expect(world.cluster.textAt('/n')).toBe('1');
    },
  );

  it('is told a refusal also when the copy that was refused had no answer', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.set('/a', 'x', 0);
    world.fates('set', 'cutAfter');
    const late = outcomeOf(client.set('/a', 'y', 0));
    await world.clock.run(1000);
    expect(late.of()).toMatchObject({ code: 'ERR_REV_MISMATCH', effect: 'none' });
  });

  it('is not known when a node may have taken it and its time is up', async () => {
    const world = new TreeWorld();
    const client = world.client({ requestTimeoutMs: 1000 });
    await client.nop();
    world.fates('set', 'cutLater', ...Array<Fate>(40).fill('noLeader'));
    const write = outcomeOf(client.set('/a', 'x', 0));
    await world.clock.run(1001);
    expect(write.of()).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', effect: 'unknown' });
  });

  it('is certainly not done when every copy was refused until its time was up', async () => {
    const world = new TreeWorld();
    const client = world.client({ requestTimeoutMs: 1000 });
    await client.nop();
    world.fates('set', ...Array<Fate>(40).fill('noLeader'));
    const write = outcomeOf(client.set('/a', 'x', 0));
    await world.clock.run(1001);
    expect(write.of()).toMatchObject({ code: 'ERR_NO_LEADER', effect: 'none' });
  });

  it('never runs any more, once given up, when a later one has run', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.nop();
    world.fates('set', 'muteLater');
    const abort = new AbortController();
    const write = outcomeOf(client.set('/a', 'x', 0, { signal: abort.signal }));
    await settle();
    abort.abort();
    await settle();
    expect(write.of()).toMatchObject({ code: 'ERR_CANCELLED', effect: 'unknown' });
    await client.nop();
    world.cluster.late();
    expect(world.cluster.textAt('/a')).toBe(null);
  });

  it('certainly did nothing when it is cancelled before it was sent', async () => {
    const world = new TreeWorld();
    for (const node of world.nodes) node.up = false;
    const abort = new AbortController();
    const write = outcomeOf(world.client().set('/a', 'x', 0, { signal: abort.signal }));
    await settle();
    abort.abort();
    await settle();
    expect(write.of()).toMatchObject({ code: 'ERR_CANCELLED', effect: 'none' });
  });

  it('goes into a new session when its own turns out lost and it was never in doubt', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.nop();
    world.cluster.forget();
    expect(await client.count('/n', 1)).toMatchObject({ value: 1 });
    expect(world.of('count').map(({ seq }) => seq)).toEqual([2, 1]);
    expect(world.of('grant').length).toBe(2);
  });

  it('opens one new session for all that find the old one lost, however late they hear of it', async () => {
    const world = new TreeWorld(1);
    const client = world.client();
    await client.nop();
    world.cluster.forget();
    world.fates('count', 'slow');
    const late = outcomeOf(client.count('/n', 1));
    await settle();
    expect(await client.count('/n', 1)).toMatchObject({ value: 1 });
    for (const node of world.nodes) node.answerLate();
    await settle();
    expect(late.of()).toMatchObject({ value: 2 });
    expect(world.of('grant').length).toBe(2);
  });

  it('is not known when the session was lost while it was in doubt, and is not done again', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.nop();
    for (const node of world.nodes) {
      node.fate = ({ kind }) => {
        if (kind !== 'count' || world.of('count').length > 1) return 'answer';
        queueMicrotask(() => world.cluster.forget());
        return 'cutAfter';
      };
    }
    const counted = outcomeOf(client.count('/n', 1));
    await world.clock.run(1000);
    expect(counted.of()).toMatchObject({ code: 'ERR_SESSION_LOST', effect: 'unknown' });
    expect(world.cluster.textAt('/n')).toBe('1');
    expect(await client.count('/n', 1)).toMatchObject({ value: 2 });
  });

  it('takes a new number after a refusal that the session remembers', async () => {
    const world = new TreeWorld();
    const { state } = world.cluster;
    world.cluster.state = { ...state, limits: { ...state.limits, leasesMax: 1 } };
    const client = world.client();
    const lease = outcomeOf(client.grant(1000));
    await world.clock.run(500);
    expect(lease.of()).toBe('pending');
    world.cluster.state = { ...world.cluster.state, limits: state.limits };
    await world.clock.run(2000);
    expect(lease.of()).toMatchObject({ lengthMs: 1000 });
    expect(new Set(world.of('grant').map(({ seq }) => seq)).size).toBe(world.of('grant').length);
  });

  it('waits while as many are open as the session takes, and loses its place to nobody', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.nop();
    world.fates('nop', 'muteLater');
    const first = outcomeOf(client.nop({ timeoutMs: 3000 }));
    const others = Array.from({ length: 400 }, (_, i) => client.create(`/q/${i}-`, ''));
    await world.clock.run(100);
    expect(world.of('create').length).toBe(255);
    await world.clock.run(3000);
    expect(first.of()).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
    const revisions = (await Promise.all(others)).map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  });

  it('has time left for another node when one swallows the opening of its session', async () => {
    const world = new TreeWorld();
    world.fates('grant', 'mute');
    const write = outcomeOf(world.client({ requestTimeoutMs: 2000 }).nop());
    await world.clock.run(2000);
    expect(write.of()).toBe(1);
    expect(world.nodes.map((node) => node.of('grant').length)).toEqual([1, 1]);
  });

  it('says why there was no session when its time is up', async () => {
    const world = new TreeWorld();
    world.fates('grant', ...Array<Fate>(60).fill('noLeader'));
    const write = outcomeOf(world.client({ requestTimeoutMs: 1000 }).set('/a', 'x', 0));
    await world.clock.run(1001);
    expect(write.of()).toMatchObject({ code: 'ERR_NO_LEADER', effect: 'none' });
  });

  it('does not wait for its session at a node that says nothing: another is asked soon', async () => {
    const world = new TreeWorld();
    world.fates('grant', 'mute');
    const write = outcomeOf(world.client().set('/a', 'x', 0));
    await world.clock.run(2000);
    expect(write.of()).toBe(1);
    expect(world.of('grant').length).toBe(2);
  });

  it('goes without a number where the cluster or the client knows none', async () => {
    const world = new TreeWorld();
    world.cluster.state = { ...world.cluster.state, behaviourVersion: 1 };
    const client = world.client();
    expect(await client.set('/a', 'x', 0)).toBe(2);
    expect(world.of('set')).toMatchObject([{ session: 0, seq: 0 }]);
    expect(await codeOf(client.grant(1000))).toBe('ERR_UNKNOWN_VERB');
    // An upgrade is noticed in time.
    world.cluster.state = { ...world.cluster.state, behaviourVersion: 2 };
    await world.clock.run(60_000);
    await client.set('/a', 'y', -1);
    expect(world.of('set').at(-1)).toMatchObject({ seq: 1 });
    const plain = world.client({ sessionLengthMs: null });
    await plain.set('/a', 'z', -1);
    expect(world.of('set').at(-1)).toMatchObject({ session: 0 });
    expect(() => world.client({ sessionLengthMs: 10 })).toThrow(RangeError);
  });

  it('never sends a number to a node that would take it for nothing', async () => {
    const world = new TreeWorld(1);
    const client = world.client();
    await client.nop();
    const [node] = world.nodes;
    if (node !== undefined) node.version = 1;
    node?.cut();
    await world.clock.run(1000);
    const failed = outcomeOf(client.set('/a', 'x', 0));
    await world.clock.run(1000);
    expect(failed.of()).toMatchObject({ code: 'ERR_UNKNOWN_VERB', effect: 'none' });
    expect(world.of('set')).toEqual([]);
  });

  it('keeps its session alive while the program is idle, and ends it when the client is closed', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.nop();
    await world.clock.run(61_000);
    expect(world.of('keepAlive').length).toBe(6);
    expect(world.of('keepAlive')[0]).toMatchObject({ renew: true });
    await client.close();
    expect(world.cluster.state.leases.size).toBe(0);
    await world.clock.run(60_000);
    expect(world.clock.timers).toBe(0);
    expect(await codeOf(client.nop())).toBe('ERR_STOPPED');
  });

  it('lets it go when the cluster is away for longer than it lasts, and dials at leisure then', async () => {
    const world = new TreeWorld(1);
    const client = world.client();
    await client.nop();
    for (const node of world.nodes) {
      node.up = false;
      node.cut();
    }
    await world.clock.run(45_000);
    world.dialled = 0;
    await world.clock.run(60_000);
    expect(world.dialled).toBeLessThanOrEqual(12);
    for (const node of world.nodes) node.up = true;
    const write = outcomeOf(client.nop());
    await world.clock.run(100);
    expect(write.of()).toBe(2);
    expect(world.of('nop').at(-1)).toMatchObject({ seq: 1 });
  });

  it('waits half a second at most for the end of its session', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.nop();
    world.fates('revoke', 'mute');
    let closed = false;
    const closing = client.close().then(() => {
      closed = true;
    });
    await world.clock.run(499);
    expect(closed).toBe(false);
    await world.clock.run(2);
    await closing;
  });

  it('is not known when the client is closed before its answer', async () => {
    const world = new TreeWorld();
    const client = world.client();
    await client.nop();
    world.fates('set', 'muteLater');
    const write = outcomeOf(client.set('/a', 'x', 0));
    await settle();
    await client.close();
    expect(write.of()).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', effect: 'unknown' });
  });
});

describe('whatever happens to copies and answers', () => {
  const bad: Fate[] = [
    'mute',
    'cutAfter',
    'cutBefore',
    'cutLater',
    'muteLater',
    'twice',
    'unknownDone',
    'unknownUndone',
    'noLeader',
    'overloaded',
  ];
  const step = fc.record({
    fate: fc.option(fc.constantFrom(...bad), { nil: 'answer' as const }),
    forget: fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
    late: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  });

  const soon = async (world: TreeWorld, done: () => boolean): Promise<void> => {
    for (let i = 0; i < 1000 && !done(); i++) await world.clock.run(50);
  };

  it('each write is done once, not at all, or told to be unknown', async () => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 6 }),
      async (drawn, abreast) => {
        const steps = [...drawn];
        const world = new TreeWorld(3);
        for (const node of world.nodes) {
          node.fate = ({ kind }) => {
            if (kind === 'ping') return 'answer';
            const next = steps.shift();
            if (next?.forget) world.cluster.forget();
            if (next?.late) world.cluster.late();
            return next?.fate ?? 'answer';
          };
        }
        const client = world.client({ requestTimeoutMs: 2500 });
        let began = 0;
        const told: { readonly path: string; readonly outcome: 'done' | 'not' | 'unknown' }[] = [];
        const workers = Array.from({ length: abreast }, async () => {
          while (began < 12) {
            const path = `/n/${began++}`;
            try {
              const { value } = await client.count(path, 1);
              expect(value).toBe(1);
              told.push({ path, outcome: 'done' });
            } catch (error) {
              if (!(error instanceof ClusterError)) throw error;
              told.push({ path, outcome: error.effect === 'none' ? 'not' : 'unknown' });
            }
          }
        });
        const all = outcomeOf(Promise.all(workers));
        await soon(world, () => all.of() !== 'pending');
        expect(all.of()).toHaveLength(abreast);
        const before = new Map(told.map(({ path }) => [path, world.cluster.textAt(path)]));
        // A number that was given up is passed; then what hangs about never runs.
        steps.length = 0;
        const passed = outcomeOf(client.nop());
        await soon(world, () => passed.of() !== 'pending');
        expect(passed.of()).toBeGreaterThan(0);
        world.cluster.late();
        for (const { outcome, path } of told) {
          const text = world.cluster.textAt(path);
          if (outcome === 'done') expect(text).toBe('1');
          else if (outcome === 'not') expect(text).toBe(null);
          else expect([null, '1']).toContain(text);
          expect(text).toBe(text === null ? null : (before.get(path) ?? '1'));
        }
        await client.close();
      },
    );
    await fc.assert(property, { numRuns: 300 });
  }, 120_000);
});
