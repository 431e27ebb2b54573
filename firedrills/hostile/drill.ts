import { connect, type Socket } from 'node:net';
import { limits, prng } from '../../src/base/index.ts';
import { DrillCluster } from '../support/cluster.ts';
import { DoozerClient, verbs } from '../support/doozer-client.ts';
import { answerTimes, inMib, isUnharmed, memoryIsBack, residentBytes } from '../support/health.ts';
import { drillOptions } from '../support/options.ts';
import type { Doozerd, Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { expect, nowMs, pause, until } from '../support/wait.ts';
import { hostileRequest } from './requests.ts';

const requests = 10_000;
const mib = 1024 * 1024;
/** What a node may keep of an attack: its heap grows in steps and is not all given back. */
const memoryKeptMax = 96 * mib;
const answerMsMax = 2000;

export async function drill(scratch: Scratch, story: Story, words: readonly string[]) {
  const { seed } = drillOptions(words);
  story.seed = seed;
  const cluster = await DrillCluster.plan(scratch, 3);
  const nodes = await cluster.three(story);
  const target = nodes[await cluster.leader([0, 1, 2])] ?? nodes[0];
  for (let i = 0; i < 5; i++) await answerTimes(target.address);
  const before = residentBytes(target);
  story.figure(`before: ${inMib(before)}, ${await told(target)}`);
  const slow = startSlow(target.address);
  const attacks = [
    ['requests at random', () => atRandom(target.address, seed)],
    ['waits that are answered', () => waits(target.address, true)],
    ['waits that are left', () => waits(target.address, false)],
    ['half frames', () => halfFrames(target.address)],
    ['connections', () => connections(target.address, story)],
    ['connections, again', () => connections(target.address, story)],
  ] as const;
  for (const [name, attack] of attacks) {
    const startMs = nowMs();
    const what = await attack();
    const tookMs = Math.round(nowMs() - startMs);
    const peak = residentBytes(target);
    const times = await told(target);
    const after = await memoryIsBack(target, before + memoryKeptMax);
    for (const node of nodes) isUnharmed(node);
    story.figure(
      `${name}: ${what}, in ${tookMs} ms; ${times}; ${inMib(peak)}, then ${inMib(after)}`,
    );
  }
  story.figure(`a byte a second: ${await slow}`);
  for (const node of nodes) isUnharmed(node);
}

async function told({ address }: Doozerd): Promise<string> {
  const { medianMs, maxMs } = await answerTimes(address);
  expect(maxMs < answerMsMax, `the slowest answer took ${maxMs} ms, less than ${answerMsMax}`);
  return `SET and GET take others ${medianMs.toFixed(1)} ms, ${maxMs.toFixed(1)} ms at most`;
}

/** A connection that only counts what comes. */
class Crude {
  readonly socket: Socket;
  bytes = 0;
  closed = false;

  constructor(address: string) {
    const [host = '', port = ''] = address.split(':');
    this.socket = connect({ host, port: Number(port), noDelay: true });
    this.socket.on('data', (chunk) => {
      this.bytes += chunk.length;
    });
    this.socket.on('error', () => {});
    this.socket.once('close', () => {
      this.closed = true;
    });
  }
}

/** What is damaged is the last thing that its connection says: it may swallow what would follow. */
async function atRandom(address: string, seed: number): Promise<string> {
  const random = prng(seed);
  const all = [new Crude(address)];
  for (let n = 0; n < requests; n++) {
    const last = all.at(-1) ?? new Crude(address);
    const { bytes, damaged } = hostileRequest(random);
    last.socket.write(bytes);
    if (!damaged) continue;
    last.socket.end();
    if (all.length % 20 === 0) await ended(all.slice(-20));
    all.push(new Crude(address));
  }
  all.at(-1)?.socket.end();
  await ended(all);
  const bytes = all.reduce((sum, one) => sum + one.bytes, 0);
  return `${requests} on ${all.length} connections, ${bytes} bytes of answers (seed ${seed})`;
}

const ended = (all: readonly Crude[]) =>
  until('connections to end', 30_000, () => (all.every(({ closed }) => closed) ? true : null), 1);

async function startSlow(address: string): Promise<string> {
  const slow = new Crude(address);
  const startMs = nowMs();
  const frame = Buffer.alloc(1000, 0x61);
  frame.writeInt32BE(996);
  let sent = 0;
  while (!slow.closed) {
    slow.socket.write(frame.subarray(sent, ++sent));
    await pause(1000);
    const tookMs = nowMs() - startMs;
    expect(tookMs < 2 * limits.unfinishedMs, 'a slow frame is ended in time');
  }
  return `ended after ${Math.round((nowMs() - startMs) / 1000)} s and ${sent} bytes`;
}

async function waits(address: string, answered: boolean): Promise<string> {
  const client = await DoozerClient.connect(address, 5000);
  const beyond = 10;
  const { rev } = await client.ask({ verb: verbs.rev });
  const from = (rev ?? 0) + 1;
  const results = Array.from({ length: limits.watchersPerConnectionMax + beyond }, () =>
    client.ask({ verb: verbs.wait, path: '/hostile/woken', rev: from }, 120_000).then(
      ({ errDetail }) => (errDetail === null ? 'event' : errDetail),
      () => 'closed',
    ),
  );
  const last = await Promise.all(results.slice(-beyond));
  expect(
    last.every((text) => text.startsWith('overloaded')),
    `beyond the bound: ${last[0]}`,
  );
  if (!answered) {
    client.close();
    await Promise.all(results);
    return `${limits.watchersPerConnectionMax} waits left behind`;
  }
  const startMs = nowMs();
  const value = Buffer.from('x');
  await client.ask({ verb: verbs.set, path: '/hostile/woken', value, rev: -1 });
  const events = (await Promise.all(results)).filter((text) => text === 'event').length;
  expect(events === limits.watchersPerConnectionMax, `${events} waits were answered`);
  client.close();
  return `${events} waits answered by one write within ${Math.round(nowMs() - startMs)} ms; ${beyond} more: "${last[0]}"`;
}

async function halfFrames(address: string): Promise<string> {
  const begun = Buffer.alloc(limits.frameBytesMax, 0x61);
  begun.writeInt32BE(limits.frameBytesMax);
  const all = Array.from({ length: 100 }, () => new Crude(address));
  for (const one of all) one.socket.write(begun);
  const isDone = () => all.every(({ closed, socket }) => closed || socket.writableLength === 0);
  await until('all half frames to be taken or closed', 60_000, () => (isDone() ? true : null));
  await pause(200);
  const ended = all.filter(({ closed }) => closed).length;
  expect(ended > 0, 'some are closed');
  for (const { socket } of all) socket.destroy();
  return `100 of 8 MiB, ${ended} of them closed`;
}

async function connections(address: string, story: Story): Promise<string> {
  const beyond = 100;
  const all: Crude[] = [];
  const refusedBySystem = () => all.some(({ socket }) => socket.errored !== null);
  for (let n = 0; n < limits.connectionsMax && !refusedBySystem(); n++) {
    all.push(new Crude(address));
    if (n % 200 === 199) {
      const last = all.slice(-200);
      const isOpen = () => last.every(({ socket }) => !socket.connecting);
      await until('connections to open', 30_000, () => (isOpen() ? true : null));
    }
  }
  if (refusedBySystem()) story.tell(`this system opens no more than ${all.length} connections`);
  const self = Buffer.from('000000021014', 'hex');
  for (const { socket } of all) socket.write(self);
  const answered = () => all.filter(({ bytes }) => bytes > 0).length;
  // Clients of the drill itself may hold a few of the places.
  const due = all.length - 20;
  await until('connections to be answered', 60_000, () => (answered() >= due ? true : null));
  const more = Array.from({ length: beyond }, () => new Crude(address));
  for (const { socket } of more) socket.write(self);
  await until('the rest to be closed', 30_000, () =>
    more.every(({ closed }) => closed) ? true : null,
  );
  const open = answered();
  for (const { socket } of all) socket.destroy();
  await until('room for others', 30_000, async () => {
    const client = await DoozerClient.connect(address);
    await client.ask({ verb: verbs.rev }).finally(() => client.close());
    return true;
  });
  return `${open} of ${all.length} answered at once, ${beyond} more closed`;
}
