import { type LogIndex, limits, type NodeId } from '../base/index.ts';
import type { DigestPoint } from '../protocol/index.ts';
import type { TreeState } from '../tree/index.ts';
import { digestText } from '../tree/index.ts';

/** Of the multiples of each of these powers of two the newest two are kept. */
const exponents = [6, 8, 10, 12, 14, 16, 18, 20] as const;
const keptOfEach = 2;

/** A tree notes its digest whenever its index is a multiple of this. */
export const digestEveryEntries = 2 ** exponents[0];

/**
 * What this node's tree held at some indexes, so that others can compare. Nodes are never at the same
 * index at the same moment: so the points are indexes that all of them come by. Under load the small
 * multiples fly past, and the great ones stay long enough for a node that lags; in a quiet cluster it
 * is the index at which all of them stand.
 */
export class DigestPoints {
  readonly #multiples = exponents.map((): DigestPoint[] => []);
  /** Where the tree stood at the last looks, newest first. */
  #looks: DigestPoint[] = [];

  /** The tree came by a multiple of `digestEveryEntries`. */
  passed(state: TreeState): void {
    const point = pointOf(state);
    exponents.forEach((exponent, i) => {
      const kept = this.#multiples[i];
      if (kept === undefined || state.appliedIndex % 2 ** exponent !== 0) return;
      kept.unshift(point);
      kept.length = Math.min(kept.length, keptOfEach);
    });
  }

  /** From time to time: where the tree stands now. */
  look(state: TreeState): void {
    const { appliedIndex } = state;
    if (appliedIndex === 0 || appliedIndex === this.#looks[0]?.index) return;
    this.#looks = [pointOf(state), ...this.#looks].slice(0, keptOfEach);
  }

  /** Newest first, each index once, at most `limits.digestPointsMax`. */
  all(): readonly DigestPoint[] {
    const byIndex = new Map<LogIndex, DigestPoint>();
    for (const points of [this.#looks, ...this.#multiples]) {
      for (const point of points) byIndex.set(point.index, point);
    }
    return [...byIndex.values()].sort((a, b) => b.index - a.index).slice(0, limits.digestPointsMax);
  }

  /** The tree became another one. */
  clear(): void {
    for (const kept of this.#multiples) kept.length = 0;
    this.#looks = [];
  }
}

const pointOf = (state: TreeState): DigestPoint => ({
  index: state.appliedIndex,
  version: state.behaviourVersion,
  digest: digestText(state),
});

/** Of one node: what it says its tree held. */
export type PointsOf = { readonly node: NodeId; readonly points: readonly DigestPoint[] };
