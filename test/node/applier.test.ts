import { expect, test } from 'vitest';
import {
  bootNumber,
  emptyMembership,
  type LogIndex,
  logIndex,
  must,
  noIndex,
  noSession,
  noTerm,
  noTime,
  type Revision,
  revision,
  term,
  utf8,
} from '../../src/base/index.ts';
import { Applier } from '../../src/node/applier.ts';
import { compileGlob, path } from '../../src/paths/index.ts';
import { encodeEnvelope } from '../../src/protocol/index.ts';
import type { Entry } from '../../src/raft/index.ts';
import { emptyTree, usualLimits } from '../../src/tree/index.ts';
import { idOf } from '../support/cluster.ts';

const origin = { index: noIndex, term: noTerm };
const kept = 100;

function entry(index: number): Entry {
  const command = { kind: 'set', path: path('/a'), body: utf8(`${index}`), guard: -1 } as const;
  const by = { node: idOf('A'), boot: bootNumber(1), n: index };
  const session = { session: noSession, seq: 0, ackedBelow: 0 };
  const bytes = encodeEnvelope({ origin: by, ...session, command });
  const payload = { kind: 'command', bytes } as const;
  return { index: logIndex(index), term: term(1), time: noTime, payload, encoded: null };
}

const entries = (from: number, to: number): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => entry(from + i));

function applierThat(commitIndex: () => LogIndex): Applier {
  const nothing = () => {};
  return new Applier({
    id: idOf('B'),
    boot: bootNumber(1),
    state: { ...emptyTree(), limits: { ...usualLimits, valueBytesMax: 100, pathBytesMax: 100 } },
    meta: { ...origin, time: noTime, membership: emptyMembership, membershipAt: origin },
    historyRevisions: kept,
    historyBytesMax: 1e9,
    commitIndex,
    granted: () => {},
    ownApplied: nothing,
    termApplied: nothing,
    membershipApplied: nothing,
    passed: nothing,
  });
}

test('a backlog longer than the history leaves none of it behind, and then the history it should', () => {
  const applier = applierThat(() => logIndex(3000));
  applier.push(entries(1, 2000));
  applier.run(() => false);
  // The rest is committed, and no more than the last group that was applied at once is remembered.
  expect(applier.state.revision).toBe(2000);
  expect(applier.oldest).toBeGreaterThan(2000 - 64);
  applier.push(entries(2001, 3000));
  applier.run(() => false);
  applier.sweep();
  expect(applier.oldest).toBe(3000 - kept + 1);
  expect(applier.viewAt(applier.oldest)).toMatchObject({ revision: applier.oldest });
});

test('a backlog shorter than the history forgets nothing before it is time', () => {
  const applier = applierThat(() => logIndex(2000 + kept));
  applier.push(entries(1, 2000 + kept));
  let slices = 0;
  const through: Revision = revision(2000);
  while (!applier.run(() => applier.state.revision >= through)) slices++;
  expect(slices).toBeGreaterThan(0);
  const from = applier.oldest;
  expect(from).toBeLessThanOrEqual(through);
  expect(applier.viewAt(revision(from + kept))).toMatchObject({ revision: from + kept });
});

test('who waits for what a backlog holds hears of it, though it is not kept', () => {
  const applier = applierThat(() => logIndex(3000));
  const heard: number[] = [];
  applier.watch(must(compileGlob('/**'), 'a glob'), revision(500), {
    event: (event) => heard.push(event.revision),
    compacted: () => heard.push(-1),
  });
  applier.push(entries(1, 3000));
  applier.run(() => false);
  expect(heard.length).toBe(2501);
  expect(heard[0]).toBe(500);
  expect(heard.at(-1)).toBe(3000);
});
