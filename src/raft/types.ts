import type {
  BootNumber,
  ClusterTime,
  LogIndex,
  Membership,
  NodeId,
  Prng,
  Term,
} from '../base/index.ts';

// ---------------------------------------------------------------------------------------------
// The log

/** A place in a log. Two logs that hold the same position are equal up to there (R5). */
export type Position = { readonly index: LogIndex; readonly term: Term };

export type EntryPayload =
  /** A new leader's first entry, so that entries of earlier terms can be committed. */
  | { readonly kind: 'noop' }
  /** Opaque to the core; the tree's node decodes it when it applies. */
  | { readonly kind: 'command'; readonly bytes: Uint8Array }
  /** Joint or final; in force from the moment it is appended. */
  | { readonly kind: 'membership'; readonly membership: Membership };

export type Entry = {
  readonly index: LogIndex;
  readonly term: Term;
  /** The leader's cluster time when it appended. Never falls along the log. */
  readonly time: ClusterTime;
  readonly payload: EntryPayload;
  /**
   * The entry's bytes, once somebody made or received them: the same bytes go to the WAL and to
   * every peer. Written by `protocol` only; the core carries it and never looks.
   */
  encoded: Uint8Array | null;
};

/** What must survive a restart besides the log. Durable before any promise made under it (R8). */
export type HardState = { readonly term: Term; readonly votedFor: NodeId | null };

/** What a snapshot stands for. The log begins at the next index. */
export type SnapshotMeta = {
  readonly index: LogIndex;
  readonly term: Term;
  /** The cluster time of the entry at `index`. */
  readonly time: ClusterTime;
  /** The membership in force at `index`, joint or final, and where its entry stood. */
  readonly membership: Membership;
  readonly membershipAt: Position;
};

/**
 * What a voter says to a candidate. `doubt`: the vote is given, and this log was once longer, perhaps:
 * through there the voter may have promised what it can not show any more and the candidate lacks.
 * Such votes count only when all voters give theirs (R12). `null` with every refusal.
 */
export type VoteAnswer = { readonly granted: boolean; readonly doubt: Position | null };

// ---------------------------------------------------------------------------------------------
// Messages between cores. Best effort: lost, late, repeated, out of order; never altered.

export type Message =
  /** Would you vote for me in `term`? Promises nothing. `memberIndex`: last entry that lists me. */
  | {
      readonly kind: 'preVoteRequest';
      readonly term: Term;
      readonly last: Position;
      readonly memberIndex: LogIndex;
    }
  /** `term` echoes the request's when granted; a refusal carries the refuser's own term. */
  | ({ readonly kind: 'preVoteReply'; readonly term: Term } & VoteAnswer)
  /** `transfer`: the leader itself asked for this campaign, so stickiness does not hold. */
  | {
      readonly kind: 'voteRequest';
      readonly term: Term;
      readonly last: Position;
      readonly transfer: boolean;
      readonly memberIndex: LogIndex;
    }
  | ({ readonly kind: 'voteReply'; readonly term: Term } & VoteAnswer)
  /** Empty `entries` carry a commit index or probe. */
  | {
      readonly kind: 'appendRequest';
      readonly term: Term;
      readonly previous: Position;
      readonly commit: LogIndex;
      readonly entries: readonly Entry[];
    }
  /** Durable through `matched`, which agrees with the leader's log there. A promise. */
  | { readonly kind: 'appendReply'; readonly term: Term; readonly matched: LogIndex }
  /** `previous` of the request was not there; `hint` is the best place to try next. */
  | {
      readonly kind: 'appendRefusal';
      readonly term: Term;
      readonly previous: LogIndex;
      readonly hint: Position;
    }
  /**
   * `commit` is at most what the follower is known to hold; `newest` is how far the leader has committed, for the follower
   * to know how far it is behind, and for nothing else. `round`: the newest read round.
   */
  | {
      readonly kind: 'heartbeat';
      readonly term: Term;
      readonly commit: LogIndex;
      readonly newest: LogIndex;
      readonly round: number;
    }
  | { readonly kind: 'heartbeatReply'; readonly term: Term; readonly round: number }
  /** A follower's reads that wait, as one; `n` is the follower's own count. */
  | { readonly kind: 'readRequest'; readonly term: Term; readonly n: number }
  /** Reads up to `n` may be answered once `index` is applied; `null`: not leading any more. */
  | {
      readonly kind: 'readReply';
      readonly term: Term;
      readonly n: number;
      readonly index: LogIndex | null;
    }
  /** The state at `meta`. Its bytes travel beside it; the core sees it once they have arrived. */
  | { readonly kind: 'snapshot'; readonly term: Term; readonly meta: SnapshotMeta }
  /** Campaign at once. Void unless the receiver's log ends at `last` in this term. */
  | { readonly kind: 'timeoutNow'; readonly term: Term; readonly last: Position }
  /** A member that may not campaign hears no leader, and asks whether it still belongs. */
  | { readonly kind: 'lookFor'; readonly term: Term; readonly memberIndex: LogIndex }
  /** The asker is not in the final membership applied at `membershipAt`. */
  | { readonly kind: 'removed'; readonly term: Term; readonly membershipAt: Position };

export type Envelope = { readonly to: NodeId; readonly message: Message };

// ---------------------------------------------------------------------------------------------
// Inputs and wishes

/** What an operator or the steward asks of the membership. */
export type MembershipChange =
  | { readonly kind: 'add'; readonly id: NodeId; readonly address: string }
  | { readonly kind: 'promote'; readonly id: NodeId }
  /** The voter goes on as a learner; `park`: promoted again only if named. */
  | { readonly kind: 'demote'; readonly id: NodeId; readonly park: boolean }
  /** Voter or learner; gone. */
  | { readonly kind: 'remove'; readonly id: NodeId }
  /** `out` and `in` change places in one joint step; `keep`: `out` stays as a (parked) learner. */
  | { readonly kind: 'replace'; readonly out: NodeId; readonly in: NodeId; readonly keep: boolean }
  | { readonly kind: 'setAddress'; readonly id: NodeId; readonly address: string };

export type Input =
  /** One beat of `limits.tickMs`. */
  | { readonly kind: 'tick' }
  /** `boot` is the sender's, so that a restarted follower is not taken for what it was. */
  | {
      readonly kind: 'message';
      readonly from: NodeId;
      readonly boot: BootNumber;
      readonly message: Message;
    }
  /** Append these, in order, in one go. Answered by one receipt for `ref`. */
  | {
      readonly kind: 'propose';
      readonly ref: number;
      readonly commands: readonly Uint8Array[];
      readonly time: ClusterTime;
      readonly onlyInTerm: Term | null;
    }
  /** `ifMembershipAt`: refused as stale unless the membership in force stands there. */
  | {
      readonly kind: 'changeMembership';
      readonly ref: number;
      readonly change: MembershipChange;
      readonly ifMembershipAt: Position | null;
      readonly time: ClusterTime;
    }
  /** Hand leadership to `to`, or to the best voter when `null`. Answered by a receipt. */
  | { readonly kind: 'transfer'; readonly ref: number; readonly to: NodeId | null }
  /** A read that must not be stale. Answered by one `ReadResult` for `ref`. */
  | { readonly kind: 'read'; readonly ref: number }
  /** What the last `persist` asked for is durable; ignored if the log was truncated since. */
  | { readonly kind: 'persisted'; readonly through: Position }
  /** The tree holds everything through here. */
  | { readonly kind: 'applied'; readonly through: LogIndex }
  /** A snapshot at `meta` is durable here; entries through `compactThrough` may be forgotten. */
  | { readonly kind: 'compacted'; readonly meta: SnapshotMeta; readonly compactThrough: LogIndex }
  /** The stream to `to` ended. `delivered`: the whole snapshot at `index` was sent. */
  | {
      readonly kind: 'snapshotSent';
      readonly to: NodeId;
      readonly index: LogIndex;
      readonly delivered: boolean;
    }
  /** Our link with `peer` closed. If it leads, that is a hint (consensus 1, link-close hint). */
  | { readonly kind: 'linkClosed'; readonly peer: NodeId }
  /** What this node's tree holds is wrong, or right again: while it is wrong it does not campaign. */
  | { readonly kind: 'condemned'; readonly on: boolean };

/** Make durable, in this order: snapshot, hard state, truncation, entries. */
export type Persist = {
  /** The log now begins after this snapshot, whose bytes are durable already. */
  readonly snapshot: SnapshotMeta | null;
  readonly hardState: HardState | null;
  /** Forget entries from here on, before the new ones. */
  readonly truncateFrom: LogIndex | null;
  readonly entries: readonly Entry[];
  /** What to report as `persisted` afterwards: the end of the log as it now is. */
  readonly through: Position;
  /** No other node could clear a doubt about the end of this log. Absent: others could. */
  readonly alone?: boolean;
};

/** What became of a proposal, a membership change, or a transfer. */
export type Receipt =
  /** Appended: commands stand at `first` .. `first + count - 1` in `term`. Not yet committed. */
  | {
      readonly ref: number;
      readonly kind: 'appended';
      readonly first: LogIndex;
      readonly count: number;
      readonly term: Term;
    }
  /** The change holds already, or the transfer is under way. */
  | { readonly ref: number; readonly kind: 'done' }
  /** Nothing was appended, and nothing will be. */
  | {
      readonly ref: number;
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      readonly detail: string;
    };

export type RefusalReason =
  | 'notLeader'
  | 'transferring'
  | 'overloaded'
  | 'changePending'
  | 'notReady'
  | 'stale'
  | 'notCaughtUp'
  | 'notAMember'
  | 'leaderLeaves'
  | 'tooMany'
  | 'lastVoter'
  /** The leader's disk has no room: a node's own reason, the core never gives it. */
  | 'diskFull';

export type ReadResult =
  /** The read may be answered from a tree that has applied `index`. */
  | { readonly ref: number; readonly index: LogIndex }
  /** Not served: no leader, or leadership changed on the way. Ask again. */
  | { readonly ref: number; readonly index: null };

/** News for the log, the node's status and the steward; nothing has to be done. */
export type Notice =
  | {
      readonly kind: 'role';
      readonly role: Role['kind'];
      readonly term: Term;
      readonly leader: NodeId | null;
    }
  | { readonly kind: 'membership'; readonly membership: Membership; readonly at: Position }
  /** Someone says we were removed. Confirm it through another node before acting on it. */
  | { readonly kind: 'toldRemoved'; readonly by: NodeId; readonly membershipAt: Position }
  /**
   * This node leads with a log that ends at `after`, and what some disk once held beyond, up to
   * `through`, is given up. `neverHeld`: a quorum certainly never held it, so nothing acknowledged is
   * lost. Otherwise all voters answered and none can show it: torn everywhere, or rotten everywhere,
   * and then acknowledged writes are lost. An operator should know.
   */
  | {
      readonly kind: 'givenUp';
      readonly after: Position;
      readonly through: Position;
      readonly neverHeld: boolean;
    }
  /** The only voter, and suspect: nobody else can tell what it lost, so it does not lead. Told once. */
  | { readonly kind: 'aloneInDoubt'; readonly suspect: Position };

/** Everything the steps so far ask of the world, grouped by when it may happen. */
export type Output = {
  /** `null` when nothing changed that must be durable. */
  readonly persist: Persist | null;
  /** Requests: safe to send at once. */
  readonly sendNow: readonly Envelope[];
  /** Promises: send only after `persist` is durable (R8). */
  readonly sendAfterPersist: readonly Envelope[];
  /** Committed entries, in index order, each exactly once. */
  readonly committed: readonly Entry[];
  readonly receipts: readonly Receipt[];
  readonly reads: readonly ReadResult[];
  readonly notices: readonly Notice[];
};

// ---------------------------------------------------------------------------------------------
// State

/** How the leader feeds one follower. Fields exist only in the mode that uses them. */
export type Progress = {
  /** Highest index this follower promised to hold. 0 <= matched < next (R9). */
  matched: LogIndex;
  next: LogIndex;
  /** The follower's boot that `matched` was learnt from. A newer boot resets it to probe and 0. */
  boot: BootNumber;
  /** Ticks since the last reply of any kind. */
  ticksQuiet: number;
  /** Heard at all in this reign. Until then `ticksQuiet` counts from its beginning. */
  active: boolean;
  /** Highest commit index it was told. A newer one is told at once, with entries or alone. */
  commitSent: LogIndex;
  /** Something in flight may be lost: ask about `next - 1` although nothing new is to be sent. */
  nudge: boolean;
  /** Newest read round it acknowledged in this reign. */
  roundAcked: number;
  /** Set once a final membership without this node is appended: it is told, then forgotten. */
  leaving: { readonly finalIndex: LogIndex; ticks: number } | null;
  /** What was committed when this learner's present round of catching up began. */
  roundTarget: LogIndex;
  /** It has finished a round that began after it was first heard. */
  roundDone: boolean;
  flow: Flow;
};

export type Flow =
  /** One request at a time, until a place is found where the logs agree. */
  | { readonly mode: 'probe'; paused: boolean }
  /** Streaming. `inFlight`: what was sent and not acknowledged, oldest first. */
  | {
      readonly mode: 'replicate';
      inFlight: { readonly last: LogIndex; readonly bytes: number }[];
      inFlightBytes: number;
    }
  /** The log no longer reaches back; a snapshot at `pending` is on its way. */
  | {
      readonly mode: 'snapshot';
      readonly pending: LogIndex;
      /** Ticks since the last byte was sent; `null` while the stream runs. */
      ticksDelivered: number | null;
    };

export type Role =
  | { readonly kind: 'follower'; leader: NodeId | null }
  | { readonly kind: 'preCandidate'; readonly answers: Map<NodeId, VoteAnswer> }
  | { readonly kind: 'candidate'; readonly answers: Map<NodeId, VoteAnswer> }
  /** `termStart`: where its no-op stands. Established once that is committed. */
  | {
      readonly kind: 'leader';
      readonly progress: Map<NodeId, Progress>;
      readonly termStart: LogIndex;
    };

export type RaftOptions = {
  readonly id: NodeId;
  /** This start's number: keeps the numbers of read requests unique across restarts. */
  readonly boot: BootNumber;
  readonly prng: Prng;
  readonly heartbeatTicks: number;
  /** Timeouts are drawn anew each time from [this, 2 * this). */
  readonly electionTimeoutTicks: number;
  readonly linkHintTicksMin: number;
  readonly linkHintTicksMax: number;
  readonly appendBytesMax: number;
  readonly appendEntriesMax: number;
  readonly inFlightBytesMax: number;
  readonly inFlightMessagesMax: number;
  readonly uncommittedBytesMax: number;
  readonly membersMax: number;
  readonly votersMax: number;
  /** What recovery found. All of it is durable. */
  readonly hardState: HardState;
  /** The base of the log; index 0 with an empty membership on a node that has none. */
  readonly snapshot: SnapshotMeta;
  /** From `snapshot.index + 1` on, without a gap. */
  readonly entries: readonly Entry[];
  /**
   * The highest position this node may once have promised and cannot show any more, or `null`.
   * Until its log reaches there its votes for shorter logs, its own included, are given in doubt.
   */
  readonly suspect: Position | null;
};

/** One follower as its leader sees it. */
export type ProgressView = {
  readonly id: NodeId;
  readonly mode: Flow['mode'];
  readonly matched: LogIndex;
  readonly ticksQuiet: number;
  /** Could be promoted now, as far as the log is concerned. */
  readonly caughtUp: boolean;
};

/** What others may know of a core between turns. */
export type RaftView = {
  readonly role: Role['kind'];
  readonly term: Term;
  readonly leader: NodeId | null;
  readonly commitIndex: LogIndex;
  readonly last: Position;
  readonly firstIndex: LogIndex;
  readonly membership: Membership;
  readonly membershipAt: Position;
  /** A membership entry, joint or final, is not committed yet, or the membership is joint. */
  readonly changePending: boolean;
  /** Leading, and an entry of the own term is committed. */
  readonly established: boolean;
  readonly transferring: boolean;
  readonly suspect: Position | null;
  /** Empty unless leading. */
  readonly progress: readonly ProgressView[];
};
