import { ClusterError, type Lineage, type NodeId, sameLineage } from '../base/index.ts';
import type { NodeHandle, NodeStatus } from '../node/index.ts';
import type { NativeRequest } from '../protocol/client/index.ts';

type Join = Extract<NativeRequest, { readonly kind: 'join' }>;
type Change = Extract<NativeRequest, { readonly kind: 'change' }>;

/**
 * Takes a new node in as a learner. Resolves once it is committed; then the members are known.
 *
 * @throws ERR_WRONG_CLUSTER with both values; ERR_NOT_LEADER; ERR_MEMBERSHIP_REFUSED, also when the
 *   membership is not the one the asker saw: so a repeat that comes late, after the node was removed
 *   again, does not bring it back.
 */
export async function join(node: NodeHandle, request: Join): Promise<void> {
  const status = node.status();
  checkCluster(status, request);
  checkLeads(status, 'take a node in');
  const { membershipAt } = status.raft;
  const seen = request.membershipIndexSeen;
  if (seen !== null && seen !== membershipAt.index) {
    throw new ClusterError(
      'ERR_MEMBERSHIP_REFUSED',
      `Cannot take in "${request.nodeId}": it saw the membership of index ${seen}, which is at ${membershipAt.index} now`,
    );
  }
  const { nodeId: id, address } = request;
  await node.changeMembership({ kind: 'add', id, address }, seen === null ? null : membershipAt);
}

/** @throws ERR_NOT_LEADER, ERR_MEMBERSHIP_REFUSED, ERR_OUTCOME_UNKNOWN. */
export async function change(node: NodeHandle, request: Change): Promise<void> {
  checkLeads(node.status(), 'change the members');
  await node.changeMembership(request.change, request.ifMembershipAt);
}

/** @throws ERR_NOT_LEADER, ERR_MEMBERSHIP_REFUSED, ERR_TIMEOUT when nobody took over. */
export async function transfer(node: NodeHandle, to: NodeId | null): Promise<void> {
  checkLeads(node.status(), 'hand leadership over');
  await node.transferLeadership(to);
}

/** Name, then lineage as far as both sides know one. A name may be used twice; a lineage never is. */
function checkCluster(status: NodeStatus, request: Join): void {
  if (request.clusterName !== status.clusterName) {
    throw new ClusterError(
      'ERR_WRONG_CLUSTER',
      `Cannot join: this is cluster "${status.clusterName}", not "${request.clusterName}"`,
    );
  }
  const { lineage } = status;
  if (request.lineage !== null && lineage !== null && !sameLineage(request.lineage, lineage)) {
    throw new ClusterError(
      'ERR_WRONG_CLUSTER',
      `Cannot join: this is cluster ${lineageText(lineage)}, not ${lineageText(request.lineage)}`,
    );
  }
}

function checkLeads(status: NodeStatus, what: string): void {
  if (status.raft.role !== 'leader') {
    throw new ClusterError('ERR_NOT_LEADER', `Cannot ${what}: this node does not lead`);
  }
}

const lineageText = (lineage: Lineage): string =>
  `${lineage.clusterId} in epoch ${lineage.epoch}${lineage.epochId === '' ? '' : ` (${lineage.epochId})`}`;
