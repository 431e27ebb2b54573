/** What a failed request may have done, and what the caller can do next. */
type ErrorTraits = {
  /** `none`: certainly not applied. `unknown`: may be applied, now or later. */
  readonly effect: 'none' | 'unknown';
  /**
   * `same`: send again as is. `leader`: send to the hinted node. `session`: only safe inside a
   * session. `never`: the answer will not change.
   */
  readonly retry: 'same' | 'leader' | 'session' | 'never';
};

/** Every error a caller can meet. docs/errors.md has one section a row; a test keeps them equal. */
export const errorCodes = {
  ERR_NOT_LEADER: { effect: 'none', retry: 'leader' },
  ERR_NO_LEADER: { effect: 'none', retry: 'same' },
  ERR_OVERLOADED: { effect: 'none', retry: 'same' },
  ERR_PROPOSAL_OVERWRITTEN: { effect: 'none', retry: 'same' },
  ERR_OUTCOME_UNKNOWN: { effect: 'unknown', retry: 'session' },
  ERR_COMPACTED: { effect: 'none', retry: 'never' },
  ERR_REV_MISMATCH: { effect: 'none', retry: 'never' },
  ERR_BAD_PATH: { effect: 'none', retry: 'never' },
  ERR_BAD_GLOB: { effect: 'none', retry: 'never' },
  ERR_BAD_ARGUMENT: { effect: 'none', retry: 'never' },
  ERR_NOT_DIRECTORY: { effect: 'none', retry: 'never' },
  ERR_IS_DIRECTORY: { effect: 'none', retry: 'never' },
  ERR_NO_ENTRY: { effect: 'none', retry: 'never' },
  ERR_RANGE: { effect: 'none', retry: 'never' },
  ERR_TOO_LARGE: { effect: 'none', retry: 'never' },
  ERR_BAD_SLOT: { effect: 'none', retry: 'never' },
  ERR_NO_LEASE: { effect: 'none', retry: 'never' },
  ERR_LOCK_LOST: { effect: 'none', retry: 'never' },
  ERR_SESSION_LOST: { effect: 'unknown', retry: 'never' },
  ERR_REQUEST_NUMBER: { effect: 'unknown', retry: 'never' },
  ERR_ACCESS_DENIED: { effect: 'none', retry: 'never' },
  ERR_UNKNOWN_VERB: { effect: 'none', retry: 'never' },
  ERR_MEMBERSHIP_REFUSED: { effect: 'none', retry: 'same' },
  ERR_WRONG_CLUSTER: { effect: 'none', retry: 'never' },
  ERR_UNREACHABLE: { effect: 'none', retry: 'same' },
  ERR_TIMEOUT: { effect: 'none', retry: 'same' },
  ERR_STOPPED: { effect: 'none', retry: 'same' },
  ERR_CONDEMNED: { effect: 'none', retry: 'same' },
  ERR_CANCELLED: { effect: 'unknown', retry: 'never' },
  ERR_BAD_FRAME: { effect: 'none', retry: 'never' },
  ERR_DISK_FAILED: { effect: 'unknown', retry: 'never' },
  ERR_DISK_FULL: { effect: 'none', retry: 'never' },
  ERR_DISK_CORRUPT: { effect: 'none', retry: 'never' },
  ERR_LOCKED: { effect: 'none', retry: 'never' },
  ERR_ADDRESS_IN_USE: { effect: 'none', retry: 'never' },
} as const satisfies Record<`ERR_${string}`, ErrorTraits>;

/** The name of an error; docs/errors.md tells each. */
export type ErrorCode = keyof typeof errorCodes;
/** `none`: the request certainly did nothing. `unknown`: it may have, or may yet. */
export type Effect = ErrorTraits['effect'];
/** Whether the same request may be sent again, and where. */
export type Retry = ErrorTraits['retry'];

/** An expected failure, named by a code. Programmer errors are `AssertionError` instead. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly code: ErrorCode;
  readonly #effect: Effect;

  /** `effect`: where more is known of it than the code says. */
  constructor(
    code: ErrorCode,
    message: string,
    options?: ErrorOptions & { readonly effect?: Effect },
  ) {
    super(message, options);
    this.code = code;
    this.#effect = options?.effect ?? errorCodes[code].effect;
  }

  /** What the request may have done. */
  get effect(): Effect {
    return this.#effect;
  }

  /** What the caller can do next. */
  get retry(): Retry {
    return errorCodes[this.code].retry;
  }
}

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(errorCodes, text);

const diskFullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** Did the disk refuse because it has no room left? `ERR_DISK_FAILED` carries its answer as cause. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof ClusterError) || error.code !== 'ERR_DISK_FAILED') return false;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && diskFullCodes.has(String(cause.code));
}
