import { ClusterError, textOf } from '../base/index.ts';
import type { CallOptions, Client } from '../client/index.ts';
import { nameServiceFolder, parsePath } from '../paths/index.ts';
import { parseAddress } from './address.ts';

/**
 * The addresses under which the cluster called `name` is announced in the boot cluster that `boot` is
 * connected to, all as of one revision. `signal` ends it, with ERR_CANCELLED.
 *
 * @throws ERR_UNREACHABLE  no such cluster is announced; and whatever reading throws.
 */
export async function locate(
  boot: Client,
  name: string,
  options: CallOptions = {},
): Promise<string[]> {
  const addresses = new Set<string>();
  const folder = name.includes('/') ? null : parsePath(`${nameServiceFolder}/${name}`);
  if (folder === null) {
    throw new ClusterError('ERR_UNREACHABLE', `No cluster can be called ${JSON.stringify(name)}`);
  }
  for await (const { body } of boot.walk(`${folder}/*`, options)) {
    const address = parseAddress(textOf(body).trim());
    if (address !== null) addresses.add(address);
  }
  if (addresses.size > 0) return [...addresses];
  throw new ClusterError(
    'ERR_UNREACHABLE',
    `No cluster "${name}" is announced in the boot cluster`,
  );
}
