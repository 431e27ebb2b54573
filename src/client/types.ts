import type { Lineage, Membership, Prng } from '../base/index.ts';
import type { Clock, Dial, Logger } from '../ports/index.ts';
import type { LogPosition, NativeEvent, NativeFile } from '../protocol/client/index.ts';

/** What a client reaches the world through. */
export type ClientParts = {
  readonly dial: Dial;
  readonly clock: Clock;
  /** Shuffles addresses and spreads pauses. */
  readonly prng: Prng;
  readonly logger?: Logger;
  /** Called once, when the client is closed. */
  readonly closed?: () => void;
};

/** Which cluster a client is of, and how patient it is. */
export type ClientOptions = {
  /** host:port of nodes; one is enough, since the others are learnt from it. */
  readonly addresses: readonly string[];
  /** The cluster meant; a node of another one is not talked to. Default: whichever is there. */
  readonly clusterName?: string | null;
  /** Default: none. */
  readonly secret?: string;
  /** How long a request may take, finding a node included. Default 5,500 ms: a node's own bound and a bit. */
  readonly requestTimeoutMs?: number;
  /** How long one attempt to connect to one address may take. Default 1,500 ms. */
  readonly connectTimeoutMs?: number;
  /** Name and version of the program, for the node's log. */
  readonly client?: string;
};

/** Bounds of one request. */
export type CallOptions = {
  /** Gives up when aborted, with ERR_CANCELLED. */
  readonly signal?: AbortSignal;
  /** Instead of the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
};

/** Bounds of a read, and which state is read. */
export type ReadOptions = CallOptions & {
  /**
   * Reads the state after this revision, and waits for it if it is still to come. Default: the newest
   * state, which holds everything acknowledged to anybody before the call.
   */
  readonly revision?: number;
};

/** A body and the revision of its last write. */
export type FileContent = { readonly body: Uint8Array; readonly revision: number };

/** What is at a path. */
export type FileStat =
  | { readonly kind: 'file'; readonly revision: number; readonly size: number }
  /** `count`: names in it. */
  | { readonly kind: 'directory'; readonly count: number };

/**
 * One change, or a nop, whose path is `/`. Its body is empty unless it is a `set`. One event, one
 * revision.
 */
export type Event = NativeEvent;

/** A file that a walk met. */
export type WalkedFile = NativeFile;

/** What ends a wait or watch: only the signal. */
export type EventOptions = { readonly signal?: AbortSignal };

/** Who belongs to a cluster, and which cluster it is. */
export type Members = {
  readonly clusterName: string;
  /** `null`: the node was never attached to a cluster. */
  readonly lineage: Lineage | null;
  readonly membership: Membership;
  /** Where in the log that membership stands. */
  readonly membershipAt: LogPosition;
};
