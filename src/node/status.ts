import type { BootNumber } from '../base/index.ts';
import type { RaftView } from '../raft/index.ts';
import type { Applier } from './applier.ts';
import type { Condemnation, Digests } from './digests.ts';
import type { Liveness } from './liveness.ts';
import type { NodeOptions } from './options.ts';
import type { NodeLife, NodeStatus, PeerStatus } from './types.ts';

export type StatusParts = {
  readonly options: NodeOptions;
  readonly boot: BootNumber;
  readonly life: NodeLife;
  readonly raft: RaftView;
  readonly applier: Applier;
  readonly liveness: Liveness;
  readonly digests: Digests;
  readonly condemnation: Condemnation | null;
  readonly diskFull: boolean;
  readonly nowMs: number;
};

/** What others may know of a node between turns. */
export function statusOf(parts: StatusParts): NodeStatus {
  const { options, boot, life, raft, applier, liveness, digests, condemnation, nowMs } = parts;
  const { state, applied } = applier;
  const { membership: members, membershipAt: membersAt } = applier.meta();
  const peers: PeerStatus[] = [];
  for (const [id, address] of raft.membership.addresses) {
    if (id !== options.id) peers.push({ id, address, silentMs: liveness.silentMs(id, nowMs) });
  }
  return {
    id: options.id,
    boot,
    life,
    clusterName: options.clusterName,
    lineage: state.lineage,
    raft,
    appliedIndex: applied.index,
    members,
    membersAt,
    revision: state.revision,
    peers,
    leadingForMs: liveness.leadingForMs(nowMs),
    sinceChangeMs: liveness.sinceChangeMs(nowMs),
    digests: {
      condemned: condemnation,
      outvoted: digests.judgement.outvoted,
      dispute: digests.judgement.dispute,
    },
    diskFull: parts.diskFull,
  };
}
