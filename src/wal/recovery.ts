// What a restart finds. Reading decides first and changes nothing; what cannot be read is then noted
// durably, before anything that shows it is cleared away.
import {
  assert,
  ClusterError,
  emptyMembership,
  logIndex,
  noTerm,
  noTime,
  term,
} from '../base/index.ts';
import type { Checksum, Disk, DiskFile } from '../ports/index.ts';
import { decodeEntry } from '../protocol/index.ts';
import type { Entry, Position, SnapshotMeta } from '../raft/index.ts';
import { type CorruptError, corrupt, type Damage, lost } from './corrupt.ts';
import type { Identity } from './identity.ts';
import { names, recordsFrom } from './layout.ts';
import { openListed } from './listed.ts';
import { commitKind } from './record.ts';
import { Replay } from './replay.ts';
import { type Cover, salvage } from './salvage.ts';
import { type Beyond, type ChainEnd, later, type Mark, reaches, Scanner } from './scanner.ts';
import { readRing } from './segment.ts';
import { type Gap, isGap, type Segment } from './segments.ts';
import type { HeldSnapshot } from './snapshot-list.ts';

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
};

/** Rot that does no harm: a snapshot stands for what cannot be read. */
export type CoveredRot = Damage & {
  /** The first byte that could be taken for good again; `null`: nothing of the file is needed. */
  readonly resumedAt: number | null;
};

/** The log as it can be shown. */
export type LogImage = {
  readonly replay: Replay;
  /** The segment in which the log ends, and where in it. */
  readonly last: Segment;
  readonly mark: Mark;
  /** Where the last sync begins. */
  readonly lastFrom: number;
  /** Segments up to and with `last`. */
  readonly segments: readonly Segment[];
  /** Files after `last`: they hold nothing that can be used. */
  readonly unusable: readonly (Segment | Gap)[];
  /** Files before `segments`, with a gap in between: a snapshot covers them. */
  readonly dead: readonly string[];
  readonly covered: readonly CoveredRot[];
  /** What lies behind the end in `last`. */
  readonly beyond: Beyond;
  /** Ring slots of syncs that cannot be shown. */
  readonly staleSyncs: readonly number[];
  /** Where reading stopped and why, if not at a blank. */
  readonly broken: ChainEnd['broken'];
  /** The first thing that is missing or cannot be read, though there is evidence of it. */
  readonly damage: Damage | null;
  /** What cannot be read left the log here, which it holds: it truncated. `null`: not so. */
  readonly truncatedTo: Position | null;
  readonly suspect: Position | null;
};

/**
 * Reads the log from the newest place that leaves out nothing after the newest sound snapshot that the
 * log vouched for.
 *
 * @throws CorruptError where not even the evidence of what was promised can be read.
 */
export async function readLog(
  parts: ReadParts,
  places: readonly (Segment | Gap)[],
  cover: Cover,
): Promise<LogImage> {
  const { through } = cover;
  const end = places.at(-1);
  if (end === undefined) throw noLog();
  // The newest promises stand in the last segment: without it nobody can say what they were.
  if (isGap(end))
    throw lost(end.damage, 'the end of the log, and what was promised there, is lost');
  const beforeEnd = places.at(-2);
  if (beforeEnd !== undefined && !isGap(beforeEnd)) await checkBegun(parts, beforeEnd, end);
  // All that is left of the log after `through` was written after a segment that began at or
  // before it: so reading may begin with the last such one.
  const found = places.findLastIndex(
    (place) => !isGap(place) && place.header.previous.index <= through.index,
  );
  const startAt = Math.max(0, found);
  const first = places[startAt];
  assert(first !== undefined, 'a log has a segment');
  if (isGap(first)) throw lost(first.damage, 'a part of the log is lost');
  const covered: CoveredRot[] = places
    .slice(0, startAt)
    .filter(isGap)
    .map(({ damage }) => ({ ...damage, resumedAt: null }));
  const { previous, base, previousSync, previousChecksum } = first.header;
  let replay = new Replay(previous, base, through.index);
  let mark: Mark = { offset: recordsFrom, sync: previousSync, chain: previousChecksum };
  for (let at = startAt; ; at++) {
    const segment = places[at];
    assert(segment !== undefined && !isGap(segment), 'reading goes on in a segment');
    const next = places[at + 1];
    const nextSegment = next === undefined || isGap(next) ? null : next;
    const start = { ...mark, offset: recordsFrom };
    const plan = { start, replay, next: nextSegment, cover };
    const read = await readSegmentChain(parts, segment, plan);
    if (read.rot !== null) covered.push(read.rot);
    ({ replay } = read);
    const { end: ended } = read;
    mark = ended.mark;
    if (nextSegment !== null && read.goesOn) continue;
    const begins = places.findLastIndex((place, i) => i < startAt && isGap(place)) + 1;
    const before = places.slice(0, begins);
    return finishImage(parts, through, {
      replay,
      last: segment,
      mark,
      lastFrom: ended.lastFrom,
      segments: places.slice(begins, at + 1).filter((place): place is Segment => !isGap(place)),
      unusable: places.slice(at + 1),
      dead: before.filter((place) => !isGap(place) || place.isThere).map(({ path }) => path),
      covered,
      broken: ended.broken,
    });
  }
}

/** A segment is begun once everything before it is durable: if the two do not fit, that is lost. */
const follows = (next: Segment, mark: Mark, replay: Replay): boolean =>
  next.header.previousSync === mark.sync &&
  next.header.previousChecksum === mark.chain &&
  next.header.previous.index === replay.tally.last.index;

/**
 * The log never goes on in a segment once the next one is begun. A last segment that began before the end
 * of the one before it has an old header: the one its records were written under never arrived.
 */
async function checkBegun(
  { disk, checksum }: ReadParts,
  before: Segment,
  { path, header }: Segment,
): Promise<void> {
  const ring = await withFile(disk, before.path, (file) => readRing(file, before.seed, checksum));
  const sync = ring.reduce((most, slot) => Math.max(most, slot.sync), 0);
  if (header.previousSync >= sync) return;
  const damage = {
    file: path,
    offset: 0,
    expected: `the header of a segment begun after sync ${sync}`,
    found: `that of one begun after sync ${header.previousSync}`,
  };
  throw lost(damage, 'the end of the log, and what was promised there, is lost');
}

type ReadPlan = {
  readonly start: Mark;
  readonly replay: Replay;
  readonly next: Segment | null;
  readonly cover: Cover;
};

type ReadSegment = {
  readonly replay: Replay;
  readonly end: ChainEnd;
  /** The next segment continues it. */
  readonly goesOn: boolean;
  readonly rot: CoveredRot | null;
};

async function readSegmentChain(
  parts: ReadParts,
  segment: Segment,
  { start, replay, next, cover }: ReadPlan,
): Promise<ReadSegment> {
  return withFile(parts.disk, segment.path, async (file) => {
    const scanner = new Scanner(file, await file.size(), segment.seed, parts.checksum);
    const end = await scanner.chain(start, (records) => {
      for (const record of records) replay.take(record, segment.path);
    });
    const fits = next !== null && follows(next, end.mark, replay);
    const read = { replay, end, goesOn: fits && end.broken === null, rot: null };
    if (read.goesOn) return read;
    const { checksum } = parts;
    const saved = await salvage({ file, scanner, checksum }, segment, end.mark, cover, next);
    if (saved === null) return read;
    const rot: CoveredRot = {
      file: segment.path,
      offset: end.broken?.offset ?? end.mark.offset,
      expected: `a record of sync ${end.mark.sync + 1}`,
      found: end.broken?.reason ?? 'zeros',
      resumedAt: saved.resumedAt,
    };
    const { replay: on, end: ended } = saved;
    const goesOn = next !== null && ended.broken === null && follows(next, ended.mark, on);
    return { replay: on, end: ended, goesOn, rot };
  });
}

/** Is what comes after the end torn, or is there evidence that it was whole once? */
async function finishImage(
  parts: ReadParts,
  through: Position,
  image: Omit<LogImage, 'beyond' | 'staleSyncs' | 'suspect' | 'truncatedTo' | 'damage'>,
): Promise<LogImage> {
  const { last, mark, broken, unusable } = image;
  const unread = mark.sync + 1;
  const own = await evidenceIn(parts, last, mark.offset, unread);
  const { staleSyncs } = own;
  let suspect = own.evidence;
  let newest = own.newest;
  for (const place of unusable) {
    if (isGap(place)) continue;
    const { previous, previousSync } = place.header;
    const other = await evidenceIn(parts, place, recordsFrom, 0);
    suspect = later(suspect, later(previous, other.evidence));
    newest = newer(newer(newest, { sync: previousSync, last: previous }), other.newest);
  }
  const truncatedTo = truncationIn(image, suspect, newest, through);
  const [after] = unusable;
  const damage: Damage | null =
    suspect === null
      ? null
      : broken === null && after !== undefined && isGap(after)
        ? after.damage
        : {
            file: last.path,
            offset: broken?.offset ?? mark.offset,
            expected: `sync ${unread}, of which there is other evidence`,
            found: broken?.reason ?? 'nothing where its records were',
          };
  // Then nothing is in doubt.
  if (truncatedTo !== null) suspect = null;
  return { ...image, beyond: own.beyond, staleSyncs, suspect, truncatedTo, damage };
}

/** Where a sync left the log, as something else than its own records tells. */
type Trace = { readonly sync: number; readonly last: Position };

const newer = (a: Trace | null, b: Trace | null): Trace | null =>
  a === null || b === null ? (a ?? b) : b.sync > a.sync ? b : a;

/**
 * The newest of the syncs that cannot be read left the log at a place that it still holds, and none of
 * them went beyond what can be shown. Two logs that hold an entry of one index and term agree up to
 * there (R5): so what is left is known whole, and what comes after it was truncated (D2).
 */
function truncationIn(
  { replay: { tally }, mark }: Pick<LogImage, 'replay' | 'mark'>,
  suspect: Position | null,
  newest: Trace | null,
  through: Position,
): Position | null {
  if (suspect === null || newest === null || newest.sync <= mark.sync) return null;
  const { index } = newest.last;
  if (!reaches(tally.last, suspect) || index >= tally.last.index) return null;
  return index >= through.index && tally.holds(newest.last) ? newest.last : null;
}

/** What ring and records of a segment say of syncs from `unread` on. */
async function evidenceIn(parts: ReadParts, segment: Segment, from: number, unread: number) {
  return withFile(parts.disk, segment.path, async (file) => {
    const scanner = new Scanner(file, await file.size(), segment.seed, parts.checksum);
    const traces: Trace[] = [];
    const beyond = await scanner.beyond(from, unread, ({ kind, sync, index, term: of }) => {
      if (kind !== commitKind || sync <= unread) return;
      traces.push({ sync, last: { index: logIndex(index), term: term(of) } });
    });
    const ring = (await readRing(file, segment.seed, parts.checksum)).filter(
      ({ sync }) => sync >= unread,
    );
    const evidence = ring.reduce((most, { last }) => later(most, last), beyond.evidence);
    const newest = [...traces, ...ring].reduce<Trace | null>(newer, null);
    return { beyond, evidence, newest, staleSyncs: ring.map(({ sync }) => sync) };
  });
}

async function withFile<T>(
  disk: Disk,
  path: string,
  use: (file: DiskFile) => Promise<T>,
): Promise<T> {
  const file = await openListed(disk, path, 'read');
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

/**
 * The entries after the snapshot. `rotten`: what is wrong with a newer snapshot, if there is one.
 *
 * @throws CorruptError when some between are not there.
 */
export function entriesAfter(
  snapshot: SnapshotMeta,
  image: LogImage,
  rotten: Damage | null,
): Entry[] {
  const { replay, last } = image;
  const { floor } = replay.tally;
  if (floor.index > snapshot.index) {
    const damage = {
      file: image.segments[0]?.path ?? last.path,
      offset: 0,
      expected: `a log that begins at index ${snapshot.index + 1}, after the newest whole snapshot`,
      found: `one that begins at ${floor.index + 1}`,
    };
    throw lost(rotten ?? damage, 'a part of what this node held is lost');
  }
  // The log ends before the snapshot, or went another way than it: what is after it is not of it.
  if (!replay.tally.holds(snapshot)) return [];
  const skip = snapshot.index + 1 - replay.bodiesFrom;
  assert(skip >= 0 || replay.bodies.length === 0, 'entries after a snapshot leave no gap');
  return replay.bodies.slice(Math.max(0, skip)).map((body, i) => {
    const entry = decoded(body, last.path, snapshot.index + 1 + i);
    assert(entry.index === snapshot.index + 1 + i, 'entries after a snapshot leave no gap');
    return entry;
  });
}

function decoded(body: Uint8Array, file: string, index: number): Entry {
  try {
    return decodeEntry(body);
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    throw corrupt(
      {
        file,
        offset: 0,
        expected: `entry ${index}, in this segment or one before`,
        found: error.message,
      },
      undefined,
      error,
    );
  }
}

/** @throws ERR_DISK_CORRUPT when a segment belongs to somebody else. */
export function checkOwner(places: readonly (Segment | Gap)[], identity: Identity): void {
  for (const place of places) {
    if (isGap(place)) continue;
    const { header, path } = place;
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

const noLog = (): CorruptError =>
  lost(
    { file: names.log, offset: 0, expected: 'a segment', found: 'none' },
    'the log, and what was promised in it, is lost',
  );
