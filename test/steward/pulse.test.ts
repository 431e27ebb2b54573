import { expect, test } from 'vitest';
import { Pulse } from '../../src/steward/index.ts';
import { Cluster, idOf } from '../support/cluster.ts';

const file = (letter: string, name: string) => `/ctl/node/${idOf(letter)}/${name}`;

function pulse(cluster: Cluster, letter: string, pulseMs = 1000): Pulse {
  const node = cluster.node(letter);
  const named = { address: `${letter}:8046`, hostname: `host-${letter}`, version: '0.1.0' };
  const it = new Pulse({ node, clock: cluster.clock, pulseMs, ...named });
  it.start();
  return it;
}

test('a node shows itself once it is a member, and that it is writable once it votes', async () => {
  const cluster = await Cluster.of('AB');
  await cluster.attach('C');
  pulse(cluster, 'C');
  await cluster.run(300);
  expect(cluster.body('A', file('C', 'addr'))).toBe('C:8046');
  expect(cluster.body('A', file('C', 'hostname'))).toBe('host-C');
  expect(cluster.body('A', file('C', 'version'))).toBe('0.1.0');
  expect(cluster.body('A', file('C', 'writable'))).toBe(null);
  expect(cluster.body('A', file('C', 'applied'))).toBe(null);
  await cluster.write('A', '/ctl/cal/2', '');
  await cluster.until(() => cluster.voters() === 'ABC', 'C votes');
  await cluster.run(1200);
  expect(cluster.body('A', file('C', 'writable'))).toBe('true');
  await cluster.run(1000);
  expect(cluster.body('A', file('C', 'applied'))).not.toBe(null);
});

test('a voter writes its revision at each pulse, one revision each', async () => {
  const cluster = await Cluster.of('A');
  pulse(cluster, 'A');
  await cluster.run(2000);
  const before = cluster.status('A').revision;
  await cluster.run(5000);
  expect(cluster.status('A').revision).toBe(before + 5);
  // As doozerd's, it says what was there when it was begun to be written.
  expect(cluster.body('A', file('A', 'applied'))).toBe(`${before + 4}`);
});

test('a voter that becomes a spare is not writable any more', async () => {
  const cluster = await Cluster.of('ABC');
  const leader = await cluster.newLeader();
  const out = leader === 'C' ? 'B' : 'C';
  pulse(cluster, out);
  await cluster.run(300);
  expect(cluster.body('A', file(out, 'writable'))).toBe('true');
  await cluster.write('A', `/ctl/cal/${'ABC'.indexOf(out)}`, '');
  await cluster.until(() => cluster.learners() === out, `${out} is a spare`);
  await cluster.run(1200);
  expect(cluster.body('A', file(out, 'writable'))).toBe(null);
  expect(cluster.body('A', file(out, 'addr'))).toBe(`${out}:8046`);
});

test('what a guest overwrote is written again; what a guest made impossible is not tried all the time', async () => {
  const cluster = await Cluster.of('A');
  pulse(cluster, 'A');
  await cluster.run(300);
  await cluster.write('A', file('A', 'hostname'), 'elsewhere');
  await cluster.run(1200);
  expect(cluster.body('A', file('A', 'hostname'))).toBe('host-A');
  await cluster.remove('A', file('A', 'hostname'));
  await cluster.write('A', `${file('A', 'hostname')}/x`, 'a directory now');
  const before = cluster.status('A').raft.last.index;
  await cluster.run(5000);
  expect(cluster.status('A').raft.last.index).toBeLessThanOrEqual(before + 8);
});

test('nothing is written after stop', async () => {
  const cluster = await Cluster.of('A');
  const it = pulse(cluster, 'A');
  await cluster.run(1500);
  it.stop();
  await cluster.run(200);
  const { revision } = cluster.status('A');
  await cluster.run(3000);
  expect(cluster.status('A').revision).toBe(revision);
});
