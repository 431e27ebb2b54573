import { describe, expect, test } from 'vitest';
import { clusterTime, logIndex, term, textOf } from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import { apply, fileAt } from '../../src/tree/index.ts';
import { Driver, idOf, lineageOf, pathsOf } from './driver.ts';

const noteOf = (driver: Driver): string | null => {
  const file = fileAt(driver.state, path('/ctl/err'));
  return file === null ? null : textOf(file.body);
};

describe('a guard', () => {
  // Specification 4.4: what a revision means on a missing path, a file at revision 2, a directory.
  const table: readonly [guard: number, missing: string, file: string, directory: string][] = [
    [-1, 'applied', 'applied', 'ERR_IS_DIRECTORY'],
    [0, 'applied', 'ERR_REV_MISMATCH', 'ERR_IS_DIRECTORY'],
    [1, 'applied', 'ERR_REV_MISMATCH', 'ERR_IS_DIRECTORY'],
    [2, 'applied', 'applied', 'ERR_IS_DIRECTORY'],
    [99, 'applied', 'applied', 'ERR_IS_DIRECTORY'],
    [Number.MAX_SAFE_INTEGER, 'applied', 'applied', 'ERR_IS_DIRECTORY'],
    [-2, 'ERR_REV_MISMATCH', 'ERR_REV_MISMATCH', 'ERR_IS_DIRECTORY'],
    [-3, 'ERR_REV_MISMATCH', 'ERR_REV_MISMATCH', 'ERR_REV_MISMATCH'],
    [Number.MIN_SAFE_INTEGER, 'ERR_REV_MISMATCH', 'ERR_REV_MISMATCH', 'ERR_REV_MISMATCH'],
  ];
  for (const [guard, ...answers] of table) {
    test(`of ${guard} holds, or does not, for set and delete alike`, () => {
      for (const [i, at] of ['/missing', '/file', '/directory', '/'].entries()) {
        for (const verb of ['set', 'delete'] as const) {
          const driver = new Driver();
          driver.set('/directory/x');
          driver.set('/file');
          const { reply } = verb === 'set' ? driver.set(at, 'y', guard) : driver.delete(at, guard);
          const answer = reply?.kind === 'refused' ? reply.code : reply?.kind;
          expect(answer, `${verb} ${at}`).toBe(answers[Math.min(i, 2)]);
          expect(driver.state.revision).toBe(3);
        }
      }
    });
  }
});

describe('what is too large', () => {
  test('is refused by the limits of the cluster, not of the release', () => {
    const driver = new Driver();
    driver.found({}, { valueBytesMax: 4, pathBytesMax: 5 });
    expect(driver.set('/abcd', '1234').reply?.kind).toBe('applied');
    expect(driver.set('/abcd', '12345').reply).toMatchObject({ code: 'ERR_TOO_LARGE' });
    expect(noteOf(driver)).toBe('too large');
    expect(driver.set('/abcde', '').reply).toMatchObject({ code: 'ERR_TOO_LARGE' });
    expect(driver.delete('/abcde').reply).toMatchObject({ code: 'ERR_TOO_LARGE' });
    expect(driver.state.revision).toBe(4);
  });
});

describe('founding', () => {
  test('writes its files in order, one revision each, once', () => {
    const driver = new Driver();
    driver.members({ voters: 'A' });
    const { reply, events } = driver.found({ '/ctl/name': 'local', '/ctl/cal/0': idOf('A') });
    expect(reply).toEqual({ kind: 'applied', revision: 2 });
    expect(events.map(({ path }) => path)).toEqual(['/ctl/name', '/ctl/cal/0']);
    expect(driver.state).toMatchObject({
      name: 'local',
      behaviourVersion: 1,
      lineage: { epoch: 1 },
    });
    expect(driver.found({ '/x': '' }).reply).toMatchObject({ kind: 'refused', revision: 3 });
    expect(noteOf(driver)).toBe('bad mutation');
    expect(pathsOf(driver.state)).toEqual(['/ctl/cal/0', '/ctl/err', '/ctl/name']);
  });

  test('may come before the first membership', () => {
    const driver = new Driver();
    driver.found({ '/ctl/cal/0': idOf('A'), '/ctl/cal/1': '' });
    expect(driver.members({ voters: 'A' }).events).toEqual([]);
    expect(driver.set('/ctl/cal/1', idOf('B')).reply).toMatchObject({ code: 'ERR_BAD_SLOT' });
  });

  test('with files that cannot stand together does nothing', () => {
    const driver = new Driver();
    const { reply } = driver.found({ '/a': '', '/a/b': '' });
    expect(reply).toMatchObject({ kind: 'refused', code: 'ERR_NOT_DIRECTORY', revision: 1 });
    expect(driver.state.lineage).toBe(null);
    expect(pathsOf(driver.state)).toEqual(['/ctl/err']);
    expect(driver.found().reply?.kind).toBe('applied');
    expect(driver.state.lineage).toEqual(lineageOf('C', 1));
  });
});

describe('publishing', () => {
  test('writes below the folder of a member, one revision each', () => {
    const driver = new Driver();
    driver.members({ voters: 'A', learners: 'B' });
    const { events, reply } = driver.publish('B', { addr: 'b:1', state: 'ready' });
    expect(reply).toEqual({ kind: 'applied', revision: 2 });
    expect(events.map(({ path }) => path)).toEqual([
      `/ctl/node/${idOf('B')}/addr`,
      `/ctl/node/${idOf('B')}/state`,
    ]);
  });

  test('says nothing for a node that is no member any more', () => {
    const driver = new Driver();
    driver.members({ voters: 'AB' });
    driver.members({ voters: 'A', outgoing: 'AB' });
    expect(driver.publish('B', { addr: 'b:1' }).events.length).toBe(1);
    driver.members({ voters: 'A' });
    const { events, reply } = driver.publish('B', { addr: 'b:1' });
    expect(events).toEqual([]);
    expect(reply).toEqual({ kind: 'applied', revision: 2 });
  });

  test('passes over files that have no place, no valid name, or are too large', () => {
    const driver = new Driver();
    driver.found();
    driver.members({ voters: 'A' });
    driver.set(`/ctl/node/${idOf('A')}/addr/x`);
    const files = { addr: '', 'a b': '', 'x/y': '', '': '', state: '', big: 'x'.repeat(1001) };
    expect(driver.publish('A', files).events.map(({ path }) => path)).toEqual([
      `/ctl/node/${idOf('A')}/state`,
    ]);
    driver.delete(`/ctl/node/${idOf('A')}/addr/x`);
    driver.delete(`/ctl/node/${idOf('A')}/state`);
    driver.set('/ctl/node', 'scribble');
    expect(driver.publish('A', { addr: '' }).events).toEqual([]);
  });
});

test('an unreadable command is refused, with a note', () => {
  const driver = new Driver();
  expect(driver.command({ kind: 'unreadable' }).reply).toMatchObject({
    kind: 'refused',
    code: 'ERR_BAD_ARGUMENT',
    revision: 1,
  });
  expect(noteOf(driver)).toBe('bad mutation');
});

test('where no note can be written a refusal takes its revision by a nop', () => {
  for (const blocker of ['/ctl', '/ctl/err/x']) {
    const driver = new Driver();
    driver.set(blocker, 'mine');
    const { reply, events } = driver.set(blocker, '', 0);
    expect(reply).toMatchObject({ code: 'ERR_REV_MISMATCH', revision: 2 });
    expect(events).toMatchObject([{ kind: 'nop', path: '/', revision: 2 }]);
    expect(pathsOf(driver.state)).toEqual([blocker]);
  }
});

test('a file keeps its created revision until it is deleted', () => {
  const driver = new Driver();
  driver.set('/a');
  driver.set('/a');
  expect(fileAt(driver.state, path('/a'))).toMatchObject({ created: 1, changed: 2 });
  driver.delete('/a');
  driver.set('/a');
  expect(fileAt(driver.state, path('/a'))).toMatchObject({ created: 4, changed: 4 });
});

test('an entry without a command notes index, term and time, and takes no revision', () => {
  const driver = new Driver();
  const { state, reply, events } = driver.take({ kind: 'nothing' }, 50);
  expect([state.appliedIndex, state.appliedTerm, state.clusterTime]).toEqual([1, 1, 50]);
  expect([state.revision, reply, events]).toEqual([0, null, []]);
});

test('cluster time never falls (T5)', () => {
  const driver = new Driver();
  driver.command({ kind: 'nop' }, 50);
  driver.command({ kind: 'nop' }, 40);
  expect(driver.state.clusterTime).toBe(50);
});

test('entries are applied in order, each once', () => {
  const { state } = new Driver();
  const nothing = { kind: 'nothing' as const };
  for (const index of [0, 2]) {
    const change = { index: logIndex(index), term: term(1), time: clusterTime(0), body: nothing };
    expect(() => apply(state, change)).toThrow('in order');
  }
});
