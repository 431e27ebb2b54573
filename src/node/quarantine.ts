import { type LogIndex, limits, type NodeId } from '../base/index.ts';
import type { Logger } from '../ports/index.ts';
import type { Input, RaftView } from '../raft/index.ts';
import type { Applier } from './applier.ts';
import type { Condemnation, Digests } from './digests.ts';
import type { Snapshots } from './snapshots.ts';

export type QuarantineParts = {
  readonly id: NodeId;
  readonly logger: Logger;
  readonly applier: Applier;
  readonly snapshots: Snapshots;
  readonly digests: Digests;
  readonly view: () => RaftView;
  readonly offer: (input: Input) => void;
  /** Asks `to` for a state of `index` or later. */
  readonly ask: (to: NodeId, index: LogIndex) => void;
  /** Hands leadership over; `to` may refuse or be gone. */
  readonly transfer: (to: NodeId) => void;
  /** Nobody may be served any more: whoever waits here has to be told. */
  readonly condemned: () => void;
  /** The state is another one. */
  readonly replaced: () => void;
};

/** One node is asked so many times, once a beat, before the next one is: it may have to write first. */
const asksEach = 5;
/**
 * A condemned node holds the longest log perhaps, and then nobody else can be elected. So long without
 * a leader, it may campaign all the same; when it leads it hands over at once.
 */
const leaderlessBeatsMax = Math.ceil((2 * limits.requestTimeoutMs) / limits.digestEveryMs);

/**
 * What a node does whose state a majority condemned: it serves nobody and does not lead, keeps the
 * state for people, and takes another node's in its place. Log, term and vote are right and stay: it
 * goes on voting and acknowledging, so that a cluster loses no voter by it. No snapshot is written
 * meanwhile, so the log grows until another state is here.
 *
 * Nothing of this is written down. A start begins with what the disk holds: if that is wrong too, the
 * others say so again within a beat or two, as they did the first time.
 */
export class Quarantine {
  readonly #parts: QuarantineParts;
  #condemnation: Condemnation | null = null;
  #asks = 0;
  #leaderlessBeats = 0;
  #isBarred = false;

  constructor(parts: QuarantineParts) {
    this.#parts = parts;
  }

  get condemnation(): Condemnation | null {
    return this.#condemnation;
  }

  /** While the state is wrong: another one is taken from this index on. */
  get replaceableFrom(): LogIndex | null {
    return this.#condemnation === null ? null : this.#parts.applier.applied.index;
  }

  /** The digests were compared anew. */
  beat(): void {
    const { condemned } = this.#parts.digests.judgement;
    if (this.#condemnation === null && condemned !== null) this.#begin(condemned);
    if (this.#condemnation !== null) this.#goOn(this.#condemnation);
  }

  /** Between turns: the state that arrived takes its place once the log reaches as far. */
  settle(): void {
    if (this.#condemnation === null) return;
    const { applier, snapshots } = this.#parts;
    const received = snapshots.replacement(applier.takenIndex);
    if (received === null) return;
    applier.replace(received.state, received.meta);
    this.installed();
  }

  /** The state is another node's, in whichever way it came. */
  installed(): void {
    const { digests, logger, applier, replaced } = this.#parts;
    digests.replaced();
    if (this.#condemnation === null) return;
    this.#condemnation = null;
    this.#bar(false);
    logger.info({ index: applier.applied.index }, 'the condemned state is replaced');
    replaced();
  }

  #begin(condemnation: Condemnation): void {
    const { applier, snapshots, logger, condemned } = this.#parts;
    this.#condemnation = condemnation;
    this.#asks = 0;
    this.#leaderlessBeats = 0;
    const { index, digest, majority, agree } = condemnation;
    const fields = { index, digest, majority, agree };
    logger.error(fields, 'this node holds another state than a majority: it is condemned');
    applier.freeze();
    snapshots.condemn();
    this.#bar(true);
    condemned();
  }

  #goOn({ agree }: Condemnation): void {
    const { view, snapshots, applier, id, ask, transfer } = this.#parts;
    const { leader, membership, role, progress, transferring } = view();
    this.#leaderlessBeats = leader === null ? this.#leaderlessBeats + 1 : 0;
    this.#bar(this.#leaderlessBeats < leaderlessBeatsMax);
    const others = agree.filter((other) => other !== id && membership.addresses.has(other));
    if (role === 'leader' && !transferring) {
      const held = (other: NodeId) => progress.find((p) => p.id === other)?.matched ?? 0;
      const voters = others.filter((other) => membership.voters.includes(other));
      const best = voters.sort((a, b) => held(b) - held(a))[this.#asks % voters.length];
      if (best !== undefined) transfer(best);
    }
    const giver = others[Math.floor(this.#asks / asksEach) % others.length];
    this.#asks++;
    if (giver !== undefined && !snapshots.receiving) ask(giver, applier.applied.index);
  }

  #bar(on: boolean): void {
    if (this.#isBarred === on) return;
    this.#isBarred = on;
    this.#parts.offer({ kind: 'condemned', on });
  }
}
