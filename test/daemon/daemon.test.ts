// Whole nodes with real parts, in this process: what operators do with them.
import { existsSync, readdirSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeId } from '../../src/base/index.ts';
import { addressOf, listenOn } from '../../src/doors/index.ts';
import { read, slots, Town, until } from './support/town.ts';

let town: Town;
beforeEach(() => {
  town = new Town();
});
afterEach(() => town.end());

/** An address that somebody else has. */
async function takenAddress(): Promise<{ address: string; free: () => void }> {
  const server = createServer();
  await listenOn(server, '127.0.0.1:0');
  return { address: addressOf(server), free: () => server.close() };
}

describe('a node without data and without an address to attach to', () => {
  test('founds a cluster: six files at revisions 1 to 6, itself in slot 0', async () => {
    const daemon = await town.start('a');
    const client = await town.client(daemon);
    const self = await client.self();
    expect(await slots(client)).toEqual([self]);
    const files: [number, string][] = [];
    for await (const { revision, path } of client.walk('/**', { revision: 6 })) {
      files.push([revision, path]);
    }
    expect(files.sort(([a], [b]) => a - b)).toEqual([
      [1, '/ctl/name'],
      [2, `/ctl/node/${self}/addr`],
      [3, `/ctl/node/${self}/hostname`],
      [4, `/ctl/node/${self}/version`],
      [5, '/ctl/cal/0'],
      [6, `/ctl/ns/test/${self}`],
    ]);
    expect(await read(client, `/ctl/node/${self}/addr`)).toBe(daemon.address);
    expect(await read(client, `/ctl/node/${self}/version`)).toBe('1.2.3');
  });

  test('started again it is the same one, and has what it had', async () => {
    const first = await town.start('a');
    const before = await town.client(first);
    const self = await before.self();
    const revision = await before.set('/kept', 'x', 0);
    await first.stop();
    const second = await town.start('a');
    const after = await town.client(second);
    expect(await after.self()).toBe(self);
    expect(await after.get('/kept')).toMatchObject({ revision });
    expect(await after.rev()).toBeGreaterThanOrEqual(revision);
    // It listens elsewhere now, and says so.
    const published = async () => (await read(after, `/ctl/node/${self}/addr`)) === second.address;
    await until('its new address is told', published);
  });
});

describe('a node that attaches', () => {
  test('comes in as a spare, and votes once there is a slot', async () => {
    const [first] = await town.voters(1);
    if (first === undefined) return;
    const second = await town.start('b', { attach: [first.address] });
    const client = await town.client(second);
    const self = await client.self();
    await until('it hears of itself', async () =>
      (await client.members()).membership.learners.includes(nodeId(self)),
    );
    expect(await slots(client)).toHaveLength(1);
    await client.set('/ctl/cal/1', '', 0);
    await until('the slot is held', async () => (await slots(client))[1] === self);
    expect((await client.members()).membership.voters).toContain(self);
  });

  test('goes on as who it is, whatever it is told to attach to', async () => {
    const [first] = await town.voters(1);
    const attach = [first?.address ?? ''];
    const second = await town.start('b', { attach });
    const client = await town.client(second);
    const self = await client.self();
    // Its folder holds nothing before the first of the log comes.
    await client.rev();
    await second.stop();
    const again = await town.start('b', { attach: ['127.0.0.1:1'] });
    expect(await (await town.client(again)).self()).toBe(self);
  });

  test('does not join a cluster of another name, and says both', async () => {
    const [first] = await town.voters(1);
    const attach = [first?.address ?? ''];
    await expect(town.start('b', { attach, clusterName: 'prod' })).rejects.toMatchObject({
      code: 'ERR_WRONG_CLUSTER',
      message: expect.stringMatching(/^Cannot attach to cluster "prod" .* cluster "test"/),
    });
  });

  test.each([
    ['', 'no secret'],
    ['wrong', 'the wrong one'],
    ['to read', 'one to read with'],
  ])('with the secret "%s" is told what it lacks', async (rw) => {
    const first = await town.start('a', { secrets: { rw: 'to write', ro: 'to read' } });
    const attach = [first.address];
    const secrets = { rw, ro: '' };
    await expect(town.start('b', { attach, secrets })).rejects.toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      message: expect.stringContaining('DOOZER_RWSECRET must be the same on all nodes'),
    });
  });
});

describe('what is in the way of a start', () => {
  test.each(['listen', 'web'] as const)('a taken port for %s leaves no trace', async (which) => {
    const { address, free } = await takenAddress();
    await expect(town.start('a', { [which]: address, webExplicit: true })).rejects.toMatchObject({
      code: 'ERR_ADDRESS_IN_USE',
      message: `Cannot listen on "${address}": the address is in use`,
    });
    expect(existsSync(town.data('a'))).toBe(false);
    free();
  });

  test('one address for nodes and the web view is in use by the other', async () => {
    const { address, free } = await takenAddress();
    free();
    await expect(
      town.start('a', { listen: address, web: address, webExplicit: true }),
    ).rejects.toMatchObject({ code: 'ERR_ADDRESS_IN_USE' });
  });

  test('a folder that another process holds', async () => {
    await town.start('a');
    await expect(town.start('a')).rejects.toMatchObject({
      code: 'ERR_LOCKED',
      message: expect.stringContaining(`"${town.data('a')}": process ${process.pid} holds it`),
    });
  });

  test('a folder of another cluster', async () => {
    await (await town.start('a')).stop();
    await expect(town.start('a', { clusterName: 'prod' })).rejects.toMatchObject({
      code: 'ERR_WRONG_CLUSTER',
      message: `Data folder "${town.data('a')}": Cannot start as cluster "prod": this folder belongs to cluster "test"`,
    });
  });

  test('a folder whose identity is damaged', async () => {
    await (await town.start('a')).stop();
    truncateSync(join(town.data('a'), 'node'), 10);
    await expect(town.start('a')).rejects.toMatchObject({
      code: 'ERR_DISK_CORRUPT',
      message: expect.stringContaining(town.data('a')),
    });
    // Whoever looks into it is not kept out by a lock.
    expect(readdirSync(town.data('a'))).not.toContain('lock');
  });
});

describe('a node that is told to stop', () => {
  test.each([0, 1, 2])('disturbs no client of three nodes: node %i', async (which) => {
    const daemons = await town.voters(3);
    const writers = await Promise.all(
      [0, 1, 2].map(async (i) => {
        const own = daemons[i] ?? daemons[0];
        const client = await town.client(...(own === undefined ? [] : [own]));
        await client.members();
        return client;
      }),
    );
    let isOver = false;
    const written = writers.map(async (client, i) => {
      let count = 0;
      // Errors of any kind fail the test: each of these writes must be done.
      for (; !isOver || count < 20; count++) await client.set(`/w/${i}`, String(count), -1);
      return count;
    });
    await until(
      'writes are under way',
      async () => (await read(mustBe(writers[0]), '/w/2')) !== null,
    );
    const stopped = mustBe(daemons[which]);
    await stopped.stop();
    await stopped.done;
    isOver = true;
    const counts = await Promise.all(written);
    const rest = await town.client(...daemons.filter((daemon) => daemon !== stopped));
    for (const [i, count] of counts.entries()) {
      expect(await read(rest, `/w/${i}`)).toBe(String(count - 1));
    }
  });

  test('leaves the cluster first when it keeps nothing, as a voter and as a spare', async () => {
    const [first] = await town.voters(1);
    const attach = [first?.address ?? ''];
    const client = await town.client(mustBe(first));
    const voter = await town.start('b', { attach, dataFolder: null });
    await client.set('/ctl/cal/1', '', 0);
    await until('it votes', async () => (await slots(client))[1] !== '');
    const spare = await town.start('c', { attach, dataFolder: null });
    const members = async () => [...(await client.members()).membership.addresses.values()];
    expect(await members()).toHaveLength(3);
    // It may not even know yet who the members are.
    await spare.stop();
    expect(await members()).toEqual([first?.address, voter.address]);
    await voter.stop();
    expect(await members()).toEqual([first?.address]);
    expect(await slots(client)).toEqual([await client.self(), '']);
  });

  test('may be told twice', async () => {
    const daemon = await town.start('a');
    await Promise.all([daemon.stop(), daemon.stop()]);
    await daemon.done;
  });
});

test('a node that was removed comes back as a spare under a new id, its old data aside', async () => {
  const [first] = await town.voters(1);
  const second = await town.start('b', { attach: [first?.address ?? ''] });
  const client = await town.client(mustBe(first));
  const old = await (await town.client(second)).self();
  await client.changeMembership({ kind: 'remove', id: nodeId(old) }, null);
  const learners = async () => (await client.members()).membership.learners;
  await until('it is back', async () => (await learners()).some((id) => id !== old));
  expect(await learners()).toHaveLength(1);
  expect(await learners()).not.toContain(old);
  expect(readdirSync(town.data('b'))).toContain('aside');
  await until('it answers', async () => {
    const again = await town.client(second);
    return (await again.self()) !== old;
  });
});

test('a removed node that finds nobody to come back to can still be stopped', async () => {
  const [first] = await town.voters(1);
  const second = await town.start('b', { attach: [first?.address ?? ''] });
  const client = await town.client(mustBe(first));
  await client.changeMembership(
    { kind: 'remove', id: nodeId(await (await town.client(second)).self()) },
    null,
  );
  const note = join(town.data('b'), 'rejoin');
  await until('it is on its way back', async () => existsSync(note));
  await first?.stop();
  await second.stop();
  await second.done;
});

function mustBe<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is one');
  return value;
}
