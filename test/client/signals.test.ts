// Every wait of a client ends when its signal is aborted. A new method needs a row here.
import { describe, expect, it } from 'vitest';
import { logIndex, nodeId } from '../../src/base/index.ts';
import { Client } from '../../src/client/index.ts';
import { outcomeOf, settle, World } from './world.ts';

type Bounds = { readonly signal: AbortSignal };
const someNode = nodeId('SOMENODEXXXXXXXX');

/** What begins each wait. */
const waits: Readonly<Record<string, (client: Client, bounds: Bounds) => Promise<unknown>>> = {
  open: (client, bounds) => client.open(bounds),
  get: (client, bounds) => client.get('/a', bounds),
  set: (client, bounds) => client.set('/a', '', -1, bounds),
  delete: (client, bounds) => client.delete('/a', -1, bounds),
  nop: (client, bounds) => client.nop(bounds),
  rev: (client, bounds) => client.rev(bounds),
  self: (client, bounds) => client.self(bounds),
  stat: (client, bounds) => client.stat('/a', bounds),
  list: (client, bounds) => client.list('/', bounds).next(),
  walk: (client, bounds) => client.walk('/**', bounds).next(),
  wait: (client, bounds) => client.wait('/a', 1, bounds),
  watch: (client, bounds) => client.watch('/a', { from: 1, ...bounds }).next(),
  status: (client, bounds) => client.status(bounds),
  members: (client, bounds) => client.members(bounds),
  join: (client, bounds) =>
    client.join(
      {
        nodeId: someNode,
        address: 'n9:1',
        clusterName: 'local',
        lineage: null,
        seenAt: logIndex(1),
      },
      bounds,
    ),
  changeMembership: (client, bounds) =>
    client.changeMembership({ kind: 'remove', id: someNode }, null, bounds),
};
/** Resolve at once, or hold no wait. */
const waitless = ['constructor', 'floor', 'close'];

/** A watch that is aborted was not refused anything: its loop ends. */
const ended = (name: string): unknown =>
  name === 'watch' ? { done: true } : { code: 'ERR_CANCELLED' };

describe('a signal', () => {
  it('is taken by every method that waits', () => {
    const methods = Object.getOwnPropertyNames(Client.prototype);
    expect(methods.filter((name) => !waitless.includes(name)).sort()).toEqual(
      Object.keys(waits).sort(),
    );
  });

  describe.each(Object.entries(waits))('of %s()', (name, begin) => {
    it('ends it while no node is found', async () => {
      const world = new World();
      const client = world.client();
      const abort = new AbortController();
      const outcome = outcomeOf(begin(client, { signal: abort.signal }));
      await settle();
      expect(outcome.of()).toBe('pending');
      abort.abort();
      await settle();
      expect(outcome.of()).toMatchObject(ended(name) as object);
    });

    it('ends it while the node does not answer', async () => {
      const world = new World();
      const [node] = world.nodes(1);
      if (node !== undefined) node.mute = (request) => request.kind !== 'ping' || name === 'open';
      const client = world.client();
      const abort = new AbortController();
      const outcome = outcomeOf(begin(client, { signal: abort.signal }));
      await settle();
      expect(outcome.of()).toBe('pending');
      expect(node?.requests.length).toBeGreaterThan(0);
      abort.abort();
      await settle();
      expect(outcome.of()).toMatchObject(ended(name) as object);
    });

    it('ends it before anything is sent, when it was aborted already', async () => {
      const world = new World();
      const [node] = world.nodes(1);
      const client = world.client();
      const outcome = outcomeOf(begin(client, { signal: AbortSignal.abort() }));
      await settle();
      expect(outcome.of()).toMatchObject(ended(name) as object);
      expect(node?.requests).toEqual([]);
    });
  });

  it('ends a watch that has yet to learn where now is', async () => {
    const world = new World();
    world.nodes(1);
    const abort = new AbortController();
    const next = outcomeOf(world.client().watch('/a', { signal: abort.signal }).next());
    abort.abort();
    await settle();
    expect(next.of()).toMatchObject({ done: true });
  });
});
