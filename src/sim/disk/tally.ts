/** What a disk did to those who trusted it, for the coverage report. Only ever grows. */
export type DiskTally = {
  powerCuts: number;
  /** Processes that ended while an operation was on its way: how many such operations. */
  inFlight: number;
  /** Unsynced sectors at power cuts, by what became of each. */
  sectorsKept: number;
  sectorsLost: number;
  sectorsTorn: number;
  sectorsGarbage: number;
  /** Unsynced changes of names at power cuts. */
  namesKept: number;
  namesLost: number;
  /** Unsynced sizes of files at power cuts that were not kept as they were. */
  sizesLost: number;
  /** Operations that failed with EIO, by kind; and sectors that a failed sync dropped. */
  readsFailed: number;
  writesFailed: number;
  syncsFailed: number;
  sectorsDropped: number;
  /** Operations that failed with ENOSPC. */
  full: number;
  bitsFlipped: number;
  misdirected: number;
  /** Durable names that vanished. */
  entriesVanished: number;
  snapshotsCut: number;
  foldersLost: number;
  syncs: number;
};

export const noTally = (): DiskTally => ({
  powerCuts: 0,
  inFlight: 0,
  sectorsKept: 0,
  sectorsLost: 0,
  sectorsTorn: 0,
  sectorsGarbage: 0,
  namesKept: 0,
  namesLost: 0,
  sizesLost: 0,
  readsFailed: 0,
  writesFailed: 0,
  syncsFailed: 0,
  sectorsDropped: 0,
  full: 0,
  bitsFlipped: 0,
  misdirected: 0,
  entriesVanished: 0,
  snapshotsCut: 0,
  foldersLost: 0,
  syncs: 0,
});

/** What becomes of what was not synced when the power goes. */
export type Mood = 'each for itself' | 'all kept' | 'all lost';
