// Rules about what a node holds and tells, each broken once by a stream of what nodes do.
import { describe, test } from 'vitest';
import {
  clusterId,
  clusterTime,
  type Lineage,
  logIndex,
  noBytes,
  noLease,
  noTime,
  revision,
  term,
  utf8,
} from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import { emptyTree, type View } from '../../src/tree/index.ts';
import { breach, id, members, Scene, Town, threeVoters } from './checkers-support.ts';

describe('stateMachine and digest', () => {
  test('what is applied at an index is one entry', () => {
    const scene = threeVoters();
    for (const letter of 'AB') scene.save(letter, [[1, 'x']]);
    scene.apply('A', 3, 1);
    scene.save('C', [[2, 'noop']], { term: 2 });
    breach('stateMachine', () => scene.apply('C', 3, 2));
  });

  test('what is applied next follows what others applied', () => {
    const scene = threeVoters();
    for (const letter of 'AB') scene.save(letter, [[1, 'x']]);
    scene.apply('A', 3, 1);
    scene.save('C', [
      [2, 'noop'],
      [2, 'y'],
    ]);
    breach('stateMachine', () => scene.apply('C', 4, 2));
  });

  test('what is applied never goes back in one life', () => {
    const scene = threeVoters();
    breach('stateMachine', () => scene.apply('A', 1, 1));
    const again = threeVoters();
    again.end('A');
    again.start('A');
    again.apply('A', 1, 1);
  });

  test('the commit index never goes back in one life', () => {
    const scene = threeVoters();
    scene.status('B', { commitIndex: logIndex(2) });
    breach('stateMachine', () => scene.status('B', { commitIndex: logIndex(1) }));
  });

  test('only what somebody appended is applied', () => {
    const scene = threeVoters();
    breach('stateMachine', () => scene.apply('B', 9, 1));
  });

  test('equal index, equal state', () => {
    const scene = threeVoters();
    for (const letter of 'ABC') scene.save(letter, [[1, 'x']]);
    const view = { filesDigest: { a: 1, b: 2, c: 3, d: 4 } };
    scene.apply('A', 3, 1, view);
    scene.apply('B', 3, 1, view);
    breach('digest', () => scene.apply('C', 3, 1, { filesDigest: { a: 1, b: 2, c: 3, d: 5 } }));
    breach('digest', () => scene.apply('C', 3, 1, { ...view, clusterTime: clusterTime(1) }));
  });

  test('a tree that the plan made wrong is not compared', () => {
    const scene = threeVoters({ treeMayBeWrong: (node) => node === id('C') });
    for (const letter of 'ABC') scene.save(letter, [[1, 'x']]);
    scene.apply('A', 3, 1, { filesDigest: { a: 1, b: 2, c: 3, d: 4 } });
    scene.apply('C', 3, 1);
    scene.event('A', 1, 'set', '/a', 'x');
    scene.event('C', 1, 'set', '/a', 'y');
  });
});

test('lineage: nobody founds a second cluster', () => {
  const scene = threeVoters();
  const of = (letter: string): Lineage => ({
    clusterId: clusterId(letter.repeat(16)),
    epoch: 1,
    epochId: '',
  });
  scene.apply('A', 2, 1);
  for (const letter of 'ABC') scene.save(letter, [[1, 'x']]);
  scene.apply('A', 3, 1, { lineage: of('K') });
  scene.apply('B', 3, 1, { lineage: of('K') });
  for (const letter of 'ABC') scene.save(letter, [[1, 'y']]);
  breach('lineage', () => scene.apply('C', 4, 1, { lineage: of('L') }));
});

describe('boot, revision and bounds', () => {
  test('boots rise, and one of them runs', () => {
    const scene = threeVoters();
    breach('boot', () => scene.start('A'));
    const again = threeVoters();
    again.end('A');
    again.start('A');
    again.end('A');
    const status = { id: id('A'), raft: {} } as Parameters<typeof again.checkers.started>[1];
    const view = {} as Parameters<typeof again.checkers.started>[2];
    breach('boot', () => again.checkers.started(again.life('A'), status, view));
  });

  test('each revision has one event, and they follow each other', () => {
    const scene = threeVoters();
    scene.event('A', 1);
    scene.event('A', 2);
    breach('revision', () => scene.event('A', 4));
    const twice = threeVoters();
    twice.event('A', 1);
    breach('revision', () => twice.event('A', 1));
    const lost = threeVoters();
    lost.event('A', 1);
    lost.checkers.jumped(lost.life('B'), 3);
    lost.event('B', 3);
    breach('revision', () => lost.checkers.finish());
  });

  test('a snapshot goes on, and does not go back', () => {
    const scene = threeVoters();
    for (let at = 1; at <= 4; at++) scene.event('A', at);
    scene.event('B', 1);
    scene.checkers.jumped(scene.life('B'), 3);
    scene.event('B', 3);
    scene.event('B', 4);
    scene.checkers.jumped(scene.life('B'), 4);
    scene.event('B', 4);
    breach('revision', () => scene.checkers.jumped(scene.life('B'), 2));
  });

  test('an event is the same on every node', () => {
    const scene = threeVoters();
    scene.event('A', 1, 'set', '/a', 'x');
    breach('stateMachine', () => scene.event('B', 1, 'set', '/a', 'y'));
  });

  test('a cluster has no more voters than it may', () => {
    const scene = new Scene();
    scene.start('A');
    breach('bounds', () => scene.save('A', [[1, members('ABCDEFGHIJKLMNOP')]]));
  });

  test('a log is not truncated behind its beginning', () => {
    const scene = threeVoters();
    const [truncateFrom, through] = [logIndex(0), { index: logIndex(2), term: term(1) }];
    breach('durable', () =>
      scene.checkers.saving(scene.life('C'), {
        snapshot: null,
        hardState: null,
        truncateFrom,
        entries: [],
        through,
      }),
    );
  });

  test('a snapshot is of something that was appended', () => {
    const scene = threeVoters();
    const at = { index: logIndex(9), term: term(1) };
    const meta = { ...at, time: noTime, membership: members('ABC'), membershipAt: at };
    breach('logMatching', () =>
      scene.checkers.saving(scene.life('C'), {
        snapshot: meta,
        hardState: null,
        truncateFrom: null,
        entries: [],
        through: at,
      }),
    );
  });

  test('what has a bound keeps to it', () => {
    const scene = threeVoters();
    scene.checkers.size(scene.life('A'), 'proposals', 10, 10);
    breach('bounds', () => scene.checkers.size(scene.life('A'), 'proposals', 11, 10));
  });
});

describe('model and tree', () => {
  /** One more event, and the first view after it is `view`. */
  function ending(view: Partial<View>): Town {
    const town = new Town();
    town.write('ann', '/a', 'one');
    town.write('bob', '/a', 'two');
    const { scene, state } = town;
    const { appliedIndex } = state;
    scene.save('A', [[1, 'c']]);
    scene.event('A', 3, 'delete', '/b', '');
    scene.apply('A', appliedIndex + 1, 1, {
      ...state,
      lastEvent: {
        kind: 'delete',
        path: path('/b'),
        body: noBytes,
        revision: revision(3),
        previous: null,
      },
      revision: revision(3),
      appliedIndex: logIndex(appliedIndex + 1),
      ...view,
    });
    town.told('ann', { kind: 'delete', path: '/b', guard: -1 }, { kind: 'wrote', revision: 3 });
    return town;
  }

  test('a node holds what the events make of it', () => {
    const { files } = emptyTree();
    breach('model', () => ending({ files }).finish());
    const more = files.with(path('/a'), file('two', 2)).with(path('/z'), file('z', 2));
    breach('model', () => ending({ files: more }).finish());
  });

  test('what a node holds is whole', () => {
    breach('tree', () => ending({ filesDigest: emptyTree().filesDigest }).finish());
    breach('tree', () => ending({ lastEvent: null }).finish());
  });
});

const file = (body: string, at: number) => ({
  body: utf8(body),
  created: revision(at),
  changed: revision(at),
  lease: noLease,
});
