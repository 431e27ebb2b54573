import { describe, expect, it } from 'vitest';
import { must, textOf } from '../../src/base/index.ts';
import { type Event, oldestRevision } from '../../src/client/index.ts';
import { codeOf, outcomeOf, settle, World } from './world.ts';

/** Follows `events` in the background. */
function follow(events: AsyncIterable<Event>) {
  const revisions: number[] = [];
  const end = outcomeOf(
    (async () => {
      for await (const event of events) revisions.push(event.revision);
    })(),
  );
  return { revisions, end: end.of };
}

const upTo = (n: number, from = 1): number[] =>
  Array.from({ length: n - from + 1 }, (_, i) => from + i);

describe('a watch', () => {
  it('gives the past from its revision on, then what happens', async () => {
    const world = new World();
    world.nodes(1);
    for (const body of ['1', '2', '3']) world.cluster.set('/a', body);
    const watch = world.client().watch('/a', { from: 2 });
    expect(textOf((await watch.next()).value?.body ?? new Uint8Array())).toBe('2');
    expect((await watch.next()).value?.revision).toBe(3);
    const next = outcomeOf(watch.next());
    await settle();
    expect(next.of()).toBe('pending');
    world.cluster.delete('/a');
    await settle();
    expect(next.of()).toMatchObject({ value: { kind: 'delete', path: '/a', revision: 4 } });
  });

  it('begins after the present revision when none is given', async () => {
    const world = new World();
    world.nodes(1);
    world.cluster.set('/a', 'old');
    const { revisions } = follow(world.client().watch('/**'));
    await settle();
    await settle();
    world.cluster.set('/a', 'new');
    await settle();
    expect(revisions).toEqual([2]);
  });

  it('goes on over a new node without a gap or a repeat', async () => {
    const world = new World();
    const nodes = world.nodes(3);
    const client = world.client({ addresses: nodes.map(({ address }) => address) });
    const { revisions } = follow(client.watch('/**', { from: 1 }));
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 5; i++) world.cluster.set(`/k${i}`, `${round}`);
      await world.clock.run(100);
      // Cut in the middle of it, with more to come while no link is up.
      world.cluster.set('/cut', `${round}`);
      must(world.connected(), 'the watch has a node').cut('connection reset');
      world.cluster.set('/while-down', `${round}`);
      await world.clock.run(1000);
    }
    expect(revisions).toEqual(upTo(world.cluster.revision));
  });

  it('waits for a node that is behind, and takes no step back', async () => {
    const world = new World();
    const [first, second] = world.nodes(2);
    const client = world.client();
    const { revisions } = follow(client.watch('/**', { from: 1 }));
    for (let i = 0; i < 10; i++) world.cluster.set('/a', `${i}`);
    await settle();
    if (second !== undefined) second.appliedThrough = 4;
    first?.die();
    await world.clock.run(1000);
    world.cluster.set('/a', 'late');
    await settle();
    expect(revisions).toEqual(upTo(10));
    if (second !== undefined) second.appliedThrough = Number.POSITIVE_INFINITY;
    second?.news();
    await settle();
    expect(revisions).toEqual(upTo(11));
  });

  it('drops what a node repeats', async () => {
    const world = new World();
    const [first, second] = world.nodes(2);
    const { revisions } = follow(world.client().watch('/**', { from: 1 }));
    for (let i = 0; i < 10; i++) world.cluster.set('/a', `${i}`);
    await settle();
    if (second !== undefined) second.repeats = 5;
    first?.die();
    await world.clock.run(1000);
    world.cluster.set('/a', 'late');
    await settle();
    expect(revisions).toEqual(upTo(11));
  });

  it('remembers how far it came also where nothing matched', async () => {
    const world = new World();
    const [first, second] = world.nodes(2);
    if (first !== undefined) first.marksProgress = true;
    const client = world.client();
    const { revisions } = follow(client.watch('/rare', { from: 1 }));
    world.cluster.set('/rare', '');
    for (let i = 0; i < 11; i++) world.cluster.set('/a', '');
    await settle();
    expect(revisions).toEqual([1]);
    world.cluster.oldest = 13;
    first?.die();
    await world.clock.run(1000);
    world.cluster.set('/rare', '');
    await settle();
    expect(revisions).toEqual([1, 13]);
    expect(second?.requests.find(({ kind }) => kind === 'watch')).toMatchObject({ from: 13 });
  });

  it('ends with the oldest revision there is when what comes next is forgotten', async () => {
    const world = new World();
    world.nodes(1);
    for (let i = 0; i < 9; i++) world.cluster.set('/a', '');
    world.cluster.oldest = 6;
    const { end, revisions } = follow(world.client().watch('/**', { from: 3 }));
    await settle();
    expect(end()).toMatchObject({ code: 'ERR_COMPACTED' });
    expect(oldestRevision(end())).toBe(6);
    expect(revisions).toEqual([]);
  });

  it('hands out what it had before it ended with an error', async () => {
    const world = new World();
    const [node, second] = world.nodes(2);
    for (let i = 0; i < 5; i++) world.cluster.set('/a', '');
    const watch = world.client().watch('/**', { from: 1 });
    await settle();
    world.cluster.oldest = 100;
    node?.die();
    await world.clock.run(1000);
    expect(second?.count('watch')).toBe(1);
    const { end, revisions } = follow(watch);
    await settle();
    expect(revisions).toEqual(upTo(5));
    expect(end()).toMatchObject({ code: 'ERR_COMPACTED' });
  });

  it('holds no more for a slow reader than it gave credit for, and loses nothing', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    for (let i = 0; i < 2000; i++) world.cluster.set('/a', `${i}`);
    const watch = world.client().watch('/**', { from: 1 });
    await settle();
    await settle();
    expect(node?.requests.find(({ kind }) => kind === 'watch')).toMatchObject({ credits: 256 });
    const revisions: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const { value } = await watch.next();
      revisions.push(value?.revision ?? 0);
    }
    expect(revisions).toEqual(upTo(2000));
    const granted = (node?.requests ?? []).flatMap((r) => (r.kind === 'credit' ? [r.more] : []));
    expect(granted.length).toBeLessThanOrEqual(2000 / 64 + 1);
  });

  it('asks a new node for no more than there is room for', async () => {
    const world = new World();
    const [first, second] = world.nodes(2);
    for (let i = 0; i < 300; i++) world.cluster.set('/a', `${i}`);
    const watch = world.client().watch('/**', { from: 1 });
    await settle();
    for (let i = 0; i < 10; i++) await watch.next();
    first?.die();
    await world.clock.run(1000);
    expect(second?.requests.find(({ kind }) => kind === 'watch')).toMatchObject({ credits: 10 });
  });

  it('ends in the node, too, when its loop is left', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    world.cluster.set('/a', '');
    for await (const event of world.client().watch('/**', { from: 1 })) {
      expect(event.revision).toBe(1);
      break;
    }
    await settle();
    expect(node?.count('cancel')).toBe(1);
    expect([...(node?.sessions ?? [])].map(({ watches }) => watches)).toEqual([0]);
  });

  it('ends quietly when its signal says so', async () => {
    const world = new World();
    world.nodes(1);
    const abort = new AbortController();
    const { end } = follow(world.client().watch('/**', { from: 1, signal: abort.signal }));
    await settle();
    abort.abort();
    await settle();
    expect(end()).toBe(undefined);
    const never = follow(world.client().watch('/**', { signal: abort.signal }));
    await settle();
    expect(never.end()).toBe(undefined);
  });

  it('ends with what was wrong with it', async () => {
    const world = new World();
    world.nodes(1);
    const client = world.client();
    expect(await codeOf(client.watch('[', { from: 1 }).next())).toBe('ERR_BAD_GLOB');
    const open = codeOf(client.watch('/**', { from: 1 }).next());
    await settle();
    await client.close();
    expect(await open).toBe('ERR_STOPPED');
  });

  it('waits out a node that has too many watches', async () => {
    const world = new World();
    const [node] = world.nodes(1);
    world.cluster.set('/a', '');
    let refusals = 2;
    if (node !== undefined) {
      node.refuse = ({ kind }) => (kind === 'watch' && refusals-- > 0 ? 'ERR_OVERLOADED' : null);
    }
    const { revisions } = follow(world.client().watch('/**', { from: 1 }));
    await world.clock.run(1000);
    expect(revisions).toEqual([1]);
  });
});
