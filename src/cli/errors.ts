import { ClusterError, type ErrorCode } from '../base/index.ts';
import { oldestRevision } from '../client/index.ts';
import { Complaint, status } from './complaint.ts';
import type { Json } from './output.ts';

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

/** The same error, told with the path it is about: for a command that was given several. */
export function errorAt(path: string, error: unknown): unknown {
  return error instanceof ClusterError ? Object.assign(error, { path }) : error;
}

const pathOf = (error: ClusterError): string | null =>
  (error as ClusterError & { readonly path?: string }).path ?? null;

/** What doozer's clients know the error by, without `Error: `. */
export function errorText(error: ClusterError): string {
  const name = doozerNames[error.code];
  if (name === null) return error.message;
  // Doozer's servers say exactly this, and people search for it.
  if (error.code === 'ERR_ACCESS_DENIED') return 'OTHER: permission denied';
  if (name === 'OTHER') return `OTHER: ${error.message}`;
  const path = pathOf(error);
  return path === null ? name : `${name}: ${path}`;
}

/** A wrong guard has a status of its own, so that a script can tell it from a broken cluster. */
const statusOf = (error: ClusterError): number =>
  error.code === 'ERR_REV_MISMATCH' ? status.mismatch : status.failed;

/** How a command ends after it. */
export function statusAfter(error: unknown): number {
  if (error instanceof Complaint) return error.status;
  return error instanceof ClusterError ? statusOf(error) : status.failed;
}

/** With -json: what went wrong. `effect` says whether it may have been done all the same. */
export function errorJson(error: unknown): Json {
  const exit = statusAfter(error);
  if (error instanceof ClusterError) {
    const { code, effect, message, retry } = error;
    const more = {
      ...optional('path', pathOf(error)),
      ...optional('oldestRevision', oldestRevision(error)),
    };
    return { error: doozerNames[code], code, message, ...more, effect, retry, status: exit };
  }
  const message = String((error as Error)?.message).replace(/^(?:Error|doozerd?): /, '');
  const effect = error instanceof Complaint ? error.effect : 'unknown';
  return { error: null, code: null, message, effect, status: exit };
}

const optional = (name: string, value: string | number | null): { readonly [key: string]: Json } =>
  value === null ? {} : { [name]: value };

/** One line for whatever was thrown; never a stack. */
export function lineOf(error: unknown): string {
  if (error instanceof Complaint) return error.message;
  const text = error instanceof ClusterError ? errorText(error) : String((error as Error)?.message);
  return `Error: ${text.replaceAll(/\s*\n\s*/g, ' ')}`;
}
