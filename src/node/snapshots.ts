import {
  assert,
  type BootNumber,
  type LogIndex,
  limits,
  type NodeId,
  noIndex,
} from '../base/index.ts';
import type { Clock, Logger, LogStore, PeerLinks, SnapshotStore } from '../ports/index.ts';
import { encodedEntryLength, type NodeMessage } from '../protocol/index.ts';
import type { Entry, Input, Message, ProgressView, SnapshotMeta } from '../raft/index.ts';
import type { TreeState } from '../tree/index.ts';
import type { Tallies } from './counts.ts';
import { type Received, type SnapshotPiece, SnapshotReceiver } from './snapshot-receiver.ts';
import { type SnapshotMessage, SnapshotSender } from './snapshot-sender.ts';
import { SnapshotWriter, writeState } from './snapshot-writer.ts';

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
  /** While this node's state is wrong: it takes one of this index or later. `null`: it is right. */
  readonly replaceableFrom: () => LogIndex | null;
  /** This node's state, as it is now. */
  readonly present: () => { readonly state: TreeState; readonly meta: SnapshotMeta };
  readonly offer: (input: Input) => void;
  /** A snapshot arrived: there should be a turn. */
  readonly wake: () => void;
  readonly ack: (to: NodeId, ack: Extract<NodeMessage, { kind: 'snapshotAck' }>) => void;
  readonly diskFailed: (error: unknown) => void;
  readonly tallies: Tallies;
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
  #evidence: Promise<void> = Promise.resolve();
  #stopped = false;
  /** A snapshot here or later makes good for something that rotted. */
  #heal: LogIndex = noIndex;

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
      written: (meta, compactThrough, figures) => {
        parts.tallies.snapshotsWritten += 1;
        parts.tallies.snapshotBytes = figures.bytes;
        logger.info({ index: meta.index, ...figures }, 'snapshot written');
        if (meta.index >= this.#heal) this.#heal = noIndex;
        offer({ kind: 'compacted', meta, compactThrough });
      },
      noRoom: ({ index }) => logger.error({ index }, 'disk is full: no room for a snapshot'),
      diskFailed,
    });
    this.#sender = new SnapshotSender({
      clock,
      logger,
      links,
      snapshots: store,
      streamsMax: limits.snapshotStreamsMax,
      ended: (to, index, delivered) => offer({ kind: 'snapshotSent', to, index, delivered }),
      tooOld: () => this.#writeFresh(),
    });
    this.#receiver = new SnapshotReceiver({
      clock,
      logger,
      snapshots: store,
      // The store forgets a snapshot that waits once another one is whole.
      busy: () => this.#writer.busy || this.#arrived !== null || this.#stepped !== null,
      has: (index) => {
        const from = parts.replaceableFrom();
        return from === null ? index <= parts.commitIndex() : index < from;
      },
      ack: (to, index, term, position) =>
        parts.ack(to, { kind: 'snapshotAck', index, term, position }),
      diskFailed,
    });
  }

  /** A state that is condemned is given to nobody. */
  send(to: NodeId, message: SnapshotMessage): void {
    const { offer } = this.#parts;
    if (this.#isCondemned) {
      offer({ kind: 'snapshotSent', to, index: message.meta.index, delivered: false });
    } else this.#sender.send(to, message);
  }

  /** `from` replaces its wrong state by one of `index` or later. */
  wanted(from: NodeId, index: LogIndex): void {
    if (!this.#isCondemned) this.#sender.give(from, index);
  }

  /** The state was condemned: what is written or sent of it goes no further; it is kept for people. */
  condemn(): void {
    this.#writer.cancel();
    this.#sender.endAll();
    const { store, clock, logger, present } = this.#parts;
    const { state, meta } = present();
    const keep = () => keepAside(store, clock, state, meta, () => this.#stopped);
    this.#evidence = this.#evidence.then(keep).then(
      (kept) => {
        if (kept) logger.info({ index: meta.index }, 'the condemned state is kept in "damaged"');
      },
      (error: unknown) => {
        // Only for people: nothing rests on it.
        const text = error instanceof Error ? error.message : String(error);
        logger.error({ index: meta.index, error: text }, 'the condemned state cannot be kept');
      },
    );
  }

  /** The state that may take the place of the condemned one, once; `upTo`: what the log handed over. */
  replacement(upTo: LogIndex): Received | null {
    const from = this.#parts.replaceableFrom();
    const { held } = this.#receiver;
    if (from === null || held === null || this.#arrived !== null || this.#stepped !== null) {
      return null;
    }
    if (held.meta.index < from || held.meta.index > upTo) return null;
    this.#receiver.done();
    return held;
  }

  /** A state is on its way here, or waits. */
  get receiving(): boolean {
    return this.#receiver.active;
  }

  get #isCondemned(): boolean {
    return this.#parts.replaceableFrom() !== null;
  }

  /** Somebody needs a newer snapshot than there is, and will ask again. */
  #writeFresh(): void {
    if (this.#isCondemned || this.#stopped || this.#writer.busy || this.#receiver.active) return;
    const { state, meta } = this.#parts.present();
    this.write(state, meta);
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
    this.#parts.tallies.snapshotsInstalled += 1;
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
    return this.#writer.due && !this.#receiver.active && !this.#isCondemned;
  }

  write(state: TreeState, meta: SnapshotMeta): void {
    this.#writer.start(state, meta, this.#heal);
  }

  /** A snapshot at or after `through` is wanted, and no log before it. As soon as there is such a state. */
  heal(through: LogIndex): void {
    if (through > this.#heal) this.#heal = through;
    this.tend();
  }

  /** Writes the snapshot that something waits for, once it can be written. */
  tend(): void {
    if (this.#heal === noIndex || this.#stopped || this.#isCondemned) return;
    if (this.#writer.busy || this.#writer.isWaiting || this.#receiver.active) return;
    const { state, meta } = this.#parts.present();
    if (meta.index >= this.#heal) this.write(state, meta);
  }

  /** A snapshot of now, so that the log behind it may go. */
  shorten(): void {
    this.heal(this.#parts.present().meta.index);
  }

  expire(nowMs: number): void {
    if (this.#arrived === null && this.#stepped === null) this.#receiver.expire(nowMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([
      this.#sender.stop(),
      this.#writer.stop(),
      this.#receiver.stop(),
      this.#evidence,
    ]);
  }
}

/** @returns whether the store kept it: one without a disk, or with enough of them, does not. */
async function keepAside(
  store: SnapshotStore,
  clock: Clock,
  state: TreeState,
  meta: SnapshotMeta,
  isOff: () => boolean,
): Promise<boolean> {
  const sink = (await store.setAside?.(meta)) ?? null;
  if (sink === null) return false;
  try {
    return (await writeState(state, sink, clock, isOff)) !== null;
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

const inputOf = (from: NodeId, boot: BootNumber, message: Message): Input => ({
  kind: 'message',
  from,
  boot,
  message,
});
