/**
 * The messages of doozer's wire format of 2011: proto2 behind a 4-byte big-endian length. `null` is
 * "absent", which is not the same as zero or empty.
 */

/** Client to node. */
export type DoozerRequest = {
  readonly tag: number | null;
  readonly verb: number | null;
  readonly path: string | null;
  /** A view of the frame it was read from. */
  readonly value: Uint8Array | null;
  readonly offset: number | null;
  /** Beyond +-(2^53 - 1): that bound. No revision ever gets there. */
  readonly rev: number | null;
};

/** Node to client. */
export type DoozerResponse = {
  readonly tag: number | null;
  readonly flags: number | null;
  readonly rev: number | null;
  readonly path: string | null;
  readonly value: Uint8Array | null;
  readonly len: number | null;
  readonly errCode: number | null;
  readonly errDetail: string | null;
};

/** A request with nothing in it, to spread from. */
export const emptyDoozerRequest: DoozerRequest = {
  tag: null,
  verb: null,
  path: null,
  value: null,
  offset: null,
  rev: null,
};

/** A response with nothing in it, to spread from. */
export const emptyDoozerResponse: DoozerResponse = {
  tag: null,
  flags: null,
  rev: null,
  path: null,
  value: null,
  len: null,
  errCode: null,
  errDetail: null,
};

/** Numbers of the verbs. Any other number, or none, is an unknown verb. */
export const doozerVerbs = {
  GET: 1,
  SET: 2,
  DEL: 3,
  REV: 5,
  WAIT: 6,
  NOP: 7,
  WALK: 9,
  GETDIR: 14,
  STAT: 16,
  SELF: 20,
  ACCESS: 99,
} as const;

/** Numbers of the errors. `err_detail` goes with OTHER only. */
export const doozerErrors = {
  TAG_IN_USE: 1,
  UNKNOWN_VERB: 2,
  READONLY: 3,
  TOO_LATE: 4,
  REV_MISMATCH: 5,
  BAD_PATH: 6,
  MISSING_ARG: 7,
  RANGE: 8,
  NOTDIR: 20,
  ISDIR: 21,
  NOENT: 22,
  OTHER: 127,
} as const;

export type DoozerVerb = keyof typeof doozerVerbs;
export type DoozerError = keyof typeof doozerErrors;

/** Flags of WAIT and WALK replies. A NOP's event has neither. */
export const doozerFlags = { set: 4, deleted: 8 } as const;
