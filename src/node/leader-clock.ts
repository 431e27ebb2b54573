import { type ClusterTime, clusterTime, noTime } from '../base/index.ts';

/**
 * Cluster time as the leader stamps it: it goes on from the last stamp it knows plus its own
 * steady time in office. Wall clocks play no part, and the time nobody led does not count
 * (LogCabin's ClusterClock). Never falls while in office (T5).
 */
export class LeaderClock {
  #base: ClusterTime = noTime;
  #sinceMs: number | null = null;
  /** The highest stamp given in this office: a stall that is found out later takes time back. */
  #given: ClusterTime = noTime;

  /** Took office, or the log turned out to hold later stamps. `awakeMs`: own stalls subtracted. */
  lead(last: ClusterTime, awakeMs: number): void {
    if (this.#sinceMs !== null && last <= this.now(awakeMs)) return;
    this.#base = last;
    this.#given = last;
    this.#sinceMs = awakeMs;
  }

  follow(): void {
    this.#base = this.#given;
    this.#sinceMs = null;
  }

  now(awakeMs: number): ClusterTime {
    if (this.#sinceMs === null) return this.#base;
    const elapsedMs = Math.max(0, Math.floor(awakeMs - this.#sinceMs));
    this.#given = clusterTime(Math.max(this.#given, this.#base + elapsedMs));
    return this.#given;
  }
}
