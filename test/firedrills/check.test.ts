import { describe, expect, it } from 'vitest';
import { check } from '../../firedrills/support/history/check.ts';
import type { Recorded } from '../../firedrills/support/history/types.ts';
import { done, MadeHistory, mismatch, notDone, unknown } from './history.ts';

const hot = '/drill/hot/f0';
const other = '/drill/hot/f1';

const rules = (recorded: Recorded, until?: number): string[] =>
  check(recorded, until ?? recorded.finals[0]?.newest ?? 0).violations.map(({ rule }) => rule);

/** Two writes to one file, one after the other, and what watched them. */
function twoWrites(): MadeHistory {
  const made = new MadeHistory();
  made.write([0, 10], hot, 'a', 0, done(made.set(hot, 'a')));
  made.write([20, 30], hot, 'b', 1, done(made.set(hot, 'b')));
  return made;
}

describe('a history in which all is well', () => {
  it('has no violation, and its figures are counted', () => {
    const made = twoWrites();
    made.read([40, 50], hot, 2, 'b');
    made.read([55, 56], hot, 1, 'a', 1);
    made.rev([60, 61], 2);
    made.write([70, 80], hot, 'c', 0, mismatch);
    made.set('/ctl/err', 'rev mismatch');
    made.write([70, 90], other, 'd', -1, notDone);
    made.write([70, 95], other, 'e', -1, unknown);
    made.watch('/drill/**', 1, made.changes.slice(0, 2), 100);
    const report = check(made.recorded(), 3);
    expect(report.violations).toEqual([]);
    expect(report).toMatchObject({ operations: 8, done: 5, mismatches: 1, notDone: 1, unknown: 1 });
    expect(report).toMatchObject({ events: 2, unchecked: 0, longestSilenceMs: 20 });
  });

  it('may order what overlaps either way', () => {
    const made = new MadeHistory();
    const first = made.set(hot, 'a');
    const second = made.set(hot, 'b');
    made.write([0, 100], hot, 'b', -1, done(second));
    made.write([10, 100], hot, 'a', -1, done(first));
    made.read([20, 90], hot, 1, 'a');
    made.read([20, 90], hot, 0, '');
    expect(rules(made.recorded())).toEqual([]);
  });

  it('takes what began in the moment in which another ended for overlapping it', () => {
    const made = twoWrites();
    made.read([30, 40], hot, 1, 'a');
    expect(rules(made.recorded())).toEqual([]);
  });

  it('may hold a write that nobody had an answer to, even long after', () => {
    const made = new MadeHistory();
    made.write([0, 10], hot, 'late', -1, unknown);
    made.write([50, 60], hot, 'b', -1, done(made.set(hot, 'b')));
    made.set(hot, 'late');
    expect(rules(made.recorded())).toEqual([]);
  });
});

describe('writes', () => {
  it('are missed when they were acknowledged and are not in the history', () => {
    const made = twoWrites();
    made.write([40, 50], other, 'lost', -1, done(2));
    expect(rules(made.recorded())).toContain('acknowledged and lost');
  });

  it('are missed when the history ends before them', () => {
    const made = twoWrites();
    made.write([40, 50], other, 'lost', -1, done(3));
    expect(rules(made.recorded())).toEqual(['acknowledged and lost']);
  });

  it('are found out with another body', () => {
    const made = new MadeHistory();
    made.write([0, 10], hot, 'a', -1, done(made.set(hot, 'A')));
    expect(rules(made.recorded())).toContain('acknowledged and lost');
  });

  it('are found out when they are there twice', () => {
    const made = new MadeHistory();
    made.write([0, 10], hot, 'a', -1, unknown);
    made.set(hot, 'a');
    made.set(hot, 'a');
    expect(rules(made.recorded())).toEqual(['done twice']);
  });

  it('are found out when they were refused and are there', () => {
    const made = new MadeHistory();
    made.write([0, 10], hot, 'a', -1, notDone);
    made.set(hot, 'a');
    expect(rules(made.recorded())).toEqual(['refused and done']);
  });

  it('are found out when nobody asked for them', () => {
    const made = twoWrites();
    made.set(hot, 'ghost');
    expect(rules(made.recorded())).toEqual(['from nowhere']);
  });

  it('are found out when the one that began later took the lower revision', () => {
    const made = new MadeHistory();
    const low = made.set(hot, 'a');
    const high = made.set(other, 'b');
    made.write([0, 10], other, 'b', -1, done(high));
    made.write([20, 30], hot, 'a', -1, done(low));
    expect(rules(made.recorded())).toEqual(['real time']);
  });

  it('are held to the clock although nobody had an answer to them', () => {
    const made = new MadeHistory();
    made.set(hot, 'a');
    const high = made.set(other, 'b');
    made.write([0, 10], other, 'b', -1, done(high));
    made.write([20, 30], hot, 'a', -1, unknown);
    expect(rules(made.recorded())).toEqual(['real time']);
  });

  it('are found out when two were told the same revision', () => {
    const made = twoWrites();
    made.write([20, 30], hot, 'b', 1, done(2));
    expect(rules(made.recorded())).toContain('one revision, two writes');
  });
});

describe('guards', () => {
  it('are found out when they did not hold and the write was done', () => {
    const made = twoWrites();
    made.write([40, 50], hot, 'c', 1, done(made.set(hot, 'c')));
    expect(rules(made.recorded())).toEqual(['guard']);
  });

  it('are found out for a write without an answer, too', () => {
    const made = twoWrites();
    made.set(hot, 'c');
    made.write([40, 50], hot, 'c', 0, unknown);
    expect(rules(made.recorded())).toEqual(['guard']);
  });

  it('are found out when they held all the time and the write was refused', () => {
    const made = twoWrites();
    made.write([40, 50], hot, 'c', 2, mismatch);
    made.set('/ctl/err', 'rev mismatch');
    expect(rules(made.recorded())).toEqual(['refused for nothing']);
  });

  it('count a refusal as one only while the write was under way', () => {
    const made = twoWrites();
    made.set('/ctl/err', 'rev mismatch');
    made.write([40, 50], hot, 'c', 2, done(made.set(hot, 'c')));
    made.write([60, 70], hot, 'd', 1, mismatch);
    expect(rules(made.recorded())).toEqual(['refused for nothing']);
  });
});

describe('a refusal', () => {
  it('is not explained by what took effect after it was told', () => {
    const made = twoWrites();
    made.write([40, 50], hot, 'c', 2, mismatch);
    made.write([60, 70], hot, 'd', -1, done(made.set(hot, 'd')));
    made.set('/ctl/err', 'rev mismatch');
    made.write([60, 70], hot, 'e', 0, mismatch);
    expect(rules(made.recorded())).toEqual(
      expect.arrayContaining(['refused for nothing', 'refused without a revision']),
    );
  });
});

describe('deletes', () => {
  it('pair with what was asked, although the answer names no revision', () => {
    const made = twoWrites();
    made.delete(hot);
    made.remove([40, 50], hot, -1, done(0));
    made.delete(hot);
    made.remove([60, 70], hot, -1, unknown);
    made.read([80, 90], hot, 0, '');
    expect(rules(made.recorded())).toEqual([]);
  });

  it('are missed when they were acknowledged and are not there', () => {
    const made = twoWrites();
    made.delete(hot);
    made.remove([40, 50], hot, -1, done(0));
    made.remove([60, 70], hot, -1, done(0));
    expect(rules(made.recorded())).toEqual(['acknowledged and lost']);
  });

  it('are found out when nobody asked for them', () => {
    const made = twoWrites();
    made.delete(hot);
    made.delete(hot);
    made.remove([40, 50], hot, -1, unknown);
    expect(rules(made.recorded())).toEqual(['from nowhere']);
  });
});

describe('reads of the newest state', () => {
  it('are stale when something newer had been acknowledged before they began', () => {
    const made = twoWrites();
    made.read([40, 50], hot, 1, 'a');
    expect(rules(made.recorded())).toEqual(['stale read']);
  });

  it('are stale when another client had read something newer before they began', () => {
    const made = new MadeHistory();
    made.write([0, 10], hot, 'a', -1, done(made.set(hot, 'a')));
    made.set(hot, 'b');
    made.write([20, 200], hot, 'b', -1, unknown);
    made.read([30, 40], hot, 2, 'b');
    made.read([50, 60], hot, 1, 'a');
    expect(rules(made.recorded())).toEqual(['stale read']);
  });

  it('are stale when a watch had told of something newer before they began', () => {
    const made = twoWrites();
    made.operations.pop();
    made.write([20, 200], hot, 'b', 1, unknown);
    made.watch('/drill/**', 1, made.changes, 30);
    made.read([40, 50], hot, 1, 'a');
    expect(rules(made.recorded())).toEqual(['stale read']);
  });

  it('are stale when a file is missing that was there', () => {
    const made = twoWrites();
    made.read([40, 50], hot, 0, '');
    expect(rules(made.recorded())).toEqual(['stale read']);
  });

  it('are found out with what never was', () => {
    const made = twoWrites();
    made.read([40, 50], hot, 2, 'B');
    expect(rules(made.recorded())).toEqual(['read what never was']);
  });

  it('are from the future when what they found was asked for later', () => {
    const made = new MadeHistory();
    made.read([0, 5], hot, 1, 'a');
    made.write([10, 20], hot, 'a', -1, done(made.set(hot, 'a')));
    expect(rules(made.recorded())).toEqual(['real time']);
  });
});

describe('reads at a revision', () => {
  it('are found out when they show another one', () => {
    const made = twoWrites();
    made.read([40, 50], hot, 2, 'b', 1);
    expect(rules(made.recorded())).toEqual(['read at a revision']);
  });

  it('are found out when they show another body', () => {
    const made = twoWrites();
    made.read([40, 50], hot, 1, 'A', 1);
    expect(rules(made.recorded())).toEqual(['read at a revision']);
  });

  it('may be of the past, and raise what others must see', () => {
    const made = twoWrites();
    made.read([40, 50], hot, 1, 'a', 1);
    made.read([60, 70], hot, 2, 'b', 2);
    expect(rules(made.recorded())).toEqual([]);
  });
});

describe('the revision', () => {
  it('is stale when more had been seen', () => {
    const made = twoWrites();
    made.rev([40, 50], 1, 'old-0');
    expect(rules(made.recorded())).toEqual(['stale revision']);
  });

  it('may be of the past when the answer took as long as a node without a majority waits', () => {
    const made = twoWrites();
    made.rev([40, 5040], 1, 'old-0');
    expect(rules(made.recorded())).toEqual([]);
  });

  it('does not go back for one client of the library all the same', () => {
    const made = twoWrites();
    made.rev([40, 5040], 1, 'lib-0');
    expect(rules(made.recorded())).toEqual(['went back']);
  });

  it('is never from the future', () => {
    const made = twoWrites();
    made.rev([40, 50], 7);
    expect(rules(made.recorded())).toContain('from the future');
  });
});

describe('watches', () => {
  it('are found out with a gap', () => {
    const made = twoWrites();
    made.watch('/drill/**', 1, [made.changes[1]], 50);
    expect(rules(made.recorded())).toEqual(['watch: gap']);
  });

  it('are found out when they hang before the end', () => {
    const made = twoWrites();
    made.watch('/drill/**', 1, [made.changes[0]], 50);
    expect(rules(made.recorded())).toEqual(['watch: gap']);
  });

  it('may end early when they were told that the next is forgotten', () => {
    const made = twoWrites();
    made.watch('/drill/**', 1, [made.changes[0]], 50).end = 'compacted';
    expect(rules(made.recorded())).toEqual([]);
  });

  it('are found out with a repeat', () => {
    const made = twoWrites();
    made.watch('/drill/**', 1, [made.changes[0], made.changes[0], made.changes[1]], 50);
    expect(rules(made.recorded())).toEqual(['watch: repeat']);
  });

  it('are found out with a step back', () => {
    const made = twoWrites();
    made.watch('/drill/**', 1, [made.changes[1], made.changes[0]], 50);
    expect(rules(made.recorded())).toEqual(['watch: repeat']);
  });

  it('are found out with something older than was asked for', () => {
    const made = twoWrites();
    made.watch('/drill/**', 2, made.changes, 50);
    expect(rules(made.recorded())).toEqual(['watch: repeat']);
  });

  it('are found out with what does not match', () => {
    const made = twoWrites();
    made.write([40, 50], '/drill/fresh/x', 'c', 0, done(made.set('/drill/fresh/x', 'c')));
    made.watch('/drill/hot/*', 1, made.changes, 60);
    expect(rules(made.recorded())).toEqual(['watch: from nowhere']);
  });

  it('are found out with another body', () => {
    const made = twoWrites();
    const [first, second] = made.changes;
    made.watch('/drill/**', 1, [first, second && { ...second, body: 'B' }], 50);
    expect(rules(made.recorded())).toEqual(['watch: otherwise']);
  });
});

describe('the nodes', () => {
  it('are found out when they tell different histories', () => {
    const made = twoWrites();
    const final = made.final('b');
    const [first, second] = final.changes;
    const changes = [first, second].flatMap((c) => (c === undefined ? [] : [{ ...c }]));
    const forged = changes.map((c) => (c.revision === 1 ? { ...c, body: 'x' } : c));
    expect(rules(made.recorded(made.final(), { ...final, changes: forged }))).toEqual([
      'nodes disagree',
    ]);
  });

  it('are found out when a revision is missing', () => {
    const made = twoWrites();
    const final = made.final();
    const changes = final.changes.slice(1);
    expect(rules(made.recorded({ ...final, changes }))).toContain('history: gap');
  });

  it('are found out when their files are not what the history leads to', () => {
    const made = twoWrites();
    const final = made.final();
    expect(rules(made.recorded({ ...final, files: [] }))).toEqual(['files and history']);
    const ghost = { path: '/drill/ghost', body: '', revision: 1 };
    const files = [...final.files, ghost];
    expect(rules(made.recorded({ ...final, files }))).toEqual(['files and history']);
  });

  it('may remember less than one another; what none remembers is counted, not judged', () => {
    const made = twoWrites();
    made.read([40, 50], hot, 2, 'b');
    expect(check(made.recorded(made.final('a', 2), made.final('b')), 2).unchecked).toBe(0);
    const report = check(made.recorded(made.final('a', 2)), 2);
    expect(report.violations).toEqual([]);
    expect(report.unchecked).toBeGreaterThan(0);
  });
});
