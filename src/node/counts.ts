import { Histogram, type HistogramView, secondsBounds } from '../base/index.ts';

/** What a node has done since it was started, and what waits in it. For meters: nothing is decided by it. */
export type NodeCounts = {
  /** Times it stood for election, after a pre-vote. */
  readonly elections: number;
  /** Times it followed, or became, another leader than before. */
  readonly leaderChanges: number;
  /** Commands of its own guests, and of those what did not come to an answer of the tree. */
  readonly proposals: number;
  readonly proposalsFailed: number;
  readonly proposalsWaiting: number;
  readonly readsWaiting: number;
  /** From a guest's command to its being applied here, in seconds. */
  readonly commitSeconds: HistogramView;
  readonly snapshotsWritten: number;
  readonly snapshotsInstalled: number;
  /** Of the newest snapshot that it wrote; 0: none since the start. */
  readonly snapshotBytes: number;
  /** Log bytes after the newest snapshot. */
  readonly logTailBytes: number;
};

/** The counters themselves: plain numbers, added to where the thing happens. */
export class Tallies {
  elections = 0;
  leaderChanges = 0;
  proposals = 0;
  proposalsFailed = 0;
  readonly commitSeconds = new Histogram(secondsBounds);
  snapshotsWritten = 0;
  snapshotsInstalled = 0;
  snapshotBytes = 0;
}
