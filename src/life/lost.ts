// A folder that lost what its node promised, or a part of what it held: the node comes back as another.
import { ClusterError, type NodeId } from '../base/index.ts';
import type { Members } from '../client/index.ts';
import type { Logger } from '../ports/index.ts';
import type { RejoinNote, Wal } from '../wal/index.ts';
import { freshNodeId } from './founding.ts';
import { hintsOf, type LifeOptions, type LifeWorld } from './types.ts';

const askWithinMs = 10_000;
const attemptMs = 3000;
const betweenMs = 500;

/**
 * The note under which this node comes back. It is made only when others, a majority without this node,
 * are there and say who they are: until then the folder may be all that is left, and stays as it is.
 *
 * @throws `cause` with what to type, when nobody could be asked or nobody answered.
 */
export async function noteAfterLoss(
  wal: Wal,
  { clock, connect, random }: LifeWorld,
  options: LifeOptions,
  cause: ClusterError,
  logger: Logger,
): Promise<RejoinNote> {
  const { identity } = wal;
  if (identity === null) throw cause;
  const { clusterName, secrets } = options;
  const addresses = [...new Set([...hintsOf(options), ...(await wal.knownAddresses())])];
  if (addresses.length === 0) throw unattended(options, cause, 'no other member is known');
  const endMs = clock.now() + askWithinMs;
  const ask = async (): Promise<Members> => {
    const openTimeoutMs = attemptMs;
    const client = await connect({ addresses, clusterName, secret: secrets.rw, openTimeoutMs });
    try {
      // A read behind a barrier: a majority goes on without this node.
      await client.rev();
      return await client.members();
    } finally {
      await client.close();
    }
  };
  for (;;) {
    try {
      const { lineage, membership } = await ask();
      const isOther =
        identity.lineage !== null && identity.lineage.clusterId !== lineage?.clusterId;
      if (lineage === null || isOther) {
        const found = lineage?.clusterId ?? 'unknown';
        throw unattended(options, cause, `${addresses.join(', ')} is of another cluster, ${found}`);
      }
      const others = [...membership.addresses].filter(([id]) => id !== identity.nodeId);
      const note: RejoinNote = {
        lineage,
        clusterName,
        addresses: others.map(([, address]) => address).slice(0, 255),
        nodeId: freshNodeId(random),
      };
      tell(logger, identity.nodeId, note, cause);
      return note;
    } catch (error) {
      if (error instanceof ClusterError && error.code === 'ERR_DISK_CORRUPT') throw error;
      const last = error instanceof Error ? error.message : String(error);
      if (clock.now() + betweenMs >= endMs) {
        throw unattended(
          options,
          cause,
          `no majority answered at ${addresses.join(', ')}: ${last}`,
        );
      }
    }
    await new Promise<void>((resolve) => clock.after(betweenMs, resolve));
  }
}

function tell(logger: Logger, was: NodeId, note: RejoinNote, cause: ClusterError): void {
  logger.error(
    { error: cause.message, was, becomes: note.nodeId, kept: 'aside' },
    'this node lost what it promised or held: it comes back under a new id',
  );
}

const unattended = (options: LifeOptions, cause: ClusterError, why: string): ClusterError =>
  new ClusterError(
    'ERR_DISK_CORRUPT',
    `${cause.message}. It does so by itself once it is told where the cluster is (${why}): doozerd -c ${options.clusterName} -data ${options.dataFolder} -a HOST:PORT`,
    { cause },
  );
