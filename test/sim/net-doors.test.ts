// Kept whole: both made-up doors are tried in one scene, and read side by side with the real ones.

import { describe, expect, it } from 'vitest';
import {
  ClusterError,
  clusterId,
  type ErrorCode,
  limits,
  logIndex,
  noSession,
  noTime,
  prng,
  soleMembership,
  term,
  textOf,
  utf8,
} from '../../src/base/index.ts';
import { Client, type ClientOptions } from '../../src/client/index.ts';
import type { Entrance } from '../../src/life/index.ts';
import { Node, type NodeHandle } from '../../src/node/index.ts';
import { nodeFile, slotPath } from '../../src/paths/index.ts';
import type { Socket } from '../../src/ports/index.ts';
import {
  decodeReplies,
  decodeServerHello,
  encodeClientHello,
  encodeRequests,
  type NativeReply,
  type ServerHello,
} from '../../src/protocol/client/index.ts';
import {
  DoozerFramer,
  decodeDoozerResponse,
  encodeDoozerRequest,
} from '../../src/protocol/doozer/index.ts';
import { Server, type ServerLimits } from '../../src/server/index.ts';
import type { SimNetParts } from '../../src/sim/net/net.ts';
import type { Process } from '../../src/sim/process.ts';
import { usualLimits } from '../../src/tree/index.ts';
import { type Asked, describe as described, request } from '../server/support/doozer.ts';
import { FakeNode } from '../server/support/fake-node.ts';
import { KeptStore } from '../support/kept-store.ts';
import { addressOf, idOf, Stage, silent, upTo } from './net-support.ts';

/** Where the fake node says it is. */
const home = '127.0.0.1:8046';

type Bounds = { readonly net?: Partial<SimNetParts>; readonly server?: Partial<ServerLimits> };

/** A server behind made-up doors, and guests of it. */
class House {
  readonly stage: Stage;
  readonly fake = new FakeNode();
  readonly process: Process;
  readonly entrance: Entrance;
  readonly guest: Process;
  readonly #clients: Client[] = [];

  constructor(stage: Stage, bounds: Bounds = {}) {
    this.stage = stage;
    this.process = stage.process();
    this.guest = stage.process();
    this.entrance = entranceOf(stage, this.process, this.fake, home, bounds.server);
  }

  static async open(bounds: Bounds = {}, seed = 1): Promise<House> {
    const house = new House(new Stage({}, seed, bounds.net), bounds);
    await house.entrance.start();
    return house;
  }

  client(options: Partial<ClientOptions> = {}): Client {
    // The scenes count single writes: what a session does about a lost one is told elsewhere.
    const plain = { addresses: [home], sessionLengthMs: null };
    const client = clientOf(this.stage, this.guest, { ...plain, ...options });
    this.#clients.push(client);
    return client;
  }

  doozer(): Guest {
    return new Guest(this.stage, this.guest, home);
  }

  /** A native connection past its hello, if `hello` is not null. */
  async native(clusterName: string | null = 'test'): Promise<Line> {
    const socket = await this.stage.value(this.stage.net.dial(this.guest).connect(home, 1000));
    const line = new Line(socket);
    socket.send(encodeClientHello({ version: 1, clusterName, secret: '', client: 'test' }));
    await this.stage.until(() => line.hello !== null);
    return line;
  }
}

function entranceOf(
  stage: Stage,
  process: Process,
  node: NodeHandle,
  address: string,
  serverLimits: Partial<ServerLimits> = {},
): Entrance {
  const server = new Server({
    node,
    clock: process,
    logger: silent,
    secrets: { rw: '', ro: '' },
    about: { address: () => address, version: 'test' },
    limits: serverLimits,
  });
  return stage.net.entrance({ server, address, process, logger: silent });
}

const clientOf = (stage: Stage, process: Process, options: ClientOptions): Client =>
  new Client(
    { dial: stage.net.dial(process), clock: process, prng: prng(1) },
    { sessionLengthMs: null, ...options },
  );

/** A doozer client of 2011, and what it was answered. */
class Guest {
  readonly answers: string[] = [];
  closed: string | null = null;
  readonly wire: ReturnType<Stage['net']['doozer']>;
  readonly #framer = new DoozerFramer();

  constructor(stage: Stage, process: Process, address: string) {
    this.wire = stage.net.doozer(process, address);
    this.wire.onBytes((bytes) => {
      for (const frame of this.#framer.push(bytes)) {
        const response = decodeDoozerResponse(frame);
        this.answers.push(response === null ? 'garbage' : described(response));
      }
    });
    this.wire.onClose((reason) => {
      this.closed = reason;
    });
  }

  ask(verb: Parameters<typeof request>[0], asked: Asked): void {
    this.wire.send(encodeDoozerRequest(request(verb, asked)));
  }
}

/** A native connection by hand. */
class Line {
  readonly socket: Socket;
  hello: ServerHello | null = null;
  readonly messages: (readonly NativeReply[])[] = [];
  closed: string | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.onMessage((bytes) => {
      if (this.hello === null) this.hello = decodeServerHello(bytes);
      else this.messages.push(decodeReplies(bytes));
    });
    socket.onClose((reason) => {
      this.closed = reason;
    });
  }

  get replies(): readonly NativeReply[] {
    return this.messages.flat();
  }
}

/** The code a promise is rejected with. */
async function codeOf(stage: Stage, promise: Promise<unknown>): Promise<ErrorCode | 'none'> {
  try {
    await stage.value(promise);
    return 'none';
  } catch (error) {
    if (error instanceof ClusterError) return error.code;
    throw error;
  }
}

const bodyOf = (file: { readonly body: Uint8Array } | null): string | null =>
  file === null ? null : textOf(file.body);

describe('the made-up native door', () => {
  it('serves the client library: writes, reads, lists, waits, watches', async () => {
    const house = await House.open();
    const { stage } = house;
    const client = clientOf(stage, house.guest, { addresses: [home], clusterName: 'test' });
    const first = await stage.value(client.set('/a', 'one', 0));
    expect(bodyOf(await stage.value(client.get('/a')))).toBe('one');
    const waiting = client.wait('/b', first);
    const events = client.watch('/**', { from: first });
    await stage.value(client.set('/b', 'two', -1));
    expect((await stage.value(waiting)).path).toBe('/b');
    const seen = [await stage.value(events.next()), await stage.value(events.next())];
    expect(seen.map(({ value }) => value?.path)).toEqual(['/a', '/b']);
    expect(await codeOf(stage, client.set('/a', 'x', 1 << 20))).toBe('none');
    await stage.value(client.close());
    await stage.until(() => house.fake.watches.size === 0);
  });

  it('answers a batch of requests in one message', async () => {
    const house = await House.open();
    const line = await house.native();
    line.socket.send(encodeRequests(upTo(100).map((n) => ({ kind: 'ping', tag: n + 1 }))));
    await house.stage.until(() => line.messages.length > 0);
    expect(line.messages.map((replies) => replies.length)).toEqual([100]);
  });

  it('begins another message when one is large enough', async () => {
    const house = await House.open();
    const client = house.client();
    await house.stage.value(client.set('/big', new Uint8Array(100_000), -1));
    const line = await house.native();
    line.socket.send(
      encodeRequests(
        upTo(6).map((n) => ({ kind: 'get', tag: n + 1, path: '/big', rev: null, least: null })),
      ),
    );
    await house.stage.until(() => line.replies.length === 6);
    expect(line.messages.map((replies) => replies.length)).toEqual([3, 3]);
  });

  it('refuses a client of another cluster, and closes', async () => {
    const house = await House.open();
    const line = await house.native('other');
    expect(line.hello).toMatchObject({ kind: 'refused', code: 'ERR_WRONG_CLUSTER' });
    await house.stage.until(() => line.closed !== null);
    expect(await codeOf(house.stage, house.client({ clusterName: 'other' }).rev())).toBe(
      'ERR_WRONG_CLUSTER',
    );
  });

  it('cuts a connection that says no hello in time', async () => {
    const { stage, guest } = await House.open();
    const socket = await stage.value(stage.net.dial(guest).connect(home, 1000));
    const fromMs = stage.world.nowMs;
    const line = new Line(socket);
    await stage.until(() => line.closed !== null, limits.requestTimeoutMs + 100);
    expect(stage.world.nowMs - fromMs).toBeGreaterThan(limits.requestTimeoutMs - 10);
  });

  it('closes when a message cannot be read', async () => {
    const house = await House.open();
    const line = await house.native();
    line.socket.send(utf8('nonsense'));
    await house.stage.until(() => line.closed !== null);
  });

  it('takes no more requests than may be in flight, and the rest once there is room', async () => {
    const house = await House.open({ server: { requestsPerConnectionMax: 3 } });
    const line = await house.native();
    house.fake.holdsReads = true;
    const gets = upTo(8).map(
      (n) => ({ kind: 'get', tag: n + 1, path: '/', rev: null, least: null }) as const,
    );
    line.socket.send(encodeRequests(gets.slice(0, 5)));
    for (const get of gets.slice(5)) line.socket.send(encodeRequests([get]));
    await house.stage.pass(100);
    expect(house.fake.heldReads.length).toBe(3);
    house.fake.holdsReads = false;
    house.fake.releaseReads();
    await house.stage.until(() => line.replies.length === 8);
  });

  it('has places for so many guests, and refuses the others', async () => {
    const house = await House.open({ net: { connectionsMax: 1 } });
    const line = await house.native();
    expect(await codeOf(house.stage, house.stage.net.dial(house.guest).connect(home, 1000))).toBe(
      'ERR_UNREACHABLE',
    );
    line.socket.close();
    await house.stage.until(() => line.closed !== null);
    await house.stage.pass(10);
    await house.native();
  });

  it('has one address for one entrance', async () => {
    const house = await House.open();
    const second = new House(house.stage);
    expect(await codeOf(house.stage, second.entrance.start())).toBe('ERR_ADDRESS_IN_USE');
  });
});

describe('an entrance that stops', () => {
  it('answers what was taken, says farewell, and is not found again', async () => {
    const house = await House.open();
    const { stage, fake, entrance, guest } = house;
    const line = await house.native(null);
    fake.holdsWrites = true;
    line.socket.send(
      encodeRequests([
        { kind: 'nop', tag: 1, session: noSession, seq: 0, ackedBelow: 0 },
        { kind: 'wait', tag: 2, glob: '/**', rev: 1000 },
      ]),
    );
    await stage.until(() => fake.heldWrites.length === 1);
    let stopped = false;
    void entrance.stop().then(() => {
      stopped = true;
    });
    line.socket.send(
      encodeRequests([{ kind: 'nop', tag: 3, session: noSession, seq: 0, ackedBelow: 0 }]),
    );
    await stage.pass(500);
    expect(stopped).toBe(false);
    expect(fake.heldWrites.length).toBe(1);
    fake.releaseWrites();
    await stage.until(() => stopped && line.closed !== null);
    expect(line.replies.map(({ kind, tag }) => `${kind} ${tag}`)).toEqual([
      'revision 1',
      'error 0',
    ]);
    expect(fake.watches.size).toBe(0);
    expect(await codeOf(stage, stage.net.dial(guest).connect(home, 1000))).toBe('ERR_UNREACHABLE');
  });

  it('says no farewell while a request is unanswered: nobody may take it for not taken', async () => {
    const house = await House.open();
    const { stage, fake } = house;
    const line = await house.native();
    fake.holdsWrites = true;
    line.socket.send(
      encodeRequests([{ kind: 'nop', tag: 1, session: noSession, seq: 0, ackedBelow: 0 }]),
    );
    await stage.until(() => fake.heldWrites.length === 1);
    const fromMs = stage.world.nowMs;
    await stage.value(house.entrance.stop());
    expect(stage.world.nowMs - fromMs).toBeGreaterThanOrEqual(limits.drainMs);
    await stage.until(() => line.closed !== null);
    expect(line.replies).toEqual([]);
  });

  it('takes no time when nothing is open but quiet connections', async () => {
    const house = await House.open();
    const line = await house.native();
    const guest = house.doozer();
    guest.ask('SELF', { tag: 1 });
    await house.stage.until(() => guest.answers.length === 1);
    const fromMs = house.stage.world.nowMs;
    await house.stage.value(house.entrance.stop());
    expect(house.stage.world.nowMs - fromMs).toBeLessThan(50);
    expect([line.closed, guest.closed]).not.toContain(null);
  });

  it('takes nothing more: a client that heard the farewell asks elsewhere without a doubt', async () => {
    const stage = new Stage();
    const house = new House(stage);
    const process = stage.process();
    const other = new FakeNode();
    await house.entrance.start();
    await entranceOf(stage, process, other, '127.0.0.1:8047').start();
    const client = house.client({ addresses: [home] });
    await stage.value(client.open());
    const stopping = house.entrance.stop();
    const writing = client.set('/a', 'x', -1);
    await stage.value(writing);
    expect([house.fake.proposed.length, other.proposed.length]).toEqual([0, 1]);
    await stage.value(stopping);
  });
});

describe('guests and faults', () => {
  it('a reset leaves the outcome of a write open, and a read goes on by itself', async () => {
    const house = await House.open();
    const { stage, fake } = house;
    const client = house.client();
    await stage.value(client.open());
    fake.holdsWrites = true;
    fake.holdsReads = true;
    const writing = client.set('/a', 'x', -1);
    const reading = client.get('/a');
    await stage.until(() => fake.heldWrites.length === 1 && fake.heldReads.length === 1);
    stage.net.resetGuests(home);
    expect(await codeOf(stage, writing)).toBe('ERR_OUTCOME_UNKNOWN');
    fake.holdsReads = false;
    expect(await stage.value(reading)).toBeNull();
  });

  it('waits do not outlive their connection on the node', async () => {
    const house = await House.open();
    const { stage, fake } = house;
    const guest = house.doozer();
    guest.ask('WAIT', { tag: 1, path: '/**', rev: 1000 });
    await stage.until(() => fake.watches.size === 1);
    house.guest.end();
    stage.net.processEnded(house.guest, 'reset');
    await stage.until(() => fake.watches.size === 0);
  });

  it('a killed node is noticed at once, a silent one by the time-outs of the client', async () => {
    const tookMs: number[] = [];
    for (const how of ['reset', 'silence'] as const) {
      const house = await House.open();
      const { stage } = house;
      const client = house.client();
      await stage.value(client.open());
      house.fake.holdsWrites = true;
      const writing = client.set('/a', 'x', -1);
      await stage.until(() => house.fake.heldWrites.length === 1);
      const fromMs = stage.world.nowMs;
      house.process.end();
      stage.net.processEnded(house.process, how);
      expect(await codeOf(stage, writing)).toBe('ERR_OUTCOME_UNKNOWN');
      tookMs.push(stage.world.nowMs - fromMs);
    }
    expect(tookMs[0]).toBeLessThan(50);
    expect(tookMs[1]).toBeGreaterThan(500);
    expect(tookMs[1]).toBeLessThan(6000);
  });

  it('a way that is blocked for a moment delays an answer and loses none', async () => {
    const house = await House.open();
    const { stage } = house;
    const client = house.client();
    await stage.value(client.open());
    const nodeToGuest = [home, 'guests'] as const;
    stage.net.block(...nodeToGuest);
    const writing = client.set('/a', 'x', -1);
    await stage.pass(300);
    expect(house.fake.proposed.length).toBe(1);
    stage.net.unblock(...nodeToGuest);
    expect(await stage.value(writing)).toBeGreaterThan(0);
    expect(house.fake.proposed.length).toBe(1);
  });

  it('a silent machine answers no call, and one that never was refuses it', async () => {
    const house = await House.open();
    const { stage } = house;
    const dial = stage.net.dial(house.guest);
    const callMs = async (): Promise<number> => {
      const fromMs = stage.world.nowMs;
      expect(await codeOf(stage, dial.connect(home, 1000))).toBe('ERR_UNREACHABLE');
      return stage.world.nowMs - fromMs;
    };
    house.process.end();
    stage.net.processEnded(house.process, 'reset');
    expect(await callMs()).toBeLessThan(20);
    const next = new House(stage);
    await next.entrance.start();
    next.process.end();
    stage.net.processEnded(next.process, 'silence');
    expect(await callMs()).toBeGreaterThan(990);
  });
});

describe('the made-up door for doozer clients', () => {
  it('takes and answers frames, however the bytes are cut', async () => {
    for (const seed of [1, 2, 3]) {
      const house = await House.open({}, seed);
      const { stage } = house;
      const guest = house.doozer();
      guest.ask('SET', { tag: 1, path: '/a', value: 'x', rev: -1 });
      await stage.until(() => guest.answers.length === 1);
      for (const n of upTo(60)) {
        guest.ask('GET', { tag: n + 2, path: '/a' });
        await stage.pass(1);
      }
      await stage.until(() => guest.answers.length === 61);
      expect(guest.answers.every((answer) => answer !== 'garbage')).toBe(true);
      // Cut in two on the way, some of them.
      expect(stage.net.counts.guestMessages).toBeGreaterThan(122);
      guest.wire.close();
      await stage.until(() => guest.closed !== null);
    }
  });

  it('closes without a reply when a request cannot be read', async () => {
    const house = await House.open();
    const guest = house.doozer();
    guest.wire.send(Uint8Array.of(0, 0, 0, 2, 0xff, 0xff));
    await house.stage.until(() => guest.closed !== null);
    expect(guest.answers).toEqual([]);
  });

  it('is refused where nobody listens', async () => {
    const stage = new Stage();
    const guest = new Guest(stage, stage.process(), home);
    await stage.until(() => guest.closed !== null);
    expect(guest.closed).toBe('connection refused');
  });

  it('reads nothing more from a guest that does not read its answers', async () => {
    const house = await House.open({ net: { unsentBytesMax: 200_000 } });
    const { stage } = house;
    await stage.value(house.client().set('/big', new Uint8Array(100_000), -1));
    const guest = house.doozer();
    guest.ask('GET', { tag: 0, path: '/big' });
    await stage.until(() => guest.answers.length === 1);
    guest.wire.pause();
    let read = 0;
    const { fake } = house;
    const node = fake.read.bind(fake);
    fake.read = (waiter) => {
      read++;
      node(waiter);
    };
    for (const n of upTo(20)) {
      guest.ask('GET', { tag: n + 1, path: '/big' });
      await stage.pass(5);
    }
    expect(read).toBeLessThan(6);
    guest.wire.resume();
    await stage.until(() => guest.answers.length === 21);
  });
});

describe('a real node behind made-up doors', () => {
  it('serves both kinds of guests, over made-up time', async () => {
    const stage = new Stage({ tailPercent: 5, tailMs: 30 });
    const process = stage.process();
    const node = await founded(stage, process);
    await entranceOf(stage, process, node, addressOf('a')).start();
    const client = clientOf(stage, stage.process(), { addresses: [addressOf('a')] });
    const guest = new Guest(stage, stage.process(), addressOf('a'));
    const revision = await stage.value(client.set('/x', 'y', 0));
    guest.ask('GET', { tag: 5, path: '/x' });
    await stage.until(() => guest.answers.length === 1);
    expect(guest.answers).toEqual([`tag=5 rev=${revision} value="y"`]);
    guest.ask('SET', { tag: 6, path: '/x', value: 'z', rev: revision });
    await stage.until(() => guest.answers.length === 2);
    expect(bodyOf(await stage.value(client.get('/x')))).toBe('z');
    expect(await codeOf(stage, client.set('/x', 'w', revision))).toBe('ERR_REV_MISMATCH');
    await stage.value(client.close());
  });
});

/** A node of one that leads, with its tree founded. */
async function founded(stage: Stage, process: Process): Promise<Node> {
  const id = idOf('a');
  const store = new KeptStore(process);
  const membership = soleMembership(id, addressOf('a'));
  const payload = { kind: 'membership' as const, membership };
  store.fill([{ index: logIndex(1), term: term(1), time: noTime, payload, encoded: null }], {
    term: term(1),
    votedFor: id,
  });
  const { recovered, state } = store.recover();
  const lineage = { clusterId: clusterId('CLUSTERAAAAAAAAA'), epoch: 1, epochId: '' };
  const links = stage.net.links({
    nodeId: id,
    boot: recovered.boot,
    address: addressOf('a'),
    clusterName: 'test',
    lineage: () => lineage,
    secret: '',
    logger: silent,
    process,
  });
  const { historyRevisions, snapshotEveryBytes, logKeptBytes, requestTimeoutMs } = limits;
  const chance = prng(3);
  const node = new Node(
    {
      id,
      clusterName: 'test',
      historyRevisions,
      snapshotEveryBytes,
      logKeptBytes,
      requestTimeoutMs,
    },
    {
      clock: process,
      random: {
        bytes: (count) => Uint8Array.from({ length: count }, () => chance.below(256)),
        seed: () => chance.below(2 ** 32),
      },
      logger: silent,
      log: store.log,
      snapshots: store.snapshots,
      links,
      recovered,
      state,
      events: {
        fatal: (error) => {
          throw error;
        },
        toldRemoved: () => {},
        lineageKnown: () => {},
      },
    },
  );
  node.start();
  await stage.until(() => node.status().raft.role === 'leader');
  let done = false;
  node.propose(
    {
      kind: 'found',
      lineage,
      name: 'test',
      behaviourVersion: 1,
      limits: {
        ...usualLimits,
        valueBytesMax: limits.valueBytesMax,
        pathBytesMax: limits.pathBytesMax,
      },
      files: [
        { path: nodeFile(id, 'addr'), body: utf8(addressOf('a')) },
        { path: slotPath('0'), body: utf8(id) },
      ],
    },
    {
      applied: () => {
        done = true;
      },
      failed: (error) => {
        throw error;
      },
    },
  );
  await stage.until(() => done);
  return node;
}
