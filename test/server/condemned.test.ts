// A node whose state a majority condemned, as its guests see it.
import { expect, test } from 'vitest';
import { Conversation } from './support/doozer.ts';
import { NativeConversation, set } from './support/native.ts';

const dropped = 'dropped: the state of this node is condemned';

test('a doozer connection closes, whether it waits or asks', () => {
  const talk = new Conversation();
  talk.node.set('/a', 'one');
  expect(talk.ask('WAIT', { tag: 1, path: '/**', rev: 2 })).toBe('nothing');
  talk.node.condemn();
  expect(talk.answers).toEqual([dropped]);
  expect(talk.ask('GET', { tag: 2, path: '/a' })).toBe(dropped);
  expect(talk.ask('REV', { tag: 3 })).toBe(dropped);
  expect(talk.ask('SET', { tag: 4, path: '/a', value: 'x', rev: -1 })).toBe(dropped);
  expect(talk.node.proposed).toEqual([]);
});

test('a doozer connection that is closed hears nothing of it', () => {
  const talk = new Conversation();
  talk.session.close();
  talk.node.condemn();
  expect(talk.answers).toEqual([]);
  expect(talk.node.condemnedListeners.size).toBe(0);
});

test('native waits and watches end with an error that sends the client elsewhere', () => {
  const talk = new NativeConversation();
  talk.node.set('/a', 'one');
  expect(talk.ask({ kind: 'wait', tag: 1, glob: '/b', rev: 1 })).toBe('nothing');
  expect(
    talk.ask({ kind: 'watch', tag: 2, glob: '/c', from: 2, credits: 10, previous: false }),
  ).toBe('nothing');
  expect(talk.ask({ kind: 'get', tag: 3, path: '/a', rev: 9, least: null })).toBe('nothing');
  talk.node.condemn();
  expect(talk.news().sort()).toEqual(['1 ERR_CONDEMNED', '2 ERR_CONDEMNED', '3 ERR_CONDEMNED']);
  talk.node.set('/b', 'wrong');
  talk.node.set('/c', 'wrong');
  expect(talk.news()).toEqual([]);
  expect(talk.session.guest.waits).toBe(0);
});

test('a native client may still ask a condemned node who it is and how it is, and nothing of the tree', () => {
  const talk = new NativeConversation();
  talk.node.set('/a', 'one');
  talk.node.condemn();
  expect(talk.ask({ kind: 'get', tag: 1, path: '/a', rev: null, least: null })).toBe(
    '1 ERR_CONDEMNED',
  );
  expect(talk.ask({ kind: 'get', tag: 1, path: '/a', rev: 1, least: null })).toBe(
    '1 ERR_CONDEMNED',
  );
  expect(talk.ask(set(1, '/a', 'x'))).toBe('1 ERR_CONDEMNED');
  expect(
    talk.ask({ kind: 'watch', tag: 1, glob: '/**', from: 1, credits: 1, previous: false }),
  ).toBe('1 ERR_CONDEMNED');
  expect(talk.ask({ kind: 'rev', tag: 1 })).toBe('1 ERR_CONDEMNED');
  expect(talk.ask({ kind: 'self', tag: 1 })).toContain('self');
  expect(talk.ask({ kind: 'ping', tag: 1 })).toBe('1 pong');
  expect(talk.ask({ kind: 'status', tag: 1 })).toContain('status');
  expect(talk.server.ready()).toBe(false);
  talk.session.close();
  expect(talk.node.condemnedListeners.size).toBe(0);
});
