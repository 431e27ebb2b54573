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

export type Command =
  | {
      readonly kind: 'set';
      readonly path: Path;
      readonly body: Uint8Array;
      readonly guard: GuardRevision;
    }
  | { readonly kind: 'delete'; readonly path: Path; readonly guard: GuardRevision }
  /** Takes a revision, changes nothing (doozer's NOP). */
  | { readonly kind: 'nop' }
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

/** Bounds that `apply` uses. Replicated state, never a flag or a constant of a release. */
export type TreeLimits = {
  readonly valueBytesMax: number;
  readonly pathBytesMax: number;
};

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

/** What the tree answers to a command. */
export type Reply =
  | { readonly kind: 'applied'; readonly revision: Revision }
  /** Committed, and nothing changed but /ctl/err, which took `revision`. */
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
};

export type File = {
  readonly body: Uint8Array;
  /** The revision that made it; a later one after delete and create. The fencing token. */
  readonly created: Revision;
  /** The revision of its last write. */
  readonly changed: Revision;
  readonly lease: LeaseId;
};
