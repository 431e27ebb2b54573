import { describe, expect, test } from 'vitest';
import { ClusterError, type NodeId, nodeId } from '../../src/base/index.ts';
import { judgeSeeds, type SeedAnswer } from '../../src/life/seeds.ts';

const list = ['a:1', 'b:1', 'c:1'];
const idAt = (address: string): NodeId =>
  nodeId(`${address[0]?.toUpperCase()}AAAAAAAAAAAAAAA`.slice(0, 16));
const empty = (address: string, seeds = list): SeedAnswer => ({
  kind: 'home',
  nodeId: idAt(address),
  belongs: false,
  seeds,
});
const member = (address: string): SeedAnswer =>
  ({ ...empty(address), belongs: true }) as SeedAnswer;
const failed = (code: 'ERR_UNREACHABLE' | 'ERR_ACCESS_DENIED', why: string): SeedAnswer => ({
  kind: 'failed',
  error: new ClusterError(code, why),
});

/** What the node at `address` decides when the others said `answers`. */
const judged = (address: string, answers: Record<string, SeedAnswer>, seeds = list) =>
  judgeSeeds(
    { nodeId: idAt(address), address, clusterName: 'test', secret: '', seeds },
    new Map(Object.entries(answers)),
  );

describe('a node without data and with a list', () => {
  test('founds when it is the lowest, and all others are empty and were given the same', () => {
    const others = { 'b:1': empty('b:1'), 'c:1': empty('c:1') };
    expect(judged('a:1', others)).toEqual({ kind: 'found' });
    expect(judged('a:1', {}, ['a:1'])).toEqual({ kind: 'found' });
  });

  test.each(['b:1', 'c:1'])('waits for the lowest when it is %s', (address) => {
    const answers = Object.fromEntries(
      list.filter((each) => each !== address).map((each) => [each, empty(each)]),
    );
    expect(judged(address, answers)).toEqual({
      kind: 'wait',
      why: 'for a:1 to found the cluster',
      isWrong: false,
    });
  });

  test('attaches through whoever belongs to the cluster, whatever the others say', () => {
    const answers = { 'b:1': member('b:1'), 'c:1': failed('ERR_ACCESS_DENIED', 'no') };
    expect(judged('a:1', answers)).toEqual({ kind: 'attach', through: ['b:1'] });
    const other = { 'b:1': empty('b:1', ['x:1']), 'c:1': member('c:1') };
    expect(judged('a:1', other)).toEqual({ kind: 'attach', through: ['c:1'] });
  });

  test('waits while one does not answer, and says for whom and why', () => {
    const answers = { 'b:1': empty('b:1'), 'c:1': failed('ERR_UNREACHABLE', 'refused') };
    expect(judged('a:1', answers)).toEqual({
      kind: 'wait',
      why: 'for c:1 (refused)',
      isWrong: false,
    });
    expect(judged('a:1', { 'b:1': empty('b:1') })).toMatchObject({ why: 'for c:1 (not asked)' });
  });

  test('complains about another list, and shows both', () => {
    const answers = { 'b:1': empty('b:1', ['a:1', 'b:1']), 'c:1': empty('c:1') };
    expect(judged('a:1', answers)).toEqual({
      kind: 'wait',
      why: 'the lists differ: this node was given -seed a:1,b:1,c:1, b:1 was given -seed a:1,b:1',
      isWrong: true,
    });
    const none = { 'b:1': empty('b:1', []), 'c:1': empty('c:1') };
    expect(judged('a:1', none)).toMatchObject({
      why: expect.stringMatching(/b:1 was given no -seed$/),
    });
  });

  test('complains about a secret that is not the same', () => {
    const answers = { 'b:1': failed('ERR_ACCESS_DENIED', 'denied'), 'c:1': empty('c:1') };
    expect(judged('a:1', answers)).toMatchObject({
      isWrong: true,
      why: expect.stringContaining('DOOZER_RWSECRET must be the same'),
    });
  });

  test('knows its own address in the list by meeting itself there', () => {
    const met = { 'a:1': empty('x:9'), 'b:1': empty('b:1'), 'c:1': empty('c:1') };
    expect(judged('x:9', met)).toEqual({ kind: 'found' });
    const taken = { 'a:1': member('x:9'), 'b:1': empty('b:1'), 'c:1': empty('c:1') };
    expect(judged('x:9', taken)).toEqual({ kind: 'found' });
  });

  test('never founds when it is not in its own list', () => {
    const all = { 'a:1': empty('a:1'), 'b:1': empty('b:1'), 'c:1': empty('c:1') };
    expect(judged('x:9', all)).toMatchObject({
      isWrong: true,
      why: 'for a cluster to attach to: x:9 is not in its own list a:1,b:1,c:1',
    });
  });

  test('complains when two addresses are one node: somebody has not been heard', () => {
    const answers = { 'b:1': empty('b:1'), 'c:1': empty('b:1') };
    expect(judged('a:1', answers)).toMatchObject({
      isWrong: true,
      why: 'b:1 and c:1 in the list of -seed are one node',
    });
  });
});
