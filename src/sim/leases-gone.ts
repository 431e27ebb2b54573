import { limits } from '../base/index.ts';
import type { Cluster } from './cluster.ts';
import type { Machine } from './machine.ts';
import { Violation } from './witness.ts';

/** By the slowest clock a lease lasts so much longer; a node may have kept a sign of life for a while, and a
 * write has to end it. */
const slowestRate = 0.8;
const endedWithinMs = 1000 + limits.leaseLengthMsMin;

/**
 * Whoever held leases went away: they end within their length, and once more that long for each leader
 * that took office since.
 */
export async function leasesGone(cluster: Cluster, core: readonly Machine[]): Promise<void> {
  const { world, checkers } = cluster;
  const { counts } = checkers;
  const { elections } = counts;
  const { nowMs } = world;
  const left = (): number[] => {
    // Of whoever has come furthest: one of the core may have been removed, and learns nothing more.
    const nodes = core.flatMap(({ node }) => node ?? []);
    const [furthest] = nodes.sort((a, b) => b.status().appliedIndex - a.status().appliedIndex);
    const view = furthest?.view();
    const lengths: number[] = [];
    for (const [, { session, lengthMs }] of view?.leases.entries() ?? []) {
      if (session === null) lengths.push(lengthMs);
    }
    return lengths;
  };
  const longestMs = Math.max(...left(), 0) / slowestRate + endedWithinMs;
  while (left().length > 0) {
    const withinMs = longestMs * (1 + counts.elections - elections);
    if (world.nowMs > nowMs + withinMs) {
      throw new Violation(
        'lease',
        `${left().length} leases of guests that left outlive ${withinMs} ms`,
      );
    }
    await new Promise<void>((resolve) => world.after(25, resolve));
  }
}
