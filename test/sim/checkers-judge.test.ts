// What a tree with a bug would do and answer, command by command, is told as breaking the rule of that command.
import { expect, test } from 'vitest';
import {
  bootNumber,
  clusterTime,
  type LeaseId,
  logIndex,
  type SessionId,
  term,
  utf8,
} from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import { Commands } from '../../src/sim/checkers/commands.ts';
import { noCounts } from '../../src/sim/checkers/counts.ts';
import type { Step } from '../../src/sim/checkers/replay.ts';
import {
  apply,
  type Command,
  emptyTree,
  leaseKey,
  type Reply,
  sessionsVersion,
  type TreeState,
  type View,
  type Write,
} from '../../src/tree/index.ts';
import { breach, id } from './checkers-support.ts';

const set = (where: string, body: string, lease = 0): Write => ({
  kind: 'set',
  path: path(where),
  body: utf8(body),
  guard: -1,
  lease: lease as LeaseId,
});

/** A session with the index of its grant. */
const session = 1;
const story: readonly { readonly command: Command; readonly seq?: number }[] = [
  { command: { kind: 'grant', lengthMs: 1000, window: 4 } },
  { command: { kind: 'grant', lengthMs: 1000, window: 0 } },
  { command: set('/a', 'one', 2), seq: 1 },
  { command: set('/a', 'one', 2), seq: 1 },
  { command: set('/b', 'two', 2) },
  { command: { kind: 'count', path: path('/n'), delta: 5, guard: -1 } },
  { command: { kind: 'create', prefix: '/q/', body: utf8('x') } },
  {
    command: {
      kind: 'transaction',
      compares: [{ kind: 'exists', path: path('/a'), exists: true }],
      ifTrue: [set('/c', 'three'), set('/d', 'four')],
      ifFalse: [],
    },
  },
  { command: { kind: 'expire', leases: [2 as LeaseId], term: term(1) } },
];

function steps(): Step[] {
  let state: TreeState = { ...emptyTree(), behaviourVersion: sessionsVersion };
  return story.map(({ command, seq = 0 }, i) => {
    const before = state.revision;
    const envelope = {
      origin: { node: id('A'), boot: bootNumber(1), n: i },
      session: (seq === 0 ? 0 : session) as SessionId,
      seq,
      ackedBelow: seq === 0 ? 0 : 1,
      command,
    };
    const body = { kind: 'command', envelope } as const;
    const index = logIndex(i + 1);
    const done = apply(state, { index, term: term(1), time: clusterTime(0), body });
    state = done.state;
    const { reply, events } = done;
    return { index, term: 1, envelope, reply, before, after: state.revision, events, state };
  });
}

/** The steps, with one of them another. */
function judge(nth: number, change: (step: Step) => Partial<Step>, view: View | null = null): void {
  const views = new Map(view === null ? [] : [['A', view]]);
  const commands = new Commands({ counts: noCounts(), deeds: { ran: () => {} }, views });
  for (const step of steps()) {
    commands.take(step.index === nth ? { ...step, ...change(step) } : step);
  }
}

const last = (): View => steps().at(-1)?.state ?? emptyTree();
const lie = (reply: Partial<Reply>) => (step: Step) => ({
  reply: { ...step.reply, ...reply } as Reply,
});

test('the story as the tree tells it breaks nothing', () => {
  judge(0, () => ({}), last());
  expect(last().files.size).toBe(4);
});

test.each([
  ['exactlyOnce', 4, (step: Step) => ({ events: steps()[2]?.events ?? step.events })],
  ['exactlyOnce', 4, lie({ revision: 9 as never })],
  ['counter', 6, lie({ value: 6 })],
  ['sequence', 7, lie({ revision: 8 as never })],
  ['transaction', 8, (step: Step) => ({ events: step.events.slice(0, 1) })],
  ['transaction', 8, (_: Step) => ({ events: [] })],
  ['transaction', 8, lie({ succeeded: false })],
  ['transaction', 8, lie({ results: [] })],
  ['lease', 9, (step: Step) => ({ events: step.events.slice(0, 1) })],
  ['lease', 9, (step: Step) => ({ events: [...step.events].reverse() })],
  ['lease', 9, (_: Step) => ({ term: 2 })],
  ['guard', 5, (_: Step) => ({ events: [] })],
] as const)('it breaks "%s" when entry %i does something else', (rule, nth, change) => {
  breach(rule, () => judge(nth, change));
});

test('it breaks "model" when a node holds other leases, other answers or other files of a lease', () => {
  const view = last();
  const held = view.leases.get(leaseKey(session as LeaseId));
  if (held?.session === undefined || held.session === null) throw new TypeError('it is a session');
  const key = leaseKey(session as LeaseId);
  for (const leases of [
    view.leases.without(key),
    view.leases.with(key, { ...held, lengthMs: 2000 }),
    view.leases.with(key, { ...held, session: { ...held.session, replies: [] } }),
    view.leases.with(key, { ...held, session: { ...held.session, ackedBelow: 2 } }),
    view.leases.with(key, { ...held, files: held.files.with(path('/c'), true) }),
  ]) {
    breach('model', () => judge(0, () => ({}), { ...view, leases }));
  }
});
