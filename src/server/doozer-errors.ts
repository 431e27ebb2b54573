import type { ClusterError, ErrorCode } from '../base/index.ts';
import { type DoozerError, doozerErrors } from '../protocol/doozer/index.ts';

/** What a doozer client is told of each of our errors. `detail` goes with OTHER and with nothing else. */
const table = {
  ERR_NOT_LEADER: { name: 'OTHER', detail: 'no leader' },
  ERR_NO_LEADER: { name: 'OTHER', detail: 'no quorum' },
  ERR_OVERLOADED: { name: 'OTHER', detail: 'overloaded' },
  ERR_PROPOSAL_OVERWRITTEN: { name: 'OTHER', detail: 'not done, try again' },
  ERR_OUTCOME_UNKNOWN: { name: 'OTHER', detail: 'outcome unknown' },
  ERR_COMPACTED: { name: 'TOO_LATE' },
  ERR_REV_MISMATCH: { name: 'REV_MISMATCH' },
  ERR_BAD_PATH: { name: 'BAD_PATH' },
  ERR_BAD_GLOB: { name: 'OTHER', detail: '' },
  ERR_BAD_ARGUMENT: { name: 'OTHER', detail: '' },
  ERR_NOT_DIRECTORY: { name: 'NOTDIR' },
  ERR_IS_DIRECTORY: { name: 'ISDIR' },
  ERR_NO_ENTRY: { name: 'NOENT' },
  ERR_RANGE: { name: 'RANGE' },
  ERR_TOO_LARGE: { name: 'OTHER', detail: 'too large' },
  ERR_BAD_SLOT: { name: 'OTHER', detail: '' },
  ERR_NO_LEASE: { name: 'OTHER', detail: '' },
  ERR_LOCK_LOST: { name: 'OTHER', detail: '' },
  ERR_SESSION_LOST: { name: 'OTHER', detail: 'outcome unknown' },
  ERR_REQUEST_NUMBER: { name: 'OTHER', detail: 'outcome unknown' },
  ERR_ACCESS_DENIED: { name: 'OTHER', detail: '' },
  ERR_UNKNOWN_VERB: { name: 'UNKNOWN_VERB' },
  ERR_MEMBERSHIP_REFUSED: { name: 'OTHER', detail: 'membership' },
  ERR_WRONG_CLUSTER: { name: 'OTHER', detail: 'wrong cluster' },
  ERR_UNREACHABLE: { name: 'OTHER', detail: 'unreachable' },
  ERR_TIMEOUT: { name: 'OTHER', detail: 'no quorum' },
  ERR_STOPPED: { name: 'OTHER', detail: 'stopping' },
  ERR_CONDEMNED: { name: 'OTHER', detail: 'condemned' },
  ERR_CANCELLED: { name: 'OTHER', detail: 'outcome unknown' },
  ERR_BAD_FRAME: { name: 'OTHER', detail: 'bad message' },
  ERR_DISK_FAILED: { name: 'OTHER', detail: 'outcome unknown' },
  ERR_DISK_FULL: { name: 'OTHER', detail: 'disk full' },
  ERR_DISK_CORRUPT: { name: 'OTHER', detail: 'disk' },
  ERR_LOCKED: { name: 'OTHER', detail: 'locked' },
  ERR_ADDRESS_IN_USE: { name: 'OTHER', detail: 'address in use' },
} as const satisfies Record<
  ErrorCode,
  | { readonly name: Exclude<DoozerError, 'OTHER'> }
  /** `detail` stands before the error's own words; empty: those alone. */
  | { readonly name: 'OTHER'; readonly detail: string }
>;

/** Fields 100 and 101 of a response. */
export type DoozerRefusal = { readonly code: number; readonly detail: string | null };

export const doozerErrorOf = (error: ClusterError): DoozerRefusal =>
  doozerErrorFor(error.code, error.message);

/** The same for a reply of the tree, which is no thrown error. */
export function doozerErrorFor(code: ErrorCode, words: string): DoozerRefusal {
  const row: { readonly name: DoozerError; readonly detail?: string } = table[code];
  const { name, detail } = row;
  if (detail === undefined) return { code: doozerErrors[name], detail: null };
  // Some of our errors say it first themselves.
  const says = detail === '' || words.toLowerCase().startsWith(detail);
  const text = says ? `${detail}${words.slice(detail.length)}` : `${detail}: ${words}`;
  return { code: doozerErrors[name], detail: text };
}
