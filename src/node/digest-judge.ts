import type { LogIndex, Membership, NodeId } from '../base/index.ts';
import type { PointsOf } from './digest-points.ts';

/** What voters hold at one index under one behaviour version: who says which digest. */
export type Split = {
  readonly index: LogIndex;
  readonly groups: ReadonlyMap<string, readonly NodeId[]>;
};

/** A strict majority of all voters agrees at `index`, and this node holds something else. */
export type Condemnation = {
  readonly index: LogIndex;
  readonly digest: string;
  readonly majority: string;
  /** The voters that agree. */
  readonly agree: readonly NodeId[];
};

export type Judgement = {
  /** Of this node, at the newest point that condemns it. */
  readonly condemned: Condemnation | null;
  /** Other members that a majority condemns, as far as this node heard. */
  readonly outvoted: readonly NodeId[];
  /** Voters differ, and nowhere does a majority agree on who is right. */
  readonly dispute: Split | null;
};

/**
 * Compares what nodes say their trees held, each point with points of the same index and behaviour
 * version only: a node that lags is not compared, and so never condemned for it.
 *
 * Only a strict majority of *all* voters that agrees at one point condemns (both majorities while the
 * membership is joint): one leader, or the half of a cluster, could be the one that is wrong. Voters
 * of the membership in force as the core has it, from the log, since the tree itself is in doubt.
 */
export function judge(
  self: NodeId,
  membership: Membership,
  claims: readonly PointsOf[],
): Judgement {
  const voters = new Set([...membership.voters, ...(membership.outgoing ?? [])]);
  let condemned: Condemnation | null = null;
  let dispute: Split | null = null;
  const outvoted = new Set<NodeId>();
  let isDecided = false;
  for (const { index, groups } of newestFirst(claims)) {
    if (groups.size < 2) continue;
    const majority = majorityOf(membership, groups);
    if (majority === null) {
      const split = splitOf(voters, index, groups);
      if (split.groups.size > 1) dispute ??= split;
      continue;
    }
    isDecided = true;
    const agree = (groups.get(majority) ?? []).filter((id) => voters.has(id));
    for (const [digest, holders] of groups) {
      if (digest === majority) continue;
      for (const id of holders) {
        if (id !== self) outvoted.add(id);
        else condemned ??= { index, digest, majority, agree };
      }
    }
  }
  return { condemned, outvoted: [...outvoted].sort(), dispute: isDecided ? null : dispute };
}

function newestFirst(claims: readonly PointsOf[]): readonly Split[] {
  const splits = new Map<string, { index: LogIndex; groups: Map<string, NodeId[]> }>();
  for (const { node, points } of claims) {
    for (const { index, version, digest } of points) {
      const place = `${index} ${version}`;
      const split = splits.get(place) ?? { index, groups: new Map<string, NodeId[]>() };
      splits.set(place, split);
      split.groups.set(digest, [...(split.groups.get(digest) ?? []), node]);
    }
  }
  return [...splits.values()].sort((a, b) => b.index - a.index);
}

/** The digest that a strict majority of all voters holds, or `null`. */
function majorityOf(membership: Membership, groups: Split['groups']): string | null {
  for (const [digest, holders] of groups) {
    if (isMajority(membership.voters, holders)) {
      const { outgoing } = membership;
      if (outgoing === null || isMajority(outgoing, holders)) return digest;
    }
  }
  return null;
}

const isMajority = (voters: readonly NodeId[], holders: readonly NodeId[]): boolean =>
  2 * voters.filter((id) => holders.includes(id)).length > voters.length;

/** The voters' part of a split: what a learner holds makes no dispute. */
function splitOf(voters: ReadonlySet<NodeId>, index: LogIndex, groups: Split['groups']): Split {
  const ofVoters = new Map<string, readonly NodeId[]>();
  for (const [digest, holders] of groups) {
    const among = holders.filter((id) => voters.has(id)).sort();
    if (among.length > 0) ofVoters.set(digest, among);
  }
  return { index, groups: ofVoters };
}
