// What a watch of the native protocol may be sent, each rule broken once and nearly broken once.
import { describe, expect, test } from 'vitest';
import { revision, utf8 } from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import type { NativeEvent, NativeReply, NativeRequest } from '../../src/protocol/client/index.ts';
import { breach, Town } from './checkers-support.ts';

const event = (
  at: number,
  where: string,
  body: string | null,
  before: string | null = null,
): NativeEvent => ({
  kind: body === null ? 'delete' : 'set',
  path: where,
  body: utf8(body ?? ''),
  revision: revision(at),
  previous: before === null ? null : utf8(before),
});

const made = event(1, '/a', 'one');
const changed = event(2, '/a', 'two', 'one');
const other = event(3, '/b', 'three');
const gone = event(4, '/a', null, 'two');

/** Four changes, then a transaction that makes /x and /y at revisions 5 and 6; and one watch. */
class Wire {
  readonly town = new Town();
  readonly #connection = {};

  constructor() {
    const { town } = this;
    town.write('ann', '/a', 'one');
    town.write('ann', '/a', 'two');
    town.write('ann', '/b', 'three');
    town.delete('ann', '/a');
  }

  transaction(): this {
    const put = (where: string, body: string) =>
      ({ kind: 'set', path: where, body, guard: -1 }) as const;
    const ifTrue = [put('/x', 'four'), put('/y', 'five')];
    const mark = { kind: 'exists', path: '/mark/1', exists: false } as const;
    const asked = {
      kind: 'transact',
      mark: mark.path,
      compares: [mark],
      ifTrue,
      ifFalse: [],
    } as const;
    const operation = this.town.history.began('ann', asked);
    const sets = ifTrue.map((one) => ({ ...one, path: path(one.path), body: utf8(one.body) }));
    const told = this.town.do({
      kind: 'transaction',
      compares: [{ ...mark, path: path(mark.path) }],
      ifTrue: sets,
      ifFalse: [],
    });
    this.town.history.ended(operation, told);
    return this;
  }

  watch(glob: string, from: number, { credits = 10, previous = false } = {}): this {
    return this.ask({ kind: 'watch', tag: 1, glob, from, credits, previous });
  }

  ask(request: NativeRequest): this {
    this.town.scene.checkers.streams.request(this.#connection, request);
    return this;
  }

  sent(progress: number, ...events: NativeEvent[]): this {
    return this.reply({ kind: 'events', tag: 1, progress: revision(progress), events });
  }

  forgotten(oldest: number): this {
    return this.reply({
      kind: 'error',
      tag: 1,
      code: 'ERR_COMPACTED',
      detail: '',
      effect: 'none',
      leaderAddress: null,
      oldest: revision(oldest),
      revision: null,
    });
  }

  reply(reply: NativeReply): this {
    this.town.scene.checkers.streams.reply(this.#connection, reply);
    return this;
  }

  finish(): void {
    this.town.finish();
  }
}

const isRefused = (story: (wire: Wire) => Wire): void =>
  breach('stream', () => story(new Wire()).finish());

describe('a stream of events', () => {
  test('holds everything that matches, from where it was asked for, in pieces of any size', () => {
    new Wire().watch('/**', 1).sent(4, made, changed, other, gone).finish();
    new Wire().watch('/a', 0).sent(1, made).sent(3, changed).sent(4, gone).finish();
    new Wire().watch('/b', 2).sent(2).sent(3, other).sent(4).finish();
    new Wire().watch('/**', 1).sent(1, made).finish();
    new Wire().watch('/**', 9).finish();
  });

  test('is in order, and tells nothing twice', () => {
    isRefused((wire) => wire.watch('/**', 1).sent(2, changed, made));
    isRefused((wire) => wire.watch('/**', 1).sent(1, made).sent(2, made, changed));
    isRefused((wire) => wire.watch('/**', 2).sent(2, made, changed));
  });

  test('leaves nothing out that matches, and tells nothing that does not', () => {
    isRefused((wire) => wire.watch('/**', 1).sent(3, made, other));
    isRefused((wire) => wire.watch('/a', 1).sent(4, made, changed, other, gone));
    isRefused((wire) => wire.watch('/a', 1).sent(3, made));
  });

  test('has nothing at or below a mark still to come', () => {
    isRefused((wire) => wire.watch('/a', 1).sent(2).sent(2, changed));
    isRefused((wire) => wire.watch('/a', 1).sent(4));
    isRefused((wire) => wire.watch('/**', 1).sent(1, made, changed));
    isRefused((wire) => wire.watch('/c', 1).sent(4).sent(3));
    isRefused((wire) => wire.watch('/c', 1).sent(5));
  });

  test('is marked where a transaction ends, and not inside', () => {
    new Wire().transaction().watch('/c', 1).sent(6).finish();
    breach('stream', () => new Wire().transaction().watch('/c', 1).sent(5).finish());
    const [x, y] = [event(5, '/x', 'four'), event(6, '/y', 'five')];
    new Wire().transaction().watch('/**', 5).sent(6, x, y).finish();
    new Wire().transaction().watch('/**', 5).sent(5, x).finish();
    breach('stream', () => new Wire().transaction().watch('/**', 5).sent(6, x).finish());
  });

  test('tells each event as it was, and what stood there before', () => {
    new Wire().watch('/a', 1, { previous: true }).sent(4, made, changed, gone).finish();
    const asked = { previous: true };
    isRefused((wire) => wire.watch('/a', 2, asked).sent(2, event(2, '/a', 'two', null)));
    isRefused((wire) => wire.watch('/a', 1, asked).sent(1, event(1, '/a', 'one', 'none')));
    isRefused((wire) => wire.watch('/a', 1).sent(1, event(1, '/a', 'two')));
    isRefused((wire) => wire.watch('/a', 1).sent(1, event(1, '/a', null)));
  });

  test('has no more events than credits, and marks cost none', () => {
    new Wire().watch('/a', 1, { credits: 1 }).sent(1, made).finish();
    new Wire().watch('/c', 1, { credits: 0 }).sent(4).finish();
    isRefused((wire) => wire.watch('/a', 1, { credits: 1 }).sent(2, made, changed));
    const given = new Wire().watch('/a', 1, { credits: 1 });
    given.ask({ kind: 'credit', tag: 1, more: 1 }).sent(2, made, changed).finish();
  });

  test('is over when history is forgotten, and only then', () => {
    new Wire().watch('/a', 1).sent(1, made).forgotten(3).finish();
    isRefused((wire) => wire.watch('/a', 1).sent(1, made).forgotten(2));
    isRefused((wire) => wire.watch('/a', 1).forgotten(3).sent(3));
  });

  test('is counted', () => {
    const wire = new Wire().watch('/a', 1).sent(1, made).sent(1);
    const { counts } = wire.town.scene.checkers;
    expect([counts.streams, counts.streamEvents, counts.marks]).toEqual([1, 1, 1]);
  });
});
