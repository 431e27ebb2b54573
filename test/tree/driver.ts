import {
  bootNumber,
  clusterId,
  clusterTime,
  emptyMembership,
  logIndex,
  type Membership,
  must,
  type NodeId,
  nodeId,
  noSession,
  sessionId,
  term,
  utf8,
} from '../../src/base/index.ts';
import { type Path, path } from '../../src/paths/index.ts';
import {
  type Applied,
  apply,
  type Change,
  type Command,
  checkTree,
  checkTreeStep,
  emptyTree,
  type Reply,
  type TreeLimits,
  type TreeState,
  usualLimits,
} from '../../src/tree/index.ts';

/** A node's id from a short name: `A` is `AAAA...`. */
export const idOf = (name: string): NodeId => nodeId(name.padEnd(16, name.slice(-1)));

export type MembershipNames = {
  readonly voters: string;
  readonly outgoing?: string;
  readonly learners?: string;
  readonly learnersNext?: string;
  readonly parked?: string;
};

const idsOf = (names: string | undefined): NodeId[] => [...(names ?? '')].map(idOf);

/** A membership from the letters of its nodes, such as `{ voters: 'ABC', learners: 'D' }`. */
export function membershipOf(names: MembershipNames): Membership {
  const [voters, learners] = [idsOf(names.voters), idsOf(names.learners)];
  const learnersNext = idsOf(names.learnersNext);
  const outgoing = names.outgoing === undefined ? null : idsOf(names.outgoing);
  const all = [...voters, ...learners, ...learnersNext, ...(outgoing ?? [])];
  return {
    ...emptyMembership,
    voters,
    outgoing,
    learners,
    learnersNext,
    parked: idsOf(names.parked),
    addresses: new Map(all.map((id) => [id, `${id[0]}:1`])),
  };
}

/** A tree that is changed one entry after the other, and checked after each. */
export class Driver {
  state: TreeState;
  readonly #checked: boolean;

  constructor(state: TreeState = emptyTree(), checked = true) {
    this.state = state;
    this.#checked = checked;
  }

  take(body: Change['body'], time = this.state.clusterTime as number): Applied {
    const before = this.state;
    const applied = apply(before, {
      index: logIndex(before.appliedIndex + 1),
      term: term(1),
      time: clusterTime(time),
      body,
    });
    this.state = applied.state;
    checkTreeStep(before, applied.state);
    if (this.#checked) checkTree(applied.state);
    return applied;
  }

  command(command: Command, time?: number): Applied {
    const origin = { node: idOf('A'), boot: bootNumber(1), n: 1 };
    const envelope = { origin, session: noSession, seq: 0, ackedBelow: 0, command };
    return this.take({ kind: 'command', envelope }, time);
  }

  /** A request of a session. */
  ask(command: Command, session: number, seq: number, ackedBelow = 1): Reply {
    const origin = { node: idOf('A'), boot: bootNumber(1), n: 1 };
    const envelope = { origin, session: sessionId(session), seq, ackedBelow, command };
    return must(this.take({ kind: 'command', envelope }).reply, 'a command has a reply');
  }

  set(at: string, body: string | Uint8Array = 'x', guard = -1): Applied {
    const bytes = typeof body === 'string' ? utf8(body) : body;
    return this.command({ kind: 'set', path: path(at), body: bytes, guard });
  }

  delete(at: string, guard = -1): Applied {
    return this.command({ kind: 'delete', path: path(at), guard });
  }

  members(names: MembershipNames): Applied {
    return this.take({ kind: 'membership', membership: membershipOf(names) });
  }

  found(
    files: Readonly<Record<string, string>> = {},
    bounds: Partial<TreeLimits> = {},
    behaviourVersion = 1,
  ) {
    return this.command({
      kind: 'found',
      lineage: lineageOf('C', 1),
      name: 'local',
      behaviourVersion,
      limits: { ...usualLimits, valueBytesMax: 1000, pathBytesMax: 100, ...bounds },
      files: Object.entries(files).map(([at, body]) => ({ path: path(at), body: utf8(body) })),
    });
  }

  publish(node: string, files: Readonly<Record<string, string>>): Applied {
    const named = Object.entries(files).map(([name, body]) => ({ name, body: utf8(body) }));
    return this.command({ kind: 'publish', node: idOf(node), files: named });
  }
}

export const lineageOf = (name: string, epoch: number) => ({
  clusterId: clusterId(idOf(name)),
  epoch,
  epochId: '',
});

export const pathsOf = (state: TreeState): Path[] => [...state.files.entries()].map(([at]) => at);
