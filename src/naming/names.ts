// What a boot cluster holds about a cluster: /ctl/ns, /ctl/kept and /ctl/boot.
import { textOf } from '../base/index.ts';
import type { CallOptions, Client } from '../client/index.ts';
import { bootFile, keptFolderOf, nameServiceFolderOf } from '../paths/index.ts';
import { parseAddress } from './address.ts';

/** What is asked of a boot cluster. */
export type BootClient = Pick<Client, 'rev' | 'walk' | 'get' | 'transact' | 'grant'>;

/** One file that tells of one node. */
export type NameEntry = {
  readonly path: string;
  /** The node, as the name of the file says. */
  readonly id: string;
  /** host:port; `null`: the body is none. */
  readonly address: string | null;
  /** As a node that holds data has said; `null`: it has not, yet. */
  readonly clusterId: string | null;
  /** The revision that made the file. */
  readonly created: number;
  /** It goes with a lease, so it goes by itself. */
  readonly isLeased: boolean;
};

/** All of it, as of one revision. */
export type Names = {
  /** Nodes that vote and are there. */
  readonly announced: readonly NameEntry[];
  /** Nodes whose folders hold the cluster's data, there or not. */
  readonly kept: readonly NameEntry[];
  /** Who is founding the cluster, or has founded it and is still there. */
  readonly founder: { readonly id: string; readonly isLeased: boolean } | null;
};

/** Reads what the boot cluster holds of the cluster `name`; the newest state. @throws as reading does */
export async function readNames(
  client: BootClient,
  name: string,
  options: CallOptions = {},
): Promise<Names> {
  const at = { ...options, revision: await client.rev(options) };
  const announced = await entriesIn(client, nameServiceFolderOf(name), at);
  const kept = await entriesIn(client, keptFolderOf(name), at);
  const boot = await client.get(bootFile(name), at);
  const founder = boot && { id: textOf(boot.body).trim(), isLeased: boot.lease !== 0 };
  return { announced, kept, founder };
}

async function entriesIn(
  client: BootClient,
  folder: string,
  at: CallOptions & { readonly revision: number },
): Promise<NameEntry[]> {
  const entries: NameEntry[] = [];
  for await (const { body, created, lease, path } of client.walk(`${folder}/*`, at)) {
    const [address = '', clusterId = null] = textOf(body).trim().split(/\s+/);
    entries.push({
      path,
      id: path.slice(folder.length + 1),
      address: parseAddress(address),
      clusterId,
      created,
      isLeased: lease !== 0,
    });
  }
  return entries;
}
