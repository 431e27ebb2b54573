import type { BootNumber, LeaseId, LogIndex, NodeId, Term } from '../../base/index.ts';
import type { Message, RefusalReason, SnapshotMeta } from '../../raft/index.ts';

/** What a tree held at an index, under which behaviour version: 32 hexadecimal digits. */
export type DigestPoint = {
  readonly index: LogIndex;
  readonly version: number;
  readonly digest: string;
};

/** What a node says its tree held. Others may hand it on as it is. */
export type DigestClaim = {
  readonly node: NodeId;
  /** The node's boot, and its own count in it: of two claims the later one counts. */
  readonly boot: BootNumber;
  readonly n: number;
  readonly points: readonly DigestPoint[];
};

/** What nodes say to each other beside the core's messages. */
export type NodeMessage =
  /**
   * Proposals for the leader of `term` and for no other; each is an encoded `CommandEnvelope`.
   * `batch` is the sender's own count of forwards, never the same in two of its boots, so that one
   * that arrives twice is appended once.
   */
  | {
      readonly kind: 'forward';
      readonly term: Term;
      readonly batch: number;
      readonly commands: readonly Uint8Array[];
    }
  /** None of this batch was or will be appended. What was appended is seen when it is applied. */
  | {
      readonly kind: 'forwardRefused';
      readonly term: Term;
      readonly batch: number;
      readonly reason: RefusalReason;
    }
  /** A piece of the snapshot whose `snapshot` message (same index and term) follows the last one. */
  | {
      readonly kind: 'snapshotPiece';
      readonly index: LogIndex;
      readonly term: Term;
      /** With the first piece, `null` on the others. */
      readonly meta: SnapshotMeta | null;
      readonly position: number;
      /** Size of the whole. */
      readonly size: number;
      readonly bytes: Uint8Array;
    }
  /** The receiver has everything before `position`; the sender may go on. */
  | {
      readonly kind: 'snapshotAck';
      readonly index: LogIndex;
      readonly term: Term;
      readonly position: number;
    }
  /** The sender's own claim first; from a leader also those of the voters it heard. */
  | { readonly kind: 'digest'; readonly term: Term; readonly claims: readonly DigestClaim[] }
  /** A sign of life for leases, or with `renew` false a question. `n`: never the same in two boots. */
  | {
      readonly kind: 'keepAlive';
      readonly term: Term;
      readonly n: number;
      readonly renew: boolean;
      readonly leases: readonly LeaseId[];
    }
  /** How long each lease lasts from when the leader was asked, in ms; 0: it is not there, or ends. */
  | {
      readonly kind: 'keptAlive';
      readonly term: Term;
      readonly n: number;
      readonly leftMs: readonly number[];
    }
  /** The sender's state is condemned: it asks for one of `index` or later, without the core. */
  | { readonly kind: 'snapshotWanted'; readonly term: Term; readonly index: LogIndex };

/** Everything one turn has for one peer. */
export type PeerFrame = {
  readonly messages: readonly Message[];
  readonly nodeMessages: readonly NodeMessage[];
};
