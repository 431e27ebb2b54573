import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../src/base/index.ts';
import { compileGlob } from '../../src/paths/index.ts';
import type { Applied, Event } from '../../src/tree/index.ts';
import { History, Hub, type Waiting } from '../../src/watch/index.ts';
import { Driver } from '../tree/driver.ts';

const glob = (text: string) => must(compileGlob(text), `"${text}" is a glob`);

function world(revisionsMax = 1000) {
  const driver = new Driver(undefined, false);
  const history = new History({ revisionsMax, bytesMax: 1e9 });
  history.start(driver.state);
  const hub = new Hub<string>(history);
  const publish = ({ state, events }: Applied) => {
    history.push(state, events);
    return hub.publish(events).map(({ watcher, event }) => `${watcher}@${event.revision}`);
  };
  return { driver, history, hub, publish };
}

describe('a wait', () => {
  test('on one of ten thousand exact paths costs the others nothing', () => {
    const { driver, hub, publish } = world();
    const asked: string[] = [];
    for (let i = 0; i < 10_000; i++) {
      const one = glob(`/n/${i}`);
      // Whether the pattern is looked at is what is counted.
      const { matches } = one;
      one.matches = (path) => {
        asked.push(path);
        return matches.call(one, path);
      };
      hub.wait(one, 1, `w${i}`);
    }
    expect(hub.size).toBe(10_000);
    expect(publish(driver.set('/other'))).toEqual([]);
    expect(publish(driver.set('/n/77'))).toEqual(['w77@2']);
    expect(asked.length).toBeLessThan(5);
    expect(hub.size).toBe(9_999);
  });

  test('that is cancelled is delivered nothing, and may be cancelled again', () => {
    const { driver, hub, publish } = world();
    const [one, other] = ['/a', '/**'].map((text) => hub.wait(glob(text), 1, text));
    hub.cancel(one as Waiting<string>);
    hub.cancel(one as Waiting<string>);
    expect(hub.size).toBe(1);
    expect(publish(driver.set('/a'))).toEqual(['/**@1']);
    hub.cancel(other as Waiting<string>);
    expect(hub.size).toBe(0);
  });

  test('finds in the past what a file that changed, came or went left there', () => {
    const { driver, hub, publish } = world();
    publish(driver.set('/a', '1'));
    publish(driver.set('/b', '2'));
    publish(driver.delete('/b'));
    publish(driver.delete('/c'));
    publish(driver.set('/a', '5'));
    const first = (text: string, from: number) => {
      const answer = hub.wait(glob(text), from, 'w');
      return answer === 'compacted' || answer.kind === 'waiting' ? 'waiting' : answer.revision;
    };
    expect([1, 2, 5, 6].map((from) => first('/a', from))).toEqual([1, 5, 5, 'waiting']);
    expect([1, 3, 4].map((from) => first('/b', from))).toEqual([2, 3, 'waiting']);
    expect([1, 4, 5].map((from) => first('/c', from))).toEqual([4, 4, 'waiting']);
  });
});

describe('a look into the past', () => {
  test('finds the first match, as far as it may look, and registers nobody', () => {
    const { driver, hub, publish } = world();
    for (const at of ['/a', '/b', '/b', '/c', '/a']) publish(driver.set(at));
    expect(hub.look(glob('/?'), 1, 10)).toMatchObject({ kind: 'found', event: { revision: 1 } });
    expect(hub.look(glob('/z*'), 0, 10)).toEqual({ kind: 'none', next: 6 });
    expect(hub.look(glob('/c*'), -3, 4)).toMatchObject({ kind: 'found', event: { revision: 4 } });
    expect(hub.look(glob('/c*'), 1, 3)).toEqual({ kind: 'none', next: 4 });
    expect(hub.look(glob('/c*'), 5, 3)).toEqual({ kind: 'none', next: 6 });
    expect(hub.look(glob('/c*'), 6, 3)).toEqual({ kind: 'none', next: 6 });
    // Ahead of everything there is nothing to look at, and nowhere to go back to.
    expect(hub.look(glob('/c*'), 99, 3)).toEqual({ kind: 'none', next: 99 });
    expect(hub.size).toBe(0);
  });

  test('for a file that stands since before is over at once', () => {
    const { driver, hub, publish } = world();
    publish(driver.set('/a'));
    for (let i = 0; i < 50; i++) publish(driver.set('/b'));
    expect(hub.look(glob('/a'), 2, 1)).toEqual({ kind: 'none', next: 52 });
    expect(hub.look(glob('/missing'), 2, 1)).toEqual({ kind: 'none', next: 3 });
  });

  test('that comes too late is told so', () => {
    const { driver, history, hub, publish } = world(3);
    for (let i = 0; i < 9; i++) publish(driver.set('/a'));
    history.sweep();
    expect(hub.look(glob('/a'), 6, 9)).toBe('compacted');
    expect(hub.look(glob('/a'), 7, 9)).toMatchObject({ event: { revision: 7 } });
  });
});

test('a watcher that asks between an event and its delivery gets it once', () => {
  const { driver, history, hub } = world();
  const { state, events } = driver.set('/a');
  history.push(state, events);
  const answer = hub.watch(glob('/**'), 1, 'w');
  expect(answer).toMatchObject({ past: events });
  expect(hub.publish(events)).toEqual([]);
});

describe('after a snapshot', () => {
  const restarted = (from: number, published: number, snapshot: number, text = '/**') => {
    const { driver, history, hub, publish } = world();
    for (let i = 0; i < published; i++) publish(driver.set('/a'));
    expect(hub.watch(glob(text), from, 'w')).not.toBe('compacted');
    while (driver.state.revision < snapshot) driver.set('/a');
    history.start(driver.state);
    const { lost, deliveries } = hub.restart();
    return { lost, delivered: deliveries.map(({ event }) => event.revision), size: hub.size };
  };
  const table: readonly [
    name: string,
    from: number,
    published: number,
    snapshot: number,
    result: object,
  ][] = [
    ['who may have missed an event is told', 5, 5, 9, { lost: ['w'], delivered: [], size: 0 }],
    ['who waits for the future goes on', 20, 5, 9, { lost: [], delivered: [], size: 1 }],
    ['who waits for just this revision gets it', 9, 5, 9, { lost: [], delivered: [9], size: 1 }],
    [
      'who missed only what the snapshot tells gets that',
      1,
      5,
      6,
      { lost: [], delivered: [6], size: 1 },
    ],
    [
      'at the same revision nobody gets anything twice',
      1,
      5,
      5,
      { lost: [], delivered: [], size: 1 },
    ],
  ];
  for (const [name, from, published, snapshot, result] of table) {
    test(name, () => {
      expect(restarted(from, published, snapshot)).toEqual(result);
    });
  }
});

test('every watch gets every matching event from its revision on, once, in order (W1, W2)', () => {
  const patterns = ['/**', '/*', '/a', '/a/**', '/a/b', '/**b', '/a*', '/?', '/'];
  const paths = ['/a', '/a/b', '/b', '/ab', '/a/b/c', '/c'];
  const watch = fc.record({
    kind: fc.constantFrom('watch', 'wait'),
    pattern: fc.constantFrom(...patterns),
    /** Before, at or after the present. */
    ahead: fc.integer({ min: -6, max: 6 }),
  });
  const write = fc.record({ kind: fc.constant('write'), at: fc.constantFrom(...paths, '') });
  const remove = fc.record({ kind: fc.constant('delete'), at: fc.constantFrom(...paths) });
  let deliveries = 0;
  fc.assert(
    fc.property(
      fc.array(fc.oneof(watch, write, remove), { maxLength: 60, size: 'max' }),
      (steps) => {
        const { driver, history, hub } = world();
        const all: Event[] = [];
        const got = new Map<
          string,
          { pattern: string; from: number; once: boolean; events: Event[] }
        >();
        const run = (applied: Applied) => {
          history.push(applied.state, applied.events);
          all.push(...applied.events);
          for (const { watcher, event } of hub.publish(applied.events)) {
            got.get(watcher)?.events.push(event);
          }
        };
        for (const [i, step] of steps.entries()) {
          if ('pattern' in step) {
            const { pattern, kind } = step;
            const from = driver.state.revision + step.ahead;
            const once = kind === 'wait';
            const answer = once
              ? hub.wait(glob(pattern), from, `${i}`)
              : hub.watch(glob(pattern), from, `${i}`);
            const events =
              answer === 'compacted' || answer.kind === 'waiting'
                ? []
                : answer.kind === 'watching'
                  ? [...answer.past]
                  : [answer];
            got.set(`${i}`, { pattern, from, once, events });
          } else if (step.kind === 'delete') run(driver.delete(step.at));
          else run(step.at === '' ? driver.command({ kind: 'nop' }) : driver.set(step.at));
        }
        for (const { pattern, from, once, events } of got.values()) {
          const matching = all.filter(
            ({ path, revision }) => revision >= from && glob(pattern).matches(path),
          );
          expect(events).toEqual(once ? matching.slice(0, 1) : matching);
          deliveries += events.length;
        }
        const waiting = [...got.values()].filter(
          ({ once, events }) => !once || events.length === 0,
        );
        expect(hub.size).toBe(waiting.length);
      },
    ),
    { numRuns: 200 },
  );
  expect(deliveries).toBeGreaterThan(3000);
});
