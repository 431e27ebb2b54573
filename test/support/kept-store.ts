// A disk for one node that keeps, across restarts, exactly what was saved.
import {
  assert,
  bootNumber,
  emptyMembership,
  logIndex,
  noIndex,
  noTerm,
  noTime,
} from '../../src/base/index.ts';
import type { Clock, LogStore, Recovered, SnapshotStore } from '../../src/ports/index.ts';
import { decodeEntry, encodeEntry } from '../../src/protocol/index.ts';
import type { Entry, HardState, Persist, SnapshotMeta } from '../../src/raft/index.ts';
import { emptyTree, snapshotDecoder, type TreeState } from '../../src/tree/index.ts';

const noSnapshot: SnapshotMeta = {
  index: noIndex,
  term: noTerm,
  time: noTime,
  membership: emptyMembership,
  membershipAt: { index: noIndex, term: noTerm },
};

type Kept = { readonly meta: SnapshotMeta; readonly parts: readonly Uint8Array[] };

export class KeptStore {
  readonly #clock: Clock;
  #hardState: HardState = { term: noTerm, votedFor: null };
  #boot = 0;
  #entries: Entry[] = [];
  #snapshot: Kept | null = null;
  #writing = false;
  #saving = false;
  /** The next save is refused. */
  failNext = false;
  failSnapshots = false;
  /** What the next start finds is not what was kept: the tree of the newest snapshot rotted so. */
  rot: ((state: TreeState) => TreeState) | null = null;
  /** States that were condemned, as they were kept for people. */
  readonly evidence: { readonly meta: SnapshotMeta; readonly parts: readonly Uint8Array[] }[] = [];
  /** The disk stands still: saves end once it does not. */
  isStuck = false;
  saves = 0;
  snapshotsWritten = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly log: LogStore = {
    save: async (batch) => {
      assert(!this.#saving, 'one save at a time');
      this.#saving = true;
      await this.#wait();
      while (this.isStuck) await new Promise<void>((resolve) => this.#clock.after(10, resolve));
      this.#saving = false;
      if (this.failNext) throw new Error('the disk refused');
      this.saves++;
      this.#save(batch);
    },
    compact: async (through) => {
      await this.#wait();
      assert(through <= (this.#snapshot?.meta.index ?? 0), 'only what a snapshot covers may go');
    },
    bytesSinceSnapshot: () => {
      const index = this.#snapshot?.meta.index ?? 0;
      let bytes = 0;
      for (let i = this.#entries.length - 1; i >= 0; i--) {
        const entry = this.#entries[i];
        if (entry === undefined || entry.index <= index) break;
        bytes += encodeEntry(entry).length;
      }
      return bytes;
    },
    stop: async () => {},
  };

  readonly snapshots: SnapshotStore = {
    begin: async (meta) => {
      assert(!this.#writing, 'one snapshot is written at a time');
      this.#writing = true;
      const parts: Uint8Array[] = [];
      return {
        write: async (bytes) => {
          parts.push(bytes.slice());
          await this.#wait();
          if (this.failSnapshots) throw new Error('the disk refused');
        },
        finish: async () => {
          await this.#wait();
          this.#writing = false;
          this.snapshotsWritten++;
          if ((this.#snapshot?.meta.index ?? 0) <= meta.index) this.#snapshot = { meta, parts };
        },
        abort: async () => {
          await this.#wait();
          this.#writing = false;
        },
      };
    },
    setAside: async (meta) => {
      const parts: Uint8Array[] = [];
      return {
        write: async (bytes) => {
          parts.push(bytes.slice());
          await this.#wait();
        },
        finish: async () => {
          this.evidence.push({ meta, parts });
        },
        abort: async () => {},
      };
    },
    newest: async () => {
      if (this.#snapshot === null) return null;
      const { meta, parts } = this.#snapshot;
      const whole = joined(parts);
      return {
        meta,
        bytes: whole.length,
        read: async (position, length) => whole.slice(position, position + length),
        close: async () => {},
      };
    },
  };

  /** Before the first start: what a founder's log begins with. */
  fill(entries: readonly Entry[], hardState: HardState): void {
    this.#entries = [...entries];
    this.#hardState = hardState;
  }

  /** What a start finds. Nothing in it is shared with an earlier one. */
  recover(): { readonly recovered: Recovered; readonly state: TreeState } {
    this.#boot++;
    this.#writing = false;
    this.#saving = false;
    const meta = this.#snapshot?.meta ?? noSnapshot;
    const entries = this.#entriesAfter(meta).map((entry) =>
      decodeEntry(encodeEntry(entry).slice()),
    );
    const boot = bootNumber(this.#boot);
    return {
      recovered: { hardState: this.#hardState, boot, snapshot: meta, entries, suspect: null },
      state: this.#state(),
    };
  }

  /** A snapshot that came whole and was not taken by the log yet counts; what it overrules goes. */
  #entriesAfter(meta: SnapshotMeta): Entry[] {
    const agrees =
      meta.index === 0 ||
      this.#entries.some(({ index, term }) => index === meta.index && term === meta.term) ||
      this.#entries[0]?.index === meta.index + 1;
    if (!agrees) this.#entries = [];
    return this.#entries.filter(({ index }) => index > meta.index);
  }

  #state(): TreeState {
    const { rot } = this;
    this.rot = null;
    const state = this.#kept();
    return rot === null ? state : rot(state);
  }

  #kept(): TreeState {
    if (this.#snapshot === null) return emptyTree();
    const decoder = snapshotDecoder();
    for (const part of this.#snapshot.parts) decoder.push(part);
    return decoder.finish();
  }

  #save({ snapshot, hardState, truncateFrom, entries, through }: Persist): void {
    if (snapshot !== null) {
      assert(snapshot.index === this.#snapshot?.meta.index, 'the snapshot is durable before');
      this.#entries = [];
    }
    if (hardState !== null) this.#hardState = hardState;
    if (truncateFrom !== null) {
      this.#entries = this.#entries.filter(({ index }) => index < truncateFrom);
    }
    for (const entry of entries) {
      const last = this.#entries.at(-1)?.index ?? logIndex(entry.index - 1);
      assert(entry.index === last + 1, 'the log has no gap');
      this.#entries.push(entry);
    }
    const last = this.#entries.at(-1);
    assert(last === undefined || last.index === through.index, 'all that was asked for is held');
  }

  /** The disk takes a turn, so that things can happen meanwhile. */
  #wait(): Promise<void> {
    return new Promise((resolve) => this.#clock.soon(resolve));
  }
}

/** One buffer of all parts. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
