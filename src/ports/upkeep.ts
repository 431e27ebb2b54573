import type { LogIndex } from '../base/index.ts';

/** How much room there is for a node's data. */
export type Room = {
  /** No more may be taken on but what makes things smaller. Has hysteresis. */
  readonly isFull: boolean;
  /** Bytes the disk has left; `null` where nobody can say. */
  readonly freeBytes: number | null;
};

/** What a data folder needs besides being written to. One caller; calls never overlap. */
export type Upkeep = {
  /** What is known of it without looking: a writer that is fast fills a disk between two looks. */
  readonly isFull: () => boolean;
  /**
   * Looks at the disk, tries again what there was no room for, and refills the reserve. From time to
   * time, and always before what it says is relied on.
   *
   * @throws ERR_DISK_FAILED as a save would: the node must stop.
   */
  readonly look: () => Promise<Room>;
  /** Gives the reserve's room to whoever needs it now: a snapshot, so that the log can get shorter. */
  readonly spendReserve: () => Promise<boolean>;
  /**
   * Begins to read what is old, slowly. `rotten` is told when some of it is damaged: a new snapshot at or
   * after that index, and a log compacted through it, make good for it. Called once.
   */
  readonly watch: (rotten: (through: LogIndex) => void) => void;
};
