import type {
  BootNumber,
  ClusterError,
  LeaseId,
  Lineage,
  LogIndex,
  Membership,
  NodeId,
  Revision,
} from '../base/index.ts';
import type { Glob } from '../paths/index.ts';
import type { MembershipChange, Position, RaftView } from '../raft/index.ts';
import type { Command, Event, InSession, Reply, View } from '../tree/index.ts';
import type { NodeCounts } from './counts.ts';

/** Someone who waits for a command's outcome. Exactly one of these is called, once (N2). */
export type ProposalWaiter = {
  /** Committed and applied on this node; the reply is the tree's. */
  readonly applied: (reply: Reply) => void;
  /** The code's effect says whether it may yet take effect. */
  readonly failed: (error: ClusterError) => void;
};

/** Someone who waits for a view. Exactly one of these is called, once. */
export type ViewWaiter = {
  readonly ready: (view: View) => void;
  readonly failed: (error: ClusterError) => void;
};

/** Someone who keeps leases alive, or asks. Exactly one of these is called, once. */
export type LeaseWaiter = {
  /**
   * For each lease that was asked about, in order, how long it lasts beyond the moment this node was
   * asked, in cluster time; 0: it is not there, or its end is decided.
   */
  readonly left: (leftMs: readonly number[]) => void;
  /** Nothing was renewed, as far as anybody may rely on. */
  readonly failed: (error: ClusterError) => void;
};

/** Someone who waits for events. `event` may be called from inside `wait` or `watch`. */
export type EventWatcher = {
  readonly event: (event: Event) => void;
  /** History below `oldest` is forgotten: nothing was skipped silently, and nothing more comes. */
  readonly compacted: (oldest: Revision) => void;
};

/** How far a look into the past came. `next`: the first revision that was not looked at. */
export type PastEvent =
  | { readonly kind: 'found'; readonly event: Event }
  | { readonly kind: 'none'; readonly next: Revision }
  | { readonly kind: 'compacted'; readonly oldest: Revision };

/** Takes the wait back; may be called at any time, also twice. */
export type Cancel = () => void;

/** Where a node is in its life; its role in consensus is another matter. */
export type NodeLife = 'joining' | 'ready' | 'draining' | 'removed' | 'stopped';

export type PeerStatus = {
  readonly id: NodeId;
  readonly address: string;
  /**
   * Since anything was heard of it, or since it became a member if nothing ever was; this node's own
   * stalls subtracted. `null`: not known.
   */
  readonly silentMs: number | null;
};

/** A majority of all voters held `majority` at `index`, and this node `digest`. */
export type CondemnedStatus = {
  readonly index: LogIndex;
  readonly digest: string;
  readonly majority: string;
};

/** What comparing the digests of all nodes brought; all `null` or empty when they agree. */
export type DigestStatus = {
  /** This node serves nobody and fetches another state. */
  readonly condemned: CondemnedStatus | null;
  /** Other members whose state differs from a majority's, as far as this node heard. */
  readonly outvoted: readonly NodeId[];
  /** Voters differ at `index` and no majority agrees: who holds which digest. */
  readonly dispute: {
    readonly index: LogIndex;
    readonly groups: ReadonlyMap<string, readonly NodeId[]>;
  } | null;
};

export type NodeStatus = {
  readonly id: NodeId;
  readonly boot: BootNumber;
  readonly life: NodeLife;
  readonly clusterName: string;
  /** `null` until the first entries or a snapshot told. */
  readonly lineage: Lineage | null;
  readonly raft: RaftView;
  readonly appliedIndex: LogIndex;
  /** The last membership that was applied here, joint or final, and where it stands. */
  readonly members: Membership;
  readonly membersAt: Position;
  readonly revision: Revision;
  /** Every other member. */
  readonly peers: readonly PeerStatus[];
  /** How long this node has led, own stalls subtracted; `null` when it does not lead. */
  readonly leadingForMs: number | null;
  /** Since the last change of membership took effect, as this node saw it. */
  readonly sinceChangeMs: number;
  readonly digests: DigestStatus;
  /** Its disk has no room: sets are refused while it leads. */
  readonly diskFull: boolean;
};

/** What others hold of a node. All of it belongs to one loop; nothing here blocks. */
export type NodeHandle = {
  readonly id: NodeId;
  /**
   * Puts `command` into the log, through whichever node leads, and answers from this node's tree.
   * Fails with ERR_OVERLOADED or ERR_NO_LEADER (effect none), or after
   * `limits.requestTimeoutMs` with ERR_OUTCOME_UNKNOWN or, when it certainly was not
   * taken, ERR_NO_LEADER.
   */
  readonly propose: (command: Command, waiter: ProposalWaiter, inSession?: InSession) => void;
  /**
   * A sign of life for leases, or with `renew` false only the question how long they last. Answered by
   * the leader, through any node, once a barrier round begun after the question has shown that it
   * still leads. Fails like `read`.
   */
  readonly keepAlive: (leases: readonly LeaseId[], renew: boolean, waiter: LeaseWaiter) => void;
  /** The newest state, behind a read barrier (linearizable). Fails like `propose`, effect none. */
  readonly read: (waiter: ViewWaiter) => void;
  /** The newest state this node has, of whatever age. */
  readonly view: () => View;
  /** The state at a revision, as far as this node remembers. */
  readonly viewAt: (revision: Revision) => View | 'compacted' | 'future';
  /** Oldest revision that `viewAt` and `wait` can still answer. */
  readonly oldestRevision: () => Revision;
  /**
   * Calls back once this node holds `revision`, perhaps at once; never times out (doozer's future
   * rev). Fails with ERR_COMPACTED when a snapshot jumped over it.
   */
  readonly whenRevision: (revision: Revision, waiter: ViewWaiter) => Cancel;
  /** The first event at or after `from` that matches; the past counts. One call of the watcher. */
  readonly wait: (glob: Glob, from: Revision, watcher: EventWatcher) => Cancel;
  /**
   * The first event at or after `from` that matches, among at most `revisionsMax` revisions of the past.
   * Takes a time that grows with those, so that who reads a long past can let others run in between.
   */
  readonly pastEvent: (glob: Glob, from: Revision, revisionsMax: number) => PastEvent;
  /** Every event at or after `from` that matches, once, in order, until cancelled or compacted. */
  readonly watch: (glob: Glob, from: Revision, watcher: EventWatcher) => Cancel;
  /**
   * Asks the leader, if this node is it, for a change of members; resolves when it is committed
   * (for a change of voters: when the final entry is applied here).
   *
   * @throws ERR_NOT_LEADER with the leader's address in `detail`; ERR_MEMBERSHIP_REFUSED with the reason;
   *   ERR_OUTCOME_UNKNOWN.
   */
  readonly changeMembership: (
    change: MembershipChange,
    ifMembershipAt: Position | null,
  ) => Promise<void>;
  /** Hands leadership to `to`, or to the best voter. Resolves when this node no longer leads. */
  readonly transferLeadership: (to: NodeId | null) => Promise<void>;
  /**
   * For how long this node has not heard of a leader in office or, as the leader, of a majority; its own
   * standstills count. `null`: it knows of no leader. By its own clock. Its state may be older by what is on
   * its way to it, and by as long as a leader that is cut off takes to give up (an election timeout).
   */
  readonly ageMs: () => number | null;
  /** Whether this node leads, as far as it knows, and may. Costs nothing, unlike `status`. */
  readonly leads: () => boolean;
  /**
   * False while a majority has condemned this node's state. Then `propose`, `read` and `whenRevision`
   * fail with ERR_CONDEMNED, and nothing that `view`, `viewAt`, `wait` or `watch` give may be told to
   * anybody.
   */
  readonly serves: () => boolean;
  /** Calls `listener` when this node stops serving: waits and watches have to be ended. */
  readonly onCondemned: (listener: () => void) => Cancel;
  /** Calls `listener` when another membership was applied here: `status` has it. */
  readonly onMembers: (listener: () => void) => Cancel;
  readonly status: () => NodeStatus;
  /** What it has done so far, for meters. */
  readonly counts: () => NodeCounts;
};
