import { expect, test } from 'vitest';
import { NativeConversation, set } from './support/native.ts';

const watch = (tag: number, glob: string, from: number, credits: number) =>
  ({ kind: 'watch', tag, glob, from, credits, previous: false }) as const;

test('a watch gives the past, then what happens, each event once and in order', () => {
  const talk = new NativeConversation();
  talk.node.set('/a', '1');
  talk.node.set('/b', '2');
  talk.node.set('/a', '3');
  expect(talk.ask(watch(1, '/a', 1, 100))).toBe('1 events set /a@1,set /a@3 progress=3');
  talk.news();
  talk.node.set('/b', '4');
  talk.node.set('/a', '5');
  expect(talk.news()).toEqual(['1 events set /a@5 progress=5']);
  expect(talk.node.watches.size).toBe(1);
});

test('a watch from a future revision sees nothing older', () => {
  const talk = new NativeConversation();
  talk.ask(watch(1, '/a', 3, 100));
  for (const body of ['1', '2', '3']) talk.node.set('/a', body);
  expect(talk.news()).toEqual(['1 events set /a@3 progress=3']);
});

test('no more events are sent than there are credits; more credits go on without gap or repeat', () => {
  const talk = new NativeConversation();
  for (let i = 1; i <= 5; i++) talk.node.set('/a', `${i}`);
  talk.ask(watch(1, '/a', 1, 2));
  expect(talk.news()).toEqual(['1 events set /a@1,set /a@2 progress=2']);
  talk.node.set('/a', '6');
  talk.ask({ kind: 'credit', tag: 1, more: 1 });
  expect(talk.news()).toEqual(['1 events set /a@3 progress=3']);
  talk.ask({ kind: 'credit', tag: 1, more: 100 });
  expect(talk.news()).toEqual(['1 events set /a@4,set /a@5,set /a@6 progress=6']);
  talk.node.set('/a', '7');
  expect(talk.news()).toEqual(['1 events set /a@7 progress=7']);
});

test('a live watch without credit keeps a revision, not events, and is no watcher of the node', () => {
  const talk = new NativeConversation();
  talk.ask(watch(1, '/a', 1, 1));
  for (let i = 1; i <= 4; i++) talk.node.set('/a', `${i}`);
  expect(talk.news()).toEqual(['1 events set /a@1 progress=1']);
  expect(talk.node.watches.size).toBe(0);
  talk.ask({ kind: 'credit', tag: 1, more: 10 });
  expect(talk.news()).toEqual(['1 events set /a@2,set /a@3,set /a@4 progress=4']);
  expect(talk.node.watches.size).toBe(1);
});

test('a watch that is idle without credit misses nothing, however far history moves', () => {
  const talk = new NativeConversation();
  talk.ask(watch(1, '/a', 1, 1));
  talk.node.set('/a', '1');
  talk.news();
  for (let i = 0; i < 9; i++) talk.node.set('/b', 'x');
  talk.node.forget(9);
  talk.node.set('/a', '11');
  talk.ask({ kind: 'credit', tag: 1, more: 1 });
  expect(talk.news()).toEqual(['1 events set /a@11 progress=11']);
});

test('history that moves past a slow watch ends it with the oldest revision, never with a gap', () => {
  const talk = new NativeConversation();
  talk.ask(watch(1, '/a', 1, 1));
  for (let i = 1; i <= 6; i++) talk.node.set('/a', `${i}`);
  talk.news();
  talk.node.forget(4);
  talk.ask({ kind: 'credit', tag: 1, more: 10 });
  expect(talk.news()).toEqual(['1 ERR_COMPACTED oldest=4']);
  talk.node.set('/a', '7');
  talk.ask({ kind: 'credit', tag: 1, more: 10 });
  expect(talk.news()).toEqual([]);
  expect(talk.session.guest.waits).toBe(0);
});

test('a watch below history is refused with the oldest revision', () => {
  const talk = new NativeConversation();
  for (let i = 1; i <= 6; i++) talk.node.set('/a', `${i}`);
  talk.node.forget(4);
  expect(talk.ask(watch(1, '/a', 1, 9))).toBe('1 ERR_COMPACTED oldest=4');
  // Its tag is free again.
  expect(talk.ask(watch(1, '/a', 6, 9))).toBe('1 events set /a@6 progress=6');
});

test('without room in the connection a watch stands still, and goes on when there is room', () => {
  const talk = new NativeConversation();
  talk.ask(watch(1, '/a', 1, 100));
  talk.hasRoom = false;
  talk.node.set('/a', '1');
  talk.node.set('/a', '2');
  expect(talk.news()).toEqual([]);
  talk.session.roomAgain();
  expect(talk.news()).toEqual([]);
  talk.hasRoom = true;
  talk.session.roomAgain();
  expect(talk.news()).toEqual(['1 events set /a@1,set /a@2 progress=2']);
});

test('long history is read in slices, with turns of the loop between them', () => {
  const talk = new NativeConversation();
  for (let i = 1; i <= 1000; i++) talk.node.set('/a', `${i}`);
  talk.ask(watch(1, '/a', 1, 10_000));
  const first = talk.replies.length;
  expect(first).toBe(1);
  talk.node.set('/a', 'meanwhile');
  expect(talk.clock.runAll()).toBeGreaterThan(1);
  const revisions = talk.replies.flatMap((reply) =>
    reply.kind === 'events' ? reply.events.map((event) => event.revision) : [],
  );
  expect(revisions).toEqual(Array.from({ length: 1001 }, (_, i) => i + 1));
});

test('a slice of large events ends by bytes, so that it fits a message', () => {
  const talk = new NativeConversation();
  for (let i = 1; i <= 6; i++) talk.node.set('/a', 'x'.repeat(100_000));
  talk.ask(watch(1, '/a', 1, 100));
  talk.clock.runAll();
  expect(talk.answers).toEqual([
    '1 events set /a@1,set /a@2,set /a@3 progress=3',
    '1 events set /a@4,set /a@5,set /a@6 progress=6',
  ]);
});

test('cancel ends a watch, a wait and a read that waits; their tags are free again', () => {
  const talk = new NativeConversation();
  talk.ask(watch(1, '/a', 1, 9));
  talk.ask({ kind: 'wait', tag: 2, glob: '/a', rev: 1 });
  talk.ask({ kind: 'get', tag: 3, path: '/a', rev: 9, least: null });
  for (const tag of [1, 2, 3, 4]) talk.session.handle({ kind: 'cancel', tag });
  expect(talk.news()).toEqual(['1 ERR_CANCELLED', '2 ERR_CANCELLED', '3 ERR_CANCELLED']);
  talk.node.set('/a', 'x');
  expect(talk.news()).toEqual([]);
  expect(talk.node.watches.size + talk.node.futures.size).toBe(0);
  expect(talk.session.guest.waits).toBe(0);
  expect(talk.ask({ kind: 'wait', tag: 2, glob: '/a', rev: 1 })).toBe('2 event set /a@1');
});

test('a tag that a wait is using is refused for another; the first one goes on', () => {
  const talk = new NativeConversation();
  talk.ask({ kind: 'wait', tag: 1, glob: '/a', rev: 1 });
  expect(talk.ask(watch(1, '/b', 1, 9))).toBe('1 ERR_BAD_ARGUMENT');
  talk.news();
  talk.node.set('/a', 'x');
  expect(talk.news()).toEqual(['1 event set /a@1']);
  talk.ask({ kind: 'wait', tag: 1, glob: '/a', rev: 2 });
  talk.ask(watch(1, '/b', 1, 9));
  talk.news();
  // It can still be cancelled, too.
  expect(talk.ask({ kind: 'cancel', tag: 1 })).toBe('1 ERR_CANCELLED');
});

test('a closed connection takes its watches with it, also one that reads history', () => {
  const talk = new NativeConversation();
  for (let i = 1; i <= 300; i++) talk.node.set('/a', `${i}`);
  talk.ask(watch(1, '/a', 1, 1000));
  talk.ask(watch(2, '/b', 1, 1000));
  talk.news();
  talk.session.close();
  talk.clock.runAll();
  talk.node.set('/b', 'x');
  talk.session.roomAgain();
  expect(talk.news()).toEqual([]);
  expect(talk.node.watches.size).toBe(0);
});

test('watches are bounded together with waits', () => {
  const talk = new NativeConversation({ limits: { watchersPerConnectionMax: 1 } });
  talk.ask(watch(1, '/a', 1, 1));
  expect(talk.ask(watch(2, '/a', 1, 1))).toBe('2 ERR_OVERLOADED');
  expect(talk.ask({ kind: 'wait', tag: 3, glob: '/a', rev: 1 })).toBe('3 ERR_OVERLOADED');
  talk.ask({ kind: 'cancel', tag: 1 });
  expect(talk.ask(watch(2, '/a', 1, 1))).toBe('nothing');
  expect(talk.ask(set(4, '/a', 'x'))).toBe('2 events set /a@1 progress=1 | 4 revision 1');
});
