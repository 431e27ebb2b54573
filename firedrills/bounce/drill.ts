import { DrillCluster } from '../support/cluster.ts';
import { Load } from '../support/doozer-client.ts';
import type { Doozerd, Scratch } from '../support/processes.ts';
import { acknowledgedAreThere } from '../support/read-back.ts';
import type { Story } from '../support/story.ts';
import { expect, nowMs, pause } from '../support/wait.ts';

const bounces = 10;
const betweenMs = 400;

export async function drill(scratch: Scratch, story: Story): Promise<void> {
  const cluster = await DrillCluster.plan(scratch, 3);
  const nodes: Doozerd[] = await cluster.three(story);
  const slotsBefore = await cluster.slots([0]);
  const load = new Load(cluster.addresses, 16);
  await pause(betweenMs);
  for (let i = 0; i < bounces; i++) {
    const place = i % nodes.length;
    await nodes[place]?.kill();
    const startMs = nowMs();
    nodes[place] = cluster.start(place);
    await cluster.ready(place);
    story.tell(
      `bounced ${cluster.address(place)}: it answers after ${Math.round(nowMs() - startMs)} ms`,
    );
    await pause(betweenMs);
  }
  await load.stop();
  expect((await cluster.slots([0])) === slotsBefore, 'no slot changed');
  const read = await acknowledgedAreThere(cluster.address(1), load.acknowledged);
  story.figure(
    `${bounces} bounces under load: ${read} writes acknowledged, none missing, ${load.unknown} unknown to their client`,
  );

  const { stdout: revBefore } = await cluster.doozer([0], ['rev']);
  await Promise.all(nodes.map((node) => node.kill()));
  const startMs = nowMs();
  for (const place of [0, 1, 2]) cluster.start(place);
  for (const place of [0, 1, 2]) await cluster.ready(place);
  story.tell(
    `all three killed and started again: they answer after ${Math.round(nowMs() - startMs)} ms`,
  );
  const { stdout: revAfter } = await cluster.doozer([2], ['rev']);
  expect(Number(revAfter) >= Number(revBefore), 'the revision count went on');
  expect((await cluster.slots([0])) === slotsBefore, 'no slot changed');
  await acknowledgedAreThere(cluster.address(2), load.acknowledged);
  story.figure(
    `all three killed: all ${read} files there, revision ${revBefore.trim()} before and ${revAfter.trim()} after`,
  );
}
