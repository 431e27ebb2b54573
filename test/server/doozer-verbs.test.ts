import { expect, test } from 'vitest';
import { type Asked, Conversation } from './support/doozer.ts';

type Row = readonly [Parameters<Conversation['ask']>[0], Asked, string];

/** Five revisions: /a at 1 and again at 3, /d/x at 2, /d/y at 4, /empty at 5. */
function fixture(): Conversation {
  const talk = new Conversation();
  talk.node.set('/a', 'one'); // 1
  talk.node.set('/d/x', 'ex'); // 2
  talk.node.set('/a', 'three'); // 3
  talk.node.set('/d/y', 'why'); // 4
  talk.node.set('/empty', ''); // 5
  return talk;
}

function holds(rows: readonly Row[]): void {
  for (const [verb, asked, expected] of rows) {
    const talk = fixture();
    expect(`${verb} ${JSON.stringify(asked)}: ${talk.ask(verb, asked)}`).toBe(
      `${verb} ${JSON.stringify(asked)}: ${expected}`,
    );
  }
}

test('GET answers a file with its revision, and a missing one with revision 0 and an empty value', () => {
  holds([
    ['GET', { tag: 7, path: '/a' }, 'tag=7 rev=3 value="three"'],
    ['GET', { tag: 0, path: '/a' }, 'tag=0 rev=3 value="three"'],
    ['GET', { path: '/a' }, 'rev=3 value="three"'],
    ['GET', { tag: 7, path: '/empty' }, 'tag=7 rev=5 value=""'],
    ['GET', { tag: 7, path: '/none' }, 'tag=7 rev=0 value=""'],
    ['GET', { tag: 7, path: '/a/below' }, 'tag=7 rev=0 value=""'],
    ['GET', { tag: 7, path: '/d' }, 'tag=7 ISDIR'],
    ['GET', { tag: 7, path: '/' }, 'tag=7 ISDIR'],
    ['GET', { tag: 7 }, 'tag=7 MISSING_ARG'],
    ['GET', {}, 'MISSING_ARG'],
    // The path is not checked; an odd one is missing.
    ['GET', { tag: 7, path: '' }, 'tag=7 rev=0 value=""'],
    ['GET', { tag: 7, path: 'a' }, 'tag=7 rev=0 value=""'],
    ['GET', { tag: 7, path: '/a/' }, 'tag=7 rev=0 value=""'],
    ['GET', { tag: 7, path: '//' }, 'tag=7 rev=0 value=""'],
    ['GET', { tag: 7, path: '/é b' }, 'tag=7 rev=0 value=""'],
  ]);
});

test('reads at a revision see the state after it; a revision below 1 counts as 1', () => {
  holds([
    ['GET', { tag: 1, path: '/a', rev: 1 }, 'tag=1 rev=1 value="one"'],
    ['GET', { tag: 1, path: '/a', rev: 2 }, 'tag=1 rev=1 value="one"'],
    ['GET', { tag: 1, path: '/a', rev: 3 }, 'tag=1 rev=3 value="three"'],
    ['GET', { tag: 1, path: '/a', rev: 0 }, 'tag=1 rev=1 value="one"'],
    ['GET', { tag: 1, path: '/a', rev: -5 }, 'tag=1 rev=1 value="one"'],
    ['GET', { tag: 1, path: '/a', rev: -Number.MAX_SAFE_INTEGER }, 'tag=1 rev=1 value="one"'],
    ['GET', { tag: 1, path: '/d', rev: 1 }, 'tag=1 rev=0 value=""'],
    ['STAT', { tag: 1, path: '/d', rev: 2 }, 'tag=1 rev=-2 len=1'],
    ['GETDIR', { tag: 1, path: '/d', offset: 1, rev: 3 }, 'tag=1 RANGE'],
    ['WALK', { tag: 1, path: '/**', offset: 1, rev: 1 }, 'tag=1 RANGE'],
    ['GET', { tag: 1, path: '/a', rev: 6 }, 'nothing'],
    ['GET', { tag: 1, path: '/a', rev: Number.MAX_SAFE_INTEGER }, 'nothing'],
  ]);
});

test('STAT tells files, directories and nothing apart, without an error', () => {
  holds([
    ['STAT', { tag: 1, path: '/a' }, 'tag=1 rev=3 len=5'],
    ['STAT', { tag: 1, path: '/d' }, 'tag=1 rev=-2 len=2'],
    ['STAT', { tag: 1, path: '/' }, 'tag=1 rev=-2 len=3'],
    ['STAT', { tag: 1, path: '/none' }, 'tag=1 rev=0 len=0'],
    ['STAT', { tag: 1, path: 'bad path' }, 'tag=1 rev=0 len=0'],
    ['STAT', { tag: 1, path: '' }, 'tag=1 rev=0 len=0'],
    ['STAT', { tag: 1 }, 'tag=1 rev=0 len=0'],
  ]);
});

test('GETDIR gives one name an offset, until RANGE', () => {
  holds([
    ['GETDIR', { tag: 1, path: '/', offset: 0 }, 'tag=1 path=a'],
    ['GETDIR', { tag: 1, path: '/', offset: 1 }, 'tag=1 path=d'],
    ['GETDIR', { tag: 1, path: '/', offset: 2 }, 'tag=1 path=empty'],
    ['GETDIR', { tag: 1, path: '/', offset: 3 }, 'tag=1 RANGE'],
    ['GETDIR', { tag: 1, path: '/', offset: -1 }, 'tag=1 RANGE'],
    ['GETDIR', { tag: 1, path: '/none', offset: -1 }, 'tag=1 NOENT'],
    ['GETDIR', { tag: 1, path: '', offset: 0 }, 'tag=1 NOENT'],
    ['GETDIR', { tag: 1, path: '/a', offset: 0 }, 'tag=1 NOTDIR'],
    ['GETDIR', { tag: 1, path: '/' }, 'tag=1 MISSING_ARG'],
    ['GETDIR', { tag: 1, offset: 0 }, 'tag=1 MISSING_ARG'],
  ]);
});

test('WALK gives one matching file an offset, never a directory, until RANGE', () => {
  holds([
    ['WALK', { tag: 1, path: '/**', offset: 0 }, 'tag=1 flags=4 rev=3 path=/a value="three"'],
    ['WALK', { tag: 1, path: '/**', offset: 2 }, 'tag=1 flags=4 rev=4 path=/d/y value="why"'],
    ['WALK', { tag: 1, path: '/*', offset: 1 }, 'tag=1 flags=4 rev=5 path=/empty value=""'],
    ['WALK', { tag: 1, path: '/a', offset: 0 }, 'tag=1 flags=4 rev=3 path=/a value="three"'],
    ['WALK', { tag: 1, path: '/a', offset: 1 }, 'tag=1 RANGE'],
    ['WALK', { tag: 1, path: '/**', offset: 4 }, 'tag=1 RANGE'],
    ['WALK', { tag: 1, path: '/**', offset: -1 }, 'tag=1 RANGE'],
    ['WALK', { tag: 1, path: 'x*', offset: -1 }, 'tag=1 OTHER "invalid glob pattern: x*"'],
    ['WALK', { tag: 1, path: '', offset: 0 }, 'tag=1 OTHER "invalid glob pattern: "'],
    ['WALK', { tag: 1, path: '/**' }, 'tag=1 MISSING_ARG'],
    ['WALK', { tag: 1, offset: 0 }, 'tag=1 MISSING_ARG'],
  ]);
});

test('WAIT answers the first matching event from a revision on; the past counts', () => {
  holds([
    ['WAIT', { tag: 1, path: '/**', rev: 1 }, 'tag=1 flags=4 rev=1 path=/a value="one"'],
    ['WAIT', { tag: 1, path: '/**', rev: 0 }, 'tag=1 flags=4 rev=1 path=/a value="one"'],
    ['WAIT', { tag: 1, path: '/a', rev: 2 }, 'tag=1 flags=4 rev=3 path=/a value="three"'],
    ['WAIT', { tag: 1, path: '/a', rev: 4 }, 'nothing'],
    ['WAIT', { tag: 1, path: '/a' }, 'tag=1 MISSING_ARG'],
    ['WAIT', { tag: 1, rev: 1 }, 'tag=1 MISSING_ARG'],
    ['WAIT', { tag: 1, path: '/a b', rev: 1 }, 'tag=1 OTHER "invalid glob pattern: /a b"'],
  ]);
});

test('WAIT says what kind of change it was: set, deleted, or neither for a NOP', () => {
  const talk = fixture();
  talk.ask('WAIT', { tag: 1, path: '/d/x', rev: 6 });
  talk.ask('WAIT', { tag: 2, path: '/', rev: 6 });
  talk.ask('DEL', { tag: 3, path: '/d/x', rev: 2 });
  talk.ask('NOP', { tag: 4 });
  expect(talk.answers).toEqual([
    'tag=1 flags=8 rev=6 path=/d/x value=""',
    'tag=3',
    'tag=2 flags=0 rev=7 path=/ value=""',
    'tag=4',
  ]);
});

test('SET, DEL and NOP take a revision each and answer as doozerd does', () => {
  holds([
    ['SET', { tag: 1, path: '/new', rev: 0, value: 'v' }, 'tag=1 rev=6'],
    ['SET', { tag: 1, path: '/new', rev: 0 }, 'tag=1 rev=6'],
    ['SET', { tag: 1, path: '/a', rev: 3, value: 'v' }, 'tag=1 rev=6'],
    ['SET', { tag: 1, path: '/a', rev: 99, value: 'v' }, 'tag=1 rev=6'],
    ['SET', { tag: 1, path: '/a', rev: -1, value: 'v' }, 'tag=1 rev=6'],
    ['SET', { tag: 1, path: '/a', rev: 2, value: 'v' }, 'tag=1 REV_MISMATCH'],
    ['SET', { tag: 1, path: '/a', rev: 0, value: 'v' }, 'tag=1 REV_MISMATCH'],
    ['SET', { tag: 1, path: '/d', rev: -1, value: 'v' }, 'tag=1 ISDIR'],
    ['SET', { tag: 1, path: '/d', rev: -3, value: 'v' }, 'tag=1 REV_MISMATCH'],
    ['SET', { tag: 1, path: '/', rev: -1, value: 'v' }, 'tag=1 ISDIR'],
    ['SET', { tag: 1, path: '/a/b', rev: -1, value: 'v' }, 'tag=1 NOTDIR'],
    ['SET', { tag: 1, path: 'a', rev: -1, value: 'v' }, 'tag=1 BAD_PATH'],
    ['SET', { tag: 1, path: '', rev: -1, value: 'v' }, 'tag=1 BAD_PATH'],
    ['SET', { tag: 1, path: '/a/', rev: -1 }, 'tag=1 BAD_PATH'],
    ['SET', { tag: 1, path: '/*', rev: -1 }, 'tag=1 BAD_PATH'],
    ['SET', { tag: 1, path: 'a' }, 'tag=1 MISSING_ARG'],
    ['SET', { tag: 1, rev: 1 }, 'tag=1 MISSING_ARG'],
    ['DEL', { tag: 1, path: '/a', rev: 3 }, 'tag=1'],
    ['DEL', { tag: 1, path: '/a', rev: 1 }, 'tag=1 REV_MISMATCH'],
    ['DEL', { tag: 1, path: '/none', rev: 0 }, 'tag=1'],
    ['DEL', { tag: 1, path: '/d', rev: -1 }, 'tag=1 ISDIR'],
    ['DEL', { tag: 1, path: 'a', rev: -1 }, 'tag=1 BAD_PATH'],
    ['DEL', { tag: 1, path: '/a' }, 'tag=1 MISSING_ARG'],
    ['DEL', { tag: 1, rev: 0 }, 'tag=1 MISSING_ARG'],
    ['NOP', { tag: 1 }, 'tag=1'],
    ['NOP', {}, 'empty'],
  ]);
});

test('REV, SELF and ACCESS answer without any field, unknown verbs are named so', () => {
  holds([
    ['REV', { tag: 1 }, 'tag=1 rev=5'],
    ['REV', {}, 'rev=5'],
    ['SELF', { tag: -1 }, 'tag=-1 value="AAAABBBBCCCCDDDD"'],
    ['ACCESS', { tag: 1 }, 'tag=1'],
    ['ACCESS', { tag: 1, value: '' }, 'tag=1'],
    ['ACCESS', { tag: 1, value: 'x' }, 'tag=1 OTHER "permission denied"'],
    [null, { tag: 1 }, 'tag=1 UNKNOWN_VERB'],
  ]);
  const talk = fixture();
  for (const verb of [0, -1, 4, 8, 98, 100, 2 ** 31 - 1]) {
    talk.session.handle({ tag: 1, verb, path: null, value: null, offset: null, rev: null });
    expect(talk.answers.pop()).toBe('tag=1 UNKNOWN_VERB');
  }
});

test('what is wrong with a request is found before anything is proposed, and takes no revision', () => {
  const talk = new Conversation({ limits: { valueBytesMax: 4, pathBytesMax: 8 } });
  const refused: readonly Row[] = [
    ['SET', { path: 'bad', rev: 0 }, 'BAD_PATH'],
    ['SET', { path: '/a' }, 'MISSING_ARG'],
    ['DEL', { path: '/a b', rev: 0 }, 'BAD_PATH'],
  ];
  for (const [verb, asked, expected] of refused) expect(talk.ask(verb, asked)).toBe(expected);
  expect(talk.ask('SET', { path: '/a', rev: 0, value: '12345' })).toMatch(/^OTHER "too large: .*4/);
  expect(talk.ask('SET', { path: '/a2345678', rev: 0 })).toMatch(/^OTHER "too large: .*8 bytes/);
  expect(talk.ask('WAIT', { path: '/*2345678', rev: 1 })).toMatch(/^OTHER "too large: .*8 bytes/);
  expect(talk.node.proposed).toEqual([]);
  expect(talk.ask('SET', { path: '/a', rev: 0, value: '1234' })).toBe('rev=1');
});
