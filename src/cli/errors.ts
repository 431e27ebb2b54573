import { ClusterError, type ErrorCode } from '../base/index.ts';
import { status } from './complaint.ts';

/** What doozer calls an error. `OTHER` is followed by what happened, the rest stand alone. */
type DoozerName =
  | 'OTHER'
  | 'UNKNOWN_VERB'
  | 'TOO_LATE'
  | 'REV_MISMATCH'
  | 'BAD_PATH'
  | 'RANGE'
  | 'NOTDIR'
  | 'ISDIR'
  | 'NOENT'
  /** Met on the way to a node: no name, only what happened. */
  | null;

const doozerNames = {
  ERR_NOT_LEADER: 'OTHER',
  ERR_NO_LEADER: 'OTHER',
  ERR_OVERLOADED: 'OTHER',
  ERR_PROPOSAL_OVERWRITTEN: 'OTHER',
  ERR_OUTCOME_UNKNOWN: 'OTHER',
  ERR_COMPACTED: 'TOO_LATE',
  ERR_REV_MISMATCH: 'REV_MISMATCH',
  ERR_BAD_PATH: 'BAD_PATH',
  ERR_BAD_GLOB: 'OTHER',
  ERR_BAD_ARGUMENT: 'OTHER',
  ERR_NOT_DIRECTORY: 'NOTDIR',
  ERR_IS_DIRECTORY: 'ISDIR',
  ERR_NO_ENTRY: 'NOENT',
  ERR_RANGE: 'RANGE',
  ERR_TOO_LARGE: 'OTHER',
  ERR_BAD_SLOT: 'OTHER',
  ERR_NO_LEASE: 'OTHER',
  ERR_LOCK_LOST: null,
  ERR_SESSION_LOST: 'OTHER',
  ERR_REQUEST_NUMBER: 'OTHER',
  ERR_ACCESS_DENIED: 'OTHER',
  ERR_UNKNOWN_VERB: 'UNKNOWN_VERB',
  ERR_MEMBERSHIP_REFUSED: 'OTHER',
  ERR_WRONG_CLUSTER: 'OTHER',
  ERR_UNREACHABLE: null,
  ERR_TIMEOUT: null,
  ERR_STOPPED: 'OTHER',
  ERR_CONDEMNED: 'OTHER',
  ERR_CANCELLED: null,
  ERR_BAD_FRAME: null,
  ERR_DISK_FAILED: 'OTHER',
  ERR_DISK_FULL: 'OTHER',
  ERR_DISK_CORRUPT: 'OTHER',
  ERR_LOCKED: 'OTHER',
  ERR_ADDRESS_IN_USE: 'OTHER',
} as const satisfies Record<ErrorCode, DoozerName>;

/** What doozer's clients know the error by, without `Error: `. */
export function errorText(error: ClusterError): string {
  const name = doozerNames[error.code];
  if (name === null) return error.message;
  // Doozer's servers say exactly this, and people search for it.
  if (error.code === 'ERR_ACCESS_DENIED') return 'OTHER: permission denied';
  return name === 'OTHER' ? `OTHER: ${error.message}` : name;
}

/** A wrong guard has a status of its own, so that a script can tell it from a broken cluster. */
export const statusOf = (error: ClusterError): number =>
  error.code === 'ERR_REV_MISMATCH' ? status.mismatch : status.failed;

/** One line for whatever was thrown; never a stack. */
export function lineOf(error: unknown): string {
  const text = error instanceof ClusterError ? errorText(error) : String((error as Error)?.message);
  return `Error: ${text.replaceAll(/\s*\n\s*/g, ' ')}`;
}
