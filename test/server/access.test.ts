import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/index.ts';
import { Access } from '../../src/server/access.ts';
import { Conversation } from './support/doozer.ts';

const rightOf = (rw: string, ro: string, given: string) =>
  new Access({ rw, ro }).rightOf(utf8(given));

test('the table of secrets: what a guest may do who has none', () => {
  expect(rightOf('', '', '')).toBe('write');
  expect(rightOf('w', '', '')).toBe('read');
  expect(rightOf('w', 'r', '')).toBe('none');
  // Refused where the daemon starts; here it is what doozerd does.
  expect(rightOf('', 'r', '')).toBe('write');
});

test('a secret is compared whole', () => {
  expect(rightOf('secret', 'r', 'secret')).toBe('write');
  for (const wrong of ['secre', 'secrets', 'Secret', 'secreT', 'secretsecret', 's', '\0']) {
    expect(rightOf('secret', 'r', wrong), wrong).toBe('none');
  }
  expect(rightOf('same', 'same', 'same')).toBe('write');
  expect(rightOf('é', '', 'é')).toBe('write');
});

const readVerbs = ['GET', 'STAT', 'GETDIR', 'WALK', 'WAIT'] as const;
const writeVerbs = ['SET', 'DEL', 'NOP'] as const;
const denied = 'OTHER "permission denied"';

test('without a right only REV, SELF and ACCESS answer; the right is checked before anything else', () => {
  const talk = new Conversation({ rw: 'w', ro: 'r' });
  for (const verb of [...readVerbs, ...writeVerbs]) expect(talk.ask(verb), verb).toBe(denied);
  expect(talk.ask('REV')).toBe('rev=0');
  expect(talk.ask('SELF')).toBe('value="AAAABBBBCCCCDDDD"');
  expect(talk.ask('ACCESS', { value: 'no' })).toBe(denied);
});

test('rights only grow, and hold for what is sent after the ACCESS', () => {
  const talk = new Conversation({ rw: 'w', ro: 'r' });
  expect(talk.ask('ACCESS', { value: 'r' })).toBe('empty');
  expect(talk.ask('GET', { path: '/a' })).toBe('rev=0 value=""');
  for (const verb of writeVerbs) expect(talk.ask(verb), verb).toBe(denied);
  expect(talk.ask('ACCESS', { value: 'w' })).toBe('empty');
  expect(talk.ask('NOP')).toBe('empty');
  expect(talk.ask('ACCESS', { value: 'r' })).toBe('empty');
  expect(talk.ask('ACCESS', { value: 'wrong' })).toBe(denied);
  expect(talk.ask('NOP')).toBe('empty');
});

test('an ACCESS behind a waiting REV takes effect at once, though its answer waits', () => {
  const talk = new Conversation({ rw: 'w', ro: 'r' });
  talk.node.holdsReads = true;
  talk.ask('REV', { tag: 1 });
  talk.ask('ACCESS', { tag: 2, value: 'w' });
  talk.ask('NOP', { tag: 3 });
  expect(talk.answers).toEqual(['tag=3']);
  talk.node.releaseReads();
  expect(talk.answers).toEqual(['tag=3', 'tag=1 rev=1', 'tag=2']);
});
