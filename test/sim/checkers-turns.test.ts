// Locks of the library, as the log shows them: who may write, and who not any more.
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import { breach, Town } from './checkers-support.ts';

/** A queue of two, ann before bob, and what they write. */
class Queue {
  readonly town = new Town();
  readonly ann = this.#joins();
  readonly bob = this.#joins();
  #n = 0;

  #joins(): { readonly token: number; readonly file: string } {
    const told = this.town.do({ kind: 'create', prefix: path('/turns/a') + '/', body: utf8('') });
    if (told.kind !== 'created') throw new TypeError('a place is taken');
    return { token: told.revision, file: told.path };
  }

  leaves({ file, token: revision }: Queue['ann']): void {
    const isThere = { kind: 'created', path: path(file), relation: 'equal', revision } as const;
    const gone = { kind: 'delete', path: path(file), guard: -1 } as const;
    this.town.do({ kind: 'transaction', compares: [isThere], ifTrue: [gone], ifFalse: [] });
  }

  /** @param guard  whose place it is guarded by, if by any. */
  writes(guest: string, { token }: Queue['ann'], guard: Queue['ann'] | null): void {
    const mark = `/mark/${guest}/${this.#n}`;
    const always = { kind: 'exists', path: mark, exists: false } as const;
    const guards =
      guard === null
        ? []
        : ([
            { kind: 'created', path: guard.file, relation: 'equal', revision: guard.token },
          ] as const);
    const body = `${guest}.${this.#n++}`;
    const set = { kind: 'set', path: '/turned', body, guard: -1 } as const;
    const compares = [always, ...guards];
    const { history } = this.town;
    const operation = history.began(guest, {
      kind: 'transact',
      mark,
      compares,
      ifTrue: [set],
      ifFalse: [],
    });
    history.guarded.push({ operation, folder: '/turns/a', token });
    history.ended(
      operation,
      this.town.do({
        kind: 'transaction',
        compares: compares.map((compare) => ({ ...compare, path: path(compare.path) })),
        ifTrue: [{ ...set, path: path(set.path), body: utf8(body) }],
        ifFalse: [],
      }),
    );
  }
}

describe('a turn', () => {
  test('is written in by who is first in the queue, one after the other', () => {
    const queue = new Queue();
    queue.writes('ann', queue.ann, queue.ann);
    queue.writes('ann', queue.ann, queue.ann);
    queue.leaves(queue.ann);
    queue.writes('bob', queue.bob, queue.bob);
    queue.town.finish();
    expect(queue.town.scene.checkers.counts).toMatchObject({ turnsWritten: 3, turnsFenced: 0 });
  });

  test('that is over is written in no more, with the guard of who had it', () => {
    const queue = new Queue();
    queue.leaves(queue.ann);
    queue.writes('ann', queue.ann, queue.ann);
    queue.writes('bob', queue.bob, queue.bob);
    queue.town.finish();
    expect(queue.town.scene.checkers.counts).toMatchObject({ turnsWritten: 1, turnsFenced: 1 });
  });

  test('is not written in by who is second, nor by who was first and has no guard', () => {
    const early = new Queue();
    early.writes('bob', early.bob, early.bob);
    breach('fence', () => early.town.finish());
    const late = new Queue();
    late.leaves(late.ann);
    late.writes('ann', late.ann, null);
    breach('fence', () => late.town.finish());
    const after = new Queue();
    after.leaves(after.ann);
    after.writes('bob', after.bob, after.bob);
    after.writes('ann', after.ann, null);
    breach('fence', () => after.town.finish());
  });
});
