import { DrillCluster } from '../support/cluster.ts';
import { DoozerClient, Load, verbs } from '../support/doozer-client.ts';
import type { Scratch } from '../support/processes.ts';
import { acknowledgedAreThere } from '../support/read-back.ts';
import type { Story } from '../support/story.ts';
import { expect, nowMs } from '../support/wait.ts';

/** Together more than two snapshots' worth of log. */
const bodies = 640;
const bodyBytes = 256 * 1024;

export async function drill(scratch: Scratch, story: Story): Promise<void> {
  const cluster = await DrillCluster.plan(scratch, 5);
  await cluster.three(story);
  await fill(cluster.address(0));
  story.tell(`wrote ${bodies} files of ${bodyBytes} bytes`);
  const load = new Load(
    [0, 1, 2].map((place) => cluster.address(place)),
    16,
    2000,
  );
  const startMs = nowMs();
  const fresh = [cluster.start(3, 1), cluster.start(4, 2)];
  for (const name of ['3', '4']) {
    const { status } = await cluster.doozer([0], ['add', `/ctl/cal/${name}`]);
    expect(status === 0, 'a slot is added');
  }
  for (const name of ['3', '4']) await cluster.slot([0], name, 60_000);
  story.figure(`two empty nodes, attached at once, vote after ${Math.round(nowMs() - startMs)} ms`);
  await load.stop();
  for (const place of [3, 4]) {
    const read = await acknowledgedAreThere(cluster.address(place), load.acknowledged);
    story.figure(`the node at place ${place} holds all ${read} writes acknowledged meanwhile`);
  }
  const installed = fresh.filter((node) => node.tail(10_000).includes('snapshot installed'));
  expect(installed.length === 2, 'both were fed a snapshot');
}

async function fill(address: string): Promise<void> {
  const client = await DoozerClient.connect(address, 2000);
  const body = Buffer.alloc(bodyBytes, 7);
  const together = 16;
  for (let at = 0; at < bodies; at += together) {
    await Promise.all(
      Array.from({ length: together }, async (_, i) => {
        const ask = { verb: verbs.set, path: `/big/f${at + i}`, value: body, rev: -1 };
        const response = await client.ask(ask, 20_000);
        expect(response.errCode === null, `file ${at + i} is written (${response.errDetail})`);
      }),
    );
  }
  client.close();
}
