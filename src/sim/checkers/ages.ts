import type { Membership, NodeId } from '../../base/index.ts';
import { Violation } from '../witness.ts';
import type { Counts } from './counts.ts';

/** What a node that is asked says of its state, and what is known of it. Moments are of its own clock, but for `nowMs`. */
export type AgeSample = {
  readonly node: NodeId;
  /** What it would tell a guest. */
  readonly ageMs: number | null;
  readonly revision: number;
  /** Whom it takes for the leader. */
  readonly leader: NodeId | null;
  readonly membership: Membership;
  readonly localMs: number;
  /** How far a slow machine may have looked ahead. */
  readonly aheadMs: number;
  readonly nowMs: number;
  /** Made-up ms beyond its age that its state may be old: `null` while there are faults between nodes. */
  readonly lagMs: number | null;
};

/** Whole ms, and the clock that goes on between two looks. */
const slackMs = 2;

/**
 * `age`: what a node says of how old its state may be is never less than how long it has not heard of whom it
 * takes for the leader, or, of a leader, how long it has not heard of a majority: its own stalls count, since the
 * world went on. And where nothing is wrong between nodes the state is no older than that, but for what is
 * on its way: something newer was first applied anywhere.
 */
export class Ages {
  readonly #counts: Pick<Counts, 'ages'>;
  readonly #heard = new Map<NodeId, Map<NodeId, number>>();
  /** When each revision was first beyond that of all nodes, in order. */
  readonly #newest: { readonly revision: number; readonly atMs: number }[] = [];

  constructor(counts: Pick<Counts, 'ages'>) {
    this.#counts = counts;
  }

  /** A new life: it has heard nobody. */
  started(node: NodeId): void {
    this.#heard.delete(node);
  }

  heard(node: NodeId, from: NodeId, localMs: number): void {
    let heard = this.#heard.get(node);
    if (heard === undefined) {
      heard = new Map();
      this.#heard.set(node, heard);
    }
    heard.set(from, localMs);
  }

  applied(revision: number, nowMs: number): void {
    if (revision <= (this.#newest.at(-1)?.revision ?? 0)) return;
    this.#newest.push({ revision, atMs: nowMs });
  }

  sampled(sample: AgeSample): void {
    const { node, ageMs, leader, aheadMs, nowMs, revision, lagMs } = sample;
    if (ageMs === null || leader === null) return;
    this.#counts.ages++;
    const silentMs = leader === node ? this.#majorityMs(sample) : this.#silentMs(sample, leader);
    if (ageMs < silentMs - aheadMs - slackMs) {
      const whom = leader === node ? 'a majority' : leader;
      throw new Violation(
        'age',
        `${node} says at ${nowMs.toFixed(1)} that its state is ${ageMs.toFixed(1)} ms old, and has heard nothing of ${whom} for ${silentMs.toFixed(1)} ms`,
      );
    }
    const staleMs = nowMs - this.#supersededMs(revision, nowMs);
    if (lagMs === null || staleMs <= ageMs + lagMs) return;
    throw new Violation(
      'age',
      `${node} says at ${nowMs.toFixed(1)} that its state is ${ageMs.toFixed(1)} ms old, and there is something newer than revision ${revision} for ${staleMs.toFixed(1)} ms`,
    );
  }

  #silentMs({ node, localMs }: AgeSample, peer: NodeId): number {
    const heardMs = this.#heard.get(node)?.get(peer);
    return heardMs === undefined ? 0 : localMs - heardMs;
  }

  /** Since it heard of so many that they are a majority with it; of both, while two decide. */
  #majorityMs(sample: AgeSample): number {
    const { voters, outgoing } = sample.membership;
    return Math.max(...[voters, outgoing ?? []].map((ids) => this.#majorityOf(sample, ids)));
  }

  #majorityOf(sample: AgeSample, ids: readonly NodeId[]): number {
    const silences = ids.map((id) => (id === sample.node ? 0 : this.#silentMs(sample, id)));
    return silences.sort((a, b) => a - b)[Math.floor(ids.length / 2)] ?? 0;
  }

  /** When something beyond `revision` was first applied; `nowMs`: never yet. */
  #supersededMs(revision: number, nowMs: number): number {
    let low = 0;
    let high = this.#newest.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#newest[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#newest[low]?.atMs ?? nowMs;
  }
}
