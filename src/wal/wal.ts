import { assert, bootNumber, isDiskFull, limits, logIndex, noTerm } from '../base/index.ts';
import type {
  Checksum,
  Clock,
  Disk,
  DiskLock,
  Logger,
  LogStore,
  Recovered,
  SnapshotStore,
} from '../ports/index.ts';
import type { Position, SnapshotMeta } from '../raft/index.ts';
import { finishWriteAgain, writeAgain } from './again.ts';
import { corrupt } from './corrupt.ts';
import { examine, newestMembership } from './examine.ts';
import { createHardState, type HardStateFile, openHardState } from './hard-state.ts';
import { type Identity, readIdentity, writeIdentity } from './identity.ts';
import { names, preparingPath, recordsFrom, segmentBytesMin } from './layout.ts';
import { openListed } from './listed.ts';
import { Log, type LogStart } from './log.ts';
import { Preparer } from './preparer.ts';
import type { LogImage } from './recovery.ts';
import {
  clearRejoinNote,
  type RejoinNote,
  readRejoinNote,
  setAside,
  writeRejoinNote,
} from './rejoin.ts';
import { repair } from './repair.ts';
import { beginSegment, writeSeal } from './segments.ts';
import { Snapshots } from './snapshots.ts';
import { tellFound } from './tell.ts';
import { wasUsed } from './unborn.ts';

export type WalOptions = {
  /** Size of a full-grown segment; at least 16 KiB. */
  readonly segmentBytes: number;
  /** Size of the first one; later ones double until they are full-grown. */
  readonly firstSegmentBytes: number;
  /** Room kept in the folder for a disk that is full; 0: none. */
  readonly reserveBytes: number;
};

export const walDefaults: WalOptions = {
  segmentBytes: limits.segmentBytes,
  firstSegmentBytes: 1024 * 1024,
  reserveBytes: limits.diskReserveBytes,
};

export type WalParts = {
  readonly disk: Disk;
  readonly checksum: Checksum;
  readonly logger: Logger;
  /** Paces what is read in the background; without it nothing is. */
  readonly clock?: Clock;
  readonly options?: Partial<WalOptions>;
};

/** Takes the folder. @throws ERR_LOCKED, ERR_DISK_CORRUPT, ERR_DISK_FAILED */
export async function openWal(parts: WalParts): Promise<Wal> {
  const lock = await parts.disk.lock(names.lock).catch(async (error: unknown) => {
    if (!isDiskFull(error)) throw error;
    // A start needs a little room too: the reserve is there for it, and comes back when there is more.
    await parts.disk.remove(names.reserve);
    return parts.disk.lock(names.lock);
  });
  try {
    const wal = new Wal(parts, lock);
    await wal.open();
    return wal;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * The data folder of one node: identity, rejoin note, and after `recover` log and snapshots. One caller
 * at a time; only `log.save`, `log.compact` and `snapshots` may be used beside each other.
 */
export class Wal {
  readonly #disk: Disk;
  readonly #checksum: Checksum;
  readonly #logger: Logger;
  readonly #options: WalOptions;
  readonly #clock: Clock | null;
  readonly #lock: DiskLock;
  #identity: Identity | null = null;
  #open: { readonly log: Log; readonly snapshots: Snapshots } | null = null;

  constructor(parts: WalParts, lock: DiskLock) {
    this.#disk = parts.disk;
    this.#checksum = parts.checksum;
    this.#logger = parts.logger;
    const { segmentBytes, firstSegmentBytes, reserveBytes } = { ...walDefaults, ...parts.options };
    assert(segmentBytes >= segmentBytesMin, `a segment has at least ${segmentBytesMin} bytes`);
    this.#clock = parts.clock ?? null;
    this.#options = {
      segmentBytes,
      firstSegmentBytes: Math.min(firstSegmentBytes, segmentBytes),
      reserveBytes,
    };
    this.#lock = lock;
  }

  async open(): Promise<void> {
    this.#identity = await readIdentity(this.#disk, this.#checksum);
  }

  /** `null`: nobody's folder yet. */
  get identity(): Identity | null {
    return this.#identity;
  }

  /**
   * Makes this folder the node's, durably, before anything of that node may leave. The identity is
   * written last: a crash on the way leaves a folder that is nobody's, and the next call starts over.
   */
  async createIdentity(identity: Identity): Promise<void> {
    assert(this.#identity === null, 'a folder has one identity');
    await this.#clearUnborn();
    const { disk, checksum } = { disk: this.#disk, checksum: this.#checksum };
    await disk.makeFolder(names.log);
    await disk.makeFolder(names.snapshots);
    await createHardState(disk, checksum, identity.nodeId);
    const preparer = new Preparer(disk, this.#logger);
    const prepared = await preparer.take(this.#options.firstSegmentBytes);
    const origin: Position = { index: logIndex(0), term: noTerm };
    const { nodeId, lineage } = identity;
    const place = {
      number: 1,
      previous: origin,
      base: origin,
      previousSync: 0,
      previousChecksum: 0,
    };
    await beginSegment(disk, checksum, prepared, { nodeId, lineage, ...place });
    await prepared.file.close();
    // Every other name is durable before the one that makes them count.
    await disk.syncFolder('');
    await writeIdentity(disk, checksum, identity);
    this.#identity = identity;
  }

  /** Durable when the promise resolves. The node id stays; a lineage that is known is not forgotten. */
  async updateIdentity(change: Partial<Omit<Identity, 'nodeId'>>): Promise<void> {
    const identity = { ...this.#known(), ...change };
    assert(
      this.#known().lineage === null || identity.lineage !== null,
      'a node does not forget its cluster',
    );
    await writeIdentity(this.#disk, this.#checksum, identity);
    this.#identity = identity;
  }

  /** Reads everything back, repairs what a crash left, and raises the boot number durably. */
  async recover(): Promise<Recovered> {
    assert(this.#open === null, 'a log that is open is not recovered');
    const identity = this.#known();
    const disk = this.#disk;
    const free = (await disk.free?.()) ?? null;
    if (free !== null && free < limits.diskLowBytes) await disk.remove(names.reserve);
    // What is read here may be known to the system alone, also names (`again.ts`).
    await writeIdentity(disk, this.#checksum, identity);
    for (const folder of [names.log, names.snapshots]) await disk.syncFolder(folder);
    await finishWriteAgain(disk, this.#checksum);
    await disk.remove(preparingPath);
    const hardState = await openHardState(disk, this.#checksum, identity.nodeId);
    const found = await examine(disk, this.#checksum, identity, hardState.vows).catch(
      async (error: unknown) => {
        await hardState.close();
        throw error;
      },
    );
    const { image, snapshot, entries, suspect } = found;
    const snapshots = this.#snapshots(identity);
    await snapshots.recover(found.snapshots);
    // A snapshot's term may be ahead of ours by a crash between the two: no vote was given in it.
    const raised = snapshot.term > hardState.vows.term;
    const term = raised ? snapshot.term : hardState.vows.term;
    const votedFor = raised ? null : hardState.vows.votedFor;
    const boot = bootNumber(hardState.vows.boot + 1);
    await hardState.save({ term, votedFor, boot, suspect });
    tellFound(this.#logger, found);
    await repair(disk, this.#checksum, image);
    await this.#sealBefore(image);
    await writeAgain(disk, this.#checksum, image);
    await snapshots.drop(found.unwanted);
    await snapshots.clear(found.snapshots);
    await this.#openLog({ image, hardState, snapshots, snapshot });
    const end = entries.at(-1) ?? snapshot;
    this.#logger.info(
      { boot, term, snapshotIndex: snapshot.index, lastIndex: end.index, entries: entries.length },
      'log recovered',
    );
    return { hardState: { term, votedFor }, boot, snapshot, entries, suspect };
  }

  get log(): LogStore {
    return this.#opened().log;
  }

  get snapshots(): SnapshotStore {
    return this.#opened().snapshots;
  }

  readRejoinNote(): Promise<RejoinNote | null> {
    return readRejoinNote(this.#disk, this.#checksum);
  }

  writeRejoinNote(note: RejoinNote): Promise<void> {
    return writeRejoinNote(this.#disk, this.#checksum, note);
  }

  clearRejoinNote(): Promise<void> {
    return clearRejoinNote(this.#disk);
  }

  /** Where other members were, as far as the folder still tells. Hints: nothing rests on them. */
  async knownAddresses(): Promise<string[]> {
    const { nodeId } = this.#known();
    const { membership } = await newestMembership(this.#disk, this.#checksum, this.#known());
    return [...membership.addresses].filter(([id]) => id !== nodeId).map(([, address]) => address);
  }

  /**
   * Gives up for good what this node is suspected of having promised, on an operator's word. The log
   * is open and nothing was saved yet.
   *
   * @returns what was given up, or `null` when there is nothing.
   */
  acceptLoss(): Promise<Position | null> {
    return this.#opened().log.acceptLoss();
  }

  /** Moves all data into a numbered folder of its own; afterwards the folder is nobody's. */
  async setAside(): Promise<void> {
    await this.#close();
    await setAside(this.#disk);
    this.#identity = null;
  }

  /** Gives the folder back. May be called twice. */
  async stop(): Promise<void> {
    await this.#close();
    await this.#lock.release();
  }

  async #close(): Promise<void> {
    await this.#open?.log.stop();
    this.#open = null;
  }

  #known(): Identity {
    assert(this.#identity !== null, 'a folder has an identity before it is used');
    return this.#identity;
  }

  #opened(): { readonly log: Log; readonly snapshots: Snapshots } {
    assert(this.#open !== null, 'a log is recovered before it is used');
    return this.#open;
  }

  #snapshots(identity: Identity): Snapshots {
    return new Snapshots({
      disk: this.#disk,
      checksum: this.#checksum,
      logger: this.#logger,
      nodeId: identity.nodeId,
      logHolds: (position) => this.#opened().log.tally.holds(position),
      covered: ({ index }) => this.#opened().log.tally.covered(index),
    });
  }

  async #openLog(parts: {
    readonly image: LogImage;
    readonly hardState: HardStateFile;
    readonly snapshots: Snapshots;
    readonly snapshot: SnapshotMeta;
  }): Promise<void> {
    const { image, hardState, snapshots, snapshot } = parts;
    const { replay, last, mark, segments, dead, truncatedTo } = image;
    const file = await openListed(this.#disk, last.path, 'write');
    const start: LogStart = {
      segments,
      dead,
      file,
      size: await file.size(),
      mark,
      base: replay.base,
      tally: replay.tally,
    };
    const log = new Log(
      {
        disk: this.#disk,
        checksum: this.#checksum,
        logger: this.#logger,
        hardState,
        snapshots,
        lineage: () => this.#identity?.lineage ?? null,
        segmentBytes: this.#options.segmentBytes,
        reserveBytes: this.#options.reserveBytes,
        clock: this.#clock,
      },
      start,
    );
    this.#open = { log, snapshots };
    if (!replay.tally.holds(snapshot)) await log.restart(snapshot);
    else if (truncatedTo !== null) await log.truncateAgain(truncatedTo);
    replay.tally.covered(snapshot.index);
    await snapshots.vouch(snapshot);
    assert(replay.tally.last.index >= snapshot.index, 'D1: the log reaches its snapshot');
    assert(mark.offset >= recordsFrom, 'records stand behind the ring');
  }

  /** A crash may have come between the last segment's name and the seal that tells of it, or with it. */
  async #sealBefore({ segments }: LogImage): Promise<void> {
    const [before, last] = segments.slice(-2);
    if (before === undefined || last === undefined) return;
    const { number } = last.header;
    await writeSeal(this.#disk, this.#checksum, before.path, number);
  }

  /** Clears what a first start left that did not live to its identity. */
  async #clearUnborn(): Promise<void> {
    const disk = this.#disk;
    if (await wasUsed(disk, this.#checksum)) {
      throw corrupt({
        file: names.identity,
        offset: 0,
        expected: 'the identity of the node whose log is here',
        found: 'no file',
      });
    }
    for (const name of [names.hardState, names.log, names.snapshots]) await disk.remove(name);
    await disk.syncFolder('');
  }
}
