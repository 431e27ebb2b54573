// What guests asked for and what they were told, in the order in which it happened. Written by the
// workload, read by the checkers.
import { assert, type ErrorCode } from '../base/index.ts';

/** What a guest asks for. Bodies are texts, and no two writes of a run have the same. */
export type Asked =
  | AskedWrite
  | { readonly kind: 'nop' }
  /** `mark`: the path of a compare that always holds, and that no other transaction of the run has. */
  | {
      readonly kind: 'transact';
      readonly mark: string;
      readonly compares: readonly AskedCompare[];
      readonly ifTrue: readonly AskedOperation[];
      readonly ifFalse: readonly AskedOperation[];
    }
  /** No two grants of a run have the same length. */
  | {
      readonly kind: 'grant';
      readonly lengthMs: number;
      /** Whether it is kept alive. Default: not. */
      readonly keep?: boolean;
    }
  | { readonly kind: 'revoke'; readonly lease: number }
  /** A sign of life, or with `isQuestion` only the question how long the lease lasts. */
  | { readonly kind: 'renew'; readonly lease: number; readonly isQuestion: boolean }
  /**
   * `at`: a revision, or `null` for the newest state (linearizable). `least`: the newest state of one
   * node, once it holds that revision.
   */
  | ({ readonly kind: 'get'; readonly path: string } & Freshness)
  | ({ readonly kind: 'stat'; readonly path: string } & Freshness)
  | ({ readonly kind: 'list'; readonly path: string } & Freshness)
  | ({ readonly kind: 'walk'; readonly glob: string } & Freshness)
  | { readonly kind: 'rev' }
  | { readonly kind: 'wait'; readonly glob: string; readonly from: number };

type Freshness = { readonly at: number | null; readonly least?: number };

/** One write, alone or in a transaction. `lease`: none if it is not given. */
export type AskedWrite =
  | {
      readonly kind: 'set';
      readonly path: string;
      readonly body: string;
      readonly guard: number;
      readonly lease?: number;
    }
  | { readonly kind: 'delete'; readonly path: string; readonly guard: number }
  | {
      readonly kind: 'create';
      readonly prefix: string;
      readonly body: string;
      readonly lease?: number;
    }
  /** No two counts of a run on one path have the same delta, unless both are in transactions. */
  | {
      readonly kind: 'count';
      readonly path: string;
      readonly delta: number;
      readonly guard: number;
    };

export type AskedOperation = AskedWrite | { readonly kind: 'get'; readonly path: string };

/** What a transaction asks of the state before it. */
export type AskedCompare =
  | {
      readonly kind: 'created' | 'changed';
      readonly path: string;
      readonly relation: AskedRelation;
      readonly revision: number;
    }
  | {
      readonly kind: 'value';
      readonly path: string;
      readonly relation: AskedRelation;
      readonly body: string;
    }
  | {
      readonly kind: 'lease';
      readonly path: string;
      readonly lease: number;
      readonly equal: boolean;
    }
  | { readonly kind: 'exists'; readonly path: string; readonly exists: boolean };

export type AskedRelation = 'equal' | 'unequal' | 'less' | 'greater';

/** A file as a transaction reads it. */
export type ReadFile = {
  readonly body: string;
  readonly revision: number;
  readonly created: number;
  readonly lease: number;
};

/** What one operation of a transaction came to. */
export type ToldResult =
  | { readonly kind: 'written'; readonly revision: number }
  | { readonly kind: 'counted'; readonly revision: number; readonly value: number }
  | { readonly kind: 'read'; readonly file: ReadFile | null };

/** A change as a guest is shown it; a nop's path is `/`, and its body empty as a deletion's. */
export type Shown = {
  readonly kind: 'set' | 'delete' | 'nop';
  readonly path: string;
  readonly body: string;
  readonly revision: number;
  /** What stood there before; `null`: nothing. Not given: it was not asked for. */
  readonly previous?: string | null;
};

/** What a guest was told in the end. */
export type Told =
  /** A write that took effect. `null`: the protocol does not say at which revision. */
  | { readonly kind: 'wrote'; readonly revision: number | null }
  | { readonly kind: 'created'; readonly path: string; readonly revision: number }
  | { readonly kind: 'counted'; readonly value: number; readonly revision: number }
  | {
      readonly kind: 'decided';
      readonly succeeded: boolean;
      readonly revision: number;
      readonly results: readonly ToldResult[];
    }
  | { readonly kind: 'granted'; readonly lease: number }
  /** A lease ended as it was asked to. */
  | { readonly kind: 'ended' }
  /** A lease lasts for so long at least, from when its guest is told; `null`: it is not there. */
  | { readonly kind: 'left'; readonly leftMs: number | null }
  /** `null`: there is no such file. `state`: the revision of the state that was read, where it is told. */
  | {
      readonly kind: 'value';
      readonly file: {
        readonly body: string;
        readonly revision: number;
        readonly created?: number;
        readonly lease?: number;
      } | null;
      readonly state?: number;
    }
  | {
      readonly kind: 'stat';
      readonly what: 'missing' | 'file' | 'directory';
      readonly revision: number;
      /** Bytes of a file, names in a directory. */
      readonly count: number;
    }
  | { readonly kind: 'names'; readonly names: readonly string[]; readonly state?: number }
  | {
      readonly kind: 'files';
      readonly files: readonly { path: string; body: string; revision: number }[];
      readonly state?: number;
    }
  | { readonly kind: 'revision'; readonly revision: number }
  | { readonly kind: 'event'; readonly event: Shown }
  /** Certainly without effect: the tree's own refusal, or nobody took it. */
  | { readonly kind: 'refused'; readonly code: ErrorCode }
  /** It may have taken effect, or may yet. */
  | { readonly kind: 'unknown'; readonly code: ErrorCode };

/** One request of one guest. */
export type Operation = {
  readonly guest: string;
  /** Number in the history, from 0. */
  readonly n: number;
  readonly asked: Asked;
  /** Moments are counts: of two, the lower one was earlier. */
  readonly beganAt: number;
  readonly beganMs: number;
  /** Every revision a guest knew of when this began is at most this. */
  readonly floor: number;
  /** `null` while it is open, and for ever if its guest went away. */
  endedAt: number | null;
  /** Made-up time between beginning and end; 0 while it is open. */
  tookMs: number;
  told: Told | null;
  /** Highest revision that any node had applied when it ended. */
  ceiling: number;
};

/** One event handed to a watch, or how the watch went on. */
export type WatchNote =
  | { readonly kind: 'event'; readonly event: Shown; readonly ceiling: number }
  /** Forgotten: what was to come next is older than `oldest`. The watch is over. */
  | { readonly kind: 'compacted'; readonly oldest: number | null }
  /** Its guest ended it, or went away. */
  | { readonly kind: 'ended' };

/** A watch of one guest. It goes on by itself over nodes that fall. */
export type WatchRecord = {
  readonly guest: string;
  readonly glob: string;
  /** `null`: from now on, whichever revision that is; `floor` bounds it from below. */
  readonly from: number | null;
  readonly floor: number;
  readonly notes: WatchNote[];
};

/** Who relies on a lease, as it knows itself. Times are the world's. */
export type Holder = {
  readonly guest: string;
  readonly lease: number;
  readonly lengthMs: number;
  /** When it was told of it. */
  readonly grantedMs?: number;
  /** The last sign of life that was answered: when it was sent, and how long it holds from then on. */
  readonly sign: () => { readonly sentMs: number; readonly holdsMs: number } | null;
};

/** A guest was told that it holds a lock, and believes it until `untilMs`. */
export type Hold = {
  readonly guest: string;
  readonly path: string;
  readonly token: number;
  readonly holder: Holder;
  readonly fromMs: number;
  /** It let go; `null`: it never did. */
  releasedMs: number | null;
};

/** A write that only the holder of a lock may do, guarded as the library says. */
export type GuardedWrite = {
  readonly operation: Operation;
  readonly folder: string;
  readonly token: number;
};

/** All that guests saw in one run. */
export class History {
  readonly #nowMs: () => number;
  readonly operations: Operation[] = [];
  readonly watches: WatchRecord[] = [];
  /** By lease: to whom it was granted. */
  readonly holders = new Map<number, Holder>();
  /** By lease: who else keeps it alive, through one node. */
  readonly leans = new Map<number, Holder>();
  readonly holds: Hold[] = [];
  readonly guarded: GuardedWrite[] = [];
  #moment = 0;
  /** Highest revision that any guest was told of. */
  #floor = 0;
  /** Highest revision any node has applied; told by whoever watches the nodes. */
  ceiling = 0;

  /** @param nowMs  made-up time, for how long requests take. */
  constructor(nowMs: () => number = () => 0) {
    this.#nowMs = nowMs;
  }

  /** A moment of its own, for whoever puts other things in order with these. */
  moment(): number {
    return this.#moment++;
  }

  get nowMs(): number {
    return this.#nowMs();
  }

  get floor(): number {
    return this.#floor;
  }

  began(guest: string, asked: Asked): Operation {
    const operation: Operation = {
      guest,
      n: this.operations.length,
      asked,
      beganAt: this.moment(),
      beganMs: this.#nowMs(),
      floor: this.#floor,
      endedAt: null,
      tookMs: 0,
      told: null,
      ceiling: 0,
    };
    this.operations.push(operation);
    return operation;
  }

  ended(operation: Operation, told: Told): void {
    assert(operation.told === null, 'a request has one outcome');
    operation.endedAt = this.moment();
    operation.told = told;
    operation.tookMs = this.#nowMs() - operation.beganMs;
    operation.ceiling = this.ceiling;
    const revision = revisionOf(told);
    if (revision > this.#floor) this.#floor = revision;
  }

  /** A guest ends what it has: its leases, and with them its locks. */
  leaves(guest: string): void {
    for (const hold of this.holds) {
      if (hold.guest === guest) hold.releasedMs ??= this.nowMs;
    }
  }

  watching(guest: string, glob: string, from: number | null): WatchRecord {
    const record: WatchRecord = { guest, glob, from, floor: this.#floor, notes: [] };
    this.watches.push(record);
    return record;
  }

  noted(watch: WatchRecord, note: WatchNote): void {
    watch.notes.push(note);
    if (note.kind === 'event' && note.event.revision > this.#floor) {
      this.#floor = note.event.revision;
    }
  }
}

/** The highest revision an outcome tells of; 0: none. Refusals of the tree take one that nobody is told. */
function revisionOf(told: Told): number {
  switch (told.kind) {
    case 'wrote':
      return told.revision ?? 0;
    case 'value':
      return told.file?.revision ?? 0;
    case 'stat':
      return told.revision;
    case 'files':
      return told.files.reduce((most, { revision }) => Math.max(most, revision), 0);
    case 'revision':
    case 'created':
    case 'counted':
    case 'decided':
      return told.revision;
    case 'event':
      return told.event.revision;
    case 'names':
    case 'granted':
    case 'left':
    case 'ended':
    case 'refused':
    case 'unknown':
      return 0;
  }
}
