// A generator that never gets somewhere is blind. What must have happened, per thousand runs of chance.

/** Least occurrences in a thousand runs; a batch of fewer runs is held to its share, if that is one. */
export const floors: Readonly<Record<string, number>> = {
  elections: 2000,
  committed: 100_000,
  membershipChanges: 1000,
  promotions: 500,
  demotions: 20,
  removals: 20,
  replacements: 5,
  installs: 50,
  truncations: 50,
  suspects: 5,
  operations: 20_000,
  reads: 5000,
  writes: 5000,
  unknown: 100,
  refused: 500,
  watchEvents: 5000,
  streamEvents: 10_000,
  marks: 15,
  compacted: 2,
  nearReads: 500,
  answeredAgain: 200,
  sessionsLost: 30,
  numbersRefused: 100,
  leasesGranted: 1000,
  leasesRenewed: 300,
  leasesRevoked: 200,
  leasesExpired: 500,
  leasesOutlived: 200,
  leasesAsked: 300,
  turns: 800,
  turnsWritten: 1500,
  turnsFenced: 20,
  ages: 80_000,
  sequences: 500,
  counts: 500,
  ifTrue: 1000,
  ifFalse: 300,
  guestsKilled: 100,
  guestsCutOff: 300,
  guestsStalled: 200,
  crashes: 200,
  powerCuts: 100,
  blackouts: 50,
  pauses: 100,
  partitions: 100,
  resets: 100,
  attaches: 50,
  diskErrors: 50,
  diskFull: 10,
  rots: 50,
  foldersLost: 5,
  operatorChanges: 100,
  scribbles: 10,
};

export type Counts = Readonly<Record<string, number>>;

export const addCounts = (sum: Record<string, number>, counts: Counts): void => {
  for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
};

/** Which floors a batch of runs did not reach. */
export function blindSpots(counts: Counts, runs: number): string[] {
  const missed: string[] = [];
  for (const [name, floor] of Object.entries(floors)) {
    // Few runs may miss what is rare by chance alone: a third of the share will do.
    const wanted = Math.floor((floor * runs) / 3000);
    const found = counts[name] ?? 0;
    if (found < wanted) missed.push(`${name}: ${found} in ${runs} runs, ${wanted} wanted`);
  }
  return missed;
}
