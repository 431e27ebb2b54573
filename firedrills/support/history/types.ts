/** What a client asked for, and what it was told: the raw material of the checker. */

/** Why an operation brought nothing, as the client was told. */
export type Failure = {
  /** `none`: certainly not done, now or later. `unknown`: may be done, or may yet be. */
  readonly kind: 'none' | 'unknown';
  readonly code: string;
};

/** A write's guard did not hold: it changed nothing, and left its reason in `/ctl/err`. */
export type Mismatch = { readonly kind: 'mismatch' };

type Timed = {
  /** The client that asked: `lib-3`, `old-1`. */
  readonly client: string;
  /** When it was asked, by the one steady clock of the drill. */
  readonly startMs: number;
  /** When the answer was there; `null`: the drill ended first. */
  endMs: number | null;
};

/** A set or a delete. */
export type Write = Timed & {
  readonly what: 'set' | 'delete';
  readonly path: string;
  /** Of a set: no two operations share one. Empty for a delete. */
  readonly body: string;
  readonly guard: number;
  /** Done at revision 0: done, and the revision was not told. So it is with deletes in doozer's protocol. */
  outcome: { readonly kind: 'done'; readonly revision: number } | Mismatch | Failure | null;
};

/** A read of one file: of the newest state, or at a revision. */
export type Read = Timed & {
  readonly what: 'get';
  readonly path: string;
  /** `null`: the newest state. */
  readonly at: number | null;
  outcome:
    | { readonly kind: 'done'; readonly revision: number; readonly body: string }
    | Failure
    | null;
};

/** The cluster's revision. */
export type Rev = Timed & {
  readonly what: 'rev';
  outcome: { readonly kind: 'done'; readonly revision: number } | Failure | null;
};

export type Operation = Write | Read | Rev;

/** One change, as a watch or the final history tells it. */
export type Change = {
  readonly kind: 'set' | 'delete' | 'nop';
  readonly path: string;
  readonly body: string;
  readonly revision: number;
};

/** A watch, or a follower that waits for revision after revision, and all it was told. */
export type Stream = {
  readonly client: string;
  readonly glob: string;
  /** The first revision it asked for. */
  readonly from: number;
  readonly seen: (Change & { readonly atMs: number })[];
  /** `open`: was still watching. `compacted`: was told that what comes next is forgotten. */
  end: 'open' | 'compacted';
};

/** The whole history as one node remembers it at the end, and its files. */
export type FinalState = {
  readonly node: string;
  /** The first revision that is told here; what is before cannot be checked. */
  readonly oldest: number;
  /** It reaches back to before the drill's first write, so files of the drill were not there before. */
  readonly whole: boolean;
  /** Ascending, one for each revision from `oldest` to `newest`. */
  readonly changes: readonly Change[];
  /** The revision of the last change, which the files below are of. */
  readonly newest: number;
  readonly files: readonly {
    readonly path: string;
    readonly body: string;
    readonly revision: number;
  }[];
};

export type Recorded = {
  readonly operations: readonly Operation[];
  readonly streams: readonly Stream[];
  /** One for each node that was asked. */
  readonly finals: readonly FinalState[];
};

/** Something that must never be. */
export type Violation = {
  /** Which rule, by a name of a few words. */
  readonly rule: string;
  readonly detail: string;
  /** The operations and changes concerned. */
  readonly concerned: readonly unknown[];
};
