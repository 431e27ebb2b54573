import { assert, type BootNumber, type LogIndex, limits, type NodeId } from '../base/index.ts';
import type { Clock, Logger, LogStore, PeerLinks, SnapshotStore } from '../ports/index.ts';
import { encodedEntryLength, type NodeMessage } from '../protocol/index.ts';
import type { Entry, Input, Message, ProgressView, SnapshotMeta } from '../raft/index.ts';
import type { TreeState } from '../tree/index.ts';
import { type Received, type SnapshotPiece, SnapshotReceiver } from './snapshot-receiver.ts';
import { type SnapshotMessage, SnapshotSender } from './snapshot-sender.ts';
import { SnapshotWriter } from './snapshot-writer.ts';

export type SnapshotsParts = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly links: PeerLinks;
  readonly log: LogStore;
  readonly store: SnapshotStore;
  readonly snapshotEveryBytes: number;
  readonly logKeptBytes: number;
  /** The leader's followers, as its core sees them. */
  readonly progress: () => readonly ProgressView[];
  readonly commitIndex: () => LogIndex;
  readonly offer: (input: Input) => void;
  /** A snapshot arrived: there should be a turn. */
  readonly wake: () => void;
  readonly ack: (to: NodeId, ack: Extract<NodeMessage, { kind: 'snapshotAck' }>) => void;
  readonly diskFailed: (error: unknown) => void;
};

/** A snapshot that is whole here, and the message that tells the core so. */
type Arrived = { readonly received: Received; readonly input: Input };

/** This node's snapshots: those it writes, those it sends, and the one that it may be given. */
export class Snapshots {
  readonly #parts: SnapshotsParts;
  readonly #writer: SnapshotWriter;
  readonly #sender: SnapshotSender;
  readonly #receiver: SnapshotReceiver;
  /** To be stepped in the next turn; none takes its place before. */
  #arrived: Arrived | null = null;
  /** Stepped in this turn; installed in it if the core says so. */
  #stepped: Received | null = null;

  constructor(parts: SnapshotsParts) {
    this.#parts = parts;
    const { clock, logger, links, log, store, offer, diskFailed } = parts;
    this.#writer = new SnapshotWriter({
      clock,
      log,
      snapshots: store,
      snapshotEveryBytes: parts.snapshotEveryBytes,
      logKeptBytes: parts.logKeptBytes,
      pin: () => this.#sender.pin(parts.progress()),
      written: (meta, compactThrough) => offer({ kind: 'compacted', meta, compactThrough }),
      diskFailed,
    });
    this.#sender = new SnapshotSender({
      clock,
      logger,
      links,
      snapshots: store,
      streamsMax: limits.snapshotStreamsMax,
      ended: (to, index, delivered) => offer({ kind: 'snapshotSent', to, index, delivered }),
    });
    this.#receiver = new SnapshotReceiver({
      clock,
      logger,
      snapshots: store,
      // The store forgets a snapshot that waits once another one is whole.
      busy: () => this.#writer.busy || this.#arrived !== null || this.#stepped !== null,
      has: (index) => index <= parts.commitIndex(),
      ack: (to, index, term, position) =>
        parts.ack(to, { kind: 'snapshotAck', index, term, position }),
      diskFailed,
    });
  }

  send(to: NodeId, message: SnapshotMessage): void {
    this.#sender.send(to, message);
  }

  acked(from: NodeId, ack: Extract<NodeMessage, { kind: 'snapshotAck' }>): void {
    this.#sender.acked(from, ack);
  }

  piece(from: NodeId, piece: SnapshotPiece): void {
    this.#receiver.piece(from, piece);
  }

  /** The core's message that follows the last piece. The core hears of it once the bytes are here. */
  async arrived(from: NodeId, boot: BootNumber, message: SnapshotMessage): Promise<void> {
    const { index, term } = message.meta;
    const received = await this.#receiver.whole(index, term);
    if (received !== null && this.#receiver.isHeld(received)) {
      // As the bytes came with it: what is installed is what the core is told.
      const input = inputOf(from, boot, { ...message, meta: received.meta });
      this.#arrived ??= { received, input };
      this.#parts.wake();
    } else if (index <= this.#parts.commitIndex()) {
      // Nothing would be installed; the core answers how far this node is.
      this.#parts.offer(inputOf(from, boot, message));
    }
  }

  /** What the core has to hear of, once, in the turn in which it may be installed. */
  take(): Input | null {
    assert(this.#stepped === null, 'a snapshot is settled in the turn in which it was stepped');
    const arrived = this.#arrived;
    this.#arrived = null;
    this.#stepped = arrived?.received ?? null;
    return arrived?.input ?? null;
  }

  /** The snapshot that the core wants at `index`. */
  install(index: LogIndex): Received {
    const received = this.#stepped;
    assert(received !== null, 'the core installs what has arrived');
    assert(received.meta.index === index, 'the core installs what it was told of');
    const { revision } = received.state;
    this.#parts.logger.info({ index, revision }, 'snapshot installed');
    return received;
  }

  /** The turn before is over: what was not installed will not be. */
  settle(): void {
    if (this.#stepped === null) return;
    this.#stepped = null;
    if (this.#arrived === null) this.#receiver.done();
  }

  committed(entries: readonly Entry[]): void {
    for (const entry of entries) this.#writer.committed(entry.index, encodedEntryLength(entry));
  }

  get due(): boolean {
    return this.#writer.due && !this.#receiver.active;
  }

  write(state: TreeState, meta: SnapshotMeta): void {
    this.#writer.start(state, meta);
  }

  expire(nowMs: number): void {
    if (this.#arrived === null && this.#stepped === null) this.#receiver.expire(nowMs);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#sender.stop(), this.#writer.stop(), this.#receiver.stop()]);
  }
}

const inputOf = (from: NodeId, boot: BootNumber, message: Message): Input => ({
  kind: 'message',
  from,
  boot,
  message,
});
