import type { Lineage, Membership, Prng } from '../base/index.ts';
import type { Clock, Dial, Logger } from '../ports/index.ts';
import type {
  LogPosition,
  NativeEvent,
  NativeFile,
  NodeHealth,
  NodeReport,
} from '../protocol/client/index.ts';

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
  /** Only these addresses, whatever the cluster says of its members: for whoever means one node. Default `false`. */
  readonly onlyThese?: boolean;
  /** The cluster meant; a node of another one is not talked to. Default: whichever is there. */
  readonly clusterName?: string | null;
  /** Default: none. */
  readonly secret?: string;
  /** How long a request may take, finding a node included. Default 5,500 ms: a node's own bound and a bit. */
  readonly requestTimeoutMs?: number;
  /** How long one attempt to connect to one address may take. Default 1,500 ms. */
  readonly connectTimeoutMs?: number;
  /**
   * How long the session of this client outlives its last sign of life, so that writes are repeated
   * without harm: as long as it may be cut off. Default 30,000 ms. `null`: no session; a write whose
   * answer is lost is ERR_OUTCOME_UNKNOWN.
   */
  readonly sessionLengthMs?: number | null;
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

/**
 * Bounds of a read, and which state is read. Default: the newest, which holds everything acknowledged to
 * anybody before the call. Of the three others at most one may be given.
 */
export type ReadOptions = CallOptions & {
  /** The state after this revision; waited for if it is still to come. */
  readonly revision?: number;
  /**
   * Whatever the node that is asked has, without asking the others; only never a state before what this
   * client has seen. Also answers while there is no majority.
   */
  readonly local?: boolean;
  /** As `local`, once the node has come to this revision. */
  readonly atLeast?: number;
};

/** A file as it is read. */
export type FileContent = {
  readonly body: Uint8Array;
  /** Of its last write. */
  readonly revision: number;
  /** Of the write that made it; another one after it was deleted and made again. */
  readonly created: number;
  /** The lease it goes with; 0: none. */
  readonly lease: number;
};

/** What a read saw, and when that was. */
export type Reading = {
  /** `null`: there is none. */
  readonly file: FileContent | null;
  /** The revision of the state that was read. */
  readonly at: number;
  /**
   * Of a `local` or `atLeast` read: for how long the node has not heard of a leader in office or, if it
   * leads itself, of a majority. The state may be older by what was on its way to the node, and by the time
   * in which a leader that is cut off gives up. `null`: it knows of no leader, or it was no such read.
   */
  readonly ageMs: number | null;
};

/** What is at a path. */
export type FileStat =
  | {
      readonly kind: 'file';
      readonly revision: number;
      readonly size: number;
      readonly created: number;
      /** 0: none. */
      readonly lease: number;
    }
  /** `count`: names in it. */
  | { readonly kind: 'directory'; readonly count: number };

/** The file that a create made. */
export type Created = { readonly path: string; readonly revision: number };

/** What a counter holds now. */
export type Counted = { readonly value: number; readonly revision: number };

/** Bounds of a count. */
export type CountOptions = CallOptions & {
  /** As for `Client.set`. Default -1: whatever is there. */
  readonly guard?: number;
};

/** Bounds of a grant. */
export type GrantOptions = CallOptions & {
  /**
   * Default `true`: kept alive by this client, and ended when it is closed. `false`: it lasts its length
   * from each `renew`, by whomever.
   */
  readonly keep?: boolean;
};

/** A lease as the cluster knows it. */
export type LeaseReport = {
  readonly lengthMs: number;
  /** How long it lasts at least, from the call on, if nobody keeps it alive. */
  readonly leftMs: number;
  /** The files that go with it, in byte order. */
  readonly paths: readonly string[];
};

/**
 * One change, or a nop, whose path is `/`. Its body is empty unless it is a `set`. One event, one
 * revision.
 */
export type Event = NativeEvent;

/** A file that a walk met. */
export type WalkedFile = NativeFile;

/** What ends a wait or watch: only the signal. */
export type EventOptions = { readonly signal?: AbortSignal };

/** What a watch shows, and what ends it. */
export type WatchOptions = EventOptions & {
  /** The first revision wanted. Default: what comes after now. */
  readonly from?: number;
  /** Each event with what the file held before it, as far as the node knows. Default `false`. */
  readonly previous?: boolean;
};

/** How one node is: its report, and what an operator wants to see beyond that. */
export type Health = NodeReport & NodeHealth;

/** Who belongs to a cluster, and which cluster it is. */
export type Members = {
  readonly clusterName: string;
  /** `null`: the node was never attached to a cluster. */
  readonly lineage: Lineage | null;
  readonly membership: Membership;
  /** Where in the log that membership stands. */
  readonly membershipAt: LogPosition;
};
