import { beforeEach, describe, expect, test } from 'vitest';
import { ClusterError, nodeId, textOf, utf8 } from '../../src/base/index.ts';
import type { Client } from '../../src/client/index.ts';
import { type Announcement, Announcer } from '../../src/naming/index.ts';
import type { Logger } from '../../src/ports/index.ts';
import { FakeBoot, FakeBootClient } from '../support/fake-boot.ts';
import { FakeClock } from '../support/fake-clock.ts';

const id = nodeId('SELFAAAAAAAAAAAA');
const other = 'OTHERAAAAAAAAAAA';

let clock: FakeClock;
let boot: FakeBoot;
let fake: FakeBootClient;
let said: Announcement | null;
let isDown: boolean;
let told: string[];
let announcer: Announcer;
beforeEach(() => {
  clock = new FakeClock();
  boot = new FakeBoot();
  isDown = false;
  told = [];
  fake = new FakeBootClient(boot, clock, async () => {
    if (isDown) throw new ClusterError('ERR_UNREACHABLE', 'the boot cluster is down');
  });
  said = {
    name: 'x',
    id,
    address: 's:1',
    clusterId: 'C1',
    isVoter: true,
    keepsData: true,
    members: new Set([id]),
  };
  const tell = (_: unknown, message: string) => told.push(message);
  const logger = { error: tell, info: tell, debug: tell, child: () => logger } as Logger;
  const client = { ...fake.asClient, close: async () => {} } as unknown as Client;
  const connect = async () => client;
  announcer = new Announcer({ connect, clock, logger, say: () => said }, null);
});

const files = () =>
  Object.fromEntries([...boot.files()].map(([path, { body }]) => [path, textOf(body)]));
const ns = `/ctl/ns/x/${id}`;
const kept = `/ctl/kept/x/${id}`;

function write(path: string, body: string): void {
  const put = { kind: 'set', path, body: utf8(body), rev: -1, lease: 0 } as const;
  boot.transact([], [put as never], new Set());
}

describe('a node that runs', () => {
  test('is announced while it votes, and is no more at once when it stops', async () => {
    announcer.start();
    await clock.advance(1000);
    expect(files()).toEqual({ [ns]: 's:1', [kept]: 's:1 C1' });
    said = said && { ...said, isVoter: false };
    await clock.advance(1000);
    expect(files()).toEqual({ [kept]: 's:1 C1' });
    said = said && { ...said, isVoter: true };
    await clock.advance(1000);
    await announcer.stop();
    expect(files()).toEqual({ [kept]: 's:1 C1' });
  });

  test('says its new address', async () => {
    write(ns, 'old:1');
    write(kept, 'old:1 C1');
    announcer.start();
    await clock.advance(1000);
    expect(files()).toEqual({ [ns]: 's:1', [kept]: 's:1 C1' });
  });

  test('without data leaves nothing when it stops', async () => {
    said = said && { ...said, keepsData: false };
    announcer.start();
    await clock.advance(1000);
    expect(files()).toEqual({ [ns]: 's:1', [kept]: 's:1 C1' });
    await announcer.stop();
    expect(files()).toEqual({});
  });

  test('is announced again when its lease was lost, or its file deleted', async () => {
    announcer.start();
    await clock.advance(1000);
    fake.stillFor(60_000);
    await clock.advance(60_000);
    expect(files()).toEqual({ [ns]: 's:1', [kept]: 's:1 C1' });
    boot.transact([], [{ kind: 'delete', path: ns, rev: -1 }], new Set());
    await clock.advance(11_000);
    expect(files()[ns]).toBe('s:1');
  });

  test('writes nothing while all is as it should be', async () => {
    announcer.start();
    await clock.advance(1000);
    const { revision } = boot;
    await clock.advance(60_000);
    expect(boot.revision).toBe(revision);
  });

  test('goes on without the boot cluster, and says once that it is away and once that it is back', async () => {
    isDown = true;
    announcer.start();
    await clock.advance(60_000);
    expect(told).toEqual(['not announced in the boot cluster']);
    isDown = false;
    await clock.advance(1000);
    expect(told.at(-1)).toBe('announced in the boot cluster again');
    expect(files()[ns]).toBe('s:1');
  });

  test('removes what is left of nodes that are members no more, if it leads', async () => {
    write(`/ctl/ns/x/${other}`, 'o:1');
    write(`/ctl/kept/x/${other}`, 'o:1 C1');
    said = said && { ...said, members: null };
    announcer.start();
    await clock.advance(20_000);
    expect(Object.keys(files())).toContain(`/ctl/kept/x/${other}`);
    said = said && { ...said, members: new Set([id]) };
    await clock.advance(20_000);
    expect(Object.keys(files()).sort()).toEqual([kept, ns].sort());
  });

  test('says that another cluster has its name, and leaves that alone', async () => {
    write(`/ctl/kept/x/${other}`, 'o:1 C2');
    announcer.start();
    await clock.advance(1000);
    expect(told).toEqual(['another cluster of this name is announced: one of them must go']);
    expect(Object.keys(files())).toContain(`/ctl/kept/x/${other}`);
  });
});
