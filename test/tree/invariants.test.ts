import { describe, expect, test } from 'vitest';
import { leaseId, must, noBytes, revision, utf8 } from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import { DigestSum, noDigest } from '../../src/tree/digest.ts';
import { checkTree, checkTreeStep, type TreeState } from '../../src/tree/index.ts';
import { Driver, idOf } from './driver.ts';

function sound(): TreeState {
  const driver = new Driver();
  driver.members({ voters: 'AB' });
  driver.found({ '/ctl/cal/0': idOf('A'), '/ctl/cal/1': idOf('B') });
  driver.set('/a/b');
  return driver.state;
}

const state = sound();
const file = must(state.files.get(path('/a/b')), 'a file');

describe('checkTree() says no when broken on purpose', () => {
  const table: readonly [claim: RegExp, broken: () => TreeState][] = [
    [/T1: no file was changed after/, () => ({ ...state, revision: revision(2) })],
    [/T1: the last event/, () => ({ ...state, revision: revision(9) })],
    [/T1: a file was changed when/, () => changed({ created: revision(4) })],
    [/T1: a file was created/, () => changed({ created: revision(0) })],
    [/T2: the digest/, () => changed({ body: noBytes })],
    [/T2: the digest/, () => ({ ...state, filesDigest: { ...state.filesDigest, a: 1 } })],
    [/T3: a directory counts/, () => counted('/a', 2)],
    [/T3: every directory holds/, () => counted('/empty', 0)],
    [/T3: no path is both/, () => counted('/a/b', 1)],
    [
      /T3: every directory/,
      () => ({ ...state, directories: state.directories.without(path('/a')) }),
    ],
    [/T4: the lease/, () => changed({ lease: leaseId(5) })],
    [/T7: a slot is empty/, () => withBody('/ctl/cal/1', 'nobody')],
    [/T7: a slot holds/, () => withBody('/ctl/cal/1', idOf('Z'))],
    [/T7: a member stands/, () => withBody('/ctl/cal/1', idOf('A'))],
  ];
  const changed = (change: object): TreeState => ({
    ...state,
    files: state.files.with(path('/a/b'), { ...file, ...change }),
  });
  const counted = (at: string, count: number): TreeState => ({
    ...state,
    directories: state.directories.with(path(at), count),
  });
  const withBody = (at: string, body: string): TreeState => {
    const old = must(state.files.get(path(at)), 'a file');
    return { ...state, files: state.files.with(path(at), { ...old, body: utf8(body) }) };
  };

  test('and nothing else: the sound one passes', () => {
    expect(() => checkTree(state)).not.toThrow();
  });
  for (const [claim, broken] of table) {
    test(String(claim), () => {
      expect(() => checkTree(withDigest(broken(), claim))).toThrow(claim);
    });
  }

  /** Breaks of slots would show in the digest first: give it what it wants. */
  function withDigest(broken: TreeState, claim: RegExp): TreeState {
    if (!String(claim).includes('T7')) return broken;
    const sum = new DigestSum(noDigest);
    for (const [at, one] of broken.files.entries()) sum.add(at, one);
    return { ...broken, filesDigest: sum.sum };
  }
});

describe('checkTreeStep() says no when broken on purpose', () => {
  const table: readonly [claim: RegExp, change: object][] = [
    [/T1/, { revision: revision(2) }],
    [/T5/, { clusterTime: -1 }],
    [/R1/, { appliedIndex: 0 }],
    [/R2/, { appliedTerm: 0 }],
    [/stays founded/, { lineage: null }],
  ];
  for (const [claim, change] of table) {
    test(String(claim), () => {
      expect(() => checkTreeStep(state, { ...state, ...change })).toThrow(claim);
    });
  }
});
