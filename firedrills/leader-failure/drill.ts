import { DrillCluster } from '../support/cluster.ts';
import { Load } from '../support/doozer-client.ts';
import type { Doozerd, Scratch } from '../support/processes.ts';
import { acknowledgedAreThere } from '../support/read-back.ts';
import type { Story } from '../support/story.ts';
import { expect, median, nowMs, pause, until } from '../support/wait.ts';

const kills = 10;
const clients = 64;
const medianMsMax = 300;

export async function drill(scratch: Scratch, story: Story): Promise<void> {
  const cluster = await DrillCluster.plan(scratch, 3);
  const nodes: Doozerd[] = await cluster.three(story);
  const load = new Load(cluster.addresses, clients, 2000);
  const silences: number[] = [];
  for (let i = 0; i < kills; i++) {
    await pause(1000);
    const place = await cluster.leader([0, 1, 2]);
    const killedMs = nowMs();
    await nodes[place]?.kill();
    await until('writes to succeed again', 10_000, () => load.firstSuccessAfter(killedMs + 50), 5);
    await pause(1000);
    const silence = Math.round(load.longestGap(killedMs, nowMs()));
    silences.push(silence);
    story.tell(`killed ${cluster.address(place)}, which led: no write for ${silence} ms`);
    nodes[place] = cluster.start(place);
    await cluster.ready(place);
  }
  await load.stop();
  const read = await acknowledgedAreThere(cluster.address(0), load.acknowledged);
  const worst = Math.max(...silences);
  story.figure(
    `no write after kill -9 of the leader: median ${median(silences)} ms, worst ${worst} ms of ${kills}; ${read} acknowledged writes, none missing`,
  );
  expect(median(silences) < medianMsMax, `the median is under ${medianMsMax} ms`);
}
