import { expect, test } from 'vitest';
import { Guesses, limits, utf8 } from '../../src/base/index.ts';
import { Access } from '../../src/server/access.ts';
import { Conversation } from './support/doozer.ts';
import { StillClock } from './support/silent.ts';

const rightOf = (rw: string, ro: string, given: string) =>
  new Access({ rw, ro }, new StillClock()).rightOf(utf8(given));

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
  expect(talk.ask('ACCESS', { value: '' }), 'no guess').toBe(denied);
});

test('rights only grow, and hold for what is sent after the ACCESS', () => {
  const talk = new Conversation({ rw: 'w', ro: 'r' });
  expect(talk.ask('ACCESS', { value: 'r' })).toBe('empty');
  expect(talk.ask('GET', { path: '/a' })).toBe('rev=0 value=""');
  for (const verb of writeVerbs) expect(talk.ask(verb), verb).toBe(denied);
  expect(talk.ask('ACCESS', { value: 'w' })).toBe('empty');
  expect(talk.ask('NOP')).toBe('empty');
  expect(talk.ask('ACCESS', { value: 'r' })).toBe('empty');
  expect(talk.ask('ACCESS', { value: 'wrong' })).toBe('nothing');
  talk.clock.pass(limits.wrongSecretMsMin);
  expect(talk.answers.at(-1)).toBe(denied);
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

test('the answer to a wrong secret waits, longer each time, and nothing else is taken meanwhile', () => {
  const talk = new Conversation({ rw: 'w', ro: 'r' });
  for (const waitMs of [100, 200, 400, 800, 1600, 2000, 2000]) {
    expect(talk.ask('ACCESS', { value: 'guess' })).toBe('nothing');
    expect(talk.session.guest.full).toBe(true);
    const rooms = talk.room;
    talk.clock.pass(waitMs - 1);
    expect(talk.session.guest.full).toBe(true);
    talk.clock.pass(1);
    expect(talk.answers.at(-1)).toBe(denied);
    expect([talk.session.guest.full, talk.room]).toEqual([false, rooms + 1]);
  }
  talk.clock.pass(limits.wrongSecretForgottenMs + 1);
  talk.ask('ACCESS', { value: 'guess' });
  talk.clock.pass(limits.wrongSecretMsMin);
  expect(talk.session.guest.full, 'after a quiet minute it begins anew').toBe(false);
});

test('a guest who leaves before the answer leaves no timer behind', () => {
  const talk = new Conversation({ rw: 'w', ro: 'r' });
  talk.ask('ACCESS', { value: 'guess' });
  expect(talk.clock.timers).toBe(1);
  talk.session.close();
  expect(talk.clock.timers).toBe(0);
});

test('many connections guess no faster than a few, and neighbours do not feel it', () => {
  const clock = new StillClock();
  const access = new Access({ rw: 'w', ro: '' }, clock);
  const judge = (secret: string, address: string) => access.judge(utf8(secret), address).kind;
  const spent = Array.from({ length: 100 }, () => judge('guess', '10.0.0.9'));
  expect(spent.filter((kind) => kind === 'wrong')).toHaveLength(limits.wrongSecretsPendingMax);
  expect(judge('w', '10.0.0.9'), 'or a right guess would be told from a wrong one').toBe('unheard');
  expect(judge('', '10.0.0.9'), 'no secret is no guess').toBe('right');
  expect(judge('w', '10.0.0.8')).toBe('right');
  clock.pass(limits.wrongSecretMsMax);
  expect(judge('w', '10.0.0.9')).toBe('right');
});

test('guesses are counted by machine, and only so many machines', () => {
  const guesses = new Guesses();
  const first = limits.wrongSecretMsMin;
  expect(guesses.failed('2001:db8:1:2::1', 0)).toBe(first);
  expect(guesses.failed('2001:db8:1:2:ffff::9', 0), 'the same /64').toBe(2 * first);
  expect(guesses.failed('2001:db8:1:3::1', 0)).toBe(first);
  expect(guesses.failed('10.0.0.1', 0)).toBe(first);
  expect(guesses.failed('::ffff:10.0.0.1', 0), 'the same machine').toBe(2 * first);
  for (let i = 0; i < limits.wrongSecretAddressesMax + 10; i++) guesses.failed(`host-${i}`, 0);
  expect(guesses.size).toBe(limits.wrongSecretAddressesMax);
  expect(guesses.failed('10.0.0.1', 0), 'forgotten').toBe(first);
});
