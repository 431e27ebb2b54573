import { type Lineage, limits, type NodeId } from '../base/index.ts';
import type {
  Clock,
  Logger,
  LogStore,
  PeerLinks,
  Random,
  Recovered,
  SnapshotStore,
} from '../ports/index.ts';
import type { Position } from '../raft/index.ts';
import type { TreeState } from '../tree/index.ts';

/** How a node keeps time. All members of a cluster keep it alike. */
export type Timing = {
  /** One tick of the core; milliseconds. */
  readonly tickMs: number;
  readonly heartbeatTicks: number;
  /** An election timeout is drawn anew each time from [this, 2 * this). */
  readonly electionTimeoutTicks: number;
};

export const usualTiming: Timing = {
  tickMs: limits.tickMs,
  heartbeatTicks: limits.heartbeatTicks,
  electionTimeoutTicks: limits.electionTimeoutTicks,
};

export type NodeOptions = {
  readonly id: NodeId;
  readonly clusterName: string;
  readonly historyRevisions: number;
  readonly snapshotEveryBytes: number;
  readonly logKeptBytes: number;
  readonly requestTimeoutMs: number;
  /** Other than the usual, where links are slow, or time is made up. */
  readonly timing?: Timing;
};

/** What a node needs of the world, real or made up. */
export type NodeParts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  readonly links: PeerLinks;
  readonly recovered: Recovered;
  /** What `recovered.snapshot` stands for; the empty tree at index 0. */
  readonly state: TreeState;
  readonly events: NodeEvents;
};

/** Upward news. Called between turns; may not throw. */
export type NodeEvents = {
  /** The disk failed or an invariant broke: nothing more is promised; the process must end. */
  readonly fatal: (error: unknown) => void;
  /** Somebody says this node was removed. To be confirmed through another node. */
  readonly toldRemoved: (by: NodeId, membershipAt: Position) => void;
  /** The tree says which cluster this is; once, or again after a snapshot. */
  readonly lineageKnown: (lineage: Lineage, name: string) => void;
};
