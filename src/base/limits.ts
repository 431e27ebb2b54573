import { assert } from './assert.ts';

const kib = 1024;
const mib = 1024 * kib;

/**
 * Everything that can grow, with its bound. Sizes are bytes, lengths of time milliseconds or ticks,
 * the rest counts. What is beyond a bound is refused whole, dropped, or ended, as each line says.
 */
export const limits = {
  /** A file's body. Beyond: refused before anything is proposed. A flag may lower it. */
  valueBytesMax: mib,
  /** A path or glob. Beyond: refused. */
  pathBytesMax: 4 * kib,
  /** One message on any wire. Beyond: the connection is closed. */
  frameBytesMax: 8 * mib,
  /** Native requests or replies written as one message. Beyond: the next message begins. */
  batchBytesMax: 256 * kib,
  batchRepliesMax: 65_536,
  /** Entries of one append request, together. At least one entry is always sent. */
  appendBytesMax: mib,
  appendEntriesMax: 4096,
  /** Sent to one follower and not acknowledged yet. Beyond: the leader waits. */
  inFlightBytesMax: 8 * mib,
  inFlightMessagesMax: 256,
  /** Appended by a leader and not committed yet. Beyond: proposals are refused as overloaded. */
  uncommittedBytesMax: 64 * mib,
  /** Proposals a node holds unanswered. Beyond: refused as overloaded. */
  proposalsMax: 65_536,
  /** Their bytes, together. Beyond: refused as overloaded. */
  proposalBytesMax: 256 * mib,
  /** Bytes of writes that peers handed over and no turn has taken. Beyond: dropped, and sent again. */
  arrivedBytesMax: 64 * mib,
  /** Reads a node holds behind barriers. Beyond: refused as overloaded. */
  readsMax: 65_536,
  /** Changes of members and transfers that one node is asked for at once. Beyond: refused. */
  changesMax: 64,
  /** Peers' messages that wait for the next turn. Beyond: frames are dropped, and asked for again. */
  inboxMessagesMax: 65_536,
  /** Requests in flight on one client connection. Beyond: the connection is not read. */
  requestsPerConnectionMax: 4096,
  /** Unsent answer bytes on one client connection. Beyond: the connection is not read; twice: closed. */
  unsentBytesMax: 16 * mib,
  /** Unsent bytes to one peer. Beyond: messages to it are dropped; they are asked for again. */
  unsentPeerBytesMax: 32 * mib,
  /** Links other nodes opened to one node, their hellos awaited or done. Beyond: closed at once. */
  peerLinksMax: 256,
  /** From the first byte of a link, or of the dialling, to the other end's hello. Beyond: closed. */
  peerHelloTimeoutMs: 3000,
  /** A link is asked for a sign of life each time this passes in silence; closed after the third. */
  peerQuietMs: 1000,
  peerQuietTimesMax: 3,
  /** The pause before a peer is dialled again: doubles from the least to the most, with jitter. */
  peerRedialMsMin: 50,
  peerRedialMsMax: 2000,
  /**
   * A frame of doozer's that has begun must end within this; silence between frames has no end. And the
   * bytes of all such frames, together. Beyond: the connection is closed.
   */
  unfinishedMs: 60_000,
  unfinishedBytesMax: 256 * mib,
  /** Waiting WAITs and watches on one connection. Beyond: refused as overloaded. */
  watchersPerConnectionMax: 10_000,
  /**
   * A watch whose files are quiet is told how far it has come: looked at so often, and told when so many
   * revisions have passed since it was told anything, or at every so many looks if any has.
   */
  progressMarkMs: 1000,
  progressMarkRevisions: 500,
  progressMarkLooks: 10,
  /** A watch reads the past in slices: revisions looked at, events given; so many slices a turn, all guests together. */
  catchUpRevisions: 1024,
  catchUpEvents: 128,
  catchUpSlices: 4,
  /** Client connections of one node. Beyond: closed at once. */
  connectionsMax: 10_000,
  /** Places beyond those for connections that say at once that they are a peer's. Else: closed. */
  connectionsReserve: 256,
  /** Entries of one page of names or files on the native wire. Beyond: the page ends, with `more`. */
  pageEntriesMax: 1000,
  /** Places kept of listings by offset, all guests together. Beyond: the oldest listing is scanned anew. */
  cursorPlacesMax: 262_144,
  /**
   * The answer to a wrong secret waits: so long for the first from an address, twice as long for each one more, up to
   * the most; forgotten after so long without another.
   */
  wrongSecretMsMin: 100,
  wrongSecretMsMax: 2000,
  wrongSecretForgottenMs: 60_000,
  /** Such answers that wait for one address. Beyond: its secrets are not looked at; the connection is closed. */
  wrongSecretsPendingMax: 8,
  /** Addresses whose wrong secrets are remembered. Beyond: the one quiet longest is forgotten. */
  wrongSecretAddressesMax: 4096,
  /** From a connection to the end of its TLS handshake. Beyond: closed. */
  tlsHandshakeMs: 5000,
  /** Files of certificates are looked at so often, and tried when they have changed. */
  tlsLookMs: 2000,
  /** One of those files. Beyond: it is not taken. */
  tlsFileBytesMax: mib,
  /** A certificate that ends so soon is an alarm. */
  tlsExpiryDays: 30,
  /** Quiet so long, a connection is tried by the kernel; one whose machine vanished is closed. */
  keepAliveMs: 60_000,
  /** A plain HTTP connection that says nothing for so long is closed. */
  httpQuietMs: 30_000,
  /** How long a port that stops waits for answers on their way. Beyond: its connections are cut. */
  drainMs: 2000,
  /** Members, voters and learners together. Beyond: an attach is refused. */
  membersMax: 64,
  votersMax: 15,
  /** Snapshots a leader sends at the same time. Beyond: the follower waits its turn. */
  snapshotStreamsMax: 4,
  /** One piece of a snapshot on the wire. */
  snapshotPieceBytesMax: 256 * kib,
  /** What a node's tree held at so many indexes is told at once. */
  digestPointsMax: 18,
  /** Trees are compared so often. */
  digestEveryMs: 1000,
  /** States of this node that were condemned, kept for people. Beyond: not kept. */
  evidenceMax: 4,
  /** Log bytes kept in memory and on disk behind a snapshot, for followers that lag. */
  logKeptBytes: 8 * mib,
  /** Log bytes since the last snapshot that make a node write the next one. */
  snapshotEveryBytes: 64 * mib,
  /** A member that was not heard for so long is told of as silent; `-timeout` acts on it later. */
  memberQuietMs: 5000,
  /** A process that was told to stop ends after this, whatever is not done by then. */
  stopMs: 20_000,
  /** Alarms that stand on one node. Beyond: in the log only. */
  alarmsMax: 32,
  /** Revisions that stay readable, unless -hist says otherwise. */
  historyRevisions: 2000,
  historyRevisionsMax: 1_000_000,
  /** Bodies of remembered events, together. Beyond: the oldest are forgotten. */
  historyBytesMax: 256 * mib,
  /** Compares and operations of one transaction, and its bytes: paths, values, what it reads. Beyond: refused. */
  transactionOperationsMax: 128,
  transactionBytesMax: mib,
  /** Leases and sessions of a cluster, together. Beyond: no new one is granted. */
  leasesMax: 100_000,
  /** Files of one lease: they go together, in one entry. Beyond: refused. */
  leaseFilesMax: 1024,
  /** How long a lease may be. */
  leaseLengthMsMin: 1000,
  leaseLengthMsMax: 86_400_000,
  /** Leases of one sign of life. Beyond: refused. */
  keepAliveLeasesMax: 1024,
  /** Signs of life that one node has handed to the leader. Beyond: refused as overloaded. */
  keepAlivesMax: 65_536,
  /** Requests of one session whose answers its client has not acknowledged. Beyond: refused. */
  sessionWindowMax: 1024,
  /** What those answers may hold of files, together. Beyond: refused as overloaded. */
  sessionReplyBytesMax: 8 * mib,
  /** A WAL segment. */
  segmentBytes: 64 * mib,
  /** Room a node keeps in its folder for a disk that is full: its next segment, or a snapshot's room. */
  diskReserveBytes: 8 * mib,
  /** Free bytes below which a leader refuses sets, and from which on it takes them again. */
  diskLowBytes: 4 * mib,
  diskClearBytes: 12 * mib,
  /** The disk is looked at so often. */
  diskLookMs: 1000,
  /** A leader whose disk is full tries again after this to find a voter that has room. */
  diskTransferMs: 30_000,
  /** A snapshot that found no room is tried again after this. */
  diskRetryMs: 5000,
  /** Old segments and snapshots are read through in pieces of this, with a pause after each. */
  scrubSliceBytes: 64 * kib,
  scrubPauseMs: 20,
  /** From the end of one pass to the next. */
  scrubRestMs: 600_000,
  /** How long a request may wait for its outcome. */
  requestTimeoutMs: 5000,
  /** One tick of the core. */
  tickMs: 10,
  heartbeatTicks: 10,
  /** An election timeout is drawn anew each time from [min, min * 2). */
  electionTimeoutTicks: 50,
  /** Jitter after a closed link, drawn from [min, max]. */
  linkHintTicksMin: 1,
  linkHintTicksMax: 3,
  /** A learner is promoted after keeping up this long. */
  promoteAfterMs: 1000,
  /** -timeout: silence after which a member is removed; and the least it may be. */
  silenceMs: 60_000,
  silenceMinMs: 1000,
  /** Applied entries in one slice before the loop looks at its sockets again. */
  applySliceMs: 4,
  /** A snapshot is encoded in slices of at most this. */
  snapshotSliceMs: 2,
} as const;

assert(
  limits.valueBytesMax + limits.pathBytesMax < limits.frameBytesMax / 2,
  'a value fits a frame',
);
assert(
  limits.appendBytesMax + limits.valueBytesMax + 64 * kib < limits.frameBytesMax,
  'an append request fits a frame',
);
assert(limits.frameBytesMax < limits.unfinishedBytesMax, 'one frame may be unfinished');
assert(limits.appendBytesMax <= limits.inFlightBytesMax, 'one append request may be in flight');
assert(
  limits.heartbeatTicks * 2 < limits.electionTimeoutTicks,
  'two heartbeats fit an election timeout',
);
assert(
  limits.silenceMinMs >= 10 * limits.heartbeatTicks * limits.tickMs,
  'the silent missed ten heartbeats',
);
assert(
  limits.diskLowBytes + limits.diskReserveBytes <= limits.diskClearBytes,
  'a disk that has cleared has room to refill the reserve',
);
assert(
  limits.wrongSecretMsMax < limits.peerHelloTimeoutMs,
  'who dialled with a wrong secret still hears it',
);
assert(limits.logKeptBytes < limits.snapshotEveryBytes, 'a snapshot makes the log shorter');
