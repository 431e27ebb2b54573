import { ClusterError } from '../base/index.ts';
import type { RefusalReason } from '../raft/index.ts';

export const overloaded = (what: string, max: number): ClusterError =>
  new ClusterError('ERR_OVERLOADED', `Too many ${what} wait on this node: the limit is ${max}`);

/** A request that certainly did nothing. */
export const unserved = (why: 'stopped' | 'quorum'): ClusterError =>
  why === 'stopped'
    ? new ClusterError('ERR_STOPPED', 'This node is stopping')
    : new ClusterError('ERR_NO_LEADER', 'No quorum: this node found no leader with a majority');

/** This node's state is known to be wrong. Another node has a right one. */
export const condemned = (): ClusterError =>
  new ClusterError(
    'ERR_CONDEMNED',
    'This node holds another state than a majority and fetches theirs; ask another node',
  );

/** A proposal that had no outcome within its time. */
export const outcomeError = (sent: boolean, timeoutMs: number): ClusterError =>
  sent
    ? new ClusterError(
        'ERR_OUTCOME_UNKNOWN',
        `outcome unknown: the write was handed on and not decided within ${timeoutMs} ms`,
      )
    : new ClusterError(
        'ERR_NO_LEADER',
        `No quorum: no leader was found within ${timeoutMs} ms; the write was not taken`,
      );

/** Why a change of members or a transfer was refused. `leader` is where to ask instead. */
export function refusalError(
  reason: RefusalReason,
  detail: string,
  leader: string | null,
): ClusterError {
  if (reason === 'notLeader') {
    return leader === null
      ? new ClusterError('ERR_NO_LEADER', 'No leader is known')
      : new ClusterError('ERR_NOT_LEADER', leader);
  }
  const text = detail === '' ? reason : `${reason}: ${detail}`;
  return new ClusterError('ERR_MEMBERSHIP_REFUSED', `The change was refused: ${text}`);
}
