import { limits, type NodeId, type Prng } from '../base/index.ts';
import type { Recovered } from '../ports/index.ts';
import type { RaftOptions } from '../raft/index.ts';
import type { Timing } from './options.ts';

/** The core's options: the house's limits and what recovery found. */
export const raftOptionsOf = (
  id: NodeId,
  prng: Prng,
  recovered: Recovered,
  timing: Timing,
): RaftOptions => ({
  id,
  prng,
  boot: recovered.boot,
  heartbeatTicks: timing.heartbeatTicks,
  electionTimeoutTicks: timing.electionTimeoutTicks,
  linkHintTicksMin: limits.linkHintTicksMin,
  linkHintTicksMax: limits.linkHintTicksMax,
  appendBytesMax: limits.appendBytesMax,
  appendEntriesMax: limits.appendEntriesMax,
  inFlightBytesMax: limits.inFlightBytesMax,
  inFlightMessagesMax: limits.inFlightMessagesMax,
  uncommittedBytesMax: limits.uncommittedBytesMax,
  membersMax: limits.membersMax,
  votersMax: limits.votersMax,
  hardState: recovered.hardState,
  snapshot: recovered.snapshot,
  entries: recovered.entries,
  suspect: recovered.suspect,
});
