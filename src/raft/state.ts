// Everything one core knows, as one object. Handlers take it and write to it; only `Raft` holds it.
import type { LogIndex, Membership, NodeId, Term } from '../base/index.ts';
import {
  assert,
  isJoint,
  isMember,
  isVoter,
  must,
  nextIndex,
  noIndex,
  noTerm,
} from '../base/index.ts';
import { comparePositions, Log } from './log.ts';
import type {
  Envelope,
  Notice,
  Position,
  RaftOptions,
  ReadResult,
  Receipt,
  Role,
  SnapshotMeta,
} from './types.ts';

/** A membership and where its entry stands (R10). */
export type MembershipRecord = { readonly at: Position; readonly membership: Membership };

/** What the steps since the last `take` ask of the world. */
export type Outbox = {
  hardStateChanged: boolean;
  snapshot: SnapshotMeta | null;
  truncateFrom: LogIndex | null;
  /** Entries from here on were never handed out to be saved. */
  unsavedFrom: LogIndex;
  /** The end of the save under way, until it is reported. Nothing is taken meanwhile. */
  saving: Position | null;
  /** Safe at any time. */
  requests: Envelope[];
  /** Safe at any time too, unless a term or vote they speak of is being saved. */
  replies: Envelope[];
  /** Only after the save (R8). */
  promises: Envelope[];
  /** One acknowledgement a turn: the highest, for all requests of the turn. A promise. */
  acknowledgement: { readonly to: NodeId; readonly term: Term; matched: LogIndex } | null;
  receipts: Receipt[];
  reads: ReadResult[];
  notices: Notice[];
};

/** Somebody who waits for a read barrier: a local read, or a follower for reads through `n`. */
export type Reader =
  | { readonly kind: 'local'; readonly ref: number }
  | { readonly kind: 'remote'; readonly from: NodeId; readonly n: number };

/** A barrier on its way: answered with `index` once a quorum acknowledged `round` or a later one. */
export type ReadRound = {
  readonly round: number;
  readonly index: LogIndex;
  readonly readers: readonly Reader[];
};

export type ReadState = {
  /** Leader: who joins the next round. */
  joining: Reader[];
  /** Leader: rounds sent and not acknowledged by a quorum, oldest first. */
  rounds: ReadRound[];
  /** Newest round sent, ever. Never reused, so an acknowledgement names one round. */
  round: number;
  /** Follower: local reads that wait for the next request. */
  waiting: number[];
  /** Follower: requests sent and not answered, oldest first. */
  asked: { readonly n: number; readonly refs: readonly number[]; ticks: number }[];
  /** Newest request sent, ever, in any boot. */
  n: number;
};

/** After a link with the leader closed: this node looks for itself, early, a few times. */
export type LinkHint = { ticksLeft: number; triesLeft: number };

export type Transfer = { readonly to: NodeId; ticks: number; asked: boolean };

export type RaftState = {
  readonly options: RaftOptions;
  readonly id: NodeId;
  /** Never falls (R3). */
  term: Term;
  /** Set at most once in a term (R3). */
  votedFor: NodeId | null;
  readonly log: Log;
  /** The newest snapshot that is, or is being, made durable here. */
  snapshot: SnapshotMeta;
  /**
   * Highest index known to be decided for ever. Never falls.
   *
   * R1: snapshot <= applied <= commit <= last. Not bounded by `durableIndex`: a quorum of others may
   * decide what is not durable here yet.
   */
  commitIndex: LogIndex;
  appliedIndex: LogIndex;
  /** Committed entries through here were handed out. */
  handedIndex: LogIndex;
  /** Durable through here, and equal to the log as it is now. This node's own acknowledgement. */
  durableIndex: LogIndex;
  /** Those of the log and its base, oldest first; the last is in force (R10). Never empty. */
  readonly memberships: MembershipRecord[];
  role: Role;
  /** Followers and candidates: ticks since the leader was heard, a vote was given, or a campaign. */
  ticksQuiet: number;
  /** `ticksQuiet` at which this node campaigns. */
  electionTimeout: number;
  /** Whether a recent leader keeps this node from helping others. Ends early on a link hint. */
  isSticky: boolean;
  hint: LinkHint | null;
  /** Leader: ticks since the last heartbeat. */
  ticksSinceHeartbeat: number;
  heartbeatDue: boolean;
  /** Leader: bytes appended and not committed. */
  uncommittedBytes: number;
  transfer: Transfer | null;
  readonly reads: ReadState;
  /** Through here this node may have promised what its log does not show. */
  suspect: Position | null;
  /** It was said that nobody else can clear the doubt. */
  isAloneTold: boolean;
  /** The tree of this node is wrong; its log, term and vote are not. */
  isCondemned: boolean;
  readonly outbox: Outbox;
};

export function newState(options: RaftOptions): RaftState {
  const { snapshot, hardState, entries, suspect } = options;
  const log = new Log({ index: snapshot.index, term: snapshot.term, time: snapshot.time }, entries);
  assert(hardState.term >= log.last.term, 'R2: no term in the log exceeds the current term');
  const memberships: MembershipRecord[] = [
    { at: snapshot.membershipAt, membership: snapshot.membership },
  ];
  for (const entry of entries) {
    if (entry.payload.kind === 'membership') {
      memberships.push({ at: entry, membership: entry.payload.membership });
    }
  }
  const isSuspect = suspect !== null && comparePositions(log.last, suspect) < 0;
  return {
    // The log has the entries. Held here, they would stay when it forgets them.
    options: { ...options, entries: [] },
    id: options.id,
    term: hardState.term,
    votedFor: hardState.votedFor,
    log,
    snapshot,
    commitIndex: snapshot.index,
    appliedIndex: snapshot.index,
    handedIndex: snapshot.index,
    durableIndex: log.lastIndex,
    memberships,
    role: { kind: 'follower', leader: null },
    ticksQuiet: 0,
    electionTimeout: 1,
    isSticky: true,
    hint: null,
    ticksSinceHeartbeat: 0,
    heartbeatDue: false,
    uncommittedBytes: 0,
    transfer: null,
    reads: newReadState(options),
    suspect: isSuspect ? suspect : null,
    isAloneTold: false,
    isCondemned: false,
    outbox: newOutbox(log.lastIndex),
  };
}

/** Requests of reads of one boot are numbered from here: far from those of every other boot. */
const readsPerBoot = 2 ** 32;

function newReadState(options: RaftOptions): ReadState {
  // A late answer to an earlier boot's request must not look like one to ours: it may be older than
  // a read that only now arrives.
  const n = options.boot * readsPerBoot;
  assert(Number.isSafeInteger(n + readsPerBoot), 'read requests are numbered by boot');
  return { joining: [], rounds: [], round: 0, waiting: [], asked: [], n };
}

const newOutbox = (lastIndex: LogIndex): Outbox => ({
  hardStateChanged: false,
  snapshot: null,
  truncateFrom: null,
  unsavedFrom: nextIndex(lastIndex),
  saving: null,
  requests: [],
  replies: [],
  promises: [],
  acknowledgement: null,
  receipts: [],
  reads: [],
  notices: [],
});

/** The membership in force: the last one in snapshot and log, committed or not (R10). */
export const effective = (raft: RaftState): MembershipRecord =>
  must(raft.memberships.at(-1), 'a membership is always in force');

/** The last membership known to be committed. */
export function committedMembership(raft: RaftState): MembershipRecord {
  const known = lastThrough(raft, raft.commitIndex);
  // A restart forgets what is committed. Of memberships only the last one may not be: a leader appends
  // the next when the one before is committed (R10).
  const before = raft.memberships.at(-2);
  return before !== undefined && before.at.index > known.at.index ? before : known;
}

/** The last membership that stands at or before `index`. */
export function lastThrough(raft: RaftState, index: LogIndex): MembershipRecord {
  const { memberships } = raft;
  for (let i = memberships.length - 1; i > 0; i--) {
    const record = memberships[i];
    if (record !== undefined && record.at.index <= index) return record;
  }
  return must(memberships[0], 'the log begins with a membership');
}

/** Where the last membership stands that names this node; index 0 when none does. */
export function memberAt(raft: RaftState): Position {
  for (let i = raft.memberships.length - 1; i >= 0; i--) {
    const record = raft.memberships[i];
    if (record !== undefined && isMember(record.membership, raft.id)) return record.at;
  }
  return { index: noIndex, term: noTerm };
}

/** A change is not committed yet, or only half made. */
export function isChangePending(raft: RaftState): boolean {
  const { at, membership } = effective(raft);
  return at.index > raft.commitIndex || isJoint(membership);
}

/** Leading, and an entry of the own term is committed. */
export const isEstablished = (raft: RaftState): boolean =>
  raft.role.kind === 'leader' && raft.commitIndex >= raft.role.termStart;

export function leaderOf(raft: RaftState): NodeId | null {
  if (raft.role.kind === 'leader') return raft.id;
  return raft.role.kind === 'follower' ? raft.role.leader : null;
}

/**
 * May this node ask for votes? As a voter of the committed membership too: the node with the newest
 * log may be one that an uncommitted entry removes, and nobody else could win (openraft#2091).
 */
export function mayCampaign(raft: RaftState): boolean {
  if (raft.isCondemned || isAloneInDoubt(raft)) return false;
  return (
    isVoter(effective(raft).membership, raft.id) ||
    isVoter(committedMembership(raft).membership, raft.id)
  );
}

/**
 * As far as it can see it is the only voter, and it can not see all it held. What is lost may be the
 * very entry by which others became voters; so it waits for one of those, or for its operator.
 */
export const isAloneInDoubt = (raft: RaftState): boolean =>
  raft.suspect !== null && isSoleVoter(raft);

/** Nobody else has to be asked. */
export const isSoleVoter = (raft: RaftState): boolean =>
  isSoleVoterIn(effective(raft).membership, raft.id);

/**
 * Would nobody be left to ask, if what is not durable yet were lost? Then a doubt about the end of the
 * log could be cleared by nobody, and a power cut must not leave one.
 */
export const isSoleVoterIfCut = (raft: RaftState): boolean =>
  isSoleVoterIn(lastThrough(raft, raft.durableIndex).membership, raft.id);

const isSoleVoterIn = ({ voters, outgoing }: Membership, id: NodeId): boolean =>
  outgoing === null && voters.length === 1 && voters[0] === id;
