import { isDiskFull, type LogIndex, limits, noIndex } from '../base/index.ts';
import type { Clock, LogStore, SnapshotSink, SnapshotStore } from '../ports/index.ts';
import type { SnapshotMeta } from '../raft/index.ts';
import { encodeSnapshot, type TreeState } from '../tree/index.ts';

export type SnapshotWriterParts = {
  readonly clock: Clock;
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  readonly snapshotEveryBytes: number;
  readonly logKeptBytes: number;
  /** Where followers that are fed a snapshot need the log from, as of now. */
  readonly pin: () => LogIndex | null;
  /** The snapshot at `meta` is durable; entries through `compactThrough` are needed by nobody. */
  readonly written: (meta: SnapshotMeta, compactThrough: LogIndex, figures: WritingFigures) => void;
  /** The disk is full, and the reserve does not help: the snapshot at `meta` has to wait. */
  readonly noRoom: (meta: SnapshotMeta) => void;
  readonly diskFailed: (error: unknown) => void;
};

/** What writing a state down cost. */
export type WritingFigures = {
  readonly bytes: number;
  readonly tookMs: number;
  readonly slices: number;
  /** How long the event loop stood still for it, at most. */
  readonly longestSliceMs: number;
};

type Mark = { readonly index: LogIndex; readonly bytes: number };

/** At most so many marks for one snapshot's worth of log, to know where the kept part begins. */
const marksPerSnapshot = 256;

/**
 * After each slice the event loop goes round so often: while the node has other work, the snapshot
 * gets one part of four, and where nobody wants anything it waits for nothing.
 */
const roundsPerSlice = 3;

/** A joiner that is being fed pins the log for so many snapshots' worth, and no longer. */
const pinnedSnapshotsMax = 4;

/** Writes this node's own snapshots, in slices, when the log has grown enough. */
export class SnapshotWriter {
  readonly #parts: SnapshotWriterParts;
  readonly #markEveryBytes: number;
  #bytes = 0;
  /** The end of the log after each so many bytes. */
  #marks: Mark[] = [];
  #running: Promise<void> | null = null;
  /** The newest that was begun. */
  #index: LogIndex = noIndex;
  #stopped = false;
  #isCancelled = false;
  /** After a full disk. */
  #retryAtMs = 0;

  constructor(parts: SnapshotWriterParts) {
    this.#parts = parts;
    this.#markEveryBytes = Math.ceil(parts.snapshotEveryBytes / marksPerSnapshot);
  }

  get busy(): boolean {
    return this.#running !== null;
  }

  /** Entries worth `bytes` were committed, through `index`. */
  committed(index: LogIndex, bytes: number): void {
    this.#bytes += bytes;
    const last = this.#marks.at(-1);
    if (last === undefined || this.#bytes - last.bytes >= this.#markEveryBytes) {
      this.#marks.push({ index, bytes: this.#bytes });
    }
  }

  /** After a full disk, for a while. */
  get isWaiting(): boolean {
    return this.#parts.clock.now() < this.#retryAtMs;
  }

  get due(): boolean {
    return (
      !this.busy &&
      !this.#stopped &&
      this.#parts.clock.now() >= this.#retryAtMs &&
      this.#parts.log.bytesSinceSnapshot() >= this.#parts.snapshotEveryBytes
    );
  }

  /**
   * Begins to write `state`, unless nothing was applied since the last one. `through`: the log goes
   * through there in any case, and the snapshot is written again if need be: something old is rotten.
   */
  start(state: TreeState, meta: SnapshotMeta, through: LogIndex = noIndex): void {
    if (this.busy || (meta.index <= this.#index && through === noIndex)) return;
    this.#index = meta.index;
    this.#running = this.#write(state, meta, through)
      .catch(this.#parts.diskFailed)
      .finally(() => {
        this.#running = null;
        this.#isCancelled = false;
      });
  }

  /** What is being written is of no use: the state turned out to be wrong. */
  cancel(): void {
    this.#isCancelled = this.busy;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #write(state: TreeState, meta: SnapshotMeta, least: LogIndex): Promise<void> {
    const { log } = this.#parts;
    const figures = await this.#writeOrSpend(state, meta);
    if (figures === null) return;
    const through = this.#compactThrough(meta.index);
    this.#parts.written(meta, through, figures);
    await log.compact(through > least ? through : least);
  }

  /**
   * On a full disk the draft is thrown away, whole, and begun anew in the room of the reserve; if that
   * does not help either, later. @returns `null` unless the snapshot is durable.
   */
  async #writeOrSpend(state: TreeState, meta: SnapshotMeta): Promise<WritingFigures | null> {
    const { log, clock, noRoom } = this.#parts;
    for (let spent = false; ; spent = true) {
      try {
        return await this.#writeOnce(state, meta);
      } catch (error) {
        if (!isDiskFull(error)) throw error;
      }
      if (!spent && ((await log.upkeep?.spendReserve()) ?? false)) continue;
      this.#index = noIndex;
      this.#retryAtMs = clock.now() + limits.diskRetryMs;
      noRoom(meta);
      return null;
    }
  }

  async #writeOnce(state: TreeState, meta: SnapshotMeta): Promise<WritingFigures | null> {
    const { clock, snapshots } = this.#parts;
    const sink = await snapshots.begin(meta);
    const isOff = () => this.#stopped || this.#isCancelled;
    try {
      return await writeState(state, sink, clock, isOff);
    } catch (error) {
      if (isDiskFull(error)) await sink.abort();
      throw error;
    }
  }

  /** Keeps `logKeptBytes` behind the snapshot for followers that lag, and what a joiner still needs. */
  #compactThrough(index: LogIndex): LogIndex {
    const pinned = this.#parts.pin();
    const pinnedBytesMax = this.#parts.snapshotEveryBytes * pinnedSnapshotsMax;
    let through: LogIndex = noIndex;
    let dropped = 0;
    for (const mark of this.#marks) {
      const behind = this.#bytes - mark.bytes;
      if (mark.index > index || behind < this.#parts.logKeptBytes) break;
      if (pinned !== null && mark.index > pinned && behind < pinnedBytesMax) break;
      through = mark.index;
      dropped++;
    }
    this.#marks = this.#marks.slice(dropped);
    return through;
  }
}

/** Writes a state down in slices. @returns `null`, and nothing is written, if `isOff` said to leave off. */
export async function writeState(
  state: TreeState,
  sink: SnapshotSink,
  clock: Clock,
  isOff: () => boolean,
): Promise<WritingFigures | null> {
  const beganMs = clock.now();
  let [bytes, slices, longestSliceMs, sliceMs] = [0, 0, 0, 0];
  let atMs = beganMs;
  for (const chunk of encodeSnapshot(state)) {
    if (isOff()) break;
    bytes += chunk.length;
    const written = sink.write(chunk);
    // Not what the disk takes: meanwhile the event loop is free.
    sliceMs += clock.now() - atMs;
    longestSliceMs = Math.max(longestSliceMs, sliceMs);
    await written;
    if (sliceMs >= limits.snapshotSliceMs) {
      slices++;
      sliceMs = 0;
      for (let i = 0; i < roundsPerSlice; i++) {
        await new Promise<void>((resolve) => clock.soon(resolve));
      }
    }
    atMs = clock.now();
  }
  if (isOff()) {
    await sink.abort();
    return null;
  }
  await sink.finish();
  return {
    bytes,
    tookMs: Math.round(clock.now() - beganMs),
    slices: slices + 1,
    longestSliceMs: Math.round(longestSliceMs * 10) / 10,
  };
}
