import {
  type ClusterError,
  type ErrorCode,
  errorCodes,
  type NodeId,
  type Revision,
} from '../base/index.ts';
import type { NodeHandle, NodeStatus } from '../node/index.ts';
import { sequencePath } from '../paths/index.ts';
import type { Host } from '../ports/index.ts';
import type { NativeReply, NativeResult, NodeReport } from '../protocol/client/index.ts';
import type { OperationResult, Reply } from '../tree/index.ts';
import type { WriteRequest } from './native-writes.ts';

/** What a node says of itself that its handle does not know. */
export type About = {
  readonly address: () => string;
  readonly version: string;
  /** The process; absent where there is none to speak of. */
  readonly host?: Host;
  /** Whether it belongs to a cluster, and with whom it would found one. Absent: it does. */
  readonly home?: () => { readonly belongs: boolean; readonly seeds: readonly string[] };
};

/** The tag of what no request asked for. */
export const unasked = 0;

type ErrorReply = Extract<NativeReply, { readonly kind: 'error' }>;

/** The answer to a write that was committed. */
export function wroteReply(request: WriteRequest, reply: Reply): NativeReply {
  const { tag } = request;
  const { revision } = reply;
  if (reply.kind === 'refused') return refusedReply(tag, reply.code, reply.detail, revision);
  if (reply.kind !== kindOfReply[request.kind]) {
    const { session, seq } = request;
    const why = `Session ${session} used request number ${seq} for something else than this ${request.kind}`;
    return refusedReply(tag, 'ERR_REQUEST_NUMBER', why, revision);
  }
  switch (reply.kind) {
    case 'applied':
      if (request.kind !== 'create') return { kind: 'revision', tag, revision };
      return { kind: 'created', tag, path: sequencePath(request.prefix, revision), revision };
    case 'counted':
      return { kind: 'counted', tag, value: reply.value, revision };
    case 'granted': {
      const lengthMs = request.kind === 'grant' ? request.lengthMs : 0;
      return { kind: 'lease', tag, lease: reply.lease, lengthMs, leftMs: lengthMs };
    }
    case 'decided': {
      const { succeeded, results } = reply;
      return { kind: 'decided', tag, succeeded, revision, results: results.map(resultOf) };
    }
  }
}

/**
 * What the tree answers to each request that it does. Only the answer to an earlier request of the session
 * can be of another kind: its client has given one number to two.
 */
const kindOfReply = {
  set: 'applied',
  delete: 'applied',
  nop: 'applied',
  create: 'applied',
  revoke: 'applied',
  count: 'counted',
  transact: 'decided',
  grant: 'granted',
} as const satisfies Record<WriteRequest['kind'], Reply['kind']>;

/** The effect is the code's: a refusal does nothing, but who lost a session cannot know what it did before. */
const refusedReply = (
  tag: number,
  code: ErrorCode,
  detail: string,
  revision: Revision,
): ErrorReply => ({
  kind: 'error',
  tag,
  code,
  detail,
  effect: errorCodes[code].effect,
  leaderAddress: null,
  oldest: null,
  revision,
});

function resultOf(result: OperationResult): NativeResult {
  if (result.kind !== 'read') return result;
  if (result.file === null) return { kind: 'read', file: null };
  const { body, created, changed, lease } = result.file;
  return { kind: 'read', file: { body, created, revision: changed, lease } };
}

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

export const homeReply = (tag: number, node: NodeHandle, { home }: About): NativeReply => ({
  kind: 'home',
  tag,
  home: { nodeId: node.id, ...(home?.() ?? { belongs: true, seeds: [] }) },
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
