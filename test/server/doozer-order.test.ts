import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ClusterError, type ErrorCode, errorCodes } from '../../src/base/index.ts';
import { Conversation } from './support/doozer.ts';
import { noQuorum } from './support/fake-node.ts';

const open = 'tag=9 value="AAAABBBBCCCCDDDD"';

test('REV, SELF, ACCESS and refused arguments are answered in order behind a REV that waits', () => {
  const talk = new Conversation();
  talk.node.holdsReads = true;
  talk.ask('REV', { tag: 1 });
  talk.ask('SELF', { tag: 2 });
  talk.ask('SET', { tag: 3, path: '/a' });
  talk.ask('REV', { tag: 4 });
  talk.ask('ACCESS', { tag: 5 });
  talk.ask(null, { tag: 6 });
  // What runs apart does not wait for them.
  talk.ask('SET', { tag: 7, path: '/a', rev: 0 });
  expect(talk.answers).toEqual(['tag=7 rev=1']);
  talk.node.releaseReads();
  expect(talk.answers.slice(1)).toEqual([
    'tag=1 rev=1',
    'tag=2 value="AAAABBBBCCCCDDDD"',
    'tag=3 MISSING_ARG',
    'tag=4 rev=1',
    'tag=5',
    'tag=6 UNKNOWN_VERB',
  ]);
  expect(talk.session.guest.requests).toBe(0);
});

test('an answer that is ready passes a REV that comes after it', () => {
  const talk = new Conversation();
  talk.node.holdsReads = true;
  expect(talk.ask('SELF', { tag: 9 })).toBe(open);
  talk.ask('REV', { tag: 1 });
  expect(talk.answers).toEqual([open]);
});

test('one read barrier answers all that wait, in order of REVs also when one fails', () => {
  const talk = new Conversation();
  talk.node.holdsReads = true;
  talk.ask('REV', { tag: 1 });
  talk.ask('REV', { tag: 2 });
  const [first, second] = talk.node.heldReads;
  second?.ready(talk.node.view());
  expect(talk.answers).toEqual([]);
  first?.failed(new ClusterError('ERR_OVERLOADED', 'Too many reads'));
  expect(talk.answers).toEqual(['tag=1 OTHER "overloaded: Too many reads"', 'tag=2 rev=0']);
});

test('REV without a quorum answers what this node has, other reads answer an error', () => {
  const talk = new Conversation();
  talk.node.set('/a', 'x');
  talk.node.failsWith = noQuorum;
  expect(talk.ask('REV', { tag: 1 })).toBe('tag=1 rev=1');
  expect(talk.ask('GET', { tag: 2, path: '/a' })).toBe('tag=2 OTHER "no quorum: Nobody leads"');
  // A read at a revision needs nobody else.
  expect(talk.ask('GET', { tag: 3, path: '/a', rev: 1 })).toBe('tag=3 rev=1 value="x"');
  expect(talk.ask('SET', { tag: 4, path: '/a', rev: -1 })).toBe(
    'tag=4 OTHER "no quorum: Nobody leads"',
  );
});

test('every error of ours has an answer a doozer client understands', () => {
  const told: Partial<Record<ErrorCode, string>> = {
    ERR_COMPACTED: 'TOO_LATE',
    ERR_REV_MISMATCH: 'REV_MISMATCH',
    ERR_BAD_PATH: 'BAD_PATH',
    ERR_NOT_DIRECTORY: 'NOTDIR',
    ERR_IS_DIRECTORY: 'ISDIR',
    ERR_NO_ENTRY: 'NOENT',
    ERR_RANGE: 'RANGE',
    ERR_UNKNOWN_VERB: 'UNKNOWN_VERB',
    ERR_OUTCOME_UNKNOWN: 'OTHER "outcome unknown: words"',
    ERR_DISK_FAILED: 'OTHER "outcome unknown: words"',
    ERR_CANCELLED: 'OTHER "outcome unknown: words"',
    ERR_NO_LEADER: 'OTHER "no quorum: words"',
    ERR_BAD_SLOT: 'OTHER "words"',
  };
  for (const code of Object.keys(errorCodes) as ErrorCode[]) {
    const talk = new Conversation();
    talk.node.failsWith = new ClusterError(code, 'words');
    const answer = talk.ask('NOP');
    expect(answer, code).toMatch(told[code] === undefined ? /^OTHER ".*words"$/ : /./);
    if (told[code] !== undefined) expect(answer, code).toBe(told[code]);
    const unknown = errorCodes[code].effect === 'unknown';
    expect(answer.includes('outcome unknown'), code).toBe(unknown);
  }
});

test('an error that says itself what doozer clients look for does not say it twice', () => {
  const talk = new Conversation();
  talk.node.failsWith = new ClusterError('ERR_NO_LEADER', 'No quorum: nobody leads');
  expect(talk.ask('NOP')).toBe('OTHER "no quorum: nobody leads"');
});

test('docs/errors.md says of each code what a doozer client is told', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  for (const section of page.split(/^### /m).slice(1)) {
    const code = section.split('\n', 1)[0] as ErrorCode;
    const told = section.split("**Doozer's clients see**: ")[1] ?? '';
    const talk = new Conversation();
    talk.node.failsWith = new ClusterError(code, 'words');
    const [name = '', ...words] = talk.ask('NOP').split(' ');
    expect(told, code).toContain(`\`${name}\``);
    const prefix = /^"(.*): words"$/.exec(words.join(' '))?.[1];
    if (prefix !== undefined) expect(told, code).toContain(`"${prefix}"`);
  }
});

test('history that is forgotten is TOO_LATE for reads and for WAIT', () => {
  const talk = new Conversation();
  for (let i = 0; i < 5; i++) talk.node.set('/a', `${i}`);
  talk.node.forget(3);
  expect(talk.ask('GET', { tag: 1, path: '/a', rev: 2 })).toBe('tag=1 TOO_LATE');
  expect(talk.ask('STAT', { tag: 1, path: '/a', rev: 0 })).toBe('tag=1 TOO_LATE');
  expect(talk.ask('GETDIR', { tag: 1, path: '/none', offset: 0, rev: 2 })).toBe('tag=1 TOO_LATE');
  expect(talk.ask('WALK', { tag: 1, path: '/**', offset: 0, rev: 2 })).toBe('tag=1 TOO_LATE');
  expect(talk.ask('WAIT', { tag: 1, path: '/a', rev: 1 })).toBe('tag=1 TOO_LATE');
  expect(talk.ask('GET', { tag: 1, path: '/a', rev: 3 })).toBe('tag=1 rev=3 value="2"');
  // A negative offset is an argument; a revision that is gone comes after it.
  expect(talk.ask('WALK', { tag: 1, path: '/**', offset: -1, rev: 2 })).toBe('tag=1 RANGE');
});

test('a read of a future revision waits until the tree gets there', () => {
  const talk = new Conversation();
  talk.node.set('/a', 'now');
  expect(talk.ask('GET', { tag: 1, path: '/a', rev: 3 })).toBe('nothing');
  talk.node.set('/a', 'then');
  expect(talk.answers).toEqual([]);
  talk.node.set('/b', 'there');
  expect(talk.answers).toEqual(['tag=1 rev=2 value="then"']);
  expect(talk.session.guest.waits).toBe(0);
});

test('tags are only repeated: absent, zero, negative and used twice', () => {
  const talk = new Conversation();
  talk.node.holdsReads = true;
  talk.ask('GET', { tag: 0, path: '/a' });
  talk.ask('GET', { tag: 0, path: '/b' });
  talk.ask('GET', { path: '/c' });
  talk.ask('GET', { tag: -7, path: '/d' });
  talk.node.releaseReads();
  const missing = 'rev=0 value=""';
  expect(talk.answers).toEqual([
    `tag=0 ${missing}`,
    `tag=0 ${missing}`,
    missing,
    `tag=-7 ${missing}`,
  ]);
});

test('a closed connection leaves no wait behind and hears nothing more', () => {
  const talk = new Conversation();
  talk.node.holdsReads = true;
  talk.node.holdsWrites = true;
  talk.ask('WAIT', { tag: 1, path: '/**', rev: 1 });
  talk.ask('WAIT', { tag: 2, path: '/a', rev: 100 });
  talk.ask('GET', { tag: 3, path: '/a', rev: 100 });
  talk.ask('GET', { tag: 4, path: '/a' });
  talk.ask('REV', { tag: 5 });
  talk.ask('SET', { tag: 6, path: '/a', rev: -1 });
  expect(talk.node.watches.size).toBe(2);
  expect(talk.node.futures.size).toBe(1);
  talk.session.close();
  talk.session.close();
  expect(talk.node.watches.size).toBe(0);
  expect(talk.node.futures.size).toBe(0);
  talk.node.releaseReads();
  talk.node.releaseWrites();
  expect(talk.answers).toEqual([]);
  expect(talk.session.guest.requests).toBe(0);
});

test('a connection is full with so many requests in flight, and says when there is room again', () => {
  const talk = new Conversation({ limits: { requestsPerConnectionMax: 3 } });
  talk.node.holdsReads = true;
  talk.ask('GET', { path: '/a' });
  talk.ask('REV');
  expect(talk.session.guest.full).toBe(false);
  // A SELF behind a REV waits for it, so it counts too.
  talk.ask('SELF');
  expect(talk.session.guest.full).toBe(true);
  expect(talk.room).toBe(0);
  talk.node.releaseReads();
  expect(talk.room).toBe(1);
  expect(talk.session.guest.full).toBe(false);
});

test('waits have a bound of their own, beyond which they are refused', () => {
  const talk = new Conversation({
    limits: { watchersPerConnectionMax: 2, requestsPerConnectionMax: 1 },
  });
  expect(talk.ask('WAIT', { tag: 1, path: '/a', rev: 1 })).toBe('nothing');
  expect(talk.ask('GET', { tag: 2, path: '/a', rev: 9 })).toBe('nothing');
  expect(talk.session.guest.full).toBe(false);
  expect(talk.ask('WAIT', { tag: 3, path: '/a', rev: 1 })).toMatch(/^tag=3 OTHER "overloaded: /);
  expect(talk.ask('GET', { tag: 4, path: '/a', rev: 9 })).toMatch(/^tag=4 OTHER "overloaded: /);
  talk.node.set('/a', 'x');
  expect(talk.answers.at(-1)).toBe('tag=1 flags=4 rev=1 path=/a value="x"');
  expect(talk.ask('WAIT', { tag: 5, path: '/a', rev: 2 })).toBe('nothing');
});
