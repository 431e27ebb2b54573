// Each rule about what guests see, broken once by a history, and nearly broken once.
import { describe, expect, test } from 'vitest';
import type { Asked, WatchNote } from '../../src/sim/history.ts';
import { breach, Town } from './checkers-support.ts';

const get = (path: string, at: number | null = null): Asked => ({ kind: 'get', path, at });
const value = (body: string, revision: number) =>
  ({ kind: 'value', file: { body, revision } }) as const;
const noFile = { kind: 'value', file: null } as const;
const rev: Asked = { kind: 'rev' };

/** `/a` is `one` at revision 1 and `two` at 2, and everybody knows. */
function twoWrites(parts: ConstructorParameters<typeof Town>[0] = {}): Town {
  const town = new Town(parts);
  town.write('ann', '/a', 'one');
  town.write('bob', '/a', 'two');
  return town;
}

test('an honest history breaks nothing', () => {
  const town = twoWrites();
  town.told('ann', get('/a'), value('two', 2));
  town.told('ann', { kind: 'stat', path: '/a', at: null }, stat('file', 2, 3));
  town.told('ann', { kind: 'stat', path: '/', at: 1 }, stat('directory', -2, 1));
  town.told('ann', { kind: 'list', path: '/', at: null }, { kind: 'names', names: ['a'] });
  const files = [{ path: '/a', body: 'two', revision: 2 }];
  town.told('ann', { kind: 'walk', glob: '/**', at: null }, { kind: 'files', files });
  town.told('ann', rev, { kind: 'revision', revision: 2 });
  town.delete('bob', '/a', 2);
  town.told('ann', get('/a'), noFile);
  town.finish();
  expect(town.scene.checkers.counts).toMatchObject({ operations: 10, writes: 3, reads: 7 });
});

const stat = (what: 'missing' | 'file' | 'directory', revision: number, count: number) =>
  ({ kind: 'stat', what, revision, count }) as const;

describe('linearizable', () => {
  test('a read sees what was acknowledged before it began', () => {
    const town = twoWrites();
    town.told('ann', get('/a'), value('one', 1));
    breach('linearizable', () => town.finish());
  });

  test('a read that began before may see either', () => {
    for (const [body, revision] of [
      ['one', 1],
      ['two', 2],
    ] as const) {
      const town = new Town();
      town.write('ann', '/a', 'one');
      const read = town.history.began('ann', get('/a'));
      town.write('bob', '/a', 'two');
      town.history.ended(read, value(body, revision));
      town.finish();
    }
  });

  test('a read sees what another read saw before it began', () => {
    const town = twoWrites();
    const early = town.history.began('ann', get('/a'));
    const late = town.history.began('bob', get('/a'));
    town.delete('cat', '/a');
    town.history.ended(early, noFile);
    town.told('dan', get('/a'), value('two', 2));
    town.history.ended(late, noFile);
    breach('linearizable', () => town.finish());
  });

  test('what one read found missing another may have found before', () => {
    const town = twoWrites();
    const late = town.history.began('bob', get('/a'));
    const write = town.history.began('cat', { kind: 'delete', path: '/a', guard: -1 });
    const told = town.do({ kind: 'delete', path: '/a' as never, guard: -1 });
    town.told('ann', get('/a'), value('two', 2));
    town.told('ann', get('/a'), noFile);
    town.history.ended(late, value('two', 2));
    town.history.ended(write, told);
    town.finish();
  });

  test('nobody reads what was never there', () => {
    const town = twoWrites();
    town.told('ann', get('/a'), value('three', 2));
    breach('linearizable', () => town.finish());
  });

  test('nobody reads the future', () => {
    const town = new Town();
    town.write('ann', '/a', 'one');
    const read = town.history.began('bob', get('/a'));
    town.history.ended(read, value('two', 2));
    town.write('ann', '/a', 'two');
    breach('linearizable', () => town.finish());
  });

  test('a read at a revision sees that one', () => {
    const good = twoWrites();
    good.told('ann', get('/a', 1), value('one', 1));
    good.told('ann', get('/a', 2), value('two', 2));
    good.told('ann', get('/a', 1), { kind: 'refused', code: 'ERR_COMPACTED' });
    good.finish();
    const bad = twoWrites();
    bad.told('ann', get('/a', 1), value('two', 2));
    breach('linearizable', () => bad.finish());
  });

  test.each([
    ['list', { kind: 'names', names: ['a', 'b'] }],
    ['list', { kind: 'names', names: [] }],
    ['list', { kind: 'refused', code: 'ERR_NO_ENTRY' }],
    ['get', { kind: 'refused', code: 'ERR_IS_DIRECTORY' }],
    ['get', noFile],
    ['stat', stat('file', 2, 4)],
    ['stat', stat('file', 1, 3)],
    ['stat', stat('directory', 0, 3)],
    ['stat', stat('missing', 0, 0)],
    ['walk', { kind: 'files', files: [] }],
    ['walk', { kind: 'files', files: [{ path: '/a', body: 'one', revision: 2 }] }],
  ] as const)('a %s is not answered with %j', (kind, told) => {
    const town = twoWrites();
    if (kind === 'walk') town.told('ann', { kind, glob: '/**', at: null }, told);
    else town.told('ann', { kind, path: kind === 'list' ? '/' : '/a', at: null }, told);
    breach('linearizable', () => town.finish());
  });

  test('a revision is none that was overtaken, unless its node was alone', () => {
    const old = { kind: 'revision', revision: 1 } as const;
    const alone = twoWrites();
    alone.told('ann', rev, old);
    alone.finish();
    const town = twoWrites({ mayBeStale: () => false });
    town.told('ann', rev, old);
    breach('linearizable', () => town.finish());
    const future = twoWrites();
    future.told('ann', rev, { kind: 'revision', revision: 3 });
    breach('linearizable', () => future.finish());
  });

  test('a write comes after everything that was known when it began', () => {
    const town = new Town();
    const write = town.history.began('ann', { kind: 'set', path: '/a', body: 'one', guard: -1 });
    const told = town.set('/a', 'one');
    town.history.ended(write, told);
    const late = town.history.began('bob', { kind: 'delete', path: '/a', guard: -1 });
    town.history.ended(late, { kind: 'wrote', revision: 1 });
    breach('durable', () => town.finish());
    const early = new Town();
    const asked = { kind: 'set', path: '/b', body: 'b', guard: -1 } as const;
    early.set('/b', 'b');
    early.told('cat', get('/b'), value('b', 1));
    early.told('ann', asked, { kind: 'wrote', revision: 1 });
    breach('linearizable', () => early.finish());
  });
});

describe('session', () => {
  test('what a client of ours is told of the revision never goes back', () => {
    const town = twoWrites({ keepsFloor: (guest) => guest === 'bob' });
    town.told('ann', rev, { kind: 'revision', revision: 0 });
    town.told('bob', rev, { kind: 'revision', revision: 1 });
    breach('session', () => town.finish());
    const good = twoWrites({ keepsFloor: () => true });
    good.told('ann', rev, { kind: 'revision', revision: 1 });
    good.finish();
  });
});

describe('durable and exactlyOnce', () => {
  test('what was acknowledged is in the history, where it was said to be', () => {
    const town = twoWrites();
    const asked = { kind: 'set', path: '/a', body: 'lost', guard: -1 } as const;
    town.told('ann', asked, { kind: 'wrote', revision: 2 });
    breach('durable', () => town.finish());
    const silent = twoWrites();
    silent.told('ann', asked, { kind: 'wrote', revision: null });
    breach('durable', () => silent.finish());
    const deletes = twoWrites();
    deletes.told(
      'ann',
      { kind: 'delete', path: '/a', guard: -1 },
      { kind: 'wrote', revision: null },
    );
    breach('durable', () => deletes.finish());
  });

  test('what nobody was told of may be there or not', () => {
    for (const happened of [true, false]) {
      const town = twoWrites();
      const asked = { kind: 'set', path: '/a', body: 'three', guard: -1 } as const;
      const write = town.history.began('ann', asked);
      if (happened) town.set('/a', 'three');
      town.history.ended(write, { kind: 'unknown', code: 'ERR_OUTCOME_UNKNOWN' });
      const open = town.history.began('ann', { ...asked, body: 'four' });
      expect(open.told).toBeNull();
      town.finish();
    }
  });

  test('what was refused is not there', () => {
    for (const code of ['ERR_NO_LEADER', 'ERR_REV_MISMATCH'] as const) {
      const town = twoWrites();
      const asked = { kind: 'set', path: '/a', body: 'three', guard: -1 } as const;
      const write = town.history.began('ann', asked);
      town.set('/a', 'three');
      town.history.ended(write, { kind: 'refused', code });
      breach('durable', () => town.finish());
    }
  });

  test('nothing is there twice', () => {
    const town = twoWrites();
    town.set('/a', 'two');
    breach('exactlyOnce', () => town.finish());
    const deletes = twoWrites();
    deletes.delete('ann', '/a');
    deletes.do({ kind: 'delete', path: '/a' as never, guard: -1 });
    breach('exactlyOnce', () => deletes.finish());
    const nops = twoWrites();
    nops.do({ kind: 'nop' });
    breach('exactlyOnce', () => nops.finish());
    const asked = twoWrites();
    const nop = asked.history.began('ann', { kind: 'nop' });
    asked.history.ended(nop, asked.do({ kind: 'nop' }));
    asked.finish();
  });

  test('nothing is there that nobody asked for, but for what nodes and the driver write', () => {
    const town = twoWrites();
    town.set('/ctl/x', 'a node wrote this');
    town.set('/alive', 'so did the driver');
    town.finish();
    town.set('/b', 'who was that?');
    breach('exactlyOnce', () => town.finish());
  });
});

describe('guard', () => {
  test('a refusal has its reason in some state of its time', () => {
    const good = twoWrites();
    expect(good.write('ann', '/a', 'three', 1).told).toMatchObject({ code: 'ERR_REV_MISMATCH' });
    expect(good.write('ann', '/a/b', 'four').told).toMatchObject({ code: 'ERR_NOT_DIRECTORY' });
    expect(good.write('ann', '/', 'five').told).toMatchObject({ code: 'ERR_IS_DIRECTORY' });
    good.finish();
    expect(good.scene.checkers.counts.refusedByTree).toBe(3);
    const bad = twoWrites();
    // Somebody else's refusal left a note, and this guard held.
    const write = bad.history.began('ann', { kind: 'set', path: '/a', body: 'three', guard: 2 });
    bad.write('bob', '/a', 'four', 1);
    bad.history.ended(write, { kind: 'refused', code: 'ERR_REV_MISMATCH' });
    breach('guard', () => bad.finish());
  });

  test('a refusal of the tree leaves a note', () => {
    const town = twoWrites();
    const asked = { kind: 'set', path: '/a', body: 'three', guard: 1 } as const;
    town.told('ann', asked, { kind: 'refused', code: 'ERR_REV_MISMATCH' });
    breach('guard', () => town.finish());
  });

  test('a note that has no place is a nop', () => {
    const town = new Town();
    town.write('ann', '/ctl', 'a file');
    expect(town.write('ann', '/ctl', 'three', 0).told).toMatchObject({ code: 'ERR_REV_MISMATCH' });
    town.finish();
  });

  test('what took effect was allowed to', () => {
    const told = { kind: 'wrote', revision: 3 } as const;
    for (const answer of [told, { kind: 'unknown', code: 'ERR_OUTCOME_UNKNOWN' } as const]) {
      const town = twoWrites();
      const write = town.history.began('ann', { kind: 'set', path: '/a', body: 'three', guard: 1 });
      town.set('/a', 'three');
      town.history.ended(write, answer);
      breach('guard', () => town.finish());
    }
  });
});

describe('wait and follower', () => {
  const event = (path: string, body: string, revision: number) =>
    ({ kind: 'event', event: { kind: 'set', path, body, revision } }) as const;

  function threeFiles(): Town {
    const town = new Town();
    town.write('ann', '/a', 'one');
    town.write('ann', '/b', 'two');
    town.write('ann', '/a', 'three');
    return town;
  }

  test('a wait is answered with the first event that matches', () => {
    const good = threeFiles();
    good.told('bob', { kind: 'wait', glob: '/a', from: 2 }, event('/a', 'three', 3));
    good.told('bob', { kind: 'wait', glob: '/a', from: 0 }, event('/a', 'one', 1));
    good.finish();
    const late = threeFiles();
    late.told('bob', { kind: 'wait', glob: '/a', from: 1 }, event('/a', 'three', 3));
    breach('wait', () => late.finish());
    const other = threeFiles();
    other.told('bob', { kind: 'wait', glob: '/b', from: 3 }, event('/a', 'three', 3));
    breach('wait', () => other.finish());
    const older = threeFiles();
    older.told('bob', { kind: 'wait', glob: '/b', from: 3 }, event('/b', 'two', 2));
    breach('wait', () => older.finish());
    const wrong = threeFiles();
    wrong.told('bob', { kind: 'wait', glob: '/b', from: 1 }, event('/b', 'zwei', 2));
    breach('wait', () => wrong.finish());
    const future = threeFiles();
    const asked = { kind: 'wait', glob: '/b', from: 9 } as const;
    future.told('bob', asked, { kind: 'refused', code: 'ERR_COMPACTED' });
    breach('wait', () => future.finish());
  });

  test('who follows by asking for the next revision misses none', () => {
    const town = threeFiles();
    town.told('bob', { kind: 'wait', glob: '/**', from: 1 }, event('/a', 'one', 1));
    town.told('bob', { kind: 'wait', glob: '/**', from: 2 }, event('/a', 'three', 3));
    breach('follower', () => town.finish());
  });
});

describe('watch', () => {
  const note = (path: string, body: string, revision: number, ceiling = 4): WatchNote => ({
    kind: 'event',
    event: { kind: 'set', path, body, revision },
    ceiling,
  });
  const all = [note('/a', 'one', 1), note('/b', 'two', 2), note('/a', 'three', 3)] as const;

  function watched(glob: string, from: number | null, notes: readonly WatchNote[]): Town {
    const town = new Town();
    const record = town.history.watching('bob', glob, from);
    town.write('ann', '/a', 'one');
    town.write('ann', '/b', 'two');
    town.write('ann', '/a', 'three');
    for (const each of notes) town.history.noted(record, each);
    return town;
  }
  const broken = (glob: string, from: number | null, notes: readonly WatchNote[]): void => {
    const town = watched(glob, from, notes);
    breach('watch', () => town.finish());
  };

  test('everything that matches, once, in order', () => {
    watched('/**', 1, all).finish();
    watched('/a', 0, [all[0], all[2]]).finish();
    watched('/a', 2, [all[2]]).finish();
    watched('/**', null, [all[1], all[2]]).finish();
    watched('/**', null, []).finish();
    watched('/x/**', 1, []).finish();
  });

  test('it misses nothing', () => {
    broken('/**', 1, [all[0], all[2]]);
    broken('/**', 1, [all[1], all[2]]);
    broken('/**', null, [all[0], all[2]]);
    broken('/**', 1, [all[0], all[1]]);
    broken('/a', 1, []);
  });

  test('it tells nothing twice, nothing out of order, nothing older', () => {
    broken('/**', 1, [all[0], all[0], all[1], all[2]]);
    broken('/**', 1, [all[1], all[0], all[2]]);
    broken('/**', 2, all);
  });

  test('it tells nothing that does not match, or was not so', () => {
    broken('/a', 1, all);
    broken('/**', 1, [note('/a', 'eins', 1), all[1], all[2]]);
    broken('/**', 1, [note('/c', 'one', 1), all[1], all[2]]);
  });

  test('it tells nothing of the future', () => {
    broken('/**', 1, [...all, note('/a', 'four', 4)]);
    broken('/**', 1, [all[0], all[1], note('/a', 'three', 3, 2)]);
  });

  test('it ends as forgotten only if what comes next is', () => {
    watched('/**', 1, [all[0], { kind: 'compacted', oldest: 3 }]).finish();
    watched('/**', 1, [all[0], { kind: 'compacted', oldest: null }]).finish();
    broken('/**', 1, [all[0], { kind: 'compacted', oldest: 2 }]);
    broken('/**', 2, [{ kind: 'compacted', oldest: 2 }]);
    broken('/**', 2, [{ kind: 'compacted', oldest: 4 }]);
    broken('/**', 1, [all[0], { kind: 'compacted', oldest: 3 }, all[2]]);
    watched('/**', 1, [all[0], { kind: 'ended' }]).finish();
    broken('/**', 1, [all[0], { kind: 'ended' }, all[1]]);
  });

  test('it says whether everything arrived', () => {
    const town = watched('/a', 1, [all[0]]);
    const { checkers } = town.scene;
    expect(checkers.watchesDrained()).toBe(false);
    const [record] = town.history.watches;
    if (record === undefined) throw new TypeError('there is a watch');
    town.history.noted(record, all[2]);
    expect(checkers.watchesDrained()).toBe(true);
    town.write('ann', '/b', 'four');
    expect(checkers.watchesDrained()).toBe(true);
    town.write('ann', '/a', 'five');
    expect(checkers.watchesDrained()).toBe(false);
    town.history.noted(record, { kind: 'ended' });
    expect(checkers.watchesDrained()).toBe(true);
    town.finish();
  });

  test('a run that had no time to heal owes nothing', () => {
    const town = watched('/a', 1, [all[0]]);
    town.scene.checkers.finish(false);
  });
});
