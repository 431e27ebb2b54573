// Kept whole: what links promise, one story after the other, on the same few sockets.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, connect as dialTcp } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bootNumber, limits } from '../../src/base/index.ts';
import { encodePeerHello, encodePeerProof } from '../../src/protocol/index.ts';
import type { PeerTransportOptions } from '../../src/transport/index.ts';
import { peerUrlPath } from '../../src/transport/index.ts';
import {
  frameOf,
  largeFrame,
  lineageOf,
  nodeA,
  nodeB,
  nodeC,
  peersOf,
  realClock,
  Station,
  until,
} from './support.ts';

const stations: Station[] = [];
afterEach(async () => {
  await Promise.all(stations.splice(0).map((station) => station.stop()));
});

async function station(
  id: Station['id'],
  options: Partial<PeerTransportOptions> = {},
  port = 0,
): Promise<Station> {
  const made = new Station(id, options);
  stations.push(made);
  return await made.start(port);
}

const linked = (from: Station, to: Station) => from.links.linked().includes(to.id);

/** Two nodes, each having dialled the other. */
async function pair(
  optionsA: Partial<PeerTransportOptions> = {},
  optionsB: Partial<PeerTransportOptions> = {},
) {
  const [a, b] = [await station(nodeA, optionsA), await station(nodeB, optionsB)];
  a.links.setPeers(peersOf(a, b));
  b.links.setPeers(peersOf(a, b));
  // Two links are up, each at both ends, when each has said so twice.
  const ups = (s: Station) => s.log.filter((line) => line.startsWith('link up')).length;
  await until(() => ups(a) === 2 && ups(b) === 2);
  return { a, b };
}

describe('frames', () => {
  test('arrive whole, in order, with the boot number of their sender', async () => {
    const { a, b } = await pair({ boot: bootNumber(7) });
    for (let n = 0; n < 1000; n++) a.links.send(nodeB, frameOf(n));
    b.links.send(nodeA, frameOf(5000));
    await until(() => b.heard.length === 1000 && a.heard.length === 1);
    expect(b.numbers).toEqual(Array.from({ length: 1000 }, (_, n) => n));
    expect(b.heard[0]).toEqual({ from: nodeA, boot: 7, frame: frameOf(0) });
    expect(a.numbers).toEqual([5000]);
    expect(a.links.counts()).toMatchObject({
      framesSent: 1000,
      framesReceived: 1,
      framesDropped: 0,
    });
  });

  test('as large as a message may be go through, and hold no Buffer', async () => {
    const { a, b } = await pair();
    a.links.send(nodeB, largeFrame(limits.snapshotPieceBytesMax));
    await until(() => b.heard.length === 1);
    const message = b.heard[0]?.frame.nodeMessages[0];
    if (message?.kind !== 'snapshotPiece') throw new Error('no piece');
    expect(message.bytes.length).toBe(limits.snapshotPieceBytesMax);
    expect(message.bytes.constructor).toBe(Uint8Array);
  });

  test('beyond one frame are cut between messages and still arrive', async () => {
    const { a, b } = await pair();
    const nodeMessages = Array.from(
      { length: 40 },
      () => largeFrame(limits.snapshotPieceBytesMax).nodeMessages,
    ).flat();
    a.links.send(nodeB, { messages: [], nodeMessages });
    await until(() => b.heard.flatMap(({ frame }) => frame.nodeMessages).length === 40);
    expect(b.heard.length).toBe(40);
    expect(a.links.counts().framesDropped).toBe(0);
  });

  test('to a peer that nobody is linked with are dropped and counted', async () => {
    const a = await station(nodeA);
    a.links.send(nodeC, frameOf(1));
    expect(a.links.counts().framesDropped).toBe(1);
    expect(a.links.unsentBytes(nodeC)).toBe(0);
  });

  test('beyond the unsent bytes allowed are dropped, and flow again once those have left', async () => {
    const { a, b } = await pair({ unsentPeerBytesMax: 1024 * 1024 });
    const size = limits.snapshotPieceBytesMax;
    // All in one turn of the event loop: the kernel takes some, the rest is unsent.
    for (let n = 0; n < 200; n++) a.links.send(nodeB, largeFrame(size));
    const { framesDropped, framesSent } = a.links.counts();
    expect(framesDropped).toBeGreaterThan(0);
    expect(framesDropped + framesSent).toBe(200);
    expect(a.links.unsentBytes(nodeB)).toBeGreaterThan(0);
    expect(a.links.unsentBytes(nodeB)).toBeLessThan(1024 * 1024 + 2 * size);
    await until(() => a.links.unsentBytes(nodeB) === 0);
    a.links.send(nodeB, frameOf(1));
    await until(() => b.numbers.includes(1));
    expect(b.heard.length).toBe(framesSent + 1);
  });
});

describe('links', () => {
  test('a stranger is answered on the link it opened', async () => {
    const [a, b] = [await station(nodeA), await station(nodeB)];
    a.links.setPeers(peersOf(b));
    await until(() => linked(a, b) && linked(b, a));
    a.links.send(nodeB, frameOf(1));
    await until(() => b.heard.length === 1);
    b.links.send(nodeA, frameOf(2));
    await until(() => a.heard.length === 1);
    expect(a.numbers).toEqual([2]);
  });

  test('a peer that comes later is linked as soon as it dials, or is there to be dialled', async () => {
    const b = await station(nodeB);
    await b.stop();
    const a = await station(nodeA);
    a.links.setPeers(peersOf(b));
    await until(() => a.closed.includes(nodeB));
    const again = await station(nodeB, {}, b.port);
    await until(() => linked(a, again));
    a.links.send(nodeB, frameOf(3));
    await until(() => again.numbers.includes(3));
  });

  test('a killed peer is noticed at once, and linked again when it is back', async () => {
    const { a, b } = await pair();
    await b.die();
    await until(() => a.closed.length > 0);
    expect(a.closed[0]).toBe(nodeB);
    await b.links.stop();
    const again = await station(nodeB, { boot: bootNumber(2) }, b.port);
    again.links.setPeers(peersOf(a));
    await until(() => linked(a, again) && linked(again, a));
    a.links.send(nodeB, frameOf(1));
    again.links.send(nodeA, frameOf(2));
    await until(() => again.numbers.includes(1) && a.numbers.includes(2));
    expect(a.heard[0]?.boot).toBe(2);
  });

  test('one that breaks is dialled again, and the end of it is reported', async () => {
    const { a, b } = await pair();
    b.cutInbound();
    await until(() => a.closed.includes(nodeB) && b.closed.includes(nodeA));
    await until(() => linked(a, b) && linked(b, a));
    a.links.send(nodeB, frameOf(9));
    await until(() => b.numbers.includes(9));
  });

  test('a peer that stops in order is noticed as one that was killed', async () => {
    const { a, b } = await pair();
    await b.links.stop();
    await until(() => a.closed.includes(nodeB));
    expect(a.log.join('\n')).toContain('closed by peer: stopping');
  });

  test('a peer is followed to another address, and its old link is no bad sign', async () => {
    const { a, b } = await pair();
    const moved = await station(nodeB, { boot: bootNumber(2) });
    a.links.setPeers(peersOf(a, moved));
    await until(() => moved.connections === 1 && linked(moved, a));
    // Our own end may be up a moment later than theirs; what is sent before may be lost.
    await until(() => {
      a.links.send(nodeB, frameOf(4));
      return moved.numbers.includes(4);
    });
    a.links.send(nodeB, frameOf(5));
    await until(() => moved.numbers.includes(5));
    expect(b.numbers).not.toContain(5);
    expect(b.closed).toEqual([]);
  });

  test('what is no peer any more is not dialled any more, and told nothing bad', async () => {
    const [a, b] = [await station(nodeA), await station(nodeB)];
    a.links.setPeers(peersOf(b));
    await until(() => linked(b, a));
    a.links.setPeers(new Map());
    await until(() => b.connections === 0 && !linked(b, a));
    expect([a.closed, b.closed]).toEqual([[], []]);
    expect(linked(a, b)).toBe(false);
  });

  test('a node does not dial itself', async () => {
    const a = await station(nodeA);
    a.links.setPeers(peersOf(a));
    expect(a.links.linked()).toEqual([]);
    expect(a.connections).toBe(0);
  });

  test('an address that is none is said once, and replaced by a better one', async () => {
    const [a, b] = [await station(nodeA), await station(nodeB)];
    a.links.setPeers(new Map([[nodeB, 'no address']]));
    await until(() => a.log.length > 0);
    expect(a.log[0]).toContain('\\"no address\\" is no address');
    a.links.setPeers(peersOf(b));
    await until(() => linked(a, b));
  });

  test('a silent peer is asked for signs of life, and gives them as long as it lives', async () => {
    const { a, b } = await pair({ peerQuietMs: 5 }, { peerQuietMs: 5 });
    let beats = 0;
    const timer = setInterval(() => beats++, 5);
    await until(() => beats > limits.peerQuietTimesMax * 3);
    clearInterval(timer);
    expect([a.closed, b.closed]).toEqual([[], []]);
  });

  test('one whose other end is gone without a word ends after the last silence it is allowed', async () => {
    const a = await station(nodeA, { peerQuietMs: 5 });
    // Says its hello, then never answers anything: not even a ping.
    const socket = new WebSocket(`ws://${a.address}${peerUrlPath}`, { autoPong: false });
    socket.on('open', () => socket.send(encodePeerHello(helloOfC)));
    await until(() => a.closed.includes(nodeC));
    expect(a.log.join('\n')).toContain('silent through 3 signs of life asked for');
    socket.terminate();
  });

  test('one with an older life of a peer ends when a newer life is heard from', async () => {
    const { a, b } = await pair();
    const newer = await station(nodeB, { boot: bootNumber(2) });
    newer.links.setPeers(peersOf(a));
    await until(() => a.log.join().includes('peer has restarted (boot 2)'));
    await until(() => b.log.join().includes('link down'));
  });

  test('a dead peer is dialled with pauses that double up to two seconds, half of each chance', async () => {
    const pauses: number[] = [];
    const clock = {
      ...realClock,
      after: (ms: number, then: () => void) => {
        // The beat and the deadline for a hello have lengths of their own, as given below.
        if (ms >= 5000) return realClock.after(ms, then);
        pauses.push(ms);
        return realClock.after(0, then);
      },
    };
    const gone = await station(nodeB);
    await gone.stop();
    const a = await station(nodeA, { clock, peerQuietMs: 5000, peerHelloTimeoutMs: 6000 });
    a.links.setPeers(peersOf(gone));
    await until(() => pauses.length >= 12);
    pauses.slice(0, 12).forEach((pause, i) => {
      const most = Math.min(limits.peerRedialMsMax, limits.peerRedialMsMin * 2 ** i);
      expect(pause).toBeGreaterThanOrEqual(most / 2);
      expect(pause).toBeLessThanOrEqual(most);
    });
    expect(new Set(pauses.slice(6, 12)).size).toBeGreaterThan(1);
    // What is the same each time is said once.
    expect(a.log.length).toBe(1);
  });

  test('more callers than a node has room for are cut off before they say anything', async () => {
    const a = await station(nodeA);
    const sockets = Array.from({ length: limits.peerLinksMax }, () => {
      return new WebSocket(`ws://${a.address}${peerUrlPath}`);
    });
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    const late = new WebSocket(`ws://${a.address}${peerUrlPath}`);
    const [error] = await once(late, 'error').catch((thrown) => [thrown]);
    expect(String(error)).toContain('socket hang up');
    for (const socket of sockets) socket.terminate();
    await until(() => a.connections === 0);
    const next = new WebSocket(`ws://${a.address}${peerUrlPath}`);
    await once(next, 'open');
    next.terminate();
  });

  test('a second link from a peer takes the place of its first', async () => {
    const a = await station(nodeA);
    const open = async () => {
      const socket = new WebSocket(`ws://${a.address}${peerUrlPath}`);
      await once(socket, 'open');
      socket.send(encodePeerHello(helloOfC));
      await once(socket, 'message');
      return socket;
    };
    const first = await open();
    const gone = once(first, 'close');
    const second = await open();
    const [code] = await gone;
    expect(code).toBe(4002);
    // The end of the first must not take the second with it.
    await until(() => a.connections === 1);
    const message = once(second, 'message');
    a.links.send(nodeC, frameOf(1));
    await message;
    expect(a.closed).toEqual([]);
    second.terminate();
    await until(() => a.closed.includes(nodeC));
  });
});

const helloOfC = {
  version: 2,
  oldestVersion: 1,
  lineage: null,
  clusterName: 'test',
  nodeId: nodeC,
  boot: bootNumber(1),
  address: 'nowhere:1',
  secretHash: new Uint8Array(0),
  nonce: new Uint8Array(0),
};

describe('hellos', () => {
  const one = lineageOf('CLUSTERAAAAAAAAA');
  const refusals: [string, Partial<PeerTransportOptions>, Partial<PeerTransportOptions>, string][] =
    [
      [
        'another cluster name',
        { clusterName: 'left' },
        { clusterName: 'right' },
        'cluster name: peer has \\"left\\", this node \\"right\\"',
      ],
      [
        'another cluster id',
        { lineage: () => one },
        { lineage: () => lineageOf('CLUSTERBBBBBBBBB') },
        'cluster id: peer has CLUSTERAAAAAAAAA, this node CLUSTERBBBBBBBBB',
      ],
      [
        'another epoch',
        { lineage: () => one },
        { lineage: () => lineageOf('CLUSTERAAAAAAAAA', 2) },
        'epoch: peer has 1, this node 2',
      ],
      ['another secret', { secret: 'a' }, { secret: 'b' }, 'secret: peer has another'],
    ];
  const oneSided: [string, string, string][] = [
    ['a', '', 'secret: peer has one, this node has none'],
    ['', 'b', 'secret: peer has none, this node has one'],
  ];

  test.each(refusals)('of %s are refused, said once on both sides', async (_, forA, forB, why) => {
    const [a, b] = [await station(nodeA, forA), await station(nodeB, forB)];
    a.links.setPeers(peersOf(b));
    const tries = () => a.closed.length;
    await until(() => tries() >= 4);
    expect(a.links.linked()).toEqual([]);
    expect(b.links.linked()).toEqual([]);
    expect(b.closed).toEqual([]);
    expect(a.log).toEqual([expect.stringContaining(why)]);
    expect(b.log).toEqual([expect.stringContaining(why)]);
  });

  test.each(oneSided)('with the secrets "%s" and "%s" are refused', async (mine, theirs, why) => {
    const [a, b] = [
      await station(nodeA, { secret: mine }),
      await station(nodeB, { secret: theirs }),
    ];
    a.links.setPeers(peersOf(b));
    await until(() => a.closed.includes(nodeB) && b.log.length > 0);
    expect(b.log[0]).toContain(why);
    expect([...a.links.linked(), ...b.links.linked()]).toEqual([]);
  });

  test('that were overheard prove nothing: neither a hello nor a proof works on another link', async () => {
    const { a, b } = await pair({ secret: 's' }, { secret: 's' });
    const said: Buffer[] = [];
    const tap = createTcpServer((from) => {
      const onward = dialTcp(Number(b.port), '127.0.0.1');
      from.on('data', (bytes) => said.push(bytes)).pipe(onward);
      onward.pipe(from);
      for (const socket of [from, onward]) socket.on('error', () => socket.destroy());
    }).listen(0, '127.0.0.1');
    await once(tap, 'listening');
    const { port } = tap.address() as AddressInfo;
    const c = await station(nodeC, { secret: 's' });
    c.links.setPeers(new Map([[nodeB, `127.0.0.1:${port}`]]));
    await until(() => c.links.linked().includes(nodeB));
    expect(Buffer.concat(said).includes(Buffer.from('dzq1'))).toBe(true);

    // The same words again, to the same node: all it hears is as it was.
    const replayed = dialTcp(b.port, '127.0.0.1', () => replayed.write(Buffer.concat(said)));
    const answers: Buffer[] = [];
    replayed.on('data', (bytes) => answers.push(bytes));
    await until(() => Buffer.concat(answers).includes('secret: peer has another'));
    replayed.destroy();
    await until(() => b.log.some((line) => line.includes('secret: peer has another')));
    expect(linked(a, b)).toBe(true);
    await c.links.stop();
    tap.close();
  });

  test('guesses wait for their answer, and keep nobody out who shares their address', async () => {
    const a = await station(nodeA, { secret: 's' });
    const guess = async () => {
      const socket = new WebSocket(`ws://${a.address}${peerUrlPath}`);
      const heard: number[] = [];
      socket.on('error', () => {});
      socket.on('open', () => {
        const nonce = new Uint8Array(32);
        socket.send(encodePeerHello({ ...helloOfC, version: 2, nonce }));
      });
      socket.on('message', () => {
        heard.push(1);
        socket.send(encodePeerProof(new Uint8Array(32)));
      });
      const [code] = await once(socket, 'close');
      return { code, heard: heard.length };
    };
    let answered = 0;
    const guesses = Array.from({ length: 32 }, async () => {
      const said = await guess();
      answered++;
      return said;
    });
    const b = await station(nodeB, { secret: 's' });
    await until(() => answered > 0);
    b.links.setPeers(new Map([[nodeA, a.address]]));
    await until(() => linked(b, a));
    expect(await Promise.all(guesses)).toEqual(Array(32).fill({ code: 4001, heard: 1 }));
    expect(a.links.linked()).toEqual([nodeB]);
  });

  test('of equal secrets and lineages fit, and so does a lineage not known yet', async () => {
    let known: ReturnType<typeof lineageOf> | null = null;
    const { a, b } = await pair(
      { secret: 's', lineage: () => one },
      { secret: 's', lineage: () => known },
    );
    known = one;
    a.cutInbound();
    await until(() => b.closed.includes(nodeA) && linked(b, a));
    a.links.send(nodeB, frameOf(1));
    await until(() => b.numbers.includes(1));
  });

  test('of somebody else at the address are refused', async () => {
    const [a, c] = [await station(nodeA), await station(nodeC)];
    a.links.setPeers(new Map([[nodeB, c.address]]));
    await until(() => a.closed.includes(nodeB));
    expect(a.log[0]).toContain(`node id: ${c.address} is ${nodeC}, not ${nodeB}`);
    expect(a.links.linked()).toEqual([]);
  });

  test('of this node itself, from a copied folder, are refused', async () => {
    const [a, twin] = [await station(nodeA), await station(nodeA)];
    twin.links.setPeers(new Map([[nodeB, a.address]]));
    await until(() => a.log.length > 0);
    expect(a.log[0]).toContain('node id: peer says it is NODEAAAAAAAAAAAA, as this node is');
  });

  test('that do not come end the link, at either end', async () => {
    const a = await station(nodeA, { peerHelloTimeoutMs: 20 });
    const silent = new WebSocket(`ws://${a.address}${peerUrlPath}`);
    await once(silent, 'close');
    await until(() => a.log.length > 0);
    expect(a.log[0]).toContain('no hello within 20 ms');
    expect(a.closed).toEqual([]);

    const mute = createTcpServer(() => {}).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    a.links.setPeers(new Map([[nodeB, `127.0.0.1:${port}`]]));
    await until(() => a.closed.length >= 2);
    expect(a.log.length).toBe(2);
    mute.close();
  });

  test('that are something else, and frames that are none, end the link', async () => {
    const a = await station(nodeA);
    for (const first of [new Uint8Array([1, 2, 3]), 'text', encodePeerHello(helloOfC)]) {
      const socket = new WebSocket(`ws://${a.address}${peerUrlPath}`);
      await once(socket, 'open');
      socket.send(first);
      if (first instanceof Uint8Array && first.length > 3) {
        await once(socket, 'message');
        socket.send(new Uint8Array([9, 9, 9]));
      }
      const [code] = await once(socket, 'close');
      expect(code).toBe(1002);
    }
    expect(a.heard).toEqual([]);
    // Only the one that had said who it was is a peer whose link closed.
    await until(() => a.closed.length > 0);
    expect(a.closed).toEqual([nodeC]);
  });
});

describe('stop()', () => {
  test('ends links, dialling and timers, may be called twice, and lets nothing in after', async () => {
    const { a, b } = await pair();
    a.links.send(nodeB, frameOf(1));
    await Promise.all([a.links.stop(), a.links.stop()]);
    await until(() => b.numbers.includes(1));
    expect(a.links.linked()).toEqual([]);
    expect(a.connections).toBe(0);
    a.links.send(nodeB, frameOf(2));
    a.links.setPeers(peersOf(b));
    const late = new WebSocket(`ws://${a.address}${peerUrlPath}`);
    late.on('error', () => {});
    await new Promise((resolve) => late.on('close', resolve));
    expect(a.closed).toEqual([]);
    expect(a.links.counts().framesDropped).toBe(1);
  });

  test('does not wait for a peer that takes nothing any more', async () => {
    const a = await station(nodeA);
    const socket = new WebSocket(`ws://${a.address}${peerUrlPath}`);
    await once(socket, 'open');
    socket.send(encodePeerHello(helloOfC));
    await once(socket, 'message');
    socket.pause();
    await a.links.stop();
    expect(a.connections).toBe(0);
    socket.terminate();
  });

  test('leaves no handle behind', async () => {
    const before = process.getActiveResourcesInfo().length;
    const { a, b } = await pair();
    a.links.setPeers(new Map([[nodeC, '127.0.0.1:1']]));
    await until(() => a.closed.includes(nodeC));
    await a.stop();
    await b.stop();
    await until(() => process.getActiveResourcesInfo().length <= before + 1);
  });
});
