import { describe, expect, test } from 'vitest';
import { ClusterError, nodeId } from '../../src/base/index.ts';
import { judgeNames } from '../../src/life/boot.ts';
import { Awaited } from '../../src/life/patience.ts';
import type { SeedAnswer } from '../../src/life/seeds.ts';
import type { NameEntry, Names } from '../../src/naming/index.ts';
import type { Logger } from '../../src/ports/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

const self = nodeId('SELFAAAAAAAAAAAA');
const [a, b] = [nodeId('AAAAAAAAAAAAAAAA'), nodeId('BAAAAAAAAAAAAAAA')];

const entry = (id: string, address: string | null, kind = 'kept'): NameEntry => ({
  path: `/ctl/${kind}/x/${id}`,
  id,
  address,
  clusterId: null,
  created: 7,
  isLeased: kind === 'ns',
});
const home = (id: typeof a, belongs: boolean): SeedAnswer => ({
  kind: 'home',
  nodeId: id,
  belongs,
  seeds: [],
});
const silent: SeedAnswer = {
  kind: 'failed',
  error: new ClusterError('ERR_UNREACHABLE', 'Cannot reach it'),
};
const judged = (
  names: Partial<Names>,
  answers: Record<string, SeedAnswer> = {},
  attachOnly = false,
) =>
  judgeNames(
    { nodeId: self, address: 's:1', clusterName: 'x', attachOnly },
    { announced: [], kept: [], founder: null, ...names },
    new Map(Object.entries(answers)),
  );

describe('a node without data that looks into the boot cluster', () => {
  test('stands for founder when the name is unknown', () => {
    expect(judged({})).toEqual({ kind: 'claim', gone: [] });
  });

  test('attaches through whoever belongs to the cluster', () => {
    const names = { kept: [entry(a, 'a:1'), entry(b, 'b:1')] };
    const answers = { 'a:1': silent, 'b:1': home(b, true) };
    expect(judged(names, answers)).toEqual({ kind: 'attach', through: ['b:1'] });
  });

  test('waits for a node that does not answer, and says what to do if it never will', () => {
    expect(judged({ kept: [entry(a, 'a:1')] }, { 'a:1': silent })).toEqual({
      kind: 'wait',
      why: `for ${a} at a:1 (Cannot reach it; if it is gone for good, delete /ctl/kept/x/${a} in the boot cluster)`,
      isWrong: false,
    });
    const announced = { announced: [entry(a, 'a:1', 'ns')] };
    expect(judged(announced, { 'a:1': silent })).toMatchObject({
      why: `for ${a} at a:1 (Cannot reach it)`,
    });
    expect(judged({ kept: [entry(a, null)] })).toMatchObject({
      why: expect.stringContaining('its entry holds no address'),
    });
  });

  test('takes an entry for gone when another node, an empty one, answers there', () => {
    const kept = [entry(a, 'a:1'), entry(b, 's:1')];
    expect(judged({ kept }, { 'a:1': home(b, false) })).toEqual({ kind: 'claim', gone: kept });
  });

  test('waits for a founder that has the right and has not used it yet', () => {
    expect(judged({ kept: [entry(a, 'a:1')] }, { 'a:1': home(a, false) })).toMatchObject({
      kind: 'wait',
      why: expect.stringContaining('it is founding the cluster'),
    });
  });

  test('founds when the right is its own already, as after a crash', () => {
    expect(judged({ kept: [entry(self, 's:1')] })).toEqual({ kind: 'found' });
  });

  test('waits while another one stands, and complains of a boot file that nothing ends', () => {
    expect(judged({ founder: { id: a, isLeased: true } })).toMatchObject({
      why: `for ${a}, which founds cluster "x"`,
      isWrong: false,
    });
    expect(judged({ founder: { id: 'old', isLeased: false } })).toMatchObject({
      why: expect.stringContaining('/ctl/boot/x of the boot cluster names old'),
      isWrong: true,
    });
  });

  test('never founds when its folder was promised to a cluster', () => {
    expect(judged({}, {}, true)).toMatchObject({ kind: 'wait' });
  });
});

test('what is awaited is told at once, then ever more seldom; what is wrong at once', async () => {
  const clock = new FakeClock();
  const told: string[] = [];
  const logger = {
    info: (_: unknown, text: string) => told.push(text),
    error: (_: unknown, text: string) => told.push(text),
  } as unknown as Logger;
  const awaited = new Awaited(clock, logger);
  for (let ms = 0; ms < 600_000; ms += 250) {
    awaited.tell(`for a (reason ${ms})`, false);
    await clock.advance(250);
  }
  expect(told.length).toBeGreaterThan(8);
  expect(told.length).toBeLessThan(20);
  awaited.tell('the lists differ', true);
  expect(told.at(-1)).toBe('waiting, and nothing will come of it');
});
