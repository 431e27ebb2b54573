import { ClusterError, type Lineage, type NodeId } from '../base/index.ts';
import type { Logger, LogStore, Random, Recovered, SnapshotStore } from '../ports/index.ts';
import { isLost, memoryLog, openWal, type RejoinNote, type Wal } from '../wal/index.ts';
import { freshNodeId } from './founding.ts';
import { noteAfterLoss } from './lost.ts';
import type { LifeOptions, LifeWorld } from './types.ts';

/** Where one node's life is kept: a data folder, or nowhere. */
export type Store = {
  readonly nodeId: NodeId;
  /** Which cluster the folder belongs to, as far as is known durably. */
  readonly lineage: Lineage | null;
  readonly recovered: Recovered;
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  /** While there is a note, this node may only attach to the cluster it names. */
  readonly note: RejoinNote | null;
  readonly belongsTo: (lineage: Lineage) => Promise<void>;
  readonly attached: () => Promise<void>;
  /** The node was removed: notes where it belongs and keeps the old data aside. Then `stop`. */
  readonly retire: (note: RejoinNote) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** @throws ERR_LOCKED, ERR_DISK_CORRUPT, ERR_DISK_FAILED, naming the folder or file. */
export async function openStore(
  world: LifeWorld,
  options: LifeOptions,
  logger: Logger,
): Promise<Store> {
  const { dataFolder } = options;
  return dataFolder === null
    ? memoryStore(world.random)
    : folderStore(dataFolder, world, options, logger);
}

function memoryStore(random: Random): Store {
  const { recovered, log, snapshots } = memoryLog();
  const nothing = async () => {};
  return {
    nodeId: freshNodeId(random),
    lineage: null,
    recovered,
    log,
    snapshots,
    note: null,
    belongsTo: nothing,
    attached: nothing,
    retire: nothing,
    stop: () => log.stop(),
  };
}

async function folderStore(
  folder: string,
  world: LifeWorld,
  options: LifeOptions,
  logger: Logger,
): Promise<Store> {
  const { clock, checksum } = world;
  const { wal: sizes } = options;
  const disk = await world.disk(folder);
  let wal: Wal | null = null;
  try {
    wal = await openWal({ disk, checksum, logger, clock, ...(sizes && { options: sizes }) });
    return await recoveredOrNew(wal, world, options, logger);
  } catch (error) {
    await wal?.stop();
    throw error instanceof ClusterError ? inFolder(folder, disk.name, error) : error;
  }
}

/** The log knows its files by their names in the folder; a person needs the folder too. */
const inFolder = (folder: string, place: string, cause: ClusterError): ClusterError =>
  cause.message.includes(place)
    ? cause
    : new ClusterError(cause.code, `Data folder "${folder}": ${cause.message}`, { cause });

function refuseOtherName(kept: string, asked: string): void {
  if (kept === asked) return;
  throw new ClusterError(
    'ERR_WRONG_CLUSTER',
    `Cannot start as cluster "${asked}": this folder belongs to cluster "${kept}"`,
  );
}

/** Nobody could clear the doubt, and a node that served all the same might deny what it acknowledged. */
function refuseAlone(id: NodeId, { suspect, snapshot, entries }: Recovered): void {
  if (suspect === null) return;
  const newest = entries.findLast(({ payload }) => payload.kind === 'membership')?.payload;
  const { voters, outgoing } =
    newest?.kind === 'membership' ? newest.membership : snapshot.membership;
  if (outgoing !== null || voters.length !== 1 || voters[0] !== id) return;
  const last = entries.at(-1) ?? snapshot;
  throw new ClusterError(
    'ERR_DISK_CORRUPT',
    `Cannot start: this node alone votes, and of what it acknowledged up to index ${suspect.index} of term ${suspect.term} it can show no more than index ${last.index} of term ${last.term}; put the folder back from a copy, or give up the rest for good with "doozerd accept-loss DIR" ("doozerd check DIR" tells more)`,
  );
}

/** What recovery finds; or, if that is lost for good, what a new node begins with. */
async function recoveredOrNew(
  wal: Wal,
  world: LifeWorld,
  options: LifeOptions,
  logger: Logger,
): Promise<Store> {
  const { clusterName } = options;
  try {
    return await recovered(wal, clusterName, world.random);
  } catch (error) {
    if (!(error instanceof ClusterError) || !isLost(error)) throw error;
    await wal.writeRejoinNote(await noteAfterLoss(wal, world, options, error, logger));
    return recovered(wal, clusterName, world.random);
  }
}

async function recovered(wal: Wal, clusterName: string, random: Random): Promise<Store> {
  const note = await wal.readRejoinNote();
  // A crash may have come between the note and the setting aside.
  if (note !== null && wal.identity?.nodeId !== note.nodeId) {
    // It may be known to the system alone, and rules out founding a cluster: durable before the rest goes.
    await wal.writeRejoinNote(note);
    await wal.setAside();
  }
  refuseOtherName(wal.identity?.clusterName ?? note?.clusterName ?? clusterName, clusterName);
  if (wal.identity === null) {
    const nodeId = note?.nodeId ?? freshNodeId(random);
    await wal.createIdentity({ nodeId, lineage: null, clusterName });
  }
  const identity = wal.identity;
  if (identity === null) throw new TypeError('a folder has an identity once it was given one');
  const found = await wal.recover();
  refuseAlone(identity.nodeId, found);
  return {
    nodeId: identity.nodeId,
    lineage: identity.lineage,
    recovered: found,
    log: wal.log,
    snapshots: wal.snapshots,
    note,
    belongsTo: (lineage) => wal.updateIdentity({ lineage }),
    attached: () => wal.clearRejoinNote(),
    retire: async (rejoin) => {
      await wal.writeRejoinNote(rejoin);
      await wal.setAside();
    },
    stop: () => wal.stop(),
  };
}
