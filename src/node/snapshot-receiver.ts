import {
  assert,
  ClusterError,
  isDiskFull,
  type LogIndex,
  limits,
  type NodeId,
  type Term,
} from '../base/index.ts';
import type { Clock, Logger, SnapshotSink, SnapshotStore } from '../ports/index.ts';
import type { NodeMessage } from '../protocol/index.ts';
import type { SnapshotMeta } from '../raft/index.ts';
import { snapshotDecoder, type TreeState } from '../tree/index.ts';

export type SnapshotPiece = Extract<NodeMessage, { kind: 'snapshotPiece' }>;

/** A snapshot that arrived whole: durable aside, decoded, its digest checked. */
export type Received = { readonly meta: SnapshotMeta; readonly state: TreeState };

export type SnapshotReceiverParts = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly snapshots: SnapshotStore;
  /** This node writes a snapshot of its own now, or is about to install one: no other may begin. */
  readonly busy: () => boolean;
  /** This node knows everything through `index` to be committed: it needs no such snapshot. */
  readonly has: (index: LogIndex) => boolean;
  readonly ack: (to: NodeId, index: LogIndex, term: Term, position: number) => void;
  /** The disk failed: nothing is known of what reached it. */
  readonly diskFailed: (error: unknown) => void;
};

type Transfer = {
  readonly from: NodeId;
  readonly meta: SnapshotMeta;
  readonly size: number;
  readonly sink: SnapshotSink;
  readonly decoder: ReturnType<typeof snapshotDecoder>;
  position: number;
};

/** A transfer without news, or a snapshot nobody asks for, goes after this. Senders gave up before. */
const quietMsMax = 2 * limits.requestTimeoutMs;

/** Takes in the pieces of one snapshot at a time, and hands it over when it is whole. */
export class SnapshotReceiver {
  readonly #parts: SnapshotReceiverParts;
  #transfer: Transfer | null = null;
  #received: Received | null = null;
  /** From the moment a transfer is about to begin until its sink is finished or gone. */
  #active = false;
  #newsAtMs = 0;
  #stopped = false;
  /** Pieces are taken one after the other. */
  #chain: Promise<void> = Promise.resolve();

  constructor(parts: SnapshotReceiverParts) {
    this.#parts = parts;
  }

  /** One is on its way, or whole and still waited for: the store has room for no other. */
  get active(): boolean {
    return this.#active || this.#received !== null;
  }

  piece(from: NodeId, piece: SnapshotPiece): void {
    this.#then(() => this.#take(from, piece));
  }

  /** The snapshot at this place once it is whole; `null` when it did not arrive. */
  async whole(index: LogIndex, term: Term): Promise<Received | null> {
    await this.#chain;
    return this.#holds(index, term) ? this.#received : null;
  }

  /** Nothing has taken its place since it came whole. */
  isHeld(received: Received): boolean {
    return this.#received === received;
  }

  /** The one that came whole and waits. */
  get held(): Received | null {
    return this.#received;
  }

  /** The core took it, or did not want it. */
  done(): void {
    this.#received = null;
  }

  /** A transfer whose sender is gone would keep this node from writing snapshots of its own. */
  expire(nowMs: number): void {
    if (nowMs - this.#newsAtMs < quietMsMax) return;
    this.#received = null;
    if (this.#transfer !== null) this.#then(() => this.#abort());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#then(() => this.#abort());
    await this.#chain;
  }

  #then(work: () => Promise<void>): void {
    this.#chain = this.#chain.then(work).catch((error: unknown) => this.#failed(error));
  }

  /** Without room the snapshot is given up; it is sent again. */
  async #failed(error: unknown): Promise<void> {
    const { logger, diskFailed } = this.#parts;
    if (!isDiskFull(error)) return diskFailed(error);
    logger.error(
      { index: this.#transfer?.meta.index ?? null },
      'disk is full: no room for the snapshot of the leader',
    );
    await this.#abort().catch(diskFailed);
    this.#active = false;
  }

  async #take(from: NodeId, piece: SnapshotPiece): Promise<void> {
    if (this.#stopped) return;
    const { index, term, position, size } = piece;
    if (this.#parts.has(index) || this.#holds(index, term)) {
      this.#parts.ack(from, index, term, size);
      return;
    }
    const transfer = this.#isOf(from, piece) ? this.#transfer : await this.#begin(from, piece);
    if (transfer === null) return;
    // A repeat or a hole is answered with how far we are, so that the sender goes on from there.
    if (transfer.position === position && !(await this.#add(transfer, piece.bytes))) return;
    this.#parts.ack(from, index, term, transfer.position);
  }

  /** False when it turned out to be no snapshot: unacknowledged, the sender gives up in the end. */
  async #add(transfer: Transfer, bytes: Uint8Array): Promise<boolean> {
    this.#newsAtMs = this.#parts.clock.now();
    await transfer.sink.write(bytes);
    try {
      transfer.decoder.push(bytes);
      transfer.position += bytes.length;
      if (transfer.position < transfer.size) return true;
      const state = transfer.decoder.finish();
      checkPlace(state, transfer.meta);
      await this.#finish(transfer, state);
      return true;
    } catch (error) {
      if (!(error instanceof ClusterError) || error.code !== 'ERR_DISK_CORRUPT') throw error;
      const { from, meta } = transfer;
      this.#parts.logger.error(
        { from, index: meta.index, error: error.message },
        'snapshot received cannot be read',
      );
      await this.#abort();
      return false;
    }
  }

  #holds(index: LogIndex, term: Term): boolean {
    const meta = this.#received?.meta;
    return meta !== undefined && meta.index === index && meta.term === term;
  }

  #isOf(from: NodeId, { index, term, size }: SnapshotPiece): boolean {
    const transfer = this.#transfer;
    if (transfer === null || transfer.from !== from || transfer.size !== size) return false;
    return transfer.meta.index === index && transfer.meta.term === term;
  }

  /** The first piece of another snapshot, or from another sender, takes the place of the present one. */
  async #begin(from: NodeId, { position, meta, size }: SnapshotPiece): Promise<Transfer | null> {
    if (position !== 0 || meta === null) return null;
    await this.#abort();
    if (this.#parts.busy()) return null;
    this.#received = null;
    this.#active = true;
    const sink = await this.#parts.snapshots.begin(meta);
    this.#transfer = { from, meta, size, sink, decoder: snapshotDecoder(), position: 0 };
    return this.#transfer;
  }

  async #finish(transfer: Transfer, state: TreeState): Promise<void> {
    await transfer.sink.finish();
    this.#transfer = null;
    this.#active = false;
    this.#received = { meta: transfer.meta, state };
  }

  async #abort(): Promise<void> {
    const transfer = this.#transfer;
    this.#transfer = null;
    if (transfer === null) return;
    await transfer.sink.abort();
    this.#active = false;
  }
}

/** The bytes are the state their sender says they are. */
function checkPlace(state: TreeState, meta: SnapshotMeta): void {
  assert(meta.index > 0, 'a snapshot stands for something');
  if (state.appliedIndex === meta.index && state.appliedTerm === meta.term) return;
  throw new ClusterError(
    'ERR_DISK_CORRUPT',
    `The snapshot is of index ${state.appliedIndex}, not ${meta.index}`,
  );
}
