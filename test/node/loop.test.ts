import { expect, test } from 'vitest';
import { logIndex, term } from '../../src/base/index.ts';
import { Loop } from '../../src/node/loop.ts';
import type { LogStore } from '../../src/ports/index.ts';
import type { Input, Output, Persist } from '../../src/raft/index.ts';
import { FakeClock, settled } from '../support/fake-clock.ts';

const persist = (index: number): Persist => ({
  snapshot: null,
  hardState: null,
  truncateFrom: null,
  entries: [],
  through: { index: logIndex(index), term: term(1) },
});

const output = (asked: Partial<Output>): Output => ({
  persist: null,
  sendNow: [],
  sendAfterPersist: [],
  committed: [],
  receipts: [],
  reads: [],
  notices: [],
  ...asked,
});

/** A loop over a core and a disk that do what the test says, and a journal of all that happened. */
class Stage {
  readonly clock = new FakeClock();
  readonly journal: string[] = [];
  /** What the next calls of `take` answer. */
  readonly wishes: Output[] = [];
  readonly failures: unknown[] = [];
  readonly saves: { resolve: () => void; reject: (error: Error) => void }[] = [];
  applies: (() => void) | null = null;
  slices = 0;
  readonly loop: Loop;

  constructor() {
    const note = (what: string) => this.journal.push(what);
    const log = {
      save: (batch: Persist) => {
        note(`save ${batch.through.index}`);
        return new Promise<void>((resolve, reject) => this.saves.push({ resolve, reject }));
      },
    } as LogStore;
    this.loop = new Loop({
      core: {
        step: (input) => note(`step ${nameOf(input)}`),
        take: () => this.wishes.shift() ?? null,
      },
      log,
      clock: this.clock,
      steps: {
        prepare: () => note('prepare'),
        gather: () => note('gather'),
        begin: () => note('send'),
        apply: () => {
          note('apply');
          this.applies?.();
          if (this.slices > 0) this.slices--;
          return this.slices === 0;
        },
        durable: () => note('promise'),
      },
      failed: (error) => this.failures.push(error),
    });
  }

  read(n: number): void {
    this.loop.offer({ kind: 'read', ref: n });
  }

  /** What happened since the last look. */
  async seen(): Promise<string[]> {
    await this.clock.quiet();
    return this.journal.splice(0);
  }
}

const nameOf = (input: Input): string => {
  if (input.kind === 'read') return `read ${input.ref}`;
  return input.kind === 'persisted' ? `persisted ${input.through.index}` : input.kind;
};

test('a turn steps what waits, gathers, ticks, sends, saves, applies, reports, promises', async () => {
  const stage = new Stage();
  stage.wishes.push(output({ persist: persist(5) }));
  stage.loop.tick();
  stage.read(1);
  stage.read(2);
  const before = ['prepare', 'step read 1', 'step read 2', 'gather', 'step tick'];
  expect(await stage.seen()).toEqual([...before, 'send', 'save 5', 'apply']);
  stage.saves[0]?.resolve();
  expect(await stage.seen()).toEqual(['step persisted 5', 'promise', 'apply']);
});

test('N1: nothing is stepped between a save and its persisted, whatever arrives meanwhile', async () => {
  const stage = new Stage();
  stage.wishes.push(output({ persist: persist(5) }));
  stage.read(1);
  await stage.seen();
  stage.read(2);
  stage.loop.tick();
  stage.loop.wake();
  expect(await stage.seen()).toEqual([]);
  stage.saves[0]?.resolve();
  expect(await stage.seen()).toEqual([
    'step persisted 5',
    'promise',
    'apply',
    'prepare',
    'step read 2',
    'gather',
    'step tick',
    'apply',
  ]);
});

test('what a persisted report leads to is taken in the same turn', async () => {
  const stage = new Stage();
  stage.wishes.push(output({ persist: persist(5) }), output({ persist: persist(6) }));
  stage.read(1);
  await stage.seen();
  stage.saves[0]?.resolve();
  const second = ['step persisted 5', 'promise', 'send', 'save 6', 'apply'];
  expect(await stage.seen()).toEqual(second);
  stage.saves[1]?.resolve();
  expect(await stage.seen()).toEqual(['step persisted 6', 'promise', 'apply']);
});

test('nothing to save: promises leave at once', async () => {
  const stage = new Stage();
  stage.wishes.push(output({}));
  stage.read(1);
  expect(await stage.seen()).toEqual([
    'prepare',
    'step read 1',
    'gather',
    'send',
    'apply',
    'promise',
    'apply',
  ]);
});

test('after a stall many ticks are one, behind the messages that waited', async () => {
  const stage = new Stage();
  for (let i = 0; i < 50; i++) stage.loop.tick();
  stage.read(1);
  const seen = await stage.seen();
  expect(seen.filter((what) => what === 'step tick').length).toBe(1);
  expect(seen.indexOf('step tick')).toBeGreaterThan(seen.indexOf('step read 1'));
});

test('what is gathered outside the inbox while the disk works gets a turn without a tick', async () => {
  const stage = new Stage();
  stage.wishes.push(output({ persist: persist(5) }));
  stage.read(1);
  await stage.seen();
  stage.loop.wake();
  stage.saves[0]?.resolve();
  expect(await stage.seen()).toContain('gather');
});

test('a backlog is applied over several turns, with the event loop in between', async () => {
  const stage = new Stage();
  stage.slices = 4;
  stage.read(1);
  await stage.clock.round();
  expect(stage.journal.splice(0)).toEqual(['prepare', 'step read 1', 'gather', 'apply']);
  stage.read(2);
  await stage.clock.round();
  expect(stage.journal.splice(0)).toEqual(['prepare', 'step read 2', 'gather', 'apply']);
  expect((await stage.seen()).filter((what) => what === 'apply').length).toBe(2);
});

test('a failed save is fatal: nothing is reported or promised, and there are no more turns', async () => {
  const stage = new Stage();
  stage.wishes.push(output({ persist: persist(5) }));
  stage.read(1);
  await stage.seen();
  const refused = new Error('the disk refused');
  stage.saves[0]?.reject(refused);
  stage.read(2);
  expect(await stage.seen()).toEqual([]);
  expect(stage.failures).toEqual([refused]);
  stage.loop.tick();
  expect(await stage.seen()).toEqual([]);
});

test('a broken invariant is told once, also when the save under way fails after it', async () => {
  const stage = new Stage();
  stage.wishes.push(output({ persist: persist(5) }));
  const broken = new Error('an invariant is broken');
  stage.applies = () => {
    throw broken;
  };
  stage.read(1);
  expect(await stage.seen()).toEqual([
    'prepare',
    'step read 1',
    'gather',
    'send',
    'save 5',
    'apply',
  ]);
  // Were nobody to wait for it, the process would end by it.
  stage.saves[0]?.reject(new Error('later'));
  await settled();
  expect(stage.failures).toEqual([broken]);
});

test('stop waits for the turn under way, and no other begins', async () => {
  const stage = new Stage();
  stage.wishes.push(output({ persist: persist(5) }), output({}));
  stage.read(1);
  await stage.seen();
  stage.read(2);
  let stopped = false;
  const stopping = stage.loop.stop().then(() => {
    stopped = true;
  });
  await settled();
  expect(stopped).toBe(false);
  stage.saves[0]?.resolve();
  expect((await stage.seen())[0]).toBe('step persisted 5');
  await stopping;
  stage.read(3);
  expect(await stage.seen()).toEqual([]);
  await stage.loop.stop();
});
