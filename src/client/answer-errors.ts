import { ClusterError, type Revision } from '../base/index.ts';
import type { NativeReply } from '../protocol/client/index.ts';

type ErrorReply = Extract<NativeReply, { kind: 'error' }>;

/** What a node said beside the code. */
type AnswerDetails = {
  readonly oldest: Revision | null;
  readonly leaderAddress: string | null;
};

/** A node's error as a value to throw. The words are the node's; `action` stands in where it has none. */
export function errorOf(reply: ErrorReply, action: string): ClusterError {
  // The node knows better than the table: what it cannot vouch for is unknown, whatever the code.
  const unsure = reply.effect === 'unknown' && reply.code !== 'ERR_CANCELLED';
  const code = unsure ? 'ERR_OUTCOME_UNKNOWN' : reply.code;
  const message = reply.detail === '' ? `${action}: ${reply.code}` : reply.detail;
  const { leaderAddress, oldest } = reply;
  const details: AnswerDetails = { leaderAddress, oldest };
  return Object.assign(new ClusterError(code, message), details);
}

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
