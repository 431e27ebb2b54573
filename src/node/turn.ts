import { type LogIndex, limits } from '../base/index.ts';
import type { Clock } from '../ports/index.ts';
import type { Input, Notice, Output, RaftView, Receipt } from '../raft/index.ts';
import type { Applier } from './applier.ts';
import type { TurnSteps } from './loop.ts';
import type { Outbox } from './outbox.ts';
import type { Reads } from './reads.ts';
import type { Snapshots } from './snapshots.ts';
import type { Writes } from './writes.ts';

export type TurnParts = {
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly applier: Applier;
  readonly reads: Reads;
  readonly writes: Writes;
  readonly snapshots: Snapshots;
  readonly step: (input: Input) => void;
  readonly view: () => RaftView;
  readonly notice: (notice: Notice) => void;
  /** Changes of members and transfers that the core has not been asked for yet. */
  readonly changes: () => readonly Input[];
  /** About one of them. */
  readonly changeReceipt: (receipt: Receipt) => void;
  /** Where a wrong state may be replaced: between turns, before the core is told how far the tree is. */
  readonly settle: () => void;
  /** The state became that of a snapshot the core asked for. */
  readonly installed: () => void;
  /** The tree moved on, by entries or by a snapshot. */
  readonly progressed: () => void;
};

/** A read that nobody could answer is asked again after this. */
const retryMs = limits.tickMs;

/** What one turn does between core, disk, tree and links. The order of it is the loop's. */
export class Turn implements TurnSteps {
  readonly #parts: TurnParts;
  #appliedTold: LogIndex;
  #readAgainAtMs = 0;

  constructor(parts: TurnParts) {
    this.#parts = parts;
    this.#appliedTold = parts.applier.applied.index;
  }

  prepare(): void {
    const { applier, snapshots, step, settle } = this.#parts;
    snapshots.settle();
    settle();
    const { index } = applier.applied;
    if (index === this.#appliedTold) return;
    this.#appliedTold = index;
    step({ kind: 'applied', through: index });
  }

  gather(): void {
    const { clock, reads, writes, snapshots, step, view, changes } = this.#parts;
    const arrived = snapshots.take();
    if (arrived !== null) step(arrived);
    for (const input of changes()) step(input);
    const nowMs = clock.now();
    writes.gather(view, nowMs);
    if (reads.hasWaiting && nowMs >= this.#readAgainAtMs) step({ kind: 'read', ref: reads.ask() });
  }

  begin(out: Output): void {
    const { notice, changeReceipt, writes, clock } = this.#parts;
    // Before the news, which may already be of how a transfer ended.
    for (const receipt of out.receipts) {
      if (receipt.ref < 0) changeReceipt(receipt);
      else writes.receipt(receipt, clock.now());
    }
    for (const news of out.notices) notice(news);
    this.#sendNow(out);
    // What is committed after a snapshot can be applied only on top of it.
    if (!installs(out)) this.#take(out);
  }

  /** Applies a slice. True when nothing is left to apply. */
  apply(): boolean {
    const { applier, clock, outbox, progressed } = this.#parts;
    // A turn may have something for peers and nothing from the core: forwards, most of the time.
    outbox.flush();
    if (applier.pendingCount === 0) return true;
    const endMs = clock.now() + limits.applySliceMs;
    const done = applier.run(() => clock.now() >= endMs);
    progressed();
    return done;
  }

  durable(out: Output): void {
    const { outbox } = this.#parts;
    for (const { to, message } of out.sendAfterPersist) outbox.addCore(to, message);
    outbox.flush();
    const snapshot = out.persist?.snapshot ?? null;
    if (snapshot === null) return;
    this.#install(snapshot.index);
    this.#take(out);
  }

  #sendNow({ sendNow }: Output): void {
    const { outbox, snapshots } = this.#parts;
    for (const { to, message } of sendNow) {
      if (message.kind === 'snapshot') snapshots.send(to, message);
      else outbox.addCore(to, message);
    }
    outbox.flush();
  }

  #take({ committed, reads: results }: Output): void {
    const { applier, reads, snapshots, clock } = this.#parts;
    applier.push(committed);
    snapshots.committed(committed);
    if (results.length === 0) return;
    for (const { ref, index } of results) {
      reads.result(ref, index);
      if (index === null) this.#readAgainAtMs = clock.now() + retryMs;
    }
    reads.applied(applier.applied.index, applier.state);
  }

  #install(index: LogIndex): void {
    const { applier, writes, snapshots, installed, progressed } = this.#parts;
    const { state, meta } = snapshots.install(index);
    writes.jumped();
    applier.install(state, meta);
    installed();
    progressed();
  }
}

const installs = ({ persist }: Output): boolean => (persist?.snapshot ?? null) !== null;
