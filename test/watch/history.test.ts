import { describe, expect, test } from 'vitest';
import { checkTree, type Event, encodeSnapshot, snapshotDecoder } from '../../src/tree/index.ts';
import { History } from '../../src/watch/index.ts';
import { Driver } from '../tree/driver.ts';

const roomy = { revisionsMax: 1000, bytesMax: 1e9 };

function recorded(options = roomy) {
  const [driver, history] = [new Driver(), new History(options)];
  history.start(driver.state);
  const push = ({ state, events }: { state: Driver['state']; events: readonly Event[] }) =>
    history.push(state, events);
  const write = (count: number, body = 'x'): void => {
    for (let i = 0; i < count; i++) push(driver.set(`/n/${i % 10}`, body));
  };
  return { driver, history, push, write };
}

const revisionsOf = (events: Iterable<Event> | 'compacted') =>
  events === 'compacted' ? events : [...events].map(({ revision }) => revision as number);

describe('history', () => {
  test('gives the view and the event of every revision since it began', () => {
    const { history, write } = recorded();
    write(30);
    for (let revision = 1; revision <= 30; revision++) {
      const [view, event] = [history.viewAt(revision), history.eventAt(revision)];
      expect(view).toMatchObject({ revision });
      expect(event).toMatchObject({ kind: 'set', revision });
    }
    expect(history.viewAt(31)).toBe('future');
    expect(history.eventAt(31)).toBe('future');
    expect(revisionsOf(history.eventsFrom(28))).toEqual([28, 29, 30]);
    expect(revisionsOf(history.eventsFrom(31))).toEqual([]);
  });

  test('counts a revision below 1 as 1', () => {
    const { history, write } = recorded();
    expect(history.viewAt(0)).toBe('future');
    write(2);
    for (const revision of [1, 0, -1, -5]) {
      expect(history.viewAt(revision)).toMatchObject({ revision: 1 });
      expect(revisionsOf(history.eventsFrom(revision))).toEqual([1, 2]);
    }
  });

  test('answers a read inside a change of several events at its end', () => {
    const { driver, history, push } = recorded();
    push(driver.members({ voters: 'A' }));
    push(driver.found({ '/a': '', '/b': '', '/c': '' }));
    for (const revision of [1, 2, 3]) expect(history.viewAt(revision)).toBe(driver.state);
    expect(revisionsOf(history.eventsFrom(2))).toEqual([2, 3]);
  });

  test('has the newest view of a revision, also after entries that took none', () => {
    const { driver, history, push, write } = recorded();
    write(1);
    push(driver.take({ kind: 'nothing' }, 77));
    expect(history.viewAt(1)).toMatchObject({ clusterTime: 77 });
    expect(history.current).toBe(driver.state);
  });

  test('refuses a gap', () => {
    const { driver, history } = recorded();
    driver.set('/lost');
    const { state, events } = driver.set('/a');
    expect(() => history.push(state, events)).toThrow('T1: history has no gap');
    expect(() => history.push(state, [])).toThrow('T1');
  });

  test('a sweep forgets what is revisionsMax behind, and only a sweep does', () => {
    const { history, write } = recorded({ ...roomy, revisionsMax: 20 });
    write(60);
    expect(history.oldest).toBe(0);
    history.sweep();
    // Specification 4.6: everything up to current - hist is dropped.
    expect(history.oldest).toBe(41);
    expect(history.viewAt(40)).toBe('compacted');
    expect(history.eventsFrom(40)).toBe('compacted');
    expect(history.viewAt(41)).toMatchObject({ revision: 41 });
    write(1);
    expect(history.viewAt(41)).toMatchObject({ revision: 41 });
    history.sweep();
    expect(history.viewAt(41)).toBe('compacted');
  });

  test('outrun, it keeps the newest, which is true in any case, and goes on from there', () => {
    const { history, write } = recorded({ ...roomy, revisionsMax: 20 });
    write(10);
    history.outrun();
    expect(history.oldest).toBe(10);
    expect(history.viewAt(9)).toBe('compacted');
    expect(history.eventAt(10)).toMatchObject({ revision: 10 });
    write(15);
    history.sweep();
    expect(history.oldest).toBe(10);
    expect(history.viewAt(10)).toMatchObject({ revision: 10 });
  });

  test('keeps right through thousands of revisions and sweeps', () => {
    const { history, write } = recorded({ ...roomy, revisionsMax: 50 });
    for (let i = 0; i < 150; i++) {
      write(40);
      history.sweep();
      const newest = history.current.revision;
      expect(history.oldest).toBe(Math.max(0, newest - 49));
      expect(history.viewAt(newest)).toBe(history.current);
      expect(history.eventAt(newest - 39)).toMatchObject({ revision: newest - 39 });
      expect(history.eventAt(newest - 50)).toBe(i === 0 ? history.eventAt(1) : 'compacted');
    }
  });

  test('beyond its bytes it forgets the oldest at once, but never the newest', () => {
    const { history, write } = recorded({ ...roomy, bytesMax: 100_000 });
    // The body before counts too: another one may be kept by nothing else.
    write(100, 'x'.repeat(4000));
    expect(history.current.revision - history.oldest).toBeLessThan(10);
    expect(history.current.revision - history.oldest).toBeGreaterThan(7);
    write(1, 'x'.repeat(200_000));
    expect(history.oldest).toBe(101);
    expect(history.eventAt(101)).toMatchObject({ revision: 101 });
    // The next write to that file still holds it, as what was before.
    write(5);
    expect(history.oldest).toBe(103);
    write(200);
    expect(history.current.revision - history.oldest).toBeGreaterThan(40);
  });
});

test('after a snapshot history begins with the last event of the snapshot', () => {
  const endings: ((driver: Driver) => unknown)[] = [
    (driver) => driver.set('/a', 'new'),
    (driver) => driver.delete('/a'),
    (driver) => driver.delete('/missing'),
    (driver) => driver.command({ kind: 'nop' }),
    (driver) => driver.set('/a', 'refused', 0),
  ];
  for (const end of endings) {
    const driver = new Driver();
    driver.found({ '/a': 'older' }, {}, 2);
    driver.set('/a', 'old');
    end(driver);
    const decoder = snapshotDecoder();
    for (const chunk of encodeSnapshot(driver.state)) decoder.push(chunk);
    const state = decoder.finish();
    checkTree(state);
    const history = new History(roomy);
    history.start(state);
    expect(history.oldest).toBe(3);
    expect(history.eventAt(3)).toEqual(driver.state.lastEvent);
    expect(history.viewAt(3)).toBe(state);
    expect(history.viewAt(2)).toBe('compacted');
    expect(history.eventsFrom(2)).toBe('compacted');
  }
});
