import type { LogIndex, Term } from '../../base/index.ts';
import type { Message, RefusalReason, SnapshotMeta } from '../../raft/index.ts';

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
    };

/** Everything one turn has for one peer. */
export type PeerFrame = {
  readonly messages: readonly Message[];
  readonly nodeMessages: readonly NodeMessage[];
};
