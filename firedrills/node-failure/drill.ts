import { readFileSync } from 'node:fs';
import { DrillCluster } from '../support/cluster.ts';
import { DoozerClient, verbs } from '../support/doozer-client.ts';
import type { Doozerd, Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { expect, nowMs, until } from '../support/wait.ts';

/** `-timeout 5`, as in the story. */
const silenceSeconds = 5;

type Case = {
  readonly title: string;
  readonly victim: 'second' | 'leader' | 'first';
  readonly spare: boolean;
  /** From the stop until the slot no longer holds the stopped one. */
  readonly emptyMsMin: number;
  readonly emptyMsMax: number;
};

const cases: readonly Case[] = [
  {
    title: 'the second node is stopped',
    victim: 'second',
    spare: false,
    emptyMsMin: 4000,
    emptyMsMax: 8000,
  },
  {
    title: 'the leader is stopped',
    victim: 'leader',
    spare: false,
    emptyMsMin: 4000,
    emptyMsMax: 12_000,
  },
  {
    title: 'the first node is stopped',
    victim: 'first',
    spare: false,
    emptyMsMin: 4000,
    emptyMsMax: 12_000,
  },
  { title: 'a spare waits', victim: 'second', spare: true, emptyMsMin: 4000, emptyMsMax: 12_000 },
];

/** The whole story of drill.md, four times over. */
export async function drill(
  scratch: Scratch,
  story: Story,
  words: readonly string[],
): Promise<void> {
  const victims = words.filter((word) => cases.some(({ victim }) => victim === word));
  const wanted = cases.filter(({ victim }) => victims.length === 0 || victims.includes(victim));
  for (const one of wanted) {
    story.tell(`--- ${one.title}`);
    await run(scratch, story, one);
    await Promise.all(scratch.nodes.splice(0).map((node) => node.kill()));
  }
}

async function run(scratch: Scratch, story: Story, one: Case): Promise<void> {
  const cluster = await DrillCluster.plan(scratch, 5, '-timeout', String(silenceSeconds));
  const nodes: Doozerd[] = await cluster.three(story);
  expect(nodes.every(showsInPs), 'ps shows the arguments, and the name is doozerd');
  if (one.spare) {
    nodes.push(cluster.start(4, 0));
    await cluster.ready(4);
  }
  const victim =
    one.victim === 'second' ? 1 : one.victim === 'first' ? 0 : await cluster.leader([0, 1, 2]);
  const others = [0, 1, 2].filter((place) => place !== victim);
  const [asked = 0] = others;
  const oldId = await cluster.id(victim);
  const slot = await cluster.slotOf([asked], oldId);

  const seen = watchAll(cluster, victim === 0 ? 0 : asked);
  await until('the watch to print', 5000, () => (seen.records() > 0 ? true : null));

  story.tell(`stop ${cluster.address(victim)} (kill -STOP ${nodes[victim]?.pid})`);
  nodes[victim]?.signal('SIGSTOP');
  const stoppedMs = nowMs();
  const recordsBefore = seen.records();
  const writes = writeOn(cluster.address(asked));

  await slotChanges(cluster, story, one, { asked, slot, oldId, stoppedMs });
  await until('its entries to go', 3000, async () =>
    (await cluster.find([asked], `/ctl/node/${oldId}`)).length === 0 ? true : null,
  );
  const { succeeded, failed, longestMs } = await writes.stop();
  story.figure(
    `${one.title}: meanwhile ${succeeded} writes through another succeeded, ${failed} failed, longest wait ${longestMs} ms`,
  );
  expect(failed === 0 || victim !== 1, 'no write through a live node fails');
  await until('the watch to go on', 5000, () => (seen.records() > recordsBefore ? true : null));

  if (!one.spare) {
    nodes.push(cluster.start(3, asked));
    const { tookMs, value } = await cluster.slot([asked], slot, 10_000);
    expect(value === (await cluster.id(3)), 'the fourth node took the slot');
    story.figure(`${one.title}: a fresh fourth holds the slot ${tookMs} ms after its start`);
  }
  await wake(cluster, story, one, nodes[victim], victim, asked, oldId);
  seen.stop();
}

async function slotChanges(
  cluster: DrillCluster,
  story: Story,
  one: Case,
  at: { asked: number; slot: string; oldId: string; stoppedMs: number },
): Promise<void> {
  const { value } = await until('the slot to be given up', one.emptyMsMax + 3000, async () => {
    const body = await cluster.get([at.asked], `/ctl/cal/${at.slot}`);
    return body === at.oldId ? null : { body };
  });
  const tookMs = Math.round(nowMs() - at.stoppedMs);
  const what = value.body === '' ? 'is empty' : `went to ${value.body} in one step`;
  story.figure(`${one.title}: slot ${at.slot} ${what} ${tookMs} ms after the stop`);
  expect((value.body !== '') === one.spare, 'a spare takes the place at once, else it is empty');
  expect(tookMs >= one.emptyMsMin && tookMs <= one.emptyMsMax, 'in the time that -timeout says');
}

async function wake(
  cluster: DrillCluster,
  story: Story,
  one: Case,
  node: Doozerd | undefined,
  place: number,
  asked: number,
  oldId: string,
): Promise<void> {
  const slotsBefore = await cluster.slots([asked]);
  story.tell(`wake ${cluster.address(place)} (kill -CONT)`);
  node?.signal('SIGCONT');
  const { value, tookMs } = await until(
    'the woken node to come back as a spare',
    30_000,
    async () => {
      const id = await cluster.id(place);
      if (id === oldId) return null;
      // While its old life ends another node may have answered for it.
      const known = await cluster.find([asked], `/ctl/node/${id}`);
      if (known.length === 0) return null;
      const address = await cluster.get([asked], `/ctl/node/${id}/addr`);
      return address === cluster.address(place) ? id : null;
    },
  );
  story.figure(`${one.title}: the woken node is a spare under a new id after ${tookMs} ms`);
  expect(
    (await cluster.slots([asked])) === slotsBefore,
    'it harmed nobody: all slots are as they were',
  );
  const { status } = await cluster.doozer([asked], ['add', '/ctl/cal/9']);
  expect(status === 0, 'a slot is added for it');
  const taken = await cluster.slot([asked], '9', 6000, value);
  story.figure(`${one.title}: it took a slot ${taken.tookMs} ms after one was added`);
}

const showsInPs = (node: Doozerd): boolean => {
  const comm = readFileSync(`/proc/${node.pid}/comm`, 'utf8').trim();
  const words = readFileSync(`/proc/${node.pid}/cmdline`, 'utf8').split('\0');
  return comm === 'doozerd' && words.includes('-l') && words.includes(node.address);
};

/** `doozer watch '/**'`, counting what it prints. */
function watchAll(cluster: DrillCluster, place: number) {
  const child = cluster.watch(place, '/**');
  let records = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    records += chunk.toString().match(/^\S+ \d+ \w* \d+$/gm)?.length ?? 0;
  });
  return { records: () => records, stop: () => child.kill('SIGTERM') };
}

/** Writes one after the other through one node until stopped. */
function writeOn(address: string) {
  let stopped = false;
  let succeeded = 0;
  let failed = 0;
  let longestMs = 0;
  const running = (async () => {
    const client = await DoozerClient.connect(address, 2000);
    for (let n = 0; !stopped; n++) {
      const startMs = nowMs();
      const value = Buffer.from(String(n));
      const ask = { verb: verbs.set, path: '/drill/counter', value, rev: -1 };
      const response = await client.ask(ask, 10_000).catch(() => null);
      if (response !== null && response.errCode === null) succeeded++;
      else failed++;
      longestMs = Math.max(longestMs, Math.round(nowMs() - startMs));
    }
    client.close();
  })();
  return {
    stop: async () => {
      stopped = true;
      await running;
      return { succeeded, failed, longestMs };
    },
  };
}
