import { expect } from 'vitest';
import {
  bootNumber,
  clusterId,
  clusterTime,
  type LeaseId,
  type LogIndex,
  logIndex,
  type Membership,
  type NodeId,
  nodeId,
  noSession,
  noTime,
  revision,
  soleMembership,
  type Term,
  term,
  textOf,
  utf8,
} from '../../src/base/index.ts';
import type { NodeStatus } from '../../src/node/index.ts';
import { path } from '../../src/paths/index.ts';
import { encodeEnvelope } from '../../src/protocol/index.ts';
import type { Entry, EntryPayload, Message, Persist, RaftView } from '../../src/raft/index.ts';
import { Checkers, type CheckersParts } from '../../src/sim/checkers/checkers.ts';
import {
  type Asked,
  History,
  type Operation,
  type Told,
  type ToldResult,
} from '../../src/sim/history.ts';
import { type LifeName, Violation } from '../../src/sim/witness.ts';
import {
  apply,
  type Command,
  type CommandEnvelope,
  type Event,
  emptyTree,
  type InSession,
  type Reply,
  sessionsVersion,
  type TreeState,
  usualLimits,
  type View,
} from '../../src/tree/index.ts';

/** The node of a letter: A, B, C, ... */
export const id = (letter: string): NodeId => nodeId(letter.repeat(16));

export const members = (
  voters: string,
  { outgoing = '', learners = '' }: { outgoing?: string; learners?: string } = {},
): Membership => {
  const ids = (letters: string): NodeId[] => [...letters].map(id);
  const all = new Set([...voters, ...outgoing, ...learners]);
  return {
    voters: ids(voters),
    outgoing: outgoing === '' ? null : ids(outgoing),
    learners: ids(learners),
    learnersNext: [],
    parked: [],
    addresses: new Map([...all].map((letter) => [id(letter), `${letter}:1`])),
  };
};

/** `1 noop`: an entry of term 1; `2 x`: a command, or its bytes; or a membership. */
export type Draft = readonly [
  termOf: number,
  payload: 'noop' | (string & {}) | Uint8Array | Membership,
];

const payloadOf = (what: Draft[1]): EntryPayload => {
  if (what === 'noop') return { kind: 'noop' };
  if (typeof what === 'string') return { kind: 'command', bytes: utf8(what) };
  if (what instanceof Uint8Array) return { kind: 'command', bytes: what };
  return { kind: 'membership', membership: what };
};

/** Says which checker a thing breaks, and nothing else may be thrown. */
export function breach(checker: string, act: () => void): void {
  let broken: unknown = null;
  try {
    act();
  } catch (error) {
    broken = error;
  }
  expect(broken, `something breaks "${checker}"`).toBeInstanceOf(Violation);
  expect((broken as Violation).message).toMatch(new RegExp(`^${checker}: .`));
  expect((broken as Violation).checker).toBe(checker);
}

type SaveOptions = {
  readonly term?: number;
  readonly vote?: string | null;
  readonly from?: number;
  readonly durable?: boolean;
};

/** Nodes as a witness sees them, made up call by call. */
export class Scene {
  readonly history = new History();
  readonly checkers: Checkers;
  readonly #boots = new Map<string, number>();
  readonly #last = new Map<string, { index: number; term: number }>();

  constructor(parts: Omit<CheckersParts, 'history'> = {}) {
    this.checkers = new Checkers({ history: this.history, replays: false, ...parts });
  }

  life(letter: string): LifeName {
    return { node: id(letter), boot: bootNumber(this.#boots.get(letter) ?? 1) };
  }

  start(letter: string, raft: Partial<RaftView> = {}, view: Partial<View> = {}): void {
    const before = this.#boots.get(letter);
    this.#boots.set(letter, (before ?? 0) + 1);
    const last = raft.last ?? this.#position(letter);
    this.#last.set(letter, { index: last.index, term: last.term });
    const status = this.#status(letter, { last, term: last.term, ...raft });
    this.checkers.started(this.life(letter), status, { ...emptyTree(), ...view });
  }

  /** It ends, and nothing more. */
  end(letter: string): void {
    this.checkers.ended(this.life(letter));
  }

  save(letter: string, drafts: readonly Draft[], options: SaveOptions = {}): void {
    const { from, durable = true } = options;
    const last = this.#last.get(letter) ?? { index: 0, term: 0 };
    let index = (from ?? last.index + 1) - 1;
    const entries = drafts.map(([termOf, what]): Entry => {
      index++;
      return {
        index: logIndex(index),
        term: term(termOf),
        time: noTime,
        payload: payloadOf(what),
        encoded: null,
      };
    });
    const lastTerm = drafts.at(-1)?.[0] ?? last.term;
    this.#last.set(letter, { index, term: lastTerm });
    const batch: Persist = {
      snapshot: null,
      hardState:
        options.term === undefined
          ? null
          : {
              term: term(options.term),
              votedFor: typeof options.vote === 'string' ? id(options.vote) : null,
            },
      truncateFrom: from === undefined ? null : logIndex(from),
      entries,
      through: { index: logIndex(index), term: term(lastTerm) },
    };
    this.checkers.saving(this.life(letter), batch);
    if (durable) this.checkers.saved(this.life(letter));
  }

  /** What was asked for last is durable. */
  saved(letter: string): void {
    this.checkers.saved(this.life(letter));
  }

  send(letter: string, to: string, ...messages: Message[]): void {
    this.checkers.sent(this.life(letter), id(to), { messages, nodeMessages: [] });
  }

  status(letter: string, raft: Partial<RaftView> = {}): void {
    this.checkers.status(this.life(letter), this.#status(letter, raft));
  }

  lead(letter: string, termOf: number): void {
    this.status(letter, { role: 'leader', term: term(termOf), leader: id(letter) });
  }

  apply(letter: string, index: number, termOf: number, view: Partial<View> = {}): void {
    this.checkers.applied(this.life(letter), {
      ...emptyTree(),
      appliedIndex: logIndex(index),
      appliedTerm: term(termOf),
      ...view,
    });
  }

  event(letter: string, at: number, kind: Event['kind'] = 'set', where = '/a', body = 'x'): void {
    const event = {
      kind,
      path: path(where),
      body: utf8(body),
      revision: revision(at),
      previous: null,
    };
    this.checkers.event(this.life(letter), event);
  }

  #position(letter: string): RaftView['last'] {
    const { index, term: termOf } = this.#last.get(letter) ?? { index: 0, term: 0 };
    return { index: logIndex(index), term: term(termOf) };
  }

  #status(letter: string, raft: Partial<RaftView>): NodeStatus {
    const view: RaftView = {
      role: 'follower',
      term: term(0),
      leader: null,
      commitIndex: 0 as LogIndex,
      last: this.#position(letter),
      firstIndex: 1 as LogIndex,
      membership: members('A'),
      membershipAt: { index: 0 as LogIndex, term: 0 as Term },
      changePending: false,
      established: false,
      transferring: false,
      suspect: null,
      progress: [],
      ...raft,
    };
    return { id: id(letter), raft: view } as NodeStatus;
  }
}

/** Three voters that hold and have applied the founding and a leader's first entry: A leads in term 1. */
export function threeVoters(parts: Omit<CheckersParts, 'history'> = {}): Scene {
  const scene = new Scene(parts);
  const first: Draft[] = [
    [1, members('ABC')],
    [1, 'noop'],
  ];
  for (const letter of 'ABC') {
    scene.start(letter);
    scene.save(letter, first, { term: 1, vote: 'A' });
  }
  scene.lead('A', 1);
  for (const letter of 'ABC') scene.apply(letter, 2, 1);
  return scene;
}

/** One node whose tree is real, and guests who ask it. */
export class Town {
  readonly scene: Scene;
  readonly history: History;
  state: TreeState = emptyTree();

  constructor(parts: Omit<CheckersParts, 'history'> = {}) {
    this.scene = new Scene({ replays: true, ...parts });
    this.history = this.scene.history;
    this.scene.start('A');
    this.scene.save('A', [[1, soleMembership(id('A'), 'A:1')]], { term: 1, vote: 'A' });
    this.scene.lead('A', 1);
    this.#change({ kind: 'membership', membership: soleMembership(id('A'), 'A:1') });
    this.do({
      kind: 'found',
      lineage: {
        clusterId: clusterId('TOWN'.repeat(4)),
        epoch: 1,
        epochId: '',
      },
      name: 'town',
      behaviourVersion: sessionsVersion,
      limits: usualLimits,
      files: [],
    });
  }

  get revision(): number {
    return this.state.revision;
  }

  /** A command takes effect, or is refused. @returns what a guest is told of it. */
  do(command: Command, inSession: Partial<InSession> = {}, termOf = 1): Told {
    return toldOf(command, this.reply(command, inSession, termOf));
  }

  /** The same, as the tree answers it. */
  reply(command: Command, inSession: Partial<InSession> = {}, termOf = 1): Reply {
    const envelope: CommandEnvelope = {
      origin: { node: id('A'), boot: bootNumber(1), n: 1 },
      session: noSession,
      seq: 0,
      ackedBelow: 0,
      ...inSession,
      command,
    };
    this.scene.save('A', [[termOf, encodeEnvelope(envelope)]]);
    const reply = this.#change({ kind: 'command', envelope });
    if (reply === null) throw new TypeError('a command has a reply');
    return reply;
  }

  /** A lease or, with a window, a session. */
  grant(lengthMs = 1000, window = 0): LeaseId {
    const reply = this.reply({ kind: 'grant', lengthMs, window });
    if (reply.kind !== 'granted') throw new TypeError('it is granted');
    return reply.lease;
  }

  /** An entry that does something else than its command says, as a tree with a bug would. */
  lie(command: Command, inSession: Partial<InSession>, does: Command | null): void {
    const origin = { node: id('A'), boot: bootNumber(1), n: 1 };
    const alone = { origin, session: noSession, seq: 0, ackedBelow: 0 };
    this.scene.save('A', [[1, encodeEnvelope({ ...alone, ...inSession, command })]]);
    this.#change(
      does === null
        ? { kind: 'nothing' }
        : { kind: 'command', envelope: { ...alone, command: does } },
    );
  }

  set(where: string, body: string, guard = -1): Told {
    return this.do({ kind: 'set', path: path(where), body: utf8(body), guard });
  }

  /** A guest asks for a write, it takes effect, and the guest is told so. */
  write(guest: string, where: string, body: string, guard = -1): Operation {
    const operation = this.history.began(guest, { kind: 'set', path: where, body, guard });
    this.history.ended(operation, this.set(where, body, guard));
    return operation;
  }

  delete(guest: string, where: string, guard = -1): Operation {
    const operation = this.history.began(guest, { kind: 'delete', path: where, guard });
    this.history.ended(operation, this.do({ kind: 'delete', path: path(where), guard }));
    return operation;
  }

  /** A guest asks and is told, with nothing in between. */
  told(guest: string, asked: Asked, told: Told): Operation {
    const operation = this.history.began(guest, asked);
    this.history.ended(operation, told);
    return operation;
  }

  finish(): void {
    this.scene.checkers.finish();
  }

  #change(body: Parameters<typeof apply>[1]['body']) {
    const { state, reply, events } = apply(this.state, {
      index: logIndex(this.state.appliedIndex + 1),
      term: term(1),
      time: clusterTime(0),
      body,
    });
    this.state = state;
    const life = this.scene.life('A');
    for (const event of events) this.scene.checkers.event(life, event);
    this.scene.checkers.applied(life, state);
    return reply;
  }
}

/** What a guest is told of an answer of the tree. */
function toldOf(command: Command, reply: Reply): Told {
  switch (reply.kind) {
    case 'refused':
      return { kind: 'refused', code: reply.code };
    case 'counted':
      return { kind: 'counted', value: reply.value, revision: reply.revision };
    case 'granted':
      return { kind: 'granted', lease: reply.lease };
    case 'decided': {
      const results = reply.results.map((result): ToldResult => {
        if (result.kind !== 'read') return result;
        const { file } = result;
        if (file === null) return { kind: 'read', file };
        const { body, changed, created, lease } = file;
        return { kind: 'read', file: { body: textOf(body), revision: changed, created, lease } };
      });
      return { kind: 'decided', succeeded: reply.succeeded, revision: reply.revision, results };
    }
    case 'applied': {
      const { revision } = reply;
      if (command.kind === 'revoke') return { kind: 'ended' };
      if (command.kind !== 'create') return { kind: 'wrote', revision };
      return {
        kind: 'created',
        path: `${command.prefix}${String(revision).padStart(16, '0')}`,
        revision,
      };
    }
  }
}
