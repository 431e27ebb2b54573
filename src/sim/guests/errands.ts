// What guests are sent to do: drawn before the run, one by one, so that each can be left out.
import type { Prng } from '../../base/index.ts';

export type Verb =
  | 'create'
  | 'overwrite'
  | 'exchange'
  | 'delete'
  | 'nop'
  | 'get'
  | 'getAt'
  | 'stat'
  | 'list'
  | 'walk'
  | 'rev'
  | 'wait'
  | 'near'
  | 'sequence'
  | 'count'
  | 'transact'
  | 'grant'
  | 'revoke'
  | 'leased'
  | 'renew'
  | 'lock';

/** One request. What the numbers choose depends on the verb. */
export type Errand = {
  readonly verb: Verb;
  /** Made-up milliseconds before it. */
  readonly pauseMs: number;
  readonly choice: number;
  /** Bytes added to a body. */
  readonly bulk: number;
  /** Given up after this long; `null`: the guest waits for the answer. */
  readonly patienceMs: number | null;
};

/** A guest is cut off so long after it has asked, for so long. */
export type Cut = { readonly afterMs: number; readonly forMs: number };

/**
 * Whether a guest loses its connections while this is on its way: for a while, in which the answer is lost
 * and asked for again, or for longer than a short session or lease lasts.
 */
export function cutOf({ choice }: Errand): Cut | null {
  const n = choice >>> 17;
  if (n % 24 !== 0) return null;
  const m = Math.floor(n / 24);
  return {
    afterMs: m % 12,
    forMs: m % 5 < 2 ? 1000 + 3 * (choice % 800) : choice % 900,
  };
}

export type GuestKind = 'library' | 'caller' | 'doozer' | 'watcher' | 'follower' | 'locker';

export type GuestPlan = {
  readonly name: string;
  readonly kind: GuestKind;
  readonly seed: number;
  readonly errands: readonly Errand[];
  /** Its process is killed so long after it came; `null`: it leaves when it is done. */
  readonly diesMs: number | null;
  /** How long its session outlives its last sign of life; `null`: it has none. */
  readonly sessionLengthMs: number | null;
  /** How long a request of the library may take, unless its errand says otherwise. */
  readonly patienceMs: number;
};

/** How often each verb is drawn. */
type Appetite = readonly (readonly [Verb, number])[];

const appetites: readonly Appetite[] = [
  [
    ['create', 4],
    ['overwrite', 3],
    ['exchange', 3],
    ['delete', 1],
    ['nop', 1],
    ['get', 4],
    ['getAt', 1],
    ['stat', 1],
    ['list', 1],
    ['walk', 1],
    ['rev', 2],
    ['wait', 1],
  ],
  [
    ['create', 10],
    ['get', 1],
  ],
  [
    ['exchange', 6],
    ['overwrite', 2],
    ['get', 4],
    ['delete', 2],
  ],
  [
    ['get', 6],
    ['rev', 3],
    ['stat', 1],
    ['walk', 1],
    ['create', 2],
  ],
];

/** Beyond the protocol of 2011. */
const newAppetites: readonly Appetite[] = [
  [
    ['transact', 5],
    ['get', 2],
    ['overwrite', 2],
    ['near', 1],
    ['grant', 1],
  ],
  [
    ['count', 5],
    ['sequence', 3],
    ['exchange', 2],
    ['get', 1],
    ['rev', 1],
  ],
  [
    ['leased', 6],
    ['grant', 1],
    ['renew', 2],
    ['revoke', 1],
    ['sequence', 2],
    ['near', 1],
  ],
  [
    ['grant', 3],
    ['renew', 3],
    ['leased', 1],
    ['near', 1],
  ],
  [
    ['lock', 10],
    ['grant', 1],
    ['renew', 1],
    ['revoke', 1],
    ['get', 1],
  ],
  [
    ['near', 4],
    ['create', 2],
    ['transact', 2],
    ['overwrite', 2],
    ['rev', 1],
    ['list', 1],
  ],
];

/** @param newPercent  how likely it is sent for what is beyond the protocol of 2011. */
export function drawErrands(
  chance: Prng,
  count: number,
  meanPauseMs: number,
  newPercent: number,
): Errand[] {
  const offered = chance.below(100) < newPercent ? newAppetites : appetites;
  const appetite = offered[chance.below(offered.length)] as Appetite;
  const total = appetite.reduce((sum, [, weight]) => sum + weight, 0);
  const bulkMax = chance.below(3) === 0 ? 2000 : 60;
  const errands: Errand[] = [];
  for (let i = 0; i < count; i++) {
    errands.push({
      verb: pick(appetite, chance.below(total)),
      pauseMs: chance.below(2 * meanPauseMs + 1),
      choice: chance.below(2 ** 30),
      bulk: chance.below(4) === 0 ? chance.below(bulkMax) : 0,
      patienceMs: chance.below(12) === 0 ? 1 + chance.below(400) : null,
    });
  }
  return errands;
}

function pick(appetite: Appetite, at: number): Verb {
  let left = at;
  for (const [verb, weight] of appetite) {
    left -= weight;
    if (left < 0) return verb;
  }
  return 'get';
}
