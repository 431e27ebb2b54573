import type { BootNumber, LogIndex } from '../base/index.ts';
import type { Entry, HardState, Persist, Position, SnapshotMeta } from '../raft/index.ts';
import type { Upkeep } from './upkeep.ts';

/** What a restart found on disk. All of it is durable again. */
export type Recovered = {
  /** The last term and vote that were made durable. */
  readonly hardState: HardState;
  /** This start's number, raised durably. */
  readonly boot: BootNumber;
  /** The newest whole snapshot, or a meta of index 0 with an empty membership. */
  readonly snapshot: SnapshotMeta;
  /** From `snapshot.index + 1`, without a gap. */
  readonly entries: readonly Entry[];
  /** Evidence of something promised that cannot be shown any more (consensus 11). */
  readonly suspect: Position | null;
};

/** The durable log of one node. One writer; calls never overlap. */
export type LogStore = {
  /**
   * Makes `batch` durable.
   *
   * Order on disk: snapshot (as the new base of the log), hard state, truncation, entries. When
   * the promise resolves a power cut cannot lose any of it. One sync serves all entries.
   *
   * @throws ERR_DISK_FAILED when the disk refuses: the node must stop, what reached the disk is
   *   unknown.
   */
  readonly save: (batch: Persist) => Promise<void>;
  /** Entries through `index` are covered by a durable snapshot; their segments may go. */
  readonly compact: (through: LogIndex) => Promise<void>;
  /** Bytes of entries after the newest snapshot's index. */
  readonly bytesSinceSnapshot: () => number;
  /** Waits for what is under way and closes the files. Nothing may be called afterwards. */
  readonly stop: () => Promise<void>;
  /** Absent where there is no disk. */
  readonly upkeep?: Upkeep;
};

/** A snapshot being written aside. Nobody sees it before `finish`. */
export type SnapshotSink = {
  /** Adds bytes to the end. One call at a time; they are not changed until the promise settles. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Synced, renamed, its folder synced; then older ones are removed. */
  readonly finish: () => Promise<void>;
  /** Gives it up; what was written is removed. */
  readonly abort: () => Promise<void>;
};

/** A durable snapshot, open for reading. It stays readable until closed, also when it is replaced. */
export type SnapshotSource = {
  /** What it stands for. */
  readonly meta: SnapshotMeta;
  /** Size of the encoded state. */
  readonly bytes: number;
  /** Bytes from `position` on, `length` of them or fewer at the end. @throws ERR_DISK_CORRUPT when they rotted. */
  readonly read: (position: number, length: number) => Promise<Uint8Array>;
  /** Gives it back. */
  readonly close: () => Promise<void>;
};

/** The durable snapshots of one node. */
export type SnapshotStore = {
  /** Begins a snapshot of the state at `meta`. At most one is written at a time. */
  readonly begin: (meta: SnapshotMeta) => Promise<SnapshotSink>;
  /** The newest durable snapshot, or `null`. */
  readonly newest: () => Promise<SnapshotSource | null>;
  /**
   * Begins to keep a state that turned out to be wrong, for people. It is never a snapshot of this
   * store. `null`: enough are kept already. Absent: this store keeps none.
   */
  readonly setAside?: (meta: SnapshotMeta) => Promise<SnapshotSink | null>;
};
