import { type LogIndex, limits, logIndex, type NodeId, noIndex } from '../base/index.ts';
import type { Clock, Logger, PeerLinks, SnapshotSource, SnapshotStore } from '../ports/index.ts';
import type { NodeMessage } from '../protocol/index.ts';
import type { Message, ProgressView, SnapshotMeta } from '../raft/index.ts';

export type SnapshotMessage = Extract<Message, { kind: 'snapshot' }>;
type SnapshotAck = Extract<NodeMessage, { kind: 'snapshotAck' }>;

export type SnapshotSenderParts = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly links: PeerLinks;
  readonly snapshots: SnapshotStore;
  readonly streamsMax: number;
  /** The stream the core asked for ended. */
  readonly ended: (to: NodeId, index: LogIndex, delivered: boolean) => void;
  /** A node that asked for a state needs a newer one than the newest durable one. */
  readonly tooOld: () => void;
};

/** Pieces that may be on their way unacknowledged, per stream. */
const windowBytes = 8 * limits.snapshotPieceBytesMax;
/** Without news for so long, what is not acknowledged is sent again: links may lose. */
const resendMs = 1000;
/** A follower that acknowledges nothing new for so many of these has its stream ended. */
const resendsMax = Math.ceil(limits.requestTimeoutMs / resendMs);

class Stream {
  /** What is being sent, once that is known. */
  meta: SnapshotMeta | null = null;
  acked = 0;
  ended = false;
  done: Promise<void> = Promise.resolve();
  #wake: (() => void) | null = null;

  ack(position: number): void {
    if (position <= this.acked) return;
    this.acked = position;
    this.#wake?.();
  }

  end(): void {
    this.ended = true;
    this.#wake?.();
  }

  /** Until something new was acknowledged, the stream was ended, or `ms` passed. */
  news(clock: Clock, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wake = null;
        timer.cancel();
        resolve();
      };
      const timer = clock.after(ms, wake);
      this.#wake = wake;
    });
  }
}

/**
 * Streams the newest durable snapshot to followers whose place in the log is gone: pieces within a
 * window of acknowledged bytes, then the core's message. At most `streamsMax` at once.
 */
export class SnapshotSender {
  readonly #parts: SnapshotSenderParts;
  readonly #streams = new Map<NodeId, Stream>();
  #stopped = false;
  /** What was sent last to whom, until it has caught up: the log is needed from there on. */
  readonly #fed = new Map<NodeId, LogIndex>();

  constructor(parts: SnapshotSenderParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#streams.size;
  }

  /** `message` is the core's, held back until its bytes have been sent. */
  send(to: NodeId, message: SnapshotMessage): void {
    const { streamsMax, ended } = this.#parts;
    if (this.#streams.has(to) || this.#streams.size >= streamsMax) {
      ended(to, message.meta.index, false);
      return;
    }
    const stream = new Stream();
    this.#streams.set(to, stream);
    stream.done = this.#run(to, stream, message, noIndex).then((delivered) => {
      this.#streams.delete(to);
      if (!this.#stopped) ended(to, message.meta.index, delivered);
    });
  }

  /**
   * `to` replaces a wrong state and asks for one of `atLeast` or later. The core has no part in it. When
   * there is none, or no room, nothing is sent: it asks again.
   */
  give(to: NodeId, atLeast: LogIndex): void {
    if (this.#streams.has(to) || this.#streams.size >= this.#parts.streamsMax) return;
    const stream = new Stream();
    this.#streams.set(to, stream);
    stream.done = this.#run(to, stream, null, atLeast).then(() => {
      this.#streams.delete(to);
    });
  }

  /** The log must be kept from here on, for those that are being fed. `progress` is the leader's. */
  pin(progress: readonly ProgressView[]): LogIndex | null {
    let pin: LogIndex | null = null;
    for (const [id, index] of this.#fed) {
      const view = progress.find((p) => p.id === id);
      if (view === undefined || view.caughtUp) {
        this.#fed.delete(id);
        continue;
      }
      const from = logIndex(Math.max(view.matched, index));
      if (pin === null || from < pin) pin = from;
    }
    return pin;
  }

  acked(from: NodeId, { index, term, position }: SnapshotAck): void {
    const stream = this.#streams.get(from);
    const meta = stream?.meta ?? null;
    // An acknowledgement of an earlier stream says nothing about this one.
    if (meta !== null && meta.index === index && meta.term === term) stream?.ack(position);
  }

  /** Ends all streams. */
  endAll(): void {
    for (const stream of this.#streams.values()) stream.end();
  }

  /** Ends all streams, and waits until nothing is read any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const streams = [...this.#streams.values()];
    this.endAll();
    await Promise.all(streams.map(({ done }) => done));
  }

  async #run(
    to: NodeId,
    stream: Stream,
    message: SnapshotMessage | null,
    atLeast: LogIndex,
  ): Promise<boolean> {
    try {
      const source = await this.#parts.snapshots.newest();
      if (source === null) {
        if (message === null) this.#parts.tooOld();
        return false;
      }
      try {
        if (source.meta.index < atLeast) {
          this.#parts.tooOld();
          return false;
        }
        return await this.#feed(to, stream, message, source);
      } finally {
        await source.close();
      }
    } catch (error) {
      // Nothing durable depends on it: another leader, or the next snapshot, may do.
      const text = error instanceof Error ? error.message : String(error);
      this.#parts.logger.error({ to, error: text }, 'snapshot cannot be read');
      return false;
    }
  }

  async #feed(
    to: NodeId,
    stream: Stream,
    message: SnapshotMessage | null,
    source: SnapshotSource,
  ): Promise<boolean> {
    const { clock, links } = this.#parts;
    const { meta, bytes: size } = source;
    stream.meta = meta;
    if (message !== null) this.#fed.set(to, meta.index);
    let position = 0;
    let quietTimes = 0;
    while (stream.acked < size && !stream.ended) {
      if (position < size && position - stream.acked < windowBytes) {
        const sent = await this.#sendPiece(to, stream, source, position);
        if (sent === 0) return false;
        position += sent;
        continue;
      }
      const before = stream.acked;
      await stream.news(clock, resendMs);
      if (stream.acked > before) {
        quietTimes = 0;
        if (position < stream.acked) position = stream.acked;
      } else {
        quietTimes++;
        if (quietTimes >= resendsMax) return false;
        position = stream.acked;
      }
    }
    if (stream.ended || size === 0) return false;
    if (message !== null) links.send(to, { messages: [{ ...message, meta }], nodeMessages: [] });
    return true;
  }

  /** @returns how many bytes were sent. */
  async #sendPiece(
    to: NodeId,
    stream: Stream,
    source: SnapshotSource,
    position: number,
  ): Promise<number> {
    const bytes = await source.read(position, limits.snapshotPieceBytesMax);
    if (stream.ended) return 0;
    const { meta, bytes: size } = source;
    const { index, term } = meta;
    this.#parts.links.send(to, {
      messages: [],
      nodeMessages: [
        {
          kind: 'snapshotPiece',
          index,
          term,
          meta: position === 0 ? meta : null,
          position,
          size,
          bytes,
        },
      ],
    });
    return bytes.length;
  }
}
