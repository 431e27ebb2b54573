import { assert } from './assert.ts';
import type { NodeId } from './ids.ts';

/**
 * Who votes and who only listens, as of some log index. In force from the moment its entry is
 * appended (R10). A change of voters is first joint (`outgoing` set), then final.
 */
export type Membership = {
  /** Voters of the new majority, in the order they were admitted. Never empty. */
  readonly voters: readonly NodeId[];
  /** The voters being left, while a change is joint; `null` in a final membership. */
  readonly outgoing: readonly NodeId[] | null;
  /** Members that receive the log and do not count, in the order they attached. */
  readonly learners: readonly NodeId[];
  /** While joint: outgoing voters that the final entry keeps as learners. Empty in a final one. */
  readonly learnersNext: readonly NodeId[];
  /** Learners (or learners to be) an operator demoted: promoted again only if a slot names them. */
  readonly parked: readonly NodeId[];
  /** host:port of every id named above, and of no other. */
  readonly addresses: ReadonlyMap<NodeId, string>;
};

/** Every member once: voters, outgoing voters, learners. */
export function membersOf(m: Membership): NodeId[] {
  return [...new Set([...m.voters, ...(m.outgoing ?? []), ...m.learners, ...m.learnersNext])];
}

/** Counts in a majority, old or new. */
export const isVoter = (m: Membership, id: NodeId): boolean =>
  m.voters.includes(id) || (m.outgoing?.includes(id) ?? false);

export const isLearner = (m: Membership, id: NodeId): boolean => m.learners.includes(id);
export const isMember = (m: Membership, id: NodeId): boolean => m.addresses.has(id);
export const isJoint = (m: Membership): boolean => m.outgoing !== null;

/** The membership of a new cluster: one voter. */
export const soleMembership = (id: NodeId, address: string): Membership => ({
  voters: [id],
  outgoing: null,
  learners: [],
  learnersNext: [],
  parked: [],
  addresses: new Map([[id, address]]),
});

/** No member at all: what a node that has not heard of any cluster holds. */
export const emptyMembership: Membership = {
  voters: [],
  outgoing: null,
  learners: [],
  learnersNext: [],
  parked: [],
  addresses: new Map(),
};

/** What the final entry after the joint membership `m` says. */
export function finalOf(m: Membership): Membership {
  assert(m.outgoing !== null, 'only a joint membership has a final one');
  const learners = [...m.learners, ...m.learnersNext];
  const stays = new Set([...m.voters, ...learners]);
  return {
    voters: m.voters,
    outgoing: null,
    learners,
    learnersNext: [],
    parked: m.parked.filter((id) => stays.has(id)),
    addresses: new Map([...m.addresses].filter(([id]) => stays.has(id))),
  };
}

export function sameMembership(a: Membership, b: Membership): boolean {
  const list = (x: readonly string[] | null, y: readonly string[] | null) =>
    x === y || (x !== null && y !== null && x.join() === y.join());
  return (
    list(a.voters, b.voters) &&
    list(a.outgoing, b.outgoing) &&
    list(a.learners, b.learners) &&
    list(a.learnersNext, b.learnersNext) &&
    list(a.parked, b.parked) &&
    a.addresses.size === b.addresses.size &&
    [...a.addresses].every(([id, address]) => b.addresses.get(id) === address)
  );
}
