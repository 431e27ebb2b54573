import type { ChildProcess } from 'node:child_process';
import { DrillCluster } from '../support/cluster.ts';
import { Load } from '../support/doozer-client.ts';
import type { Scratch } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { expect, pause, until } from '../support/wait.ts';

const places = [0, 1, 2] as const;
const rounds = 2;
const writers = 4;
/** Beyond what the watch waits before it says that nobody is there. */
const awayMs = 20_000;

/** `doozer watch` and `doozer wait` as scripts use them, while nodes are killed. */
export async function drill(scratch: Scratch, story: Story): Promise<void> {
  const cluster = await DrillCluster.plan(scratch, 3, '-hist', '1000000');
  const nodes = await cluster.three(story);
  const uri = `doozer:?ca=${cluster.address(0)}`;
  const watch = follow(scratch.client(uri, ['-json', '-r', '1', 'watch', '/**']));
  const wait = follow(scratch.client(uri, ['-json', 'wait', '/the/end']));
  await until('the watch to begin', 10_000, () => (watch.out() === '' ? null : true));

  const load = new Load(cluster.addresses, writers, 2000);
  for (let round = 0; round < rounds; round++) {
    for (const place of places) {
      await nodes[place]?.kill();
      await pause(500);
      nodes[place] = cluster.start(place);
      await cluster.ready(place);
    }
    story.tell(`each of the three was killed and started again, ${round + 1} of ${rounds}`);
  }
  await load.stop();
  for (const node of nodes) await node.kill();
  story.tell('all three are killed');
  await until('the watch to say so', awayMs, () => (/no node has/.test(watch.err()) ? true : null));
  story.tell(watch.err().trim());
  for (const place of places) nodes[place] = cluster.start(place);
  await cluster.ready(0);
  const { stdout } = await cluster.doozer([0], ['set', '/the/end', '-1'], 'x');
  const end = Number(stdout);
  await until('the watch to get there', 20_000, () => (lastOf(watch.out()) >= end ? true : null));

  const revisions = revisionsOf(watch.out());
  const from = revisions[0] ?? 0;
  const wrong = revisions.findIndex((revision, i) => revision !== from + i);
  expect(wrong < 0, `revision ${from + wrong} is at its place, not ${revisions[wrong]}`);
  await until('the wait to end', 10_000, () => (wait.child.exitCode === 0 ? true : null));
  expect(wait.out().includes(`"revision":${end},`), `wait tells revision ${end}: ${wait.out()}`);
  // It looks every five seconds, so its word may come after what it waited for.
  const isBack = () => (/a node answers again/.test(watch.err()) ? true : null);
  await until('the watch to say that a node is there again', awayMs, isBack);
  story.figure(
    `watch over ${rounds * places.length} kills and the loss of all nodes: ${revisions.length} records, each revision from ${from} to ${from + revisions.length - 1} once`,
  );
}

/** What it says, kept whole. */
function follow(child: ChildProcess) {
  const said = { out: '', err: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    said.err += chunk.toString();
  });
  return { child, out: () => said.out, err: () => said.err };
}

const revisionsOf = (out: string): number[] =>
  out
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { revision: number }).revision);

/** The revision on the last whole line; 0: there is none. */
const lastOf = (out: string): number => {
  const lines = out.split('\n').slice(-2, -1);
  return lines[0] === undefined || lines[0] === '' ? 0 : (revisionsOf(`${lines[0]}\n`)[0] ?? 0);
};
