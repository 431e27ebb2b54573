import {
  clusterTime,
  logIndex,
  type Membership,
  type NodeId,
  nodeId,
  soleMembership,
  term,
  textOf,
  utf8,
} from '../../src/base/index.ts';
import { checksum } from '../../src/platform/index.ts';
import type { Disk, Logger, SnapshotSource, SnapshotStore } from '../../src/ports/index.ts';
import type { Entry, HardState, Persist, Position, SnapshotMeta } from '../../src/raft/index.ts';
import { type Identity, openWal, type Wal } from '../../src/wal/index.ts';

export const me: NodeId = nodeId('NODEAAAAAAAAAAAA');
export const other: NodeId = nodeId('NODEBBBBBBBBBBBB');
export const identity: Identity = { nodeId: me, lineage: null, clusterName: 'test' };
export const membership: Membership = soleMembership(me, '127.0.0.1:8046');

/** As small as segments may be, so that stories meet their ends. */
export const small = {
  segmentBytes: 16 * 1024,
  firstSegmentBytes: 16 * 1024,
  reserveBytes: 16 * 1024,
};

export const at = (index: number, of: number): Position => ({
  index: logIndex(index),
  term: term(of),
});

export const entry = (index: number, of: number, text: string): Entry => ({
  index: logIndex(index),
  term: term(of),
  time: clusterTime(index),
  payload: { kind: 'command', bytes: utf8(text) },
  encoded: null,
});

export const textIn = ({ payload }: Entry): string =>
  payload.kind === 'command' ? textOf(payload.bytes) : payload.kind;

export const metaAt = (index: number, of: number): SnapshotMeta => ({
  ...at(index, of),
  time: clusterTime(index),
  membership,
  membershipAt: at(1, 1),
});

export const hard = (of: number, votedFor: NodeId | null = null): HardState => ({
  term: term(of),
  votedFor,
});

/** A save of what is given. `before`: the end of the log, for a save that does not move it. */
export function persist(given: Partial<Persist> & { readonly before?: Position }): Persist {
  const { before, ...parts } = given;
  const entries = given.entries ?? [];
  const end = entries.at(-1) ?? given.snapshot ?? before ?? at(0, 0);
  return {
    snapshot: null,
    hardState: null,
    truncateFrom: null,
    entries,
    through: { index: end.index, term: end.term },
    ...parts,
  };
}

export type Told = { readonly level: string; readonly message: string };

/** Remembers what was said, without the fields. */
export function listener(): Logger & { readonly told: Told[] } {
  const told: Told[] = [];
  const at = (level: string) => (_: unknown, message: string) => {
    told.push({ level, message });
  };
  const logger = { told, error: at('error'), info: at('info'), debug: at('debug') };
  return { ...logger, child: () => ({ ...logger, child: () => listener() }) };
}

export async function open(
  disk: Disk,
  options: Partial<typeof small> = small,
  logger: Logger = listener(),
): Promise<Wal> {
  return openWal({ disk, checksum, logger, options });
}

/** A new node's folder, opened and recovered. */
export async function fresh(disk: Disk, options: Partial<typeof small> = small): Promise<Wal> {
  const wal = await open(disk, options);
  await wal.createIdentity(identity);
  await wal.recover();
  return wal;
}

export async function writeSnapshot(
  snapshots: SnapshotStore,
  meta: SnapshotMeta,
  body: Uint8Array,
  pieceBytes = 100_000,
): Promise<void> {
  const sink = await snapshots.begin(meta);
  for (let i = 0; i < body.length; i += pieceBytes)
    await sink.write(body.subarray(i, i + pieceBytes));
  await sink.finish();
}

export async function readAll(source: SnapshotSource, step = 70_000): Promise<Uint8Array> {
  const bytes = new Uint8Array(source.bytes);
  for (let i = 0; i < bytes.length; i += step) bytes.set(await source.read(i, step), i);
  return bytes;
}

export const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
