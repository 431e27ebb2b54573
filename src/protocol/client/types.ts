import type {
  BootNumber,
  ClusterId,
  Effect,
  ErrorCode,
  LeaseId,
  Lineage,
  LogIndex,
  LogLevel,
  Membership,
  NodeId,
  Revision,
  SessionId,
  Term,
} from '../../base/index.ts';
import type { NodeHealth, OperatorRequest } from './operators.ts';

/**
 * The native protocol: what our own clients and nodes say to each other. docs/protocol.md has the
 * table. The first message of either side is its hello; after that every message is a list of one
 * or more requests, or of replies. Replies come in any order and are paired by `tag`, which the
 * client chooses: a whole number, unused among its requests that are not finished yet.
 */

/** The client's first message. */
export type ClientHello = {
  /** The newest version the client speaks. The node answers with the one to be used. */
  readonly version: number;
  /** The cluster the client means, or `null` for whichever is there. */
  readonly clusterName: string | null;
  /** Empty when there is none. */
  readonly secret: string;
  /** Name and version of the client, for people. */
  readonly client: string;
};

/** The node's first message. After a refusal it closes the connection. */
export type ServerHello =
  | {
      readonly kind: 'welcome';
      /** At most the client's; the client closes when it does not speak it any more. */
      readonly version: number;
      readonly clusterName: string;
      /** `null` while the node is still joining. */
      readonly clusterId: ClusterId | null;
      readonly epoch: number;
      readonly nodeId: NodeId;
      readonly boot: BootNumber;
      readonly leaderAddress: string | null;
      readonly members: readonly MemberAddress[];
    }
  | {
      readonly kind: 'refused';
      /** The newest version the node speaks. */
      readonly version: number;
      readonly code: ErrorCode;
      readonly detail: string;
    };

export type MemberAddress = { readonly id: NodeId; readonly address: string };

/** What makes a repeated write harmless. All 0: no session. */
export type InSession = {
  readonly session: SessionId;
  readonly seq: number;
  readonly ackedBelow: number;
};

/**
 * A position of raft's log, and a change of the membership, as the client sees them. Equal to raft's
 * own types; the client library does not pull those in.
 */
export type LogPosition = { readonly index: LogIndex; readonly term: Term };
export type MemberChange =
  | { readonly kind: 'add'; readonly id: NodeId; readonly address: string }
  | { readonly kind: 'promote'; readonly id: NodeId }
  | { readonly kind: 'demote'; readonly id: NodeId; readonly park: boolean }
  | { readonly kind: 'remove'; readonly id: NodeId }
  | { readonly kind: 'replace'; readonly out: NodeId; readonly in: NodeId; readonly keep: boolean }
  | { readonly kind: 'setAddress'; readonly id: NodeId; readonly address: string };

/** What must hold for a transaction's first branch, as in the tree; paths are unchecked. */
export type NativeCompare =
  | {
      readonly kind: 'changed' | 'created';
      readonly path: string;
      readonly relation: NativeRelation;
      readonly revision: number;
    }
  | {
      readonly kind: 'value';
      readonly path: string;
      readonly relation: NativeRelation;
      readonly body: Uint8Array;
    }
  | {
      readonly kind: 'lease';
      readonly path: string;
      readonly lease: LeaseId;
      readonly equal: boolean;
    }
  | { readonly kind: 'exists'; readonly path: string; readonly exists: boolean };

export type NativeRelation = 'equal' | 'unequal' | 'less' | 'greater';

/** What a transaction does, as in the tree; paths are unchecked, `rev` is the guard. */
export type NativeOperation =
  | {
      readonly kind: 'set';
      readonly path: string;
      readonly body: Uint8Array;
      readonly rev: number;
      /** 0: none. */
      readonly lease: LeaseId;
    }
  | { readonly kind: 'delete'; readonly path: string; readonly rev: number }
  | {
      readonly kind: 'create';
      readonly prefix: string;
      readonly body: Uint8Array;
      readonly lease: LeaseId;
    }
  | {
      readonly kind: 'count';
      readonly path: string;
      readonly delta: number;
      readonly rev: number;
    }
  | { readonly kind: 'get'; readonly path: string };

/**
 * How fresh a read has to be.
 *
 * `rev: null`, `least: null`: the newest state, behind a read barrier (linearizable). A `rev`: that
 * state, waited for when it is still to come. A `least` (then `rev` is `null`): the node alone answers
 * from its newest state, as soon as that holds revision `least`; 0 takes whatever is there.
 */
type Freshness = { readonly rev: number | null; readonly least: number | null };

/**
 * Paths and globs are as the client sent them, unchecked: a bad one is answered, not a reason to
 * close. So are sizes within a frame.
 */
export type NativeRequest =
  | ({ readonly kind: 'get'; readonly tag: number; readonly path: string } & Freshness)
  | ({
      readonly kind: 'set';
      readonly tag: number;
      readonly path: string;
      readonly body: Uint8Array;
      readonly rev: number;
      /** The lease that the file goes with from now on; 0: none. */
      readonly lease: LeaseId;
    } & InSession)
  | ({
      readonly kind: 'delete';
      readonly tag: number;
      readonly path: string;
      readonly rev: number;
    } & InSession)
  | ({ readonly kind: 'nop'; readonly tag: number } & InSession)
  | { readonly kind: 'rev'; readonly tag: number }
  | { readonly kind: 'self'; readonly tag: number }
  | ({ readonly kind: 'stat'; readonly tag: number; readonly path: string } & Freshness)
  /** Names in a directory, from the `offset`-th on, at most `limit`. */
  | ({
      readonly kind: 'list';
      readonly tag: number;
      readonly path: string;
      readonly offset: number;
      readonly limit: number;
    } & Freshness)
  /** Files a glob matches, in walk order, from the `offset`-th on, at most `limit`. */
  | ({
      readonly kind: 'walk';
      readonly tag: number;
      readonly glob: string;
      readonly offset: number;
      readonly limit: number;
    } & Freshness)
  /** The first matching event at or after `rev`. */
  | { readonly kind: 'wait'; readonly tag: number; readonly glob: string; readonly rev: number }
  /** Every matching event from `from` on. The node sends at most `credits` events until given more. */
  | {
      readonly kind: 'watch';
      readonly tag: number;
      readonly glob: string;
      readonly from: number;
      readonly credits: number;
      /** Each event with the body that the file had before it. */
      readonly previous: boolean;
    }
  /** `more` credits for the watch `tag`. Has no reply; nothing happens when that watch has ended. */
  | { readonly kind: 'credit'; readonly tag: number; readonly more: number }
  /** Ends the wait or watch `tag`, which is answered ERR_CANCELLED. No reply of its own, nor for one that has ended. */
  | { readonly kind: 'cancel'; readonly tag: number }
  | { readonly kind: 'status'; readonly tag: number }
  | { readonly kind: 'members'; readonly tag: number }
  /** Take this node in as a learner. `membershipIndexSeen`: refused as stale unless the membership stands there. */
  | {
      readonly kind: 'join';
      readonly tag: number;
      readonly nodeId: NodeId;
      readonly address: string;
      readonly clusterName: string;
      readonly lineage: Lineage | null;
      readonly membershipIndexSeen: LogIndex | null;
    }
  | {
      readonly kind: 'change';
      readonly tag: number;
      readonly change: MemberChange;
      readonly ifMembershipAt: LogPosition | null;
    }
  | { readonly kind: 'ping'; readonly tag: number }
  /** Which cluster this very node belongs to, if any yet. Answered at once. */
  | { readonly kind: 'home'; readonly tag: number }
  /** A new file whose name is `prefix` and the revision it takes, in 16 digits. */
  | ({
      readonly kind: 'create';
      readonly tag: number;
      readonly prefix: string;
      readonly body: Uint8Array;
      readonly lease: LeaseId;
    } & InSession)
  /** Adds `delta` to a file that holds a whole number; a missing one counts as 0. */
  | ({
      readonly kind: 'count';
      readonly tag: number;
      readonly path: string;
      readonly delta: number;
      readonly rev: number;
    } & InSession)
  /** One of two branches, whole or not at all. */
  | ({
      readonly kind: 'transact';
      readonly tag: number;
      readonly compares: readonly NativeCompare[];
      readonly ifTrue: readonly NativeOperation[];
      readonly ifFalse: readonly NativeOperation[];
    } & InSession)
  /** A lease; with a `window` of requests whose answers are kept it is a session, 0: it is none. */
  | ({
      readonly kind: 'grant';
      readonly tag: number;
      readonly lengthMs: number;
      readonly window: number;
    } & InSession)
  /** Ends a lease, and with it its files. */
  | ({ readonly kind: 'revoke'; readonly tag: number; readonly lease: LeaseId } & InSession)
  /** A sign of life for leases, at most `limits.keepAliveLeasesMax`; without `renew` only the question. */
  | {
      readonly kind: 'keepAlive';
      readonly tag: number;
      readonly leases: readonly LeaseId[];
      readonly renew: boolean;
    }
  /** A lease's length and its files, from the `offset`-th on, at most `limit`. Linearizable. */
  | {
      readonly kind: 'lease';
      readonly tag: number;
      readonly lease: LeaseId;
      readonly offset: number;
      readonly limit: number;
    }
  | OperatorRequest
  /** A request this version does not know: answered ERR_UNKNOWN_VERB. Never encoded. */
  | { readonly kind: 'unknown'; readonly tag: number; readonly verb: number };

/** An event on the native wire. `path` is `/` for a nop. */
export type NativeEvent = {
  readonly kind: 'set' | 'delete' | 'nop';
  readonly path: string;
  readonly body: Uint8Array;
  readonly revision: Revision;
  /** What the file held before; `null`: there was none, it was not asked for, or it is not known. */
  readonly previous: Uint8Array | null;
};

/** `revision`: of its last write. `created`: of the one that made it. `lease`: 0 is none. */
export type NativeFile = {
  readonly path: string;
  readonly body: Uint8Array;
  readonly revision: Revision;
  readonly created: Revision;
  readonly lease: LeaseId;
};

/** What one operation of a transaction came to. A `create` made its prefix and `revision`. */
export type NativeResult =
  | { readonly kind: 'written'; readonly revision: Revision }
  | { readonly kind: 'counted'; readonly revision: Revision; readonly value: number }
  | { readonly kind: 'read'; readonly file: Omit<NativeFile, 'path'> | null };

/** Whether a node belongs to a cluster. */
export type NodeHome = {
  readonly nodeId: NodeId;
  /** `false`: it holds nothing and has never been taken in anywhere. */
  readonly belongs: boolean;
  /** The addresses with which it would found a cluster, sorted; empty: it was told none. */
  readonly seeds: readonly string[];
};

/** Where a node is in its life, and what it knows. For people and tools. */
export type NodeReport = {
  readonly nodeId: NodeId;
  readonly boot: BootNumber;
  readonly address: string;
  /** doozerd's own version. */
  readonly version: string;
  /** `joining`, `ready`, `draining`, `removed`, `stopped`. */
  readonly life: string;
  /** `follower`, `preCandidate`, `candidate`, `leader`. */
  readonly role: string;
  readonly leader: NodeId | null;
  readonly term: Term;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly revision: Revision;
};

/**
 * `at`: the revision of the state that was read. `ageMs`, only when the request had a `least`: for how
 * long the node has not heard of a leader in office or, as the leader, of a majority; `null`: it knows of none.
 */
export type NativeReply =
  /** To get. A missing file: revisions 0, no lease and no bytes. */
  | {
      readonly kind: 'value';
      readonly tag: number;
      readonly at: Revision;
      readonly revision: Revision;
      readonly body: Uint8Array;
      readonly created: Revision;
      readonly lease: LeaseId;
      readonly ageMs: number | null;
    }
  /** To set, delete, nop, revoke: the tree's after it. To rev: the present one. */
  | { readonly kind: 'revision'; readonly tag: number; readonly revision: Revision }
  /** To self. */
  | { readonly kind: 'self'; readonly tag: number; readonly nodeId: NodeId }
  /** To stat. `count`: a file's bytes, a directory's names, 0 for nothing. `revision`: of a file, else 0. */
  | {
      readonly kind: 'stat';
      readonly tag: number;
      readonly at: Revision;
      readonly what: 'missing' | 'file' | 'directory';
      readonly revision: Revision;
      readonly count: number;
      /** Of a file, else 0. */
      readonly created: Revision;
      readonly lease: LeaseId;
      readonly ageMs: number | null;
    }
  /** To list. `more`: names follow these. */
  | {
      readonly kind: 'names';
      readonly tag: number;
      readonly at: Revision;
      readonly names: readonly string[];
      readonly more: boolean;
      readonly ageMs: number | null;
    }
  /** To walk. */
  | {
      readonly kind: 'files';
      readonly tag: number;
      readonly at: Revision;
      readonly files: readonly NativeFile[];
      readonly more: boolean;
      readonly ageMs: number | null;
    }
  /** To wait. */
  | { readonly kind: 'event'; readonly tag: number; readonly event: NativeEvent }
  /**
   * To watch, many times. All matching events up to `progress` have been sent with or before this. No
   * events: a mark, sent now and then while others change, so that the client may go on from there.
   */
  | {
      readonly kind: 'events';
      readonly tag: number;
      readonly progress: Revision;
      readonly events: readonly NativeEvent[];
    }
  /** To status. */
  | { readonly kind: 'status'; readonly tag: number; readonly report: NodeReport }
  /** To health. */
  | {
      readonly kind: 'health';
      readonly tag: number;
      readonly report: NodeReport;
      readonly health: NodeHealth;
    }
  /** To logLevel: the one in force. */
  | { readonly kind: 'logLevel'; readonly tag: number; readonly level: LogLevel }
  /** To members, join, change and transfer: the membership in force afterwards, and whose it is. */
  | {
      readonly kind: 'members';
      readonly tag: number;
      readonly clusterName: string;
      readonly lineage: Lineage | null;
      readonly membership: Membership;
      readonly membershipAt: LogPosition;
    }
  /** To ping. */
  | { readonly kind: 'pong'; readonly tag: number }
  /** To home. */
  | { readonly kind: 'home'; readonly tag: number; readonly home: NodeHome }
  /** To create: the file it made. */
  | {
      readonly kind: 'created';
      readonly tag: number;
      readonly path: string;
      readonly revision: Revision;
    }
  /** To count: what the file holds now. */
  | {
      readonly kind: 'counted';
      readonly tag: number;
      readonly value: number;
      readonly revision: Revision;
    }
  /** To transact. `succeeded`: all compares held. One result an operation of the branch, in order. */
  | {
      readonly kind: 'decided';
      readonly tag: number;
      readonly succeeded: boolean;
      readonly revision: Revision;
      readonly results: readonly NativeResult[];
    }
  /** To grant. `leftMs`: what the client may rely on from the moment it first sent the request. */
  | {
      readonly kind: 'lease';
      readonly tag: number;
      readonly lease: LeaseId;
      readonly lengthMs: number;
      readonly leftMs: number;
    }
  /** To keepAlive: for each lease, in order, how long it lasts from the sending on; 0: it is not there. */
  | { readonly kind: 'leases'; readonly tag: number; readonly leftMs: readonly number[] }
  /** To lease. `more`: paths follow these. */
  | {
      readonly kind: 'leaseFiles';
      readonly tag: number;
      readonly at: Revision;
      readonly lengthMs: number;
      readonly paths: readonly string[];
      readonly more: boolean;
    }
  /** Also the end of a watch. */
  | {
      readonly kind: 'error';
      readonly tag: number;
      readonly code: ErrorCode;
      /** For people. */
      readonly detail: string;
      /** May differ from the code's usual one: what is certain is said here. */
      readonly effect: Effect;
      /** Where a leader is, if that helps. */
      readonly leaderAddress: string | null;
      /** The oldest revision that can still be read, with ERR_COMPACTED. */
      readonly oldest: Revision | null;
      /** The revision a refused write took, or the one the answer is true at. */
      readonly revision: Revision | null;
    };
