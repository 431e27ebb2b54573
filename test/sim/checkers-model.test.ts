// The model that judges what guests saw, against the tree: random commands, the same answers.
import { expect, test } from 'vitest';
import {
  bootNumber,
  clusterTime,
  logIndex,
  noSession,
  prng,
  term,
  textOf,
  utf8,
} from '../../src/base/index.ts';
import { compileGlob, type Path, path } from '../../src/paths/index.ts';
import { TreeModel } from '../../src/sim/checkers/model.ts';
import {
  apply,
  type Command,
  children,
  type Event,
  emptyTree,
  fileAt,
  isDirectory,
  stat,
  type TreeState,
  type View,
  walk,
} from '../../src/tree/index.ts';
import { breach, id } from './checkers-support.ts';

const paths = [
  '/',
  '/a',
  '/b',
  '/a/b',
  '/a-b',
  '/a/b/c',
  '/a/c',
  '/a.b/d',
  '/b/x',
  '/b/y',
  '/b/y/z',
  '/b/y/z/deep',
  '/Z',
  '/ctl',
  '/ctl/err',
  '/ctl/err/below',
  '/ctl/x',
  '/0',
].map((text) => path(text));
const globs = ['/**', '/*', '/a/**', '/a*', '/**/b', '/b/*/z', '/?', '/a/b', '/x/**'].map(
  (text) => {
    const glob = compileGlob(text);
    if (glob === null) throw new TypeError(text);
    return glob;
  },
);

type Step = {
  readonly state: TreeState;
  readonly code: string | null;
  readonly events: readonly Event[];
};

function applied(before: TreeState, command: Command): Step {
  const { state, reply, events } = apply(before, {
    index: logIndex(before.appliedIndex + 1),
    term: term(1),
    time: clusterTime(0),
    body: {
      kind: 'command',
      envelope: {
        origin: { node: id('A'), boot: bootNumber(1), n: 1 },
        session: noSession,
        seq: 0,
        ackedBelow: 0,
        command,
      },
    },
  });
  return { state, code: reply?.kind === 'refused' ? reply.code : null, events };
}

function compare(model: TreeModel, view: View): void {
  const { revision } = view;
  for (const at of paths) {
    const file = fileAt(view, at);
    const event = model.fileAt(at, revision);
    expect(event?.revision ?? null).toBe(file?.changed ?? null);
    if (file !== null && event !== null) expect(textOf(event.body)).toBe(textOf(file.body));
    expect(model.isDirectory(at, revision)).toBe(isDirectory(view, at));
    const names = isDirectory(view, at) ? [...children(view, at)] : null;
    expect(model.namesAt(at, revision)).toEqual(names);
    const found = stat(view, at);
    if (found.kind === 'directory') expect(names?.length).toBe(found.count);
    const canHold = applied(view, { kind: 'set', path: at, body: utf8('x'), guard: -1 });
    expect(model.hasPlace(at, revision)).toBe(canHold.code === null);
  }
  for (const glob of globs) {
    const found = [...walk(view, glob)].map(({ path: at, file }) => `${at}@${file.changed}`);
    const events = model.walkAt(glob, revision).map((event) => `${event.path}@${event.revision}`);
    expect(events).toEqual(found);
  }
}

test('the model answers as the tree does, for 25,000 random commands', { timeout: 60_000 }, () => {
  let refused = 0;
  for (let seed = 1; seed <= 25; seed++) {
    const dice = prng(seed);
    const model = new TreeModel();
    let state = emptyTree();
    const views: View[] = [];
    for (let n = 0; n < 1000; n++) {
      const kind = (['set', 'set', 'set', 'delete', 'nop'] as const)[dice.below(5)] ?? 'nop';
      const at = paths[dice.below(paths.length)] as Path;
      const near = state.revision - dice.below(30);
      const guard = [-1, -1, 0, near, -2, -3, fileAt(state, at)?.changed ?? 1][dice.below(7)] ?? -1;
      const command: Command =
        kind === 'nop'
          ? { kind }
          : kind === 'set'
            ? { kind, path: at, body: utf8(`${seed}.${n}`), guard }
            : { kind, path: at, guard };
      const step = applied(state, command);
      const judged = kind === 'nop' ? null : model.judge({ kind, path: at, guard }, state.revision);
      expect(judged, `${kind} ${at} guard ${guard} at ${state.revision}`).toBe(step.code);
      if (judged !== null) refused++;
      for (const event of step.events) model.push(event);
      state = step.state;
      if (n % 100 === 99) views.push(state);
    }
    // Of any revision, also long after it.
    for (const view of views) compare(model, view);
  }
  expect(refused).toBeGreaterThan(2000);
});

test('the model knows no file where a directory is', () => {
  const model = new TreeModel();
  const event = (revision: number, at: string): Event => ({
    kind: 'set',
    path: path(at),
    body: utf8('x'),
    revision: revision as Event['revision'],
    previous: null,
  });
  model.push(event(1, '/a/b'));
  breach('model', () => model.push(event(2, '/a')));
  breach('model', () => model.push(event(2, '/a/b/c')));
  model.push(event(2, '/a/c'));
  breach('revision', () => model.push(event(4, '/z')));
});
