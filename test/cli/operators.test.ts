// What an operator types, against a real cluster of three in this process.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logIndex, nodeId, revision, term } from '../../src/base/index.ts';
import { doozer } from '../../src/cli/doozer.ts';
import { clusterStatusOf } from '../../src/cli/operators/cluster-status.ts';
import { checkQuorum, memberNamed } from '../../src/cli/operators/members.ts';
import type { Answer } from '../../src/cli/operators/survey.ts';
import { bytesText, columns, spanText } from '../../src/cli/operators/table.ts';
import type { Health } from '../../src/client/index.ts';
import type { Daemon } from '../../src/daemon/index.ts';
import { Town } from '../daemon/support/town.ts';
import { FakeTerminal } from './fake-terminal.ts';

const ids = ['AAAAAAAAAAAAAAAA', 'ABAAAAAAAAAAAAAA', 'CAAAAAAAAAAAAAAA'].map(nodeId);
const [idA, idB, idC] = ids as [
  (typeof ids)[0] & string,
  (typeof ids)[0] & string,
  (typeof ids)[0] & string,
];

type Member = Health['members'][number];
const member = (id: Member['id'], i: number, changes: Partial<Member> = {}): Member => ({
  id,
  address: `n${i}:1`,
  part: 'voter',
  slot: String(i),
  silentMs: 0,
  matchedIndex: logIndex(90),
  ...changes,
});
const three = [member(idA, 0), member(idB, 1), member(idC, 2)];

const health = (i: number, changes: Partial<Health> = {}): Health => ({
  nodeId: three[i]?.id ?? idA,
  boot: 1 as Health['boot'],
  address: `n${i}:1`,
  version: '0.1.0',
  life: 'ready',
  role: i === 0 ? 'leader' : 'follower',
  leader: idA,
  term: term(3),
  commitIndex: logIndex(100),
  appliedIndex: logIndex(100),
  revision: revision(80),
  clusterName: 't',
  uptimeMs: 1000,
  logLevel: 'info',
  protocol: 3,
  changePending: false,
  serves: true,
  members: three,
  emptySlots: [],
  alarms: [],
  diskFreeBytes: 1,
  dataBytes: 1,
  ...changes,
});

const surveyOf = (...healths: (Health | string)[]) => {
  const answers = new Map<string, Answer>(
    healths.map((it, i) => [
      `n${i}:1`,
      typeof it === 'string' ? { kind: 'none', reason: it } : { kind: 'health', health: it },
    ]),
  );
  const known = healths.filter((it) => typeof it !== 'string');
  return { best: known.find(({ role }) => role === 'leader') ?? known[0] ?? health(0), answers };
};

describe('a status', () => {
  test('is healthy when a leader and all members answer and nothing is the matter', () => {
    const found = clusterStatusOf(surveyOf(health(0), health(1), health(2)));
    expect(found).toMatchObject({ verdict: 'healthy', why: [], leader: idA });
    expect(found.members.map(({ part }) => part)).toEqual(['leader', 'voter', 'voter']);
  });

  test('is degraded by a member that does not answer, whose lag is what the leader knows', () => {
    const found = clusterStatusOf(surveyOf(health(0), health(1), 'connection refused'));
    expect(found.verdict).toBe('degraded');
    expect(found.why).toEqual([`${idC} does not answer`]);
    expect(found.members[2]).toMatchObject({
      state: 'no answer',
      reason: 'connection refused',
      lag: 10,
    });
  });

  test('is degraded by an alarm, an empty slot, and a stranger at an address of old', () => {
    const alarm = { name: 'disk-full', cause: 'no room', next: 'make room' };
    const found = clusterStatusOf(
      surveyOf(health(0, { emptySlots: ['3'] }), health(1, { alarms: [alarm] }), health(1)),
    );
    expect(found.verdict).toBe('degraded');
    expect(found.why).toEqual([
      `${idC} does not answer`,
      'slot 3 is empty',
      `${idB} has disk-full`,
    ]);
    expect(found.members[2]?.reason).toBe(`${idB} answers there`);
  });

  test('is unhealthy when nobody who answers leads', () => {
    const found = clusterStatusOf(surveyOf('no answer', health(1), 'no answer'));
    expect(found).toMatchObject({ verdict: 'unhealthy', leader: null });
    expect(found.why[0]).toBe('nobody who answers leads');
  });
});

describe('the name of a member', () => {
  test('is an id, the only beginning of one, or an address', () => {
    expect(memberNamed(idB, three).id).toBe(idB);
    expect(memberNamed('ab', three).id).toBe(idB);
    expect(memberNamed('n2:1', three).id).toBe(idC);
  });

  test.each([
    ['A', `"A" may be any of ${idA} at n0:1, ${idB} at n1:1`],
    ['', 'may be any of'],
    ['X', `no member "X"; there are ${idA} at n0:1`],
  ])('%j is refused with those it may mean', (text, words) => {
    expect(() => memberNamed(text, three)).toThrow(words);
  });
});

test('a majority of those who would vote has to answer, unless it is forced', () => {
  const silent = [member(idA, 0), member(idB, 1, { silentMs: 5000 })];
  expect(() => checkQuorum('kick X', silent, false)).toThrow(
    `cannot kick X: of the 2 voters then 2 must answer, and ${idB} at n1:1 is silent; -force`,
  );
  checkQuorum('kick X', silent, true);
  checkQuorum('kick X', [...silent, member(idC, 2)], false);
  expect(() => checkQuorum('kick X', [], true)).toThrow('nobody would vote any more');
});

test('numbers are told for people', () => {
  expect([null, 0, 1023, 1536, 200 * 2 ** 30].map(bytesText)).toEqual([
    '-',
    '0 B',
    '1023 B',
    '1.5 KiB',
    '200 GiB',
  ]);
  expect([null, 999, 61_000, 3_700_000, 90_000_000].map(spanText)).toEqual([
    '-',
    '0s',
    '1m1s',
    '1h1m',
    '1d1h',
  ]);
  expect(
    columns([
      ['a', 'b'],
      ['long', 'x'],
    ]),
  ).toBe('a     b\nlong  x\n');
});

describe('on a real cluster', () => {
  const town = new Town();
  let all: Daemon[] = [];
  beforeAll(async () => {
    const first = await town.start('0');
    all = [first];
    for (const name of ['1', '2']) all.push(await town.start(name, { attach: [first.address] }));
  });
  afterAll(() => town.end());

  const addressOf = (i: number): string => all[i]?.address ?? '';
  async function run(...words: string[]) {
    const uri = `doozer:?${all.map(({ address }) => `ca=${address}`).join('&')}`;
    const terminal = new FakeTerminal('', { DOOZER_URI: uri });
    const status = await doozer(words, terminal);
    return { status, output: terminal.output, errors: terminal.errors };
  }
  const json = async (...words: string[]) => {
    const { output } = await run('-json', ...words);
    return output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  };

  test('spares are promoted, lead, lose their vote and are kicked, each seen to be so', async () => {
    const [own] = await json('members');
    expect(own).toMatchObject({ part: 'leader', slot: '0' });
    expect(await run('promote', addressOf(1))).toMatchObject({
      status: 0,
      errors: expect.stringContaining('Two voters bear no loss') as string,
    });
    expect(await json('promote', addressOf(2))).toEqual([
      expect.objectContaining({ address: addressOf(2), slot: '2', instead: null, voters: 3 }),
    ]);
    expect(await run('promote', addressOf(2))).toMatchObject({ status: 1, output: '' });

    const [led] = await json('transfer', addressOf(1));
    expect(led.before).toBe(own.node);
    expect((await run('transfer', led.leader)).output).toBe(`${led.leader} leads already\n`);

    const [found] = await json('status');
    expect(found).toMatchObject({ cluster: 'test', leader: led.leader, verdict: 'healthy' });
    expect(found.members.map(({ slot }: { slot: string }) => slot)).toEqual(['0', '1', '2']);
    expect((await run('status')).output).toMatch(/^cluster test is healthy\nled by /);

    // The leader itself hands over first.
    expect(await json('demote', led.leader)).toEqual([
      expect.objectContaining({ demoted: led.leader, slot: '1', voters: 2 }),
    ]);
    expect(await run('demote', led.leader)).toMatchObject({ status: 1 });
    expect(await run('transfer', led.leader)).toMatchObject({
      status: 2,
      errors: `Error: ${led.leader} does not vote; only a voter can lead\n`,
    });
    // In a slot that somebody holds.
    const [instead] = await json('promote', led.leader, '2');
    expect(instead).toMatchObject({ slot: '2', voters: 2 });
    expect(instead.instead).not.toBeNull();
    expect(await json('kick', instead.instead)).toEqual([
      expect.objectContaining({ kicked: instead.instead, emptySlot: null }),
    ]);
  }, 30_000);

  test('the log level of one node, of all, and of nobody', async () => {
    expect(await json('log-level', 'debug', addressOf(0))).toEqual([
      expect.objectContaining({ address: addressOf(0), level: 'debug' }),
    ]);
    expect(all[0]?.logLevel()).toBe('debug');
    await run('log-level', 'error', 'all');
    expect(all[0]?.logLevel()).toBe('error');
    expect(all[1]?.logLevel()).toBe('error');
    expect(await run('log-level', 'loud')).toMatchObject({
      status: 2,
      errors: 'Error: no log level "loud": one of error, info, debug\n',
    });
  });
});

test('with a secret the tools of operators need the right to write, and status that to read', async () => {
  const town = new Town();
  try {
    const node = await town.start('0', { secrets: { rw: 'w', ro: 'r' } });
    const run = async (secret: string, ...words: string[]) => {
      const uri = `doozer:?ca=${node.address}${secret === '' ? '' : `&sk=${secret}`}`;
      const terminal = new FakeTerminal('', { DOOZER_URI: uri });
      return [await doozer(words, terminal), terminal.errors];
    };
    const denied = [2, 'Error: OTHER: permission denied\n'];
    expect(await run('', 'status')).toEqual(denied);
    expect(await run('r', 'status')).toEqual([0, '']);
    expect(await run('r', 'log-level', 'debug')).toEqual(denied);
    expect(await run('r', 'log-level')).toEqual([0, '']);
    expect(await run('w', 'log-level', 'error')).toEqual([0, '']);
  } finally {
    await town.end();
  }
});
