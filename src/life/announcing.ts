// What a node tells the boot cluster of itself.
import type { Lineage } from '../base/index.ts';
import { isVoter } from '../base/index.ts';
import { Announcer } from '../naming/index.ts';
import type { Node } from '../node/index.ts';
import { bootOf } from './boot.ts';
import type { BootClaim, LifeParts } from './types.ts';

/** `null`: there is no boot cluster to tell. */
export function announcerOf(
  { options, world, address, logger }: LifeParts,
  node: Node,
  lineage: () => Lineage | null,
  claim: BootClaim | null,
): Announcer | null {
  const boot = bootOf(options);
  if (boot === null) return null;
  const connect = (signal: AbortSignal) =>
    world.connect({ ...boot, signal, client: `doozerd ${node.id}` });
  const say = () => {
    const { members, raft } = node.status();
    const clusterId = lineage()?.clusterId;
    if (clusterId === undefined) return null;
    return {
      name: options.clusterName,
      id: node.id,
      address,
      clusterId,
      isVoter: isVoter(raft.membership, node.id),
      keepsData: options.dataFolder !== null,
      members: raft.established ? new Set<string>(members.addresses.keys()) : null,
    };
  };
  return new Announcer({ connect, clock: world.clock, logger, say }, claim);
}
