import { assert } from './assert.ts';

/** How often a value fell below each bound, as it stands now. */
export type HistogramView = {
  /** Upper bounds, rising; one count more than bounds, for what is above all. Not cumulative. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
};

/** Counts values by size. To note one costs a few comparisons and no memory. */
export class Histogram implements HistogramView {
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    assert(
      bounds.every((bound, i) => bound > (bounds[i - 1] ?? Number.NEGATIVE_INFINITY)),
      'bounds rise',
    );
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  note(value: number): void {
    let i = 0;
    while (i < this.bounds.length && value > (this.bounds[i] ?? 0)) i++;
    this.counts[i] = (this.counts[i] ?? 0) + 1;
    this.sum += value;
    this.count += 1;
  }
}

/** For waits on disks and majorities, in seconds: a fraction of a millisecond to the request bound. */
export const secondsBounds: readonly number[] = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5,
];
