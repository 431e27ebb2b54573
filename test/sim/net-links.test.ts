import { describe, expect, it } from 'vitest';
import { clusterId, limits } from '../../src/base/index.ts';
import { calmTemper } from '../../src/sim/net/net.ts';
import { addressOf, frameOf, Host, idOf, linked, Stage, upTo } from './net-support.ts';

const a1 = addressOf('a');
const b1 = addressOf('b');
/** So long a peer may stay silent. */
const quietMs = limits.peerQuietMs * limits.peerQuietTimesMax;

describe('links between made-up nodes', () => {
  it('carry frames both ways, in order, with the boot of who sent them', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    a.send('b', ...upTo(50));
    b.send('a', 7);
    await stage.until(() => b.of('a').numbers.length === 50 && a.of('b').numbers.length === 1);
    expect(b.of('a').numbers).toEqual(upTo(50));
    expect(new Set(b.of('a').boots)).toEqual(new Set([1]));
    expect(stage.net.counts.sent).toBe(51);
  });

  it('share nothing: what arrives was encoded and decoded', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    const seen: unknown[] = [];
    stage.net.onFrame = (from, to, frame) => seen.push([from, to, frame]);
    const frame = frameOf(3);
    a.links.send(idOf('b'), frame);
    expect(seen).toEqual([[idOf('a'), idOf('b'), frame]]);
    await stage.until(() => b.of('a').numbers.length === 1);
  });

  it('answer a stranger over the link it opened', async () => {
    const stage = new Stage();
    const a = new Host(stage, 'a');
    const b = new Host(stage, 'b');
    a.dials('b');
    await stage.until(() => b.sees('a') && a.sees('b'));
    b.send('a', 1);
    await stage.until(() => a.of('b').numbers.length === 1);
    // It goes over to its own link once it has one.
    b.dials('a');
    await stage.until(() => stage.net.counts.linksUp === 4);
    b.send('a', 2);
    await stage.until(() => a.of('b').numbers.length === 2);
  });

  it.each([
    ['cluster name', { clusterName: 'other' }, {}],
    ['secret', { secret: 'x' }, { secret: 'y' }],
    [
      'epoch',
      { lineage: { clusterId: clusterId('CLUSTERAAAAAAAAA'), epoch: 1, epochId: '' } },
      { lineage: { clusterId: clusterId('CLUSTERAAAAAAAAA'), epoch: 2, epochId: '' } },
    ],
  ])('are refused when the %s is another', async (_what, of, than) => {
    const stage = new Stage();
    const a = new Host(stage, 'a', of);
    new Host(stage, 'b', than);
    a.dials('b');
    await stage.until(() => a.of('b').closed >= 2);
    expect(a.sees('b')).toBe(false);
    expect(stage.net.counts.linksUp).toBe(0);
  });

  it('let a node in that does not know its lineage yet', async () => {
    const stage = new Stage();
    const lineage = { clusterId: clusterId('CLUSTERAAAAAAAAA'), epoch: 1, epochId: '' };
    const a = new Host(stage, 'a');
    new Host(stage, 'b', { lineage });
    a.dials('b');
    await stage.until(() => a.sees('b'));
  });

  it('close without a bad sign when they are not wanted any more', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    a.dials();
    b.dials();
    await stage.until(() => !a.sees('b') && !b.sees('a'));
    await stage.pass(1000);
    expect([a.of('b').closed, b.of('a').closed]).toEqual([0, 0]);
  });

  it('tell the others when a node stops, which then hears nothing', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    b.send('a', 1);
    await stage.value(a.links.stop());
    await stage.until(() => b.of('a').closed > 0);
    expect(a.of('b').numbers).toEqual([]);
    await a.links.stop();
  });

  it('are dialled again, with a pause that grows, while nobody listens', async () => {
    const stage = new Stage();
    const a = new Host(stage, 'a');
    a.dials('b');
    await stage.pass(10_000);
    expect(a.of('b').closed).toBe(stage.net.counts.dials);
    expect(stage.net.counts.dials).toBeGreaterThan(7);
    expect(stage.net.counts.dials).toBeLessThan(20);
    new Host(stage, 'b');
    await stage.until(() => a.sees('b'), 3000);
  });
});

describe('a node that comes late', () => {
  it('is dialled at once by those it dials', async () => {
    const stage = new Stage();
    const a = new Host(stage, 'a');
    a.dials('b');
    await stage.pass(10_000);
    const dials = stage.net.counts.dials;
    new Host(stage, 'b').dials('a');
    await stage.until(() => stage.net.counts.linksUp === 4, 20);
    expect(stage.net.counts.dials).toBe(dials + 2);
  });
});

describe('the end of a process', () => {
  it('is heard by its peers at once when it was killed', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    a.send('b', 1);
    a.end();
    await stage.until(() => b.of('a').closed > 0, 50);
    a.send('b', 2);
    await stage.pass(100);
    expect(b.of('a').numbers.includes(2)).toBe(false);
  });

  it('is heard of with the next frame sent, if the word of it was lost', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    stage.net.block(a1, b1);
    a.end();
    await stage.pass(100);
    expect(b.of('a').closed).toBe(0);
    stage.net.healAll();
    b.send('a', 1);
    await stage.until(() => b.of('a').closed > 0, 20);
  });

  it('is another end than the next process at its address', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    b.send('a', 1);
    a.end();
    const next = new Host(stage, 'a', { boot: 2 });
    next.dials('b');
    await stage.until(() => next.sees('b') && b.sees('a'));
    next.send('b', 5);
    await stage.until(() => b.of('a').numbers.length > 0);
    await stage.pass(500);
    expect(b.of('a').boots).toEqual([2]);
    expect([a.of('b').numbers, next.of('b').numbers]).toEqual([[], []]);
  });

  it('is not heard of when its machine lost power, until its signs of life stayed away', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    a.end('silence');
    const fromMs = stage.world.nowMs;
    await stage.pass(quietMs - 2 * limits.peerQuietMs);
    expect(b.of('a').closed).toBe(0);
    await stage.until(() => b.of('a').closed > 0);
    expect(stage.world.nowMs - fromMs).toBeLessThan(quietMs + 2500);
  });

  it('is heard of when the machine is back', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    a.end('silence');
    await stage.pass(quietMs / 3);
    expect(b.of('a').closed).toBe(0);
    new Host(stage, 'a', { boot: 2 });
    await stage.until(() => b.of('a').closed > 0, 50);
    await stage.until(() => b.sees('a'));
  });
});

describe('a paused process', () => {
  it('gets later what came, in order, and keeps its links for a while', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    b.process.pause();
    a.send('b', ...upTo(20));
    await stage.pass(quietMs / 3);
    expect(b.of('a').numbers).toEqual([]);
    b.process.resume(stage.world.chance('test'));
    await stage.until(() => b.of('a').numbers.length === 20);
    expect(b.of('a').numbers).toEqual(upTo(20));
    expect(a.of('b').closed).toBe(0);
  });

  it('is given up after its signs of life stayed away', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    b.process.pause();
    await stage.until(() => a.of('b').closed > 0, quietMs + 2500);
    expect(stage.world.nowMs).toBeGreaterThan(quietMs - limits.peerQuietMs);
  });
});

describe('faults of the network', () => {
  it('a blocked way brings nothing, and the other direction does not notice', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    stage.net.block(a1, b1);
    a.send('b', 1);
    b.send('a', 2);
    await stage.until(() => a.of('b').numbers.length === 1);
    await stage.pass(1000);
    expect(b.of('a').numbers).toEqual([]);
    expect(stage.net.counts.blocked).toBeGreaterThan(0);
    stage.net.unblock(a1, b1);
    a.send('b', 3);
    await stage.until(() => b.of('a').numbers.includes(3));
  });

  it('what was blocked is lost or comes late, by chance, and never in another order', async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const stage = new Stage({}, seed);
      const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
      stage.net.block(a1, b1);
      a.send('b', 1, 2, 3);
      await stage.pass(500);
      stage.net.healAll();
      a.send('b', 4);
      await stage.until(() => b.of('a').numbers.includes(4));
      outcomes.add(b.of('a').numbers.join());
    }
    expect([...outcomes].sort()).toEqual(['1,2,3,4', '4']);
  });

  it('a way blocked for long closes the links over it, both directions of which are needed', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    stage.net.block(a1, b1);
    await stage.until(() => a.of('b').closed > 0 && b.of('a').closed > 0, quietMs + 5000);
    expect(stage.world.nowMs).toBeGreaterThan(quietMs - limits.peerQuietMs);
    stage.net.healAll();
    await stage.until(() => a.sees('b') && b.sees('a'), 6000);
  });

  it('a clogged way brings everything at its end, in order', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    a.send('b', 0, 1);
    stage.net.clog(a1, b1, 400);
    const endMs = stage.world.nowMs + 400;
    a.send('b', 2, 3);
    await stage.pass(399);
    expect(b.of('a').numbers).toEqual([]);
    a.send('b', 4);
    await stage.until(() => b.of('a').numbers.length === 5);
    expect(stage.world.nowMs).toBeGreaterThanOrEqual(endMs);
    expect(b.of('a').numbers).toEqual(upTo(5));
  });

  it('loses, repeats and evicts as its temper says', async () => {
    const stage = new Stage({ lossPercent: 20, repeatPercent: 20, linkFramesMax: 50 });
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    a.send('b', ...upTo(400));
    await stage.pass(1000);
    const { counts } = stage.net;
    expect(counts.lost).toBeGreaterThan(40);
    expect(counts.repeated).toBeGreaterThan(40);
    expect(counts.delivered).toBe(50);
    expect(counts.evicted).toBe(counts.sent - counts.lost + counts.repeated - 50);
    const { numbers } = b.of('a');
    expect(numbers).toEqual([...numbers].sort((x, y) => x - y));
  });

  it('lets a frame come after later ones only where its temper reorders', async () => {
    const stage = new Stage({ reorderPercent: 10, tailMs: 20 });
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    a.send('b', ...upTo(100));
    await stage.until(() => b.of('a').numbers.length === 100);
    const { numbers } = b.of('a');
    expect(numbers).not.toEqual(upTo(100));
    expect([...numbers].sort((x, y) => x - y)).toEqual(upTo(100));
    expect(stage.net.counts.reordered).toBeGreaterThan(2);
  });

  it('takes longer with a tail', async () => {
    const stage = new Stage({ tailPercent: 10, tailMs: 300 });
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    const tookMs: number[] = [];
    for (let n = 1; n <= 100; n++) {
      const sentAtMs = stage.world.nowMs;
      a.send('b', n);
      await stage.until(() => b.of('a').numbers.length === n);
      tookMs.push(stage.world.nowMs - sentAtMs);
    }
    expect(Math.min(...tookMs)).toBeGreaterThanOrEqual(0.2);
    expect(Math.max(...tookMs)).toBeGreaterThan(50);
    expect(tookMs.filter((ms) => ms > 20).length).toBeLessThan(30);
  });

  it('what is late makes late what follows on the same link', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    stage.net.setTemper({ ...calmTemper, delayMs: 100 });
    a.send('b', 0);
    stage.net.setTemper(calmTemper);
    a.send('b', 1);
    await stage.pass(99);
    expect(b.of('a').numbers).toEqual([]);
    await stage.until(() => b.of('a').numbers.length === 2);
    expect(b.of('a').numbers).toEqual([0, 1]);
  });

  it('a reset at both sides is heard at both, and the link comes back', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    stage.net.reset(a1, b1, 'both');
    await stage.until(() => a.of('b').closed > 0 && b.of('a').closed > 0, 10);
    await stage.until(() => a.sees('b') && b.sees('a'));
  });

  it('a reset at one side leaves the other believing, and what it sends then is lost', async () => {
    const stage = new Stage();
    const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
    stage.net.reset(a1, b1, 'a');
    expect([a.sees('b'), b.sees('a')]).toEqual([false, true]);
    b.send('a', 1);
    await stage.until(() => a.of('b').closed === 2, 10);
    await stage.until(() => a.sees('b') && b.sees('a'));
    expect(a.of('b').numbers).toEqual([]);
    a.send('b', 2);
    await stage.until(() => b.of('a').numbers.length === 1);
  });

  it('happens the same way for the same seed, and another way for another', async () => {
    const story = async (seed: number): Promise<string> => {
      const stage = new Stage(
        { lossPercent: 5, reorderPercent: 5, tailPercent: 5, tailMs: 50 },
        seed,
      );
      const [a, b] = (await linked(stage, 'a', 'b')) as [Host, Host];
      for (let n = 0; n < 100; n++) {
        a.send('b', n);
        await stage.pass(1);
      }
      stage.net.reset(a1, b1, 'b');
      await stage.pass(3000);
      return `${stage.world.happened} ${stage.world.nowMs} ${b.of('a').numbers.join()}`;
    };
    expect(await story(5)).toBe(await story(5));
    expect(await story(5)).not.toBe(await story(6));
  });
});
