import type { ClusterError, NodeId, Revision } from '../base/index.ts';
import type { NodeHandle, NodeStatus } from '../node/index.ts';
import type { NativeReply, NodeReport } from '../protocol/client/index.ts';
import type { Reply } from '../tree/index.ts';

/** What a node says of itself that its handle does not know. */
export type About = { readonly address: () => string; readonly version: string };

type ErrorReply = Extract<NativeReply, { readonly kind: 'error' }>;

/** The answer to a write that was committed. */
export const wroteReply = (tag: number, reply: Reply): NativeReply =>
  reply.kind !== 'refused'
    ? { kind: 'revision', tag, revision: reply.revision }
    : {
        kind: 'error',
        tag,
        code: reply.code,
        detail: reply.detail,
        effect: 'none',
        leaderAddress: null,
        oldest: null,
        revision: reply.revision,
      };

/** `error` with what helps the client to go on: where the leader is, how far history reaches back. */
export const errorReply = (node: NodeHandle, tag: number, error: ClusterError): ErrorReply => ({
  kind: 'error',
  tag,
  code: error.code,
  detail: error.message,
  effect: error.effect,
  leaderAddress: error.code === 'ERR_NOT_LEADER' ? leaderAddressOf(node.status()) : null,
  oldest: error.code === 'ERR_COMPACTED' ? node.oldestRevision() : null,
  revision: null,
});

export const compactedReply = (tag: number, asked: Revision, oldest: Revision): NativeReply => ({
  kind: 'error',
  tag,
  code: 'ERR_COMPACTED',
  detail: `Cannot go on from revision ${asked}: the oldest this node remembers is ${oldest}`,
  effect: 'none',
  leaderAddress: null,
  oldest,
  revision: null,
});

/** As applied: what only stands in a log may be overruled. */
export const membersReply = (tag: number, status: NodeStatus): NativeReply => ({
  kind: 'members',
  tag,
  clusterName: status.clusterName,
  lineage: status.lineage,
  membership: status.members,
  membershipAt: status.membersAt,
});

export const reportOf = (status: NodeStatus, about: About): NodeReport => ({
  nodeId: status.id,
  boot: status.boot,
  address: about.address(),
  version: about.version,
  life: status.life,
  role: status.raft.role,
  leader: status.raft.leader,
  term: status.raft.term,
  commitIndex: status.raft.commitIndex,
  appliedIndex: status.appliedIndex,
  revision: status.revision,
});

/** `null` when no leader is known, or its address is not. */
export function leaderAddressOf(status: NodeStatus): string | null {
  const leader: NodeId | null = status.raft.leader;
  return leader === null ? null : (status.raft.membership.addresses.get(leader) ?? null);
}
