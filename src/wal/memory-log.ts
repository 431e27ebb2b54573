import { assert, bootNumber, type LogIndex, logIndex, noTerm } from '../base/index.ts';
import type {
  LogStore,
  Recovered,
  SnapshotSink,
  SnapshotSource,
  SnapshotStore,
} from '../ports/index.ts';
import { encodeEntry } from '../protocol/index.ts';
import type { Persist, SnapshotMeta } from '../raft/index.ts';
import { joined } from './fields.ts';
import { recordBytes } from './record.ts';
import { noSnapshot } from './recovery.ts';
import { Tally } from './tally.ts';

/** A log for a node without a disk: nothing survives its process, and it starts under a new id each time. */
export type MemoryLog = {
  /** What every such node begins with. */
  readonly recovered: Recovered;
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
};

export function memoryLog(): MemoryLog {
  const tally = new Tally();
  const snapshots = new MemorySnapshots((meta) => {
    if (tally.holds(meta)) tally.covered(meta.index);
  });
  const recovered: Recovered = {
    hardState: { term: noTerm, votedFor: null },
    boot: bootNumber(1),
    snapshot: noSnapshot,
    entries: [],
    suspect: null,
  };
  return { recovered, log: new MemoryLogStore(tally), snapshots };
}

/** Entries are in the core already; here they are only counted. */
class MemoryLogStore implements LogStore {
  readonly #tally: Tally;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  async save(batch: Persist): Promise<void> {
    const { snapshot, truncateFrom } = batch;
    if (snapshot !== null) this.#tally.restart({ index: snapshot.index, term: snapshot.term });
    if (truncateFrom !== null) this.#tally.truncateFrom(truncateFrom);
    for (const entry of batch.entries) {
      this.#tally.append(entry.index, entry.term, recordBytes(encodeEntry(entry).length));
    }
    assert(this.#tally.last.index === batch.through.index, 'D1: all that was asked for is held');
  }

  async compact(through: LogIndex): Promise<void> {
    this.#tally.forgetBefore(logIndex(through));
  }

  bytesSinceSnapshot(): number {
    return this.#tally.bytesSinceSnapshot;
  }

  async stop(): Promise<void> {}
}

class MemorySnapshots implements SnapshotStore {
  readonly #finished: (meta: SnapshotMeta) => void;
  #held: { readonly meta: SnapshotMeta; readonly bytes: Uint8Array } | null = null;
  #writing = false;

  constructor(finished: (meta: SnapshotMeta) => void) {
    this.#finished = finished;
  }

  async begin(meta: SnapshotMeta): Promise<SnapshotSink> {
    assert(!this.#writing, 'one snapshot is written at a time');
    this.#writing = true;
    const parts: Uint8Array[] = [];
    return {
      write: async (bytes) => {
        parts.push(bytes.slice());
      },
      finish: async () => {
        assert(this.#writing, 'a snapshot is finished once');
        this.#writing = false;
        if (this.#held !== null && this.#held.meta.index > meta.index) return;
        this.#held = { meta, bytes: joined(parts) };
        this.#finished(meta);
      },
      abort: async () => {
        this.#writing = false;
      },
    };
  }

  async newest(): Promise<SnapshotSource | null> {
    if (this.#held === null) return null;
    const { meta, bytes } = this.#held;
    return {
      meta,
      bytes: bytes.length,
      read: async (position, length) => bytes.slice(position, position + length),
      close: async () => {},
    };
  }
}
