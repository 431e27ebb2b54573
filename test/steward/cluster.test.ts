// The steward at work in a cluster: what operators write into slots, and who is silent, moves the members.
import { expect, test } from 'vitest';
import { parseNodeId, textOf } from '../../src/base/index.ts';
import { Cluster, idOf } from '../support/cluster.ts';

/** Every membership of voters that a node applied, as letters, joint ones with what they leave. */
function votersSeen(cluster: Cluster, letter: string): string[] {
  return cluster
    .life(letter)
    .logged.filter((line) => line.includes('voters changed'))
    .map((line) => {
      const { voters, joint } = JSON.parse(line.slice(line.indexOf('{'))) as {
        voters: string[];
        joint: boolean;
      };
      return voters.map((id) => id.charAt(0)).join('') + (joint ? ' joint' : '');
    });
}

test('an empty slot is taken by a spare within its time of keeping up', async () => {
  const cluster = await Cluster.of('AB');
  await cluster.attach('C');
  await cluster.run(1000);
  expect(cluster.voters()).toBe('AB');
  await cluster.write('B', '/ctl/cal/2', '');
  await cluster.until(() => cluster.voters() === 'ABC', 'C votes', 500);
  expect(cluster.slots()).toEqual({ 0: 'A', 1: 'B', 2: 'C' });
});

test('a silent voter is removed, its slot emptied, its files gone; back again, it is told', async () => {
  const cluster = await Cluster.of('ABC');
  await cluster.write('C', '/ctl/node/CCCCCCCCCCCCCCCC/addr', 'C:8046');
  await cluster.run(3000);
  expect(cluster.voters()).toBe('ABC');
  cluster.isolate('C');
  await cluster.run(1500);
  expect(cluster.voters()).toBe('ABC');
  await cluster.until(() => cluster.voters() === 'AB', 'C is removed', 3000);
  expect(cluster.slots()).toEqual({ 0: 'A', 1: 'B', 2: '' });
  expect(cluster.body('A', '/ctl/node/CCCCCCCCCCCCCCCC/addr')).toBe(null);
  expect((await cluster.write('B', '/x', '1')).value?.kind).toBe('applied');
  const alarms = 'AB'.split('').flatMap((letter) => cluster.life(letter).logged);
  expect(alarms.some((line) => line.startsWith('error the cluster is smaller'))).toBe(true);
  cluster.board.heal();
  await cluster.until(() => cluster.life('C').toldRemovedBy.length > 0, 'C is told');
  await cluster.run(2000);
  expect(cluster.voters()).toBe('AB');
});

test('a silent leader is removed by the next one, once that has led for long enough', async () => {
  const cluster = await Cluster.of('ABC');
  const first = await cluster.newLeader();
  cluster.isolate(first);
  const next = await cluster.newLeader(first);
  await cluster.run(1500);
  expect(cluster.voters().length).toBe(3);
  await cluster.until(() => cluster.voters().length === 2, 'the old leader is removed', 3000);
  expect(cluster.voters()).not.toContain(first);
  expect(cluster.leader()).toBe(next);
});

test('with a spare the silent voter and the spare change places in one joint step', async () => {
  const cluster = await Cluster.of('ABC');
  await cluster.attach('D');
  await cluster.run(2500);
  const leader = await cluster.newLeader();
  const victim = leader === 'C' ? 'B' : 'C';
  const before = votersSeen(cluster, leader).length;
  cluster.isolate(victim);
  await cluster.until(() => cluster.voters().includes('D'), 'D votes', 5000);
  const now = 'ABC'.replace(victim, 'D');
  const [joint, final, ...more] = votersSeen(cluster, leader).slice(before);
  expect(joint).toBe(`${now} joint`);
  expect(final).toBe(now);
  expect(more).toEqual([]);
  expect(Object.values(cluster.slots()).sort().join('')).toBe(now.split('').sort().join(''));
});

test('two deaths one after the other are two removals, a -timeout apart, and never below the floor', async () => {
  const cluster = await Cluster.of('ABCDE', { steward: { minVoters: 4 } });
  const leader = await cluster.newLeader();
  const [one = '', two = ''] = 'ABCDE'.replace(leader, '').split('');
  await cluster.run(3000);
  cluster.isolate(one);
  await cluster.until(() => cluster.voters().length === 4, 'the first is removed', 5000);
  cluster.isolate(two);
  const state = `/ctl/node/${idOf(two)}/state`;
  await cluster.until(() => cluster.body(leader, state) !== null, 'it is marked', 5000);
  expect(cluster.body(leader, state)).toMatch(/^down: silent for 2 s$/);
  await cluster.run(3000);
  expect(cluster.voters().length).toBe(4);
  cluster.board.heal();
  await cluster.until(() => cluster.body(leader, state) === null, 'the mark is cleared', 5000);
  expect(cluster.voters()).toContain(two);
});

test('where guests left no place for the mark of a voter that is down, it is not asked for again and again', async () => {
  const cluster = await Cluster.of('ABC', { steward: { minVoters: 3 } });
  const leader = await cluster.newLeader();
  const silent = leader === 'C' ? 'B' : 'C';
  await cluster.write('A', `/ctl/node/${idOf(silent)}/state/taken`, 'mine');
  await cluster.run(3000);
  cluster.isolate(silent);
  await cluster.run(3000);
  const { last } = cluster.status(leader).raft;
  await cluster.run(3000);
  expect(cluster.status(leader).raft.last).toEqual(last);
  const alarms = cluster.life(leader).logged.filter((line) => line.includes('voter is down'));
  expect(alarms.length).toBe(1);
});

test('what guests write beside slots steers nothing', async () => {
  const cluster = await Cluster.of('AB');
  const state = `/ctl/node/${idOf('B')}/state`;
  await cluster.write('A', state, 'mine');
  await cluster.write('A', `/ctl/node/${idOf('B')}/writable`, 'no');
  await cluster.run(3000);
  expect(cluster.body('A', state)).toBe('mine');
  expect(cluster.voters()).toBe('AB');
});

test('an operator empties a slot: the voter becomes a spare, and comes back when a slot names it', async () => {
  const cluster = await Cluster.of('ABC');
  const leader = await cluster.newLeader();
  const out = leader === 'C' ? 'B' : 'C';
  const slot = `/ctl/cal/${'ABC'.indexOf(out)}`;
  await cluster.write('A', slot, '');
  await cluster.until(() => cluster.learners() === out, `${out} is a spare`);
  await cluster.run(3000);
  expect(cluster.learners()).toBe(out);
  expect(cluster.body(leader, slot)).toBe('');
  await cluster.write('A', slot, idOf(out));
  await cluster.until(() => cluster.voters().length === 3, `${out} votes again`);
});

test('an operator gives a slot to another: both change places in one step', async () => {
  const cluster = await Cluster.of('ABC');
  await cluster.attach('D');
  const leader = await cluster.newLeader();
  const out = leader === 'C' ? 'B' : 'C';
  const slot = `/ctl/cal/${'ABC'.indexOf(out)}`;
  await cluster.write('A', slot, idOf('D'));
  await cluster.until(() => cluster.voters().includes('D'), 'D votes');
  expect(cluster.voters().length).toBe(3);
  expect(cluster.learners()).toBe(out);
  expect(parseNodeId(textOf(new TextEncoder().encode(cluster.body(leader, slot) ?? '')))).toBe(
    idOf('D'),
  );
});

test("the leader's own slot is emptied: another leads, and makes it a spare", async () => {
  const cluster = await Cluster.of('ABC');
  const leader = await cluster.newLeader();
  await cluster.write('A', `/ctl/cal/${'ABC'.indexOf(leader)}`, '');
  await cluster.until(() => cluster.learners() === leader, `${leader} is a spare`);
  expect(cluster.leader()).not.toBe(leader);
  expect(cluster.voters().length).toBe(2);
  expect((await cluster.write(leader, '/x', '1')).value?.kind).toBe('applied');
});

test('the slot of a sole voter is given to a spare: the cluster moves over', async () => {
  const cluster = await Cluster.of('A');
  await cluster.attach('B');
  await cluster.write('A', '/ctl/cal/0', idOf('B'));
  await cluster.until(
    () => cluster.voters() === 'B' && cluster.learners() === 'A',
    'B alone votes',
  );
  expect(cluster.slots()).toEqual({ 0: 'B' });
});

test('a dead spare is dropped; one that is on its way to us has its time', async () => {
  const cluster = await Cluster.of('AB');
  await cluster.run(5000);
  // It is added long after the leader took office, and was never heard.
  await cluster.change({ kind: 'add', id: idOf('X'), address: 'X:8046' });
  await cluster.run(1500);
  expect(cluster.learners()).toBe('X');
  await cluster.until(() => cluster.learners() === '', 'X is dropped', 3000);
  await cluster.attach('C');
  cluster.isolate('C');
  await cluster.until(() => cluster.learners() === '', 'C is dropped', 5000);
  expect(cluster.voters()).toBe('AB');
});

test('a stall of the whole process makes nobody silent', async () => {
  const cluster = await Cluster.of('ABC');
  await cluster.run(3000);
  for (let i = 0; i < 20; i++) {
    await cluster.clock.stall(4000 + i);
    await cluster.run(133);
  }
  await cluster.run(1000);
  expect(cluster.voters()).toBe('ABC');
  expect(cluster.slots()).toEqual({ 0: 'A', 1: 'B', 2: 'C' });
});

test('-timeout 0: nobody is removed for silence', async () => {
  const cluster = await Cluster.of('ABC', { steward: { silenceMs: 0 } });
  await cluster.attach('D');
  cluster.isolate('C');
  cluster.isolate('D');
  await cluster.run(10_000);
  expect(cluster.voters()).toBe('ABC');
  expect(cluster.learners()).toBe('D');
});
