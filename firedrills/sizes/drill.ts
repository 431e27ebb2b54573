import { createHash } from 'node:crypto';
import { limits } from '../../src/base/index.ts';
import type { DoozerResponse } from '../../src/protocol/doozer/index.ts';
import { DrillCluster } from '../support/cluster.ts';
import { type Ask, DoozerClient, verbs } from '../support/doozer-client.ts';
import { inMib, isUnharmed, residentBytes } from '../support/health.ts';
import type { Doozerd, Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { expect, nowMs } from '../support/wait.ts';

const bigFiles = 1000;
const bigBytes = 100_000;
const names = 100_000;
/** Requests on their way at once: a client that pipelines, not one that floods. */
const together = 256;
const patienceMs = 60_000;
/** Numbers of the errors of 2011's protocol. */
const isRange = 8;
const isOther = 127;

export async function drill(scratch: Scratch, story: Story): Promise<void> {
  const cluster = await DrillCluster.plan(scratch, 3);
  const nodes = await cluster.three(story);
  const clients = await Promise.all(
    nodes.map(({ address }) => DoozerClient.connect(address, 5000)),
  );
  const [writer] = clients;
  if (writer === undefined) return;
  await boundsHold(writer, clients, story);
  await bigFilesAreThere(writer, clients, story);
  await longDirectory(writer, clients, story);
  for (const node of nodes) isUnharmed(node);
  story.figure(
    `memory in the end: ${nodes.map((node: Doozerd) => inMib(residentBytes(node))).join(', ')}`,
  );
  for (const client of clients) client.close();
}

/** Asks `count` times, some at once; `each` sees every answer. */
async function many(
  client: DoozerClient,
  count: number,
  ask: (n: number) => Ask,
  each: (response: DoozerResponse, n: number) => void,
): Promise<number> {
  const startMs = nowMs();
  let next = 0;
  const one = async () => {
    while (next < count) {
      const n = next++;
      each(await client.ask(ask(n), patienceMs), n);
    }
  };
  await Promise.all(Array.from({ length: together }, one));
  return Math.round(nowMs() - startMs);
}

const isDone = ({ errCode, errDetail }: DoozerResponse, what: string): void =>
  expect(errCode === null, `${what} is done, not error ${errCode} ${errDetail ?? ''}`);

async function boundsHold(
  writer: DoozerClient,
  clients: readonly DoozerClient[],
  story: Story,
): Promise<void> {
  const value = Buffer.alloc(limits.valueBytesMax, 0x5a);
  const path = `/${'p'.repeat(limits.pathBytesMax - 1)}`;
  const { set, get } = verbs;
  isDone(await writer.ask({ verb: set, path: '/bounds', value, rev: 0 }, patienceMs), '1 MiB');
  isDone(await writer.ask({ verb: set, path, value: Buffer.from('x'), rev: 0 }), '4 KiB of path');
  for (const client of clients) {
    const { value: read } = await client.ask({ verb: get, path: '/bounds' }, patienceMs);
    expect(read !== null && value.equals(read), 'a value of 1 MiB is read as it was written');
    const { value: x } = await client.ask({ verb: get, path });
    expect(x?.length === 1, 'a file with a path of 4 KiB is read');
  }
  const before = await writer.ask({ verb: verbs.rev });
  const more = Buffer.alloc(limits.valueBytesMax + 1);
  const tooLarge = await writer.ask(
    { verb: set, path: '/bounds', value: more, rev: -1 },
    patienceMs,
  );
  const tooLong = await writer.ask({
    verb: set,
    path: `${path}p`,
    value: Buffer.from('x'),
    rev: -1,
  });
  for (const { errCode, errDetail } of [tooLarge, tooLong]) {
    expect(errCode === isOther, 'a byte more is refused');
    story.tell(`a byte more: ${(errDetail ?? '').replace(/p{20,}/, 'ppp')}`);
  }
  const after = await writer.ask({ verb: verbs.rev });
  expect((after.rev ?? 0) - (before.rev ?? 0) < 10, 'what is refused takes no revision');
  story.figure('1 MiB and 4 KiB are taken and read on three nodes, a byte more is refused');
}

async function bigFilesAreThere(
  writer: DoozerClient,
  clients: readonly DoozerClient[],
  story: Story,
): Promise<void> {
  const body = (n: number) => Buffer.alloc(bigBytes, createHash('sha256').update(`${n}`).digest());
  const path = (n: number) => `/big/f${n}`;
  const wroteMs = await many(
    writer,
    bigFiles,
    (n) => ({ verb: verbs.set, path: path(n), value: body(n), rev: 0 }),
    (response, n) => isDone(response, path(n)),
  );
  story.figure(`${bigFiles} files of ${bigBytes} bytes are written in ${wroteMs} ms`);
  for (const [place, client] of clients.entries()) {
    const readMs = await many(
      client,
      bigFiles,
      (n) => ({ verb: verbs.get, path: path(n) }),
      ({ value }, n) => expect(value !== null && body(n).equals(value), `${path(n)} is as written`),
    );
    story.figure(`the node at place ${place} gives them all in ${readMs} ms`);
  }
}

async function longDirectory(
  writer: DoozerClient,
  clients: readonly DoozerClient[],
  story: Story,
): Promise<void> {
  const name = (n: number) => `n${String(n).padStart(6, '0')}`;
  const value = Buffer.from('x');
  const wroteMs = await many(
    writer,
    names,
    (n) => ({ verb: verbs.set, path: `/long/${name(n)}`, value, rev: 0 }),
    (response, n) => isDone(response, name(n)),
  );
  story.figure(`a directory of ${names} files is written in ${wroteMs} ms`);
  for (const [place, client] of clients.entries()) {
    const { rev } = await client.ask({ verb: verbs.rev });
    const at = rev ?? 0;
    const listings = [
      ['GETDIR', { verb: getdir, path: '/long' }, ''],
      ['WALK', { verb: verbs.walk, path: '/long/*' }, '/long/'],
    ] as const;
    for (const [word, ask, before] of listings) {
      const tookMs = await many(
        client,
        names + 1,
        (offset) => ({ ...ask, offset, rev: at }),
        ({ path, errCode }, n) => {
          if (n === names) expect(errCode === isRange, `${word} ends with RANGE`);
          else expect(path === `${before}${name(n)}`, `${word} ${n} is ${name(n)}, not ${path}`);
        },
      );
      story.figure(`the node at place ${place}: ${word} of all, and RANGE, in ${tookMs} ms`);
    }
  }
  const one = await oneByOne(writer);
  story.figure(`GETDIR one after the other: the first ${one.count} in ${one.tookMs} ms`);
}

const getdir = 14;

/** As most clients of 2011 do it: the next offset when the last is answered. */
async function oneByOne(client: DoozerClient): Promise<{ count: number; tookMs: number }> {
  const count = 10_000;
  const startMs = nowMs();
  for (let offset = 0; offset < count; offset++) {
    const { errCode } = await client.ask({ verb: getdir, path: '/long', offset });
    expect(errCode === null, `offset ${offset} is there`);
  }
  return { count, tookMs: Math.round(nowMs() - startMs) };
}
