// What a folder holds, read and judged; nothing is changed. A start acts on it, `check` tells it.
import { bootNumber, type Membership, term } from '../base/index.ts';
import type { Checksum, Disk } from '../ports/index.ts';
import type { Entry, Position, SnapshotMeta } from '../raft/index.ts';
import { CorruptError, lost } from './corrupt.ts';
import type { Vows } from './hard-state.ts';
import type { Identity } from './identity.ts';
import { names } from './layout.ts';
import {
  checkOwner,
  chooseSnapshot,
  entriesAfter,
  type LogImage,
  noSnapshot,
  readLog,
} from './recovery.ts';
import { later, reaches } from './scanner.ts';
import { type Gap, listSegments, type Segment } from './segments.ts';
import { type HeldSnapshot, listSnapshots, type SnapshotList } from './snapshot-list.ts';

export type Examined = {
  readonly places: readonly (Segment | Gap)[];
  readonly snapshots: SnapshotList;
  readonly image: LogImage;
  /** What the log goes on from; index 0: none. */
  readonly snapshot: SnapshotMeta;
  /** Snapshots that the log knows nothing of. */
  readonly unwanted: readonly HeldSnapshot[];
  /** After the snapshot, without a gap. */
  readonly entries: readonly Entry[];
  /** What was promised once and cannot be shown. */
  readonly suspect: Position | null;
};

/** @throws CorruptError where the folder cannot be used under this node's id, or not by this release. */
export async function examine(
  disk: Disk,
  checksum: Checksum,
  identity: Identity,
  vows: Vows,
): Promise<Examined> {
  const places = await listSegments(disk, checksum);
  checkOwner(places, identity);
  const snapshots = await listSnapshots(disk, checksum);
  const { held, damaged } = snapshots;
  const through = held.findLast(({ vouched }) => vouched)?.meta ?? noSnapshot;
  const waiting = held.filter((one) => !one.vouched && one.meta.index > through.index);
  const cover = { through, waiting: waiting.map(({ meta }) => meta) };
  const image = await readLog({ disk, checksum }, places, cover);
  const { chosen, unwanted } = chooseSnapshot(held, image.replay);
  const snapshot = chosen?.meta ?? noSnapshot;
  const shown = entriesAfter(snapshot, image, damaged.at(-1)?.error.damage ?? null);
  const entries = shown.filter(({ index }) => index <= (image.truncatedTo?.index ?? index));
  checkTerm(image, vows);
  const end = entries.at(-1) ?? snapshot;
  const evidence = later(vows.suspect, later(image.suspect, contradiction(snapshot, image)));
  const suspect = evidence === null || reaches(end, evidence) ? null : evidence;
  return { places, snapshots, image, snapshot, unwanted, entries, suspect };
}

/**
 * A log that goes on beyond its snapshot holds it, or lost what led there. Then its entries count for
 * nothing, and are not forgotten either.
 */
function contradiction(snapshot: Position, { replay: { tally } }: LogImage): Position | null {
  return tally.holds(snapshot) || reaches(snapshot, tally.last) ? null : tally.last;
}

/** An entry beyond the current term: the term that was durable before it is lost, and with it a vote. */
function checkTerm({ replay }: LogImage, { term }: Vows): void {
  if (replay.lastTerm <= term) return;
  throw lost(
    {
      file: names.hardState,
      offset: 0,
      expected: `a term of ${replay.lastTerm} or more, as the log has`,
      found: `${term}`,
    },
    'what this node promised is lost',
  );
}

/** The newest membership that can still be read here, whatever else is lost; empty: none. */
export async function newestMembership(
  disk: Disk,
  checksum: Checksum,
  identity: Identity,
): Promise<{ readonly membership: Membership }> {
  const vows: Vows = {
    term: term(Number.MAX_SAFE_INTEGER),
    votedFor: null,
    boot: bootNumber(0),
    suspect: null,
  };
  try {
    const { entries, snapshot } = await examine(disk, checksum, identity, vows);
    const newest = entries.findLast(({ payload }) => payload.kind === 'membership')?.payload;
    return newest?.kind === 'membership' ? newest : snapshot;
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    const { held } = await listSnapshots(disk, checksum);
    return held.at(-1)?.meta ?? noSnapshot;
  }
}
