import type { Lineage, Membership } from '../../base/index.ts';
import { limits, logIndex, membersOf, parseClusterId, term } from '../../base/index.ts';
import type { Field, Tuple } from './tuple.ts';
import type { LogPosition } from './types.ts';

/** Parts of several messages. */

export const lineageFields = (lineage: Lineage | null): Field =>
  lineage === null ? null : [lineage.clusterId, lineage.epoch, lineage.epochId];

export function readLineage(from: Tuple): Lineage | null {
  const tuple = from.tupleOrNull();
  if (tuple === null) return null;
  const clusterId = parseClusterId(tuple.text()) ?? tuple.fail('is not a cluster id');
  const lineage = { clusterId, epoch: tuple.whole(), epochId: tuple.text() };
  tuple.end();
  return lineage;
}

export const positionFields = (position: LogPosition | null): Field =>
  position === null ? null : [position.index, position.term];

export function readPosition(tuple: Tuple): LogPosition {
  const position = { index: logIndex(tuple.whole()), term: term(tuple.whole()) };
  tuple.end();
  return position;
}

/** Addresses in the order of the members, so that equal memberships are equal bytes. */
export const membershipFields = (m: Membership): Field => [
  m.voters,
  m.outgoing,
  m.learners,
  m.learnersNext,
  m.parked,
  membersOf(m).map((id) => [id, m.addresses.get(id) ?? '']),
];

export function readMembership(tuple: Tuple): Membership {
  const voters = tuple.nodeIds();
  const outgoing = tuple.nodeIdsOrNull();
  const learners = tuple.nodeIds();
  const learnersNext = tuple.nodeIds();
  const parked = tuple.nodeIds();
  const pairs = tuple.list((pair) => {
    const both = [pair.nodeId(), pair.text()] as const;
    pair.end();
    return both;
  });
  tuple.end();
  const membership = {
    voters,
    outgoing,
    learners,
    learnersNext,
    parked,
    addresses: new Map(pairs),
  };
  const { size } = membership.addresses;
  if (size > limits.membersMax) tuple.fail(`names more than ${limits.membersMax} members`);
  const named = membersOf(membership);
  if (named.length !== size || !named.every((id) => membership.addresses.has(id))) {
    tuple.fail('does not give each member one address');
  }
  return membership;
}
