import { type LogIndex, limits, noIndex } from '../base/index.ts';
import type { Clock, LogStore, SnapshotStore } from '../ports/index.ts';
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
  readonly written: (meta: SnapshotMeta, compactThrough: LogIndex) => void;
  readonly diskFailed: (error: unknown) => void;
};

type Mark = { readonly index: LogIndex; readonly bytes: number };

/** At most so many marks for one snapshot's worth of log, to know where the kept part begins. */
const marksPerSnapshot = 256;

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

  get due(): boolean {
    return (
      !this.busy &&
      !this.#stopped &&
      this.#parts.log.bytesSinceSnapshot() >= this.#parts.snapshotEveryBytes
    );
  }

  /** Begins to write `state`, unless nothing was applied since the last one. */
  start(state: TreeState, meta: SnapshotMeta): void {
    if (meta.index <= this.#index) return;
    this.#index = meta.index;
    this.#running = this.#write(state, meta)
      .catch(this.#parts.diskFailed)
      .finally(() => {
        this.#running = null;
      });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #write(state: TreeState, meta: SnapshotMeta): Promise<void> {
    const { clock, snapshots, log } = this.#parts;
    const sink = await snapshots.begin(meta);
    let sliceEnd = clock.now() + limits.snapshotSliceMs;
    for (const chunk of encodeSnapshot(state)) {
      if (this.#stopped) return sink.abort();
      await sink.write(chunk);
      if (clock.now() < sliceEnd) continue;
      await new Promise<void>((resolve) => clock.soon(resolve));
      sliceEnd = clock.now() + limits.snapshotSliceMs;
    }
    if (this.#stopped) return sink.abort();
    await sink.finish();
    const through = this.#compactThrough(meta.index);
    this.#parts.written(meta, through);
    await log.compact(through);
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
