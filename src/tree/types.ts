import type {
  BootNumber,
  ClusterTime,
  ErrorCode,
  LeaseId,
  Lineage,
  LogIndex,
  Membership,
  NodeId,
  Revision,
  SessionId,
  Term,
} from '../base/index.ts';
import type { Path } from '../paths/index.ts';

/**
 * What must hold of a path for a command to take effect, as doozer's clients give it:
 * -1 always; 0 only if it is absent; r only if its revision is r or less. Any whole number
 * within 2^53 is legal: -2 and lower never hold on a file or a missing path.
 */
export type GuardRevision = number;

/** What a transaction does, or one command alone. Each that changes a file takes a revision of its own. */
export type Write =
  | {
      readonly kind: 'set';
      readonly path: Path;
      readonly body: Uint8Array;
      readonly guard: GuardRevision;
      /** The lease that the file goes with from now on. Default: none, it stays. */
      readonly lease?: LeaseId;
    }
  | { readonly kind: 'delete'; readonly path: Path; readonly guard: GuardRevision }
  /**
   * A new file whose name is `prefix` and the revision that made it, in 16 digits: never the same
   * twice, and rising in the order of creation, in walk order too. A prefix may end with a slash.
   */
  | {
      readonly kind: 'create';
      readonly prefix: string;
      readonly body: Uint8Array;
      readonly lease?: LeaseId;
    }
  /**
   * Adds to a file that holds a whole number in decimal digits; a missing one counts as 0. Within
   * 2^53 on either side, or refused. The file keeps its lease.
   */
  | {
      readonly kind: 'count';
      readonly path: Path;
      readonly delta: number;
      readonly guard: GuardRevision;
    };

/** How what is there compares to what is given. */
export type Relation = 'equal' | 'unequal' | 'less' | 'greater';

/** What must hold for the first branch. A missing file has revisions 0, no lease and no bytes. */
export type Compare =
  | {
      readonly kind: 'changed' | 'created';
      readonly path: Path;
      readonly relation: Relation;
      readonly revision: number;
    }
  | {
      readonly kind: 'value';
      readonly path: Path;
      /** Byte by byte, the shorter of two that begin alike first. A missing file is only ever `unequal`. */
      readonly relation: Relation;
      readonly body: Uint8Array;
    }
  | {
      readonly kind: 'lease';
      readonly path: Path;
      readonly lease: LeaseId;
      readonly equal: boolean;
    }
  | { readonly kind: 'exists'; readonly path: Path; readonly exists: boolean };

export type Operation = Write | { readonly kind: 'get'; readonly path: Path };

export type Command =
  | Write
  /** Takes a revision, changes nothing (doozer's NOP). */
  | { readonly kind: 'nop' }
  /**
   * One branch, whole or not at all: if one of its writes is refused, the transaction is. Each sees
   * what those before it did. Changes take consecutive revisions; without one it takes none.
   */
  | {
      readonly kind: 'transaction';
      readonly compares: readonly Compare[];
      readonly ifTrue: readonly Operation[];
      readonly ifFalse: readonly Operation[];
    }
  /** A lease whose id is the index of this entry. `window`: with a table of answers; 0: none. */
  | { readonly kind: 'grant'; readonly lengthMs: number; readonly window: number }
  /** Ends a lease, and with it its files, in walk order, a revision each. */
  | { readonly kind: 'revoke'; readonly lease: LeaseId }
  /**
   * Ends leases whose time is up, as the leader of `term` saw it. Void in an entry of another term:
   * that leader's word ended with it, and the next one grants every lease its whole length.
   */
  | { readonly kind: 'expire'; readonly leases: readonly LeaseId[]; readonly term: Term }
  /** The first command of a cluster: who it is, by which rules, and its first files. */
  | {
      readonly kind: 'found';
      readonly lineage: Lineage;
      readonly name: string;
      readonly behaviourVersion: number;
      readonly limits: TreeLimits;
      /** Written in order, one revision each. */
      readonly files: readonly { readonly path: Path; readonly body: Uint8Array }[];
    }
  /** A member's own files, /ctl/node/<node>/<name>. No effect, no revision if it is none any more. */
  | {
      readonly kind: 'publish';
      readonly node: NodeId;
      readonly files: readonly { readonly name: string; readonly body: Uint8Array }[];
    }
  /** A command this version cannot read: refused alike on every node. */
  | { readonly kind: 'unreadable' };

/** From this behaviour version on there are sessions, leases, transactions, sequences and counters. */
export const sessionsVersion = 2;

/** Bounds that `apply` uses. Replicated state, never a flag or a constant of a release. */
export type TreeLimits = {
  readonly valueBytesMax: number;
  readonly pathBytesMax: number;
  readonly transactionOperationsMax: number;
  readonly transactionBytesMax: number;
  readonly leasesMax: number;
  readonly leaseFilesMax: number;
  readonly leaseLengthMsMin: number;
  readonly leaseLengthMsMax: number;
  readonly sessionWindowMax: number;
  readonly sessionReplyBytesMax: number;
};

/**
 * The limits that came with behaviour version 2, in the order in which snapshots and the `found` command
 * hold them. Later ones are appended.
 */
export const laterLimits = [
  'transactionOperationsMax',
  'transactionBytesMax',
  'leasesMax',
  'leaseFilesMax',
  'leaseLengthMsMin',
  'leaseLengthMsMax',
  'sessionWindowMax',
  'sessionReplyBytesMax',
] as const satisfies readonly (keyof TreeLimits)[];

/** Who proposed an entry, so that the node that was asked knows its own when it applies it. */
export type Origin = { readonly node: NodeId; readonly boot: BootNumber; readonly n: number };

/** A command as it stands in an entry. */
export type CommandEnvelope = {
  readonly origin: Origin;
  /** 0: no session. `seq` and `ackedBelow` mean something only within one. */
  readonly session: SessionId;
  readonly seq: number;
  readonly ackedBelow: number;
  readonly command: Command;
};

/** A request of a session: see `CommandEnvelope`. */
export type InSession = Pick<CommandEnvelope, 'session' | 'seq' | 'ackedBelow'>;

/** A committed entry as the tree takes it in. */
export type Change = {
  readonly index: LogIndex;
  readonly term: Term;
  readonly time: ClusterTime;
  readonly body:
    | { readonly kind: 'command'; readonly envelope: CommandEnvelope }
    | { readonly kind: 'membership'; readonly membership: Membership }
    /** A leader's no-op: the tree notes index and time only. */
    | { readonly kind: 'nothing' };
};

/** What one operation of a transaction came to. */
export type OperationResult =
  | { readonly kind: 'written'; readonly revision: Revision }
  | { readonly kind: 'counted'; readonly revision: Revision; readonly value: number }
  | { readonly kind: 'read'; readonly file: File | null };

/** What the tree answers to a command. `revision` is the tree's afterwards. */
export type Reply =
  | { readonly kind: 'applied'; readonly revision: Revision }
  | { readonly kind: 'counted'; readonly revision: Revision; readonly value: number }
  | { readonly kind: 'granted'; readonly revision: Revision; readonly lease: LeaseId }
  /** `succeeded`: all compares held. One result for each operation of the branch, in order. */
  | {
      readonly kind: 'decided';
      readonly revision: Revision;
      readonly succeeded: boolean;
      readonly results: readonly OperationResult[];
    }
  /**
   * Committed, and nothing changed but /ctl/err, which took `revision`. What concerns only leases or
   * the session leaves no note and takes none.
   */
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly detail: string;
      readonly revision: Revision;
    };

/** One change that took effect, or a NOP. One event, one revision. */
export type Event = {
  readonly kind: 'set' | 'delete' | 'nop';
  /** `/` for a nop. */
  readonly path: Path;
  /** Empty unless `set`. */
  readonly body: Uint8Array;
  readonly revision: Revision;
  /**
   * What the file held before; `null`: there was none. Also where nobody knows it: in the last event of
   * a snapshot of behaviour version 1. In no digest, since some nodes may know it and others not.
   */
  readonly previous: Uint8Array | null;
};

export type File = {
  readonly body: Uint8Array;
  /** The revision that made it; a later one after delete and create. The fencing token. */
  readonly created: Revision;
  /** The revision of its last write. */
  readonly changed: Revision;
  readonly lease: LeaseId;
};
