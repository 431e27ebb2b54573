import { ClusterError } from '../base/index.ts';
import type { Recovered } from '../ports/index.ts';
import { emptyTree, snapshotDecoder, type TreeState } from '../tree/index.ts';
import { saveFirstEntry } from './founding.ts';
import type { Store } from './store.ts';
import { hintsOf, type LifeOptions } from './types.ts';

/** What decides whether a node without any log founds a cluster or attaches to one. */
type Beginning = {
  readonly options: LifeOptions;
  readonly address: string;
  readonly through: readonly string[];
  readonly mustAttach: boolean;
};

const snapshotReadBytes = 1024 * 1024;

/** Nothing was ever in this log. */
export const isEmpty = (recovered: Recovered): boolean =>
  recovered.snapshot.index === 0 && recovered.entries.length === 0;

/** What a node without any log is to do: found a cluster, unless it was told to attach. */
export async function withFirstEntry(parts: Beginning, store: Store): Promise<Recovered> {
  const { options, mustAttach, through } = parts;
  const { recovered, note } = store;
  if (!isEmpty(recovered)) return recovered;
  const isTold = hintsOf(options).length > 0 || options.bootUri !== null;
  if (mustAttach || note !== null || isTold || through.length > 0) return recovered;
  if (store.lineage !== null) {
    throw new ClusterError(
      'ERR_BAD_ARGUMENT',
      `Cannot start from "${options.dataFolder}": it began to join cluster "${options.clusterName}" and holds no data yet; start it with -a and the address of a member`,
    );
  }
  return firstEntry(parts, store);
}

/** The log of a founder. @throws ERR_DISK_FAILED */
export async function firstEntry(
  { address }: Pick<Beginning, 'address'>,
  { log, nodeId, recovered }: Store,
): Promise<Recovered> {
  const entries = await saveFirstEntry(log, nodeId, address);
  const first = entries[0];
  if (first === undefined) throw new TypeError('the first entry was saved');
  return { ...recovered, hardState: { term: first.term, votedFor: nodeId }, entries };
}

export async function loadState(store: Store): Promise<TreeState> {
  if (store.recovered.snapshot.index === 0) return emptyTree();
  const source = await store.snapshots.newest();
  if (source === null) throw new TypeError('a recovered snapshot is there to be read');
  try {
    const decoder = snapshotDecoder();
    for (let at = 0; at < source.bytes; ) {
      const bytes = await source.read(at, snapshotReadBytes);
      decoder.push(bytes);
      at += bytes.length;
    }
    return decoder.finish();
  } finally {
    await source.close();
  }
}
