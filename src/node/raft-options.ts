import { limits, type NodeId, type Prng } from '../base/index.ts';
import type { Recovered } from '../ports/index.ts';
import type { RaftOptions } from '../raft/index.ts';

/** The core's options: the house's limits and what recovery found. */
export const raftOptionsOf = (id: NodeId, prng: Prng, recovered: Recovered): RaftOptions => ({
  id,
  prng,
  boot: recovered.boot,
  heartbeatTicks: limits.heartbeatTicks,
  electionTimeoutTicks: limits.electionTimeoutTicks,
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
