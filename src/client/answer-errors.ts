import { ClusterError, errorCodes, type Revision } from '../base/index.ts';
import type { NativeReply } from '../protocol/client/index.ts';

type ErrorReply = Extract<NativeReply, { kind: 'error' }>;

/** What a node said beside the code. */
type AnswerDetails = {
  readonly oldest: Revision | null;
  readonly leaderAddress: string | null;
};

/**
 * A node's error as a value to throw. The words and the effect are the node's; `action` stands in where it
 * has no words.
 */
export function errorOf(reply: ErrorReply, action: string): ClusterError {
  // The node knows better than the table: what it cannot vouch for is unknown, whatever the code.
  const { effect } = reply;
  const unsure = effect === 'unknown' && errorCodes[reply.code].effect === 'none';
  const code = unsure ? 'ERR_OUTCOME_UNKNOWN' : reply.code;
  const message = reply.detail === '' ? `${action}: ${reply.code}` : reply.detail;
  const { leaderAddress, oldest } = reply;
  const details: AnswerDetails = { leaderAddress, oldest };
  return Object.assign(new ClusterError(code, message, { effect }), details);
}

/**
 * Whether the cluster itself refused, from its log: then every copy of a request of a session gets the
 * same answer. Else one node did, of one copy.
 */
export const isDecided = (reply: ErrorReply): boolean => reply.revision !== null;

/**
 * With ERR_COMPACTED, the oldest revision that could still be read: read the state anew and go on from
 * there. `null` for other errors, and when the node did not say.
 */
export function oldestRevision(error: unknown): number | null {
  if (!(error instanceof ClusterError)) return null;
  return (error as ClusterError & Partial<AnswerDetails>).oldest ?? null;
}

/** With ERR_NOT_LEADER, where the leader is, if the node knew. */
export function leaderAddressOf(error: ClusterError): string | null {
  return (error as ClusterError & Partial<AnswerDetails>).leaderAddress ?? null;
}
