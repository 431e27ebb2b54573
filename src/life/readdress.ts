import type { Node } from '../node/index.ts';
import type { LifeParts } from './types.ts';

const againMs = 1000;

/** Tells the cluster when this node listens elsewhere than its membership says; again and again until `isOver`. */
export async function readdress(
  node: Node,
  parts: LifeParts,
  isOver: () => boolean,
): Promise<void> {
  const { world, address, options, logger } = parts;
  const { membership } = node.status().raft;
  const known = membership.addresses.get(node.id);
  if (known === undefined || known === address) return;
  const addresses = [...membership.addresses.values(), address];
  try {
    const client = await world.connect({
      addresses,
      clusterName: options.clusterName,
      secret: options.secrets.rw,
    });
    const change = { kind: 'setAddress', id: node.id, address } as const;
    await client.changeMembership(change, null).finally(() => client.close());
    logger.info({ address, before: known }, 'address changed');
  } catch (error) {
    if (isOver()) return;
    logger.debug({ error: String(error) }, 'address not changed yet');
    world.clock.after(againMs, () => void readdress(node, parts, isOver));
  }
}
