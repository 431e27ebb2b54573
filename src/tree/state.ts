import {
  type ClusterTime,
  emptyMembership,
  type Lineage,
  type LogIndex,
  limits,
  type Membership,
  noIndex,
  noRevision,
  noTerm,
  noTime,
  type Revision,
  type Term,
} from '../base/index.ts';
import { rootPath } from '../paths/index.ts';
import { type Digest, noDigest } from './digest.ts';
import type { Lease } from './lease.ts';
import { PathMap } from './path-map.ts';
import type { Event, File, TreeLimits } from './types.ts';

/**
 * Everything that all nodes share at one applied index. Immutable and free to keep: `apply` answers
 * with another one that shares most of it.
 */
export type TreeState = {
  /** How many operations the tree has taken. T1: no file was changed later. */
  readonly revision: Revision;
  /** The last entry taken in; grows by exactly one with each change. */
  readonly appliedIndex: LogIndex;
  readonly appliedTerm: Term;
  /** The highest stamp so far. T5: never falls. */
  readonly clusterTime: ClusterTime;
  readonly files: PathMap<File>;
  /**
   * How many names each directory holds. T3: none but the root holds none; the root is always here.
   */
  readonly directories: PathMap<number>;
  /** The sum of the digests of all files. */
  readonly filesDigest: Digest;
  /**
   * What happened at `revision`; `null` while that is 0. Kept with the state, so that a node that
   * begins with a snapshot can answer a watch that asks from the current revision on.
   */
  readonly lastEvent: Event | null;
  /** Which cluster this is; `null` until its `found` command. */
  readonly lineage: Lineage | null;
  readonly name: string;
  readonly limits: TreeLimits;
  /** Which rules `apply` follows. 0 until the `found` command. */
  readonly behaviourVersion: number;
  /** The last final membership. */
  readonly membership: Membership;
  /** The last one applied, joint or final. */
  readonly membershipInForce: Membership;
  /** By `leaseKey`; sessions are among them. T4: every file's lease is here, and knows it. */
  readonly leases: PathMap<Lease>;
  /** The sum of the digests of all leases and of all answers in them. */
  readonly leasesDigest: Digest;
};

/** The tree at one revision, as readers see it. */
export type View = TreeState;

/** The bounds of a new cluster, unless its founder says otherwise. */
export const usualLimits: TreeLimits = {
  valueBytesMax: limits.valueBytesMax,
  pathBytesMax: limits.pathBytesMax,
  transactionOperationsMax: limits.transactionOperationsMax,
  transactionBytesMax: limits.transactionBytesMax,
  leasesMax: limits.leasesMax,
  leaseFilesMax: limits.leaseFilesMax,
  leaseLengthMsMin: limits.leaseLengthMsMin,
  leaseLengthMsMax: limits.leaseLengthMsMax,
  sessionWindowMax: limits.sessionWindowMax,
  sessionReplyBytesMax: limits.sessionReplyBytesMax,
};

/** The state before the first entry. */
export function emptyTree(): TreeState {
  return {
    revision: noRevision,
    appliedIndex: noIndex,
    appliedTerm: noTerm,
    clusterTime: noTime,
    files: PathMap.empty<File>(),
    directories: PathMap.empty<number>().with(rootPath, 0),
    filesDigest: noDigest,
    lastEvent: null,
    lineage: null,
    name: '',
    limits: usualLimits,
    behaviourVersion: 0,
    membership: emptyMembership,
    membershipInForce: emptyMembership,
    leases: PathMap.empty<Lease>(),
    leasesDigest: noDigest,
  };
}
