// Rot in what a snapshot covers loses nothing, if what follows can be shown to be whole all the same.
import { logIndex, term } from '../base/index.ts';
import type { Checksum, DiskFile } from '../ports/index.ts';
import type { Position } from '../raft/index.ts';
import { CorruptError } from './corrupt.ts';
import { commitKind, entryKind, restartKind, truncateKind } from './record.ts';
import { Replay } from './replay.ts';
import type { ChainEnd, Mark, Scanner, StrayRecord } from './scanner.ts';
import { readRing } from './segment.ts';
import type { Segment } from './segments.ts';

export type Salvage = {
  readonly replay: Replay;
  readonly end: ChainEnd;
  /** The first byte that is taken for good again. */
  readonly resumedAt: number;
};

/** What sound snapshots stand for. */
export type Cover = {
  /** The newest that the log vouched for as it was finished; index 0: none. */
  readonly through: Position;
  /** A leader's, finished aside: they count where the log says that it was restarted from them. */
  readonly waiting: readonly Position[];
};

/** A place from which the chain can be followed, with where the log ends there. */
type Resumption = { readonly start: Mark; readonly position: Position; readonly base: Position };

/**
 * Goes on behind a place at `from` where the chain broke: after the last whole record with which the log
 * ended at or before a snapshot's position, or was restarted from one; or at the entry that follows a
 * snapshot's. That snapshot holds everything up to there, and all that came after it stands behind that
 * record. `null` when that cannot be shown: nothing chains on from it, or neither the ring nor the next
 * segment knows the chain.
 *
 * A record's checksum begins with that of its segment's header, which stands in no value; and the chain
 * has to meet what was written elsewhere in the same sync. So no value is taken for a record.
 */
export async function salvage(
  parts: { readonly file: DiskFile; readonly scanner: Scanner; readonly checksum: Checksum },
  segment: Segment,
  from: Mark,
  cover: Cover,
  next: Segment | null,
): Promise<Salvage | null> {
  const { file, scanner, checksum } = parts;
  const { through, waiting } = cover;
  if (through.index === 0 && waiting.length === 0) return null;
  const found: Resumption[] = [];
  await scanner.beyond(from.offset, from.sync + 1, (record) => {
    const here = resumption(record, segment, cover);
    if (here !== null) found[0] = here;
  });
  const [last] = found;
  if (last === undefined) return null;
  const { start, position, base } = last;
  const ring = await readRing(file, segment.seed, checksum);
  const isKnown = (mark: Mark): boolean =>
    ring.some(({ sync, checksum: sum }) => sync === mark.sync && sum === mark.chain);
  const replay = new Replay(position, base, logIndex(Math.max(position.index, through.index)));
  let proven = isKnown(start);
  try {
    const end = await scanner.chain(start, (records, mark) => {
      for (const record of records) replay.take(record, segment.path);
      proven ||= isKnown(mark);
    });
    proven ||=
      next !== null &&
      next.header.previousSync === end.mark.sync &&
      next.header.previousChecksum === end.mark.chain;
    return proven ? { replay, end, resumedAt: start.offset } : null;
  } catch (error) {
    // What follows contradicts it: it is no log.
    if (error instanceof CorruptError) return null;
    throw error;
  }
}

function resumption(
  record: StrayRecord,
  { header }: Segment,
  { through, waiting }: Cover,
): Resumption | null {
  const { kind, index, term: of, sync, checksum, previous } = record;
  const after: Mark = {
    offset: record.end,
    sync: kind === commitKind ? sync : sync - 1,
    chain: checksum,
  };
  if (kind === entryKind && index === through.index + 1) {
    const before: Mark = { offset: record.at, sync: sync - 1, chain: previous };
    return { start: before, position: through, base: header.base };
  }
  const position = endWith(record);
  if (kind === restartKind && waiting.some((one) => one.index === index && one.term === of)) {
    return { start: after, position, base: position };
  }
  if (position.index > through.index) return null;
  if (position.index === through.index && position.term !== through.term) return null;
  return { start: after, position, base: kind === restartKind ? position : header.base };
}

/** Where the log ends with this record. */
const endWith = ({ kind, index, term: of }: StrayRecord): Position => ({
  index: logIndex(kind === truncateKind ? Math.max(0, index - 1) : index),
  term: term(of),
});
