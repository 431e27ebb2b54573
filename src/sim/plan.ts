// Everything a run does, drawn from its seed before it begins. What happens in between (delays, losses, who
// wins an election) comes from generators of their own, so that leaving a step out leaves the rest as it is.
import { type Prng, prng } from '../base/index.ts';
import type { Timing } from '../node/index.ts';
import type { DiskTemper } from './disk/disk.ts';
import { drawErrands, type GuestKind, type GuestPlan } from './guests/errands.ts';
import type { NetTemper } from './net/weather.ts';
import type { Pace } from './process.ts';

/** What can be done to a cluster. docs/simulator.md tells each. */
export const stepKinds = [
  'crash',
  'powerCut',
  'blackout',
  'pause',
  'freeze',
  'terminate',
  'silence',
  'partition',
  'heal',
  'clog',
  'reset',
  'resetGuests',
  'failRead',
  'failWrite',
  'failSync',
  'full',
  'rot',
  'rotTail',
  'misdirect',
  'loseName',
  'truncateSnapshot',
  'loseFolder',
  'jumpClock',
  'attach',
  'addSlot',
  'emptySlot',
  'deleteSlot',
  'nameSlot',
  'scribble',
  'promote',
  'demote',
  'remove',
  'replace',
  'transfer',
  'strand',
  'lastHolder',
  'flood',
] as const;

export type StepKind = (typeof stepKinds)[number];

/** One thing that is done to the cluster, `atMs` after it was founded. */
export type Step = {
  readonly kind: StepKind;
  readonly atMs: number;
  /** Chooses whom it meets: see `Cluster.victim`. */
  readonly who: number;
  readonly choice: number;
  /** How long it lasts, where it lasts. */
  readonly forMs: number;
};

/** What a run is like. */
export type Shape = {
  readonly voters: number;
  readonly spares: number;
  readonly timing: Timing;
  /** -timeout; 0: off. */
  readonly silenceMs: number;
  readonly minVoters: number;
  readonly smallLogs: boolean;
  readonly historyRevisions: number;
  readonly net: NetTemper;
  readonly disks: readonly DiskTemper[];
  readonly paces: readonly Pace[];
  /** Which machine's disk may lose what was durable; `null`: none. */
  readonly bad: number | null;
  readonly lengthMs: number;
  /** After the faults only a bare majority comes back. */
  readonly bareCore: boolean;
  /** Those that are not needed stay for a while, and are heard or hear, but not both. */
  readonly halfCut: boolean;
};

export type Plan = {
  readonly seed: number;
  readonly shape: Shape;
  readonly steps: readonly Step[];
  readonly guests: readonly GuestPlan[];
};

/** How much of a plan is carried out; for the shrinker. Numbers are places in `steps` and in errands. */
export type Left = {
  readonly steps: ReadonlySet<number>;
  readonly errands: ReadonlySet<string>;
};

export const machinesMax = 9;

const coarse: Timing = { tickMs: 50, heartbeatTicks: 2, electionTimeoutTicks: 10 };
const usual: Timing = { tickMs: 10, heartbeatTicks: 10, electionTimeoutTicks: 50 };
const dayMs = 86_400_000;

export function drawPlan(seed: number): Plan {
  const chance = prng(seed);
  const shape = drawShape(chance);
  const steps = drawSteps(chance, shape);
  const guests = [...drawGuests(chance, shape), ...drawLockers(seed, shape)];
  return { seed, shape, steps, guests };
}

function drawShape(chance: Prng): Shape {
  const { below } = chance;
  const oneIn = (n: number): boolean => below(n) === 0;
  const among = <T>(...values: T[]): T => values[below(values.length)] as T;
  const voters = among(1, 2, 3, 3, 3, 3, 3, 4, 5, 5);
  const silenceMs = among(0, 0, 1500, 2500, 4000);
  return {
    voters,
    spares: among(0, 0, 0, 1, 1, 2),
    timing: oneIn(10) ? usual : coarse,
    silenceMs,
    minVoters: among(2, 2, 3),
    smallLogs: oneIn(2),
    historyRevisions: among(20, 100, 2000),
    net: drawNet(chance),
    disks: Array.from({ length: machinesMax }, () => drawDisk(chance)),
    paces: Array.from({ length: machinesMax }, () => drawPace(chance)),
    bad: voters >= 3 && oneIn(2) ? below(voters) : null,
    lengthMs: among(1000, 2000, 3000, 6000),
    bareCore: oneIn(2),
    halfCut: oneIn(8),
  };
}

function drawNet({ below }: Prng): NetTemper {
  const bad = below(3);
  return {
    delayMs: 0.1 + below(10) / 10,
    delayMeanMs: [0.5, 2, 15][below(3)] ?? 1,
    tailPercent: bad === 0 ? 0 : below(4),
    tailMs: [20, 200, 900][below(3)] ?? 20,
    lossPercent: bad === 0 ? 0 : ([0, 1, 5, 20][below(4)] ?? 0),
    repeatPercent: bad === 0 ? 0 : ([0, 1, 5, 20][below(4)] ?? 0),
    reorderPercent: bad === 0 ? 0 : ([0, 1, 5, 20][below(4)] ?? 0),
    linkFramesMax: [4, 20, 200][below(3)] ?? 20,
  };
}

function drawDisk({ below }: Prng): DiskTemper {
  return {
    slowMs: [0, 0, 0.5, 4, 30][below(5)] ?? 0,
    tailMs: [0, 0, 50, 400][below(4)] ?? 0,
    capacityBytes: null,
  };
}

function drawPace({ below }: Prng): Pace {
  return {
    startMs: below(2) === 0 ? below(1000) : below(30) * dayMs,
    rate: below(3) === 0 ? 0.8 + below(41) / 100 : 1,
    lookMs: below(6) === 0 ? below(15) / 10 : 0,
  };
}

// --- steps ----------------------------------------------------------------------------------------

type Weight = readonly [StepKind, number];

/** Groups of faults; a run has some of them, so that each is also met without the others. */
const groups: readonly (readonly Weight[])[] = [
  [
    ['crash', 4],
    ['terminate', 1],
  ],
  [
    ['powerCut', 3],
    ['blackout', 1],
  ],
  [
    ['pause', 3],
    ['freeze', 1],
    ['jumpClock', 1],
  ],
  [
    ['partition', 4],
    ['heal', 2],
    ['clog', 1],
  ],
  [
    ['reset', 3],
    ['resetGuests', 1],
    ['flood', 2],
  ],
  [
    ['failWrite', 1],
    ['failSync', 2],
    ['failRead', 1],
    ['full', 1],
  ],
  [
    ['rot', 3],
    ['rotTail', 3],
    ['misdirect', 1],
    ['loseName', 1],
    ['truncateSnapshot', 1],
    ['loseFolder', 1],
    ['crash', 3],
  ],
  [
    ['silence', 2],
    ['attach', 2],
    ['addSlot', 1],
    ['emptySlot', 1],
    ['deleteSlot', 1],
    ['nameSlot', 1],
    ['scribble', 1],
  ],
  [
    ['promote', 2],
    ['demote', 2],
    ['remove', 1],
    ['replace', 2],
    ['transfer', 2],
    ['strand', 2],
    ['attach', 1],
  ],
  [['lastHolder', 3]],
];

function drawSteps({ below }: Prng, shape: Shape): Step[] {
  const weights: Weight[] = [];
  while (weights.length === 0) {
    for (const group of groups) if (below(2) === 0) weights.push(...group);
  }
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  const meanMs = [120, 300, 800][below(3)] ?? 300;
  const steps: Step[] = [];
  for (let atMs = below(meanMs); atMs < shape.lengthMs; atMs += 1 + below(2 * meanMs)) {
    let left = below(total);
    const kind = weights.find(([, weight]) => {
      left -= weight;
      return left < 0;
    })?.[0];
    steps.push({
      kind: kind ?? 'crash',
      atMs,
      who: below(2 ** 20),
      choice: below(2 ** 30),
      forMs: kind !== undefined && cuts.has(kind) ? drawCut(below) : drawLength(below),
    });
  }
  return steps;
}

/** What parts a leader from the others: it is of interest once they have another one. */
const cuts: ReadonlySet<StepKind> = new Set(['partition', 'strand', 'pause']);

/** Half of them last for about one to three elections. */
const drawCut = (below: Prng['below']): number =>
  below(2) === 0 ? drawLength(below) : 700 + below(2300);

/** Most are short; some are longer than an election takes, a few longer than ten. */
function drawLength(below: Prng['below']): number {
  const kind = below(10);
  if (kind < 4) return below(60);
  if (kind < 8) return below(800);
  if (kind < 9) return below(2500);
  return below(8000);
}

/** How likely a guest is sent for what is beyond the protocol of 2011. */
const newPercents: Readonly<Record<GuestKind, number>> = {
  library: 60,
  caller: 100,
  doozer: 0,
  watcher: 0,
  follower: 0,
  locker: 0,
};

function drawGuests({ below }: Prng, shape: Shape): GuestPlan[] {
  const kinds: GuestKind[] = ['library'];
  for (let i = below(3); i > 0; i--) kinds.push('library');
  for (let i = below(2) === 0 ? 0 : 1 + below(2); i > 0; i--) kinds.push('caller');
  for (let i = below(3); i > 0; i--) kinds.push('doozer');
  for (let i = below(3); i > 0; i--) kinds.push('watcher');
  if (below(2) === 0) kinds.push('follower');
  const meanPauseMs = [5, 30, 100][below(3)] ?? 30;
  const count = Math.min(60, Math.ceil(shape.lengthMs / (meanPauseMs + 20)));
  return kinds.map((kind, i) => {
    const seed = below(2 ** 30);
    const errands = kind === 'watcher' || kind === 'follower' ? 0 : count;
    return {
      name: `${kind.charAt(0)}${i}`,
      kind,
      seed,
      errands: drawErrands(prng(seed), errands, meanPauseMs, newPercents[kind]),
      diesMs: below(6) === 0 ? below(shape.lengthMs) : null,
      patienceMs: below(3) === 0 ? 20_000 : 5500,
      sessionLengthMs: [1000, 1500, 4000, 30_000, 30_000, null][below(6)] ?? null,
    };
  });
}

/** Who take turns, in some of the runs. From a generator of their own: the rest of a plan is the same without them. */
function drawLockers(seed: number, shape: Shape): GuestPlan[] {
  const { below } = prng(seed ^ 0x6b6b6b6b);
  if (below(3) === 0) return [];
  return Array.from({ length: 2 + below(2) }, (_, i) => ({
    name: `k${i}`,
    kind: 'locker',
    seed: below(2 ** 30),
    errands: [],
    diesMs: below(6) === 0 ? below(shape.lengthMs) : null,
    patienceMs: 5500,
    sessionLengthMs: [1500, 30_000, 30_000, null][below(4)] ?? null,
  }));
}
