// A watch on quiet files in a busy tree is told how far it has come; what was there before goes with events.
import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import type { NativeRequest } from '../../src/protocol/client/index.ts';
import { NativeConversation } from './support/native.ts';

const { progressMarkMs, progressMarkRevisions, progressMarkLooks } = limits;

const watch = (tag: number, glob: string, from: number, credits = 100): NativeRequest => ({
  kind: 'watch',
  tag,
  glob,
  from,
  credits,
  previous: false,
});

function busy(talk: NativeConversation, count: number): void {
  for (let i = 0; i < count; i++) talk.node.set('/busy', `${i}`);
}

describe('a mark', () => {
  test('comes when many revisions have passed a quiet watch, and its guest goes on from there', () => {
    const talk = new NativeConversation();
    talk.ask(watch(1, '/quiet', 1));
    busy(talk, progressMarkRevisions - 1);
    talk.clock.pass(progressMarkMs);
    expect(talk.news()).toEqual([]);
    busy(talk, 1);
    talk.clock.pass(progressMarkMs);
    expect(talk.news()).toEqual([`1 events  progress=${progressMarkRevisions}`]);
    talk.node.set('/quiet', 'x');
    const next = progressMarkRevisions + 1;
    expect(talk.news()).toEqual([`1 events set /quiet@${next} progress=${next}`]);
  });

  test('comes sooner or later in a tree where little happens, and never where nothing does', () => {
    const talk = new NativeConversation();
    talk.ask(watch(1, '/quiet', 1));
    busy(talk, 1);
    talk.clock.pass(progressMarkMs * progressMarkLooks);
    expect(talk.news()).toEqual(['1 events  progress=1']);
    talk.clock.pass(progressMarkMs * progressMarkLooks * 10);
    expect(talk.news()).toEqual([]);
  });

  test('stands in one queue with the events, and is no event: it takes no credit', () => {
    const talk = new NativeConversation();
    talk.ask(watch(1, '/quiet', 1, 1));
    busy(talk, progressMarkRevisions);
    talk.clock.pass(progressMarkMs);
    talk.node.set('/quiet', 'x');
    busy(talk, progressMarkRevisions);
    talk.clock.pass(progressMarkMs);
    expect(talk.news()).toEqual([
      '1 events  progress=500',
      '1 events set /quiet@501 progress=501',
      '1 events  progress=1001',
    ]);
  });

  test('says nothing beyond an event that is not sent yet', () => {
    const talk = new NativeConversation();
    talk.ask(watch(1, '/quiet', 1, 1));
    talk.node.set('/quiet', '1');
    talk.node.set('/quiet', '2');
    talk.news();
    busy(talk, progressMarkRevisions * 2);
    // It stands still at revision 2, for want of a credit.
    talk.clock.pass(progressMarkMs * progressMarkLooks);
    expect(talk.news()).toEqual([]);
    talk.ask({ kind: 'credit', tag: 1, more: 1 });
    talk.clock.runAll();
    talk.clock.pass(progressMarkMs);
    expect(talk.news()).toEqual(['1 events set /quiet@2 progress=2', '1 events  progress=1002']);
  });

  test('waits for room in the connection', () => {
    const talk = new NativeConversation();
    talk.ask(watch(1, '/quiet', 1));
    busy(talk, progressMarkRevisions);
    talk.hasRoom = false;
    talk.clock.pass(progressMarkMs);
    expect(talk.news()).toEqual([]);
    talk.hasRoom = true;
    talk.clock.pass(progressMarkMs);
    expect(talk.news()).toEqual(['1 events  progress=500']);
  });

  test('has nothing to say to a watch that begins in the future', () => {
    const talk = new NativeConversation();
    talk.ask(watch(1, '/quiet', 5000));
    busy(talk, progressMarkRevisions);
    talk.clock.pass(progressMarkMs * progressMarkLooks);
    expect(talk.news()).toEqual([]);
  });

  test('is looked for only while there are watches', () => {
    const talk = new NativeConversation();
    expect(talk.clock.timers).toBe(0);
    talk.ask(watch(1, '/quiet', 1));
    talk.ask(watch(2, '/quiet', 1));
    expect(talk.clock.timers).toBe(1);
    talk.ask({ kind: 'cancel', tag: 1 });
    talk.ask({ kind: 'cancel', tag: 2 });
    talk.clock.pass(progressMarkMs);
    expect(talk.clock.timers).toBe(0);
    talk.ask(watch(3, '/quiet', 1));
    talk.session.close();
    expect(talk.clock.timers).toBe(0);
  });
});

describe('what was there before', () => {
  test('goes with each event, past or present, if it was asked for', () => {
    const talk = new NativeConversation();
    talk.node.set('/a', '1');
    talk.node.set('/a', '2');
    talk.ask({ ...watch(1, '/a', 1), previous: true } as NativeRequest);
    talk.ask(watch(2, '/a', 1));
    expect(talk.news()).toEqual([
      '1 events set /a@1,set /a@2 was "1" progress=2',
      '2 events set /a@1,set /a@2 progress=2',
    ]);
    talk.node.set('/a', '3');
    expect(talk.news()).toEqual([
      '1 events set /a@3 was "2" progress=3',
      '2 events set /a@3 progress=3',
    ]);
  });

  test('does not go with the event of a wait', () => {
    const talk = new NativeConversation();
    talk.node.set('/a', '1');
    talk.node.set('/a', '2');
    expect(talk.ask({ kind: 'wait', tag: 1, glob: '/a', rev: 2 })).toBe('1 event set /a@2');
  });

  test('counts among the bytes of a slice', () => {
    const talk = new NativeConversation();
    for (let i = 0; i < 4; i++) talk.node.set('/a', 'x'.repeat(100_000));
    talk.session.handle({ ...watch(1, '/a', 1), previous: true } as NativeRequest);
    talk.clock.runAll();
    const counts = talk.replies.map((it) => (it.kind === 'events' ? it.events.length : 0));
    expect(counts).toEqual([2, 2]);
  });
});
