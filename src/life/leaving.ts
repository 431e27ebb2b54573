import type { Node } from '../node/index.ts';
import type { Clock } from '../ports/index.ts';
import { hintsOf, type LifeParts } from './types.ts';

const withinMs = 2000;

/**
 * What a node does before it stops: leadership goes to another voter, and a node without data leaves the
 * cluster for good. Neither is waited for longer than `withinMs`; a failure is no reason not to stop.
 */
export async function leaveOffice(node: Node, parts: LifeParts): Promise<void> {
  const { options, world } = parts;
  const { raft } = node.status();
  node.drain();
  const addresses = [...raft.membership.addresses]
    .filter(([id]) => id !== node.id)
    .map(([, address]) => address);
  // A node that has just attached may not know yet who the members are.
  const others = addresses.length > 0 ? addresses : hintsOf(options);
  if (others.length === 0) return;
  if (raft.role === 'leader') await soon(world.clock, node.transferLeadership(null));
  if (options.dataFolder === null) await soon(world.clock, leaveCluster(node, parts, others));
}

async function leaveCluster(
  node: Node,
  { world, options }: LifeParts,
  through: readonly string[],
): Promise<void> {
  const { clusterName, secrets } = options;
  const client = await world.connect({ addresses: through, clusterName, secret: secrets.rw });
  try {
    await client.changeMembership({ kind: 'remove', id: node.id }, null);
  } finally {
    await client.close();
  }
}

async function soon(clock: Clock, what: Promise<unknown>): Promise<void> {
  const time = new Promise<void>((resolve) => clock.after(withinMs, resolve));
  await Promise.race([what.catch(() => {}), time]);
}
