// What a restart finds. Reading decides first and changes nothing; what cannot be read is then noted
// durably, before anything that shows it is cleared away.
import {
  assert,
  ClusterError,
  emptyMembership,
  type LogIndex,
  logIndex,
  noTerm,
  noTime,
} from '../base/index.ts';
import type { Checksum, Disk, DiskFile, Logger } from '../ports/index.ts';
import { decodeEntry } from '../protocol/index.ts';
import type { Entry, Position, SnapshotMeta } from '../raft/index.ts';
import { corrupt } from './corrupt.ts';
import type { Identity } from './identity.ts';
import { recordsFrom } from './layout.ts';
import { Replay } from './replay.ts';
import { type Beyond, type ChainEnd, later, type Mark, Scanner } from './scanner.ts';
import { readRing } from './segment.ts';
import type { Segment } from './segments.ts';
import type { HeldSnapshot } from './snapshots.ts';

const origin: Position = { index: logIndex(0), term: noTerm };

/** What stands in for a snapshot where there is none. */
export const noSnapshot: SnapshotMeta = {
  ...origin,
  time: noTime,
  membership: emptyMembership,
  membershipAt: origin,
};

export type ReadParts = {
  readonly disk: Disk;
  readonly checksum: Checksum;
  readonly logger: Logger;
};

/** The log as it can be shown. */
export type LogImage = {
  readonly replay: Replay;
  /** The segment in which the log ends, and where in it. */
  readonly last: Segment;
  readonly mark: Mark;
  /** Segments up to and with `last`; those after it hold nothing that can be used. */
  readonly segments: readonly Segment[];
  readonly unusable: readonly Segment[];
  /** What lies behind the end in `last`. */
  readonly beyond: Beyond;
  /** Ring slots of syncs that cannot be shown. */
  readonly staleSyncs: readonly number[];
  /** Where reading stopped and why, if not at a blank. */
  readonly broken: ChainEnd['broken'];
  readonly suspect: Position | null;
};

/** Reads the log from the newest place that leaves out nothing after `through`. */
export async function readLog(
  parts: ReadParts,
  segments: readonly Segment[],
  through: LogIndex,
): Promise<LogImage> {
  // All that is left of the log after `through` was written after a segment that began at or
  // before it: so reading may begin with the last such one.
  const found = segments.findLastIndex((segment) => segment.header.previous.index <= through);
  const startAt = Math.max(0, found);
  const first = segments[startAt];
  assert(first !== undefined, 'a log has a segment');
  const { previous, base, previousSync, previousChecksum } = first.header;
  const replay = new Replay(previous, base, through);
  let mark: Mark = { offset: recordsFrom, sync: previousSync, chain: previousChecksum };
  for (let at = startAt; ; at++) {
    const segment = segments[at];
    assert(segment !== undefined, 'reading ends in a segment');
    const end = await readSegmentChain(parts, segment, { ...mark, offset: recordsFrom }, replay);
    mark = end.mark;
    const next = segments[at + 1];
    if (next !== undefined && end.broken === null && follows(next, mark, replay)) continue;
    const usable = segments.slice(0, at + 1);
    return finishImage(
      parts,
      { replay, last: segment, mark, segments: usable, broken: end.broken },
      segments.slice(at + 1),
    );
  }
}

/** A segment is begun once everything before it is durable: if the two do not fit, that is lost. */
const follows = (next: Segment, mark: Mark, replay: Replay): boolean =>
  next.header.previousSync === mark.sync &&
  next.header.previousChecksum === mark.chain &&
  next.header.previous.index === replay.tally.last.index;

async function readSegmentChain(
  parts: ReadParts,
  segment: Segment,
  start: Mark,
  replay: Replay,
): Promise<ChainEnd> {
  return withFile(parts.disk, segment, async (file) => {
    const scanner = new Scanner(file, await file.size(), segment.seed, parts.checksum);
    return scanner.chain(start, (records) => {
      for (const record of records) replay.take(record, segment.path);
    });
  });
}

/** Is what comes after the end torn, or is there evidence that it was whole once? */
async function finishImage(
  parts: ReadParts,
  image: Pick<LogImage, 'replay' | 'last' | 'mark' | 'segments' | 'broken'>,
  unusable: readonly Segment[],
): Promise<LogImage> {
  const unread = image.mark.sync + 1;
  const own = await evidenceIn(parts, image.last, image.mark.offset, unread);
  let suspect = own.evidence;
  for (const segment of unusable) {
    const { evidence } = await evidenceIn(parts, segment, recordsFrom, 0);
    suspect = later(suspect, later(segment.header.previous, evidence));
  }
  return { ...image, unusable, beyond: own.beyond, staleSyncs: own.staleSyncs, suspect };
}

/** What ring and records of a segment say of syncs from `unread` on. */
async function evidenceIn(parts: ReadParts, segment: Segment, from: number, unread: number) {
  return withFile(parts.disk, segment, async (file) => {
    const scanner = new Scanner(file, await file.size(), segment.seed, parts.checksum);
    const beyond = await scanner.beyond(from, unread);
    const ring = (await readRing(file, segment.seed, parts.checksum)).filter(
      ({ sync }) => sync >= unread,
    );
    const evidence = ring.reduce((most, { last }) => later(most, last), beyond.evidence);
    return { beyond, evidence, staleSyncs: ring.map(({ sync }) => sync) };
  });
}

async function withFile<T>(
  disk: Disk,
  segment: Segment,
  use: (file: DiskFile) => Promise<T>,
): Promise<T> {
  const file = await disk.open(segment.path, 'read');
  assert(file !== null, 'a listed segment is there');
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** The newest snapshot that belongs to this log, and those that belong to nothing. */
export function chooseSnapshot(
  held: readonly HeldSnapshot[],
  replay: Replay,
): { readonly chosen: HeldSnapshot | null; readonly unwanted: readonly HeldSnapshot[] } {
  const belongs = ({ meta, vouched }: HeldSnapshot): boolean =>
    vouched ||
    (meta.index === replay.base.index && meta.term === replay.base.term) ||
    replay.tally.holds(meta);
  const chosen = held.findLast(belongs) ?? null;
  // One from a leader that came whole, while the log was never restarted from it: as if it had not.
  return { chosen, unwanted: held.filter((snapshot) => !belongs(snapshot)) };
}

/** The entries after the snapshot. @throws ERR_DISK_CORRUPT when some between are not there. */
export function entriesAfter(snapshot: SnapshotMeta, image: LogImage): Entry[] {
  const { replay, last } = image;
  const { floor } = replay.tally;
  if (floor.index > snapshot.index) {
    throw corrupt({
      file: last.path,
      offset: 0,
      expected: `a log that begins at index ${snapshot.index + 1}, after the newest whole snapshot`,
      found: `one that begins at ${floor.index + 1}`,
    });
  }
  // The log ends before the snapshot, or went another way than it: what is after it is not of it.
  if (!replay.tally.holds(snapshot)) return [];
  const skip = snapshot.index + 1 - replay.bodiesFrom;
  assert(skip >= 0 || replay.bodies.length === 0, 'entries after a snapshot leave no gap');
  return replay.bodies.slice(Math.max(0, skip)).map((body, i) => {
    const entry = decoded(body, last.path);
    assert(entry.index === snapshot.index + 1 + i, 'entries after a snapshot leave no gap');
    return entry;
  });
}

function decoded(body: Uint8Array, file: string): Entry {
  try {
    return decodeEntry(body);
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    throw corrupt(
      { file, offset: 0, expected: 'an entry', found: error.message },
      undefined,
      error,
    );
  }
}

/** @throws ERR_DISK_CORRUPT when a segment belongs to somebody else. */
export function checkOwner(segments: readonly Segment[], identity: Identity): void {
  for (const { header, path } of segments) {
    const { nodeId, lineage } = header;
    const wrongNode = nodeId !== identity.nodeId;
    const wrongCluster =
      lineage !== null &&
      identity.lineage !== null &&
      lineage.clusterId !== identity.lineage.clusterId;
    if (!wrongNode && !wrongCluster) continue;
    const name = (id: string, cluster: string | undefined) =>
      `a log of node ${id} in cluster ${cluster ?? 'unknown'}`;
    throw corrupt({
      file: path,
      offset: 0,
      expected: name(identity.nodeId, identity.lineage?.clusterId),
      found: name(nodeId, lineage?.clusterId),
    });
  }
}
