// Every wait of a client ends when its signal is aborted. A new method needs a row here.
import { describe, expect, it } from 'vitest';
import { logIndex, must, nodeId } from '../../src/base/index.ts';
import { Client, del } from '../../src/client/index.ts';
import { TreeWorld } from './tree-cluster.ts';
import { outcomeOf, settle, World } from './world.ts';

type Bounds = { readonly signal: AbortSignal };
const someNode = nodeId('SOMENODEXXXXXXXX');

/** What begins each wait. */
const waits: Readonly<Record<string, (client: Client, bounds: Bounds) => Promise<unknown>>> = {
  open: (client, bounds) => client.open(bounds),
  get: (client, bounds) => client.get('/a', bounds),
  read: (client, bounds) => client.read('/a', bounds),
  set: (client, bounds) => client.set('/a', '', -1, bounds),
  delete: (client, bounds) => client.delete('/a', -1, bounds),
  nop: (client, bounds) => client.nop(bounds),
  create: (client, bounds) => client.create('/a/', '', bounds),
  count: (client, bounds) => client.count('/a', 1, bounds),
  transact: (client, bounds) => client.transact({ ifTrue: [del('/a')] }, bounds),
  grant: (client, bounds) => client.grant(1000, bounds),
  revoke: (client, bounds) => client.revoke(7, bounds),
  renew: (client, bounds) => client.renew(7, bounds),
  lease: (client, bounds) => client.lease(7, bounds),
  rev: (client, bounds) => client.rev(bounds),
  self: (client, bounds) => client.self(bounds),
  stat: (client, bounds) => client.stat('/a', bounds),
  list: (client, bounds) => client.list('/', bounds).next(),
  walk: (client, bounds) => client.walk('/**', bounds).next(),
  wait: (client, bounds) => client.wait('/a', 1, bounds),
  watch: (client, bounds) => client.watch('/a', { from: 1, ...bounds }).next(),
  status: (client, bounds) => client.status(bounds),
  home: (client, bounds) => client.home(bounds),
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
  lock: (client, bounds) => client.lock('/a', bounds),
  tryLock: (client, bounds) => client.tryLock('/a', bounds),
  campaign: (client, bounds) => client.campaign('/a', 'me', bounds),
  leader: (client, bounds) => client.leader('/a', bounds),
  observe: (client, bounds) => client.observe('/a', bounds).next(),
  health: (client, bounds) => client.health(bounds),
  logLevel: (client, bounds) => client.logLevel(null, bounds),
  transferLeadership: (client, bounds) => client.transferLeadership(null, bounds),
  changeMembership: (client, bounds) =>
    client.changeMembership({ kind: 'remove', id: someNode }, null, bounds),
};
/** Resolve at once, or hold no wait. */
const waitless = ['constructor', 'floor', 'close'];

/** Are sent under a number. */
const numbered = [
  'set',
  'delete',
  'nop',
  'create',
  'count',
  'transact',
  'grant',
  'revoke',
] as const;

/** A watch that is aborted was not refused anything: its loop ends. */
const ended = (name: string): unknown =>
  ['watch', 'observe'].includes(name) ? { done: true } : { code: 'ERR_CANCELLED' };

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
      const world = new TreeWorld(1);
      const [node] = world.nodes;
      if (node !== undefined) {
        node.fate = ({ kind }) => (kind === 'ping' && name !== 'open' ? 'answer' : 'mute');
      }
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

  it.each(numbered)(
    'ends %s() while its session is there and the node does not answer',
    async (name) => {
      const world = new TreeWorld(1);
      const client = world.client();
      await client.nop();
      world.fates(name, 'mute');
      const abort = new AbortController();
      const outcome = outcomeOf(must(waits[name], name)(client, { signal: abort.signal }));
      await settle();
      expect(outcome.of()).toBe('pending');
      abort.abort();
      await settle();
      expect(outcome.of()).toMatchObject({ code: 'ERR_CANCELLED', effect: 'unknown' });
    },
  );

  it('ends the release of a lease', async () => {
    const world = new TreeWorld(1);
    const lease = await world.client().grant(1000);
    world.fates('revoke', 'mute');
    const abort = new AbortController();
    const outcome = outcomeOf(lease.release({ signal: abort.signal }));
    await settle();
    expect(outcome.of()).toBe('pending');
    abort.abort();
    await settle();
    expect(outcome.of()).toMatchObject({ code: 'ERR_CANCELLED', effect: 'unknown' });
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
