// What an operator wants to know of a folder: read by the same code that a start uses, and nothing
// changed.
import { assert, ClusterError, type Lineage } from '../base/index.ts';
import type { Checksum, Disk } from '../ports/index.ts';
import type { Position } from '../raft/index.ts';
import { interruptedStart } from './again.ts';
import { CorruptError, comeBackAsNew, type Damage } from './corrupt.ts';
import { type Examined, examine } from './examine.ts';
import { readVows, type Vows } from './hard-state.ts';
import { readIdentity } from './identity.ts';
import { isSnapshotName, names } from './layout.ts';
import { type RejoinNote, readRejoinNote } from './rejoin.ts';
import { isGap, listSegments } from './segments.ts';
import { listSnapshots } from './snapshot-list.ts';
import { wasUsed } from './unborn.ts';

/** Sound; damaged, though a node can start on it; or of no use to a node under this id. */
export type Verdict = 'sound' | 'damaged' | 'unusable';

export type Problem = Damage & {
  /** Whether a node can start all the same. */
  readonly verdict: Exclude<Verdict, 'sound'>;
  /** What it means, and what to do. */
  readonly means: string;
};

export type SegmentReport = {
  readonly path: string;
  readonly bytes: number;
  /** The log's end when it was begun: its first entry is the next one; `null`: cannot be read. */
  readonly from: Position | null;
  /** The log's end when the next one was begun, or now; `null`: not known. */
  readonly to: Position | null;
};

export type SnapshotReport = Position & {
  readonly path: string;
  readonly bytes: number;
  /** The node's own, or one that its log names. */
  readonly vouched: boolean;
};

export type FolderReport = {
  readonly folder: string;
  readonly verdict: Verdict;
  readonly nodeId: string | null;
  readonly clusterName: string | null;
  readonly lineage: Lineage | null;
  readonly vows: Vows | null;
  /** What the log can show; `null`: nothing. */
  readonly last: Position | null;
  readonly segments: readonly SegmentReport[];
  readonly snapshots: readonly SnapshotReport[];
  readonly rejoin: RejoinNote | null;
  /** Former contents, and copies of what was found damaged, for people. */
  readonly aside: readonly string[];
  readonly damagedCopies: readonly string[];
  readonly problems: readonly Problem[];
};

/**
 * Reads everything a start would read. The caller holds the folder's lock.
 *
 * @throws ERR_DISK_FAILED when the disk refuses.
 */
export async function checkFolder(disk: Disk, checksum: Checksum): Promise<FolderReport> {
  const problems: Problem[] = [];
  const tried = async <T>(run: () => Promise<T>): Promise<T | null> => {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
      problems.push({ ...error.damage, verdict: 'unusable', means: error.advice });
      return null;
    }
  };
  const identity = await tried(() => readIdentity(disk, checksum));
  const rejoin = await tried(() => readRejoinNote(disk, checksum));
  const known = identity !== null || problems.length > 0;
  if (!known && rejoin === null) problems.push(await nobodys(disk, checksum));
  const state =
    identity === null ? null : await tried(() => readVows(disk, checksum, identity.nodeId));
  if (state?.problem) problems.push({ ...state.problem, ...oneSlot });
  const vows = state?.vows ?? null;
  const interrupted = await interruptedStart(disk, checksum);
  if (interrupted !== null) {
    const { damage, means } = interrupted;
    problems.push({ ...damage, verdict: 'damaged', means });
  }
  // What a start finishes first is no damage.
  const finished = interrupted?.disk ?? disk;
  const found =
    identity === null || vows === null
      ? null
      : await tried(() => examine(finished, checksum, identity, vows));
  problems.push(...(found === null ? [] : problemsIn(found)));
  const segments = (await tried(() => segmentReports(finished, checksum, found))) ?? [];
  const snapshots = await tried(() => snapshotReports(disk, checksum));
  if (found === null && snapshots !== null) problems.push(...snapshots.problems);
  return {
    folder: disk.name,
    verdict: worst(problems),
    nodeId: identity?.nodeId ?? null,
    clusterName: identity?.clusterName ?? null,
    lineage: identity?.lineage ?? null,
    vows: vows === null ? null : { ...vows, suspect: found?.suspect ?? vows.suspect },
    last: found === null ? null : endOf(found),
    segments,
    snapshots: snapshots?.reports ?? [],
    rejoin,
    aside: (await disk.list(names.aside)).map((name) => `${names.aside}/${name}`),
    damagedCopies: (await disk.list(names.damaged)).map((name) => `${names.damaged}/${name}`),
    problems: withoutRepeats(problems),
  };
}

const oneSlot = {
  verdict: 'damaged',
  means: 'the other slot is good: nothing is lost; the next start writes both',
} as const;

async function nobodys(disk: Disk, checksum: Checksum): Promise<Problem> {
  const used = await wasUsed(disk, checksum);
  return {
    file: names.identity,
    offset: 0,
    expected: 'the identity of a node',
    found: 'no file',
    verdict: 'unusable',
    means: used
      ? `a node lived here, and who it was is lost: restore "${names.identity}", or ${comeBackAsNew}`
      : 'this is no data folder of a node, or one that never lived',
  };
}

function problemsIn({ image, snapshots, suspect }: Examined): Problem[] {
  const { covered, damage, beyond, mark, last } = image;
  const problems: Problem[] = covered.map(({ resumedAt: _, ...rot }) => ({
    ...rot,
    verdict: 'damaged',
    means: 'a snapshot stands for it: nothing is lost; it goes with the next compaction',
  }));
  for (const { error } of snapshots.damaged) {
    const means = 'the log makes good for it: the next start moves it to "damaged"';
    problems.push({ ...error.damage, verdict: 'damaged', means });
  }
  if (damage !== null) {
    const means = image.suspect === null ? knownTruncation : suspicion(image.suspect);
    problems.push({ ...damage, verdict: 'damaged', means });
  } else if (beyond.dirtyTo > beyond.dirtyFrom) {
    problems.push({
      file: last.path,
      offset: mark.offset,
      expected: 'zeros behind the end of the log',
      found: `${beyond.dirtyTo - mark.offset} bytes that are no whole sync`,
      verdict: 'damaged',
      means: 'a crash cut a write that nobody was promised: the next start cuts it off',
    });
  }
  if (suspect !== null && image.suspect === null) {
    problems.push({
      file: names.hardState,
      offset: 0,
      expected: `a log that reaches index ${suspect.index} of term ${suspect.term}`,
      found: `one that ends at index ${image.replay.tally.last.index}`,
      verdict: 'damaged',
      means: suspicion(suspect),
    });
  }
  return problems;
}

const knownTruncation =
  'only a truncation is lost, and known all the same: the next start writes it again';

const suspicion = ({ index, term }: Position): string =>
  `entries up to index ${index} of term ${term} were durable once: a node starts, but neither leads nor vouches for them until the others have made it whole; a node that alone votes refuses to start`;

const endOf = ({ entries, snapshot }: Examined): Position => {
  const { index, term } = entries.at(-1) ?? snapshot;
  return { index, term };
};

async function segmentReports(
  disk: Disk,
  checksum: Checksum,
  found: Examined | null,
): Promise<SegmentReport[]> {
  const places = found?.places ?? (await listSegments(disk, checksum));
  const reports: SegmentReport[] = [];
  for (const [i, place] of places.entries()) {
    if (isGap(place) && !place.isThere) continue;
    const next = places[i + 1];
    const isLast = found?.image.last === place;
    reports.push({
      path: place.path,
      bytes: await sizeOf(disk, place.path),
      from: isGap(place) ? null : place.header.previous,
      to: isLast
        ? (found?.image.replay.tally.last ?? null)
        : next === undefined || isGap(next)
          ? null
          : next.header.previous,
    });
  }
  return reports;
}

async function snapshotReports(
  disk: Disk,
  checksum: Checksum,
): Promise<{ reports: SnapshotReport[]; problems: Problem[] }> {
  const { held, damaged } = await listSnapshots(disk, checksum);
  const reports: SnapshotReport[] = [];
  for (const { path, meta, vouched } of held) {
    const { index, term } = meta;
    assert(isSnapshotName(path.slice(names.snapshots.length + 1)), 'a snapshot has its name');
    reports.push({ path, index, term, vouched, bytes: await sizeOf(disk, path) });
  }
  const problems: Problem[] = damaged.map(({ error }) => ({
    ...error.damage,
    verdict: 'unusable',
    means: error.advice,
  }));
  return { reports, problems };
}

async function sizeOf(disk: Disk, path: string): Promise<number> {
  const file = await disk.open(path, 'read');
  if (file === null) throw new ClusterError('ERR_DISK_FAILED', `Cannot open "${path}": it is gone`);
  try {
    return await file.size();
  } finally {
    await file.close();
  }
}

const worst = (problems: readonly Problem[]): Verdict =>
  problems.some(({ verdict }) => verdict === 'unusable')
    ? 'unusable'
    : problems.length > 0
      ? 'damaged'
      : 'sound';

/** One place is told once, in the graver words that came first. */
function withoutRepeats(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ file, offset, found }) => {
    const key = `${file}\n${offset}\n${found}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
