// Which faults of disks a cluster must survive. A simulator that asks the impossible finds bugs that are
// none; one that asks too little finds none that are.
//
// Faults that leave durable data durable may meet any machine at any time, and all at once: a power cut,
// kill -9, a read, write or sync that fails, a full disk, a slow one. Nothing that was acknowledged rests
// on what they take away. (After a failed sync the system may show what never reached the disk: whoever
// starts on it writes again what it is going to vouch for.)
//
// Faults that destroy durable data meet only machines of one set, chosen before the run and never
// changed: the bad ones. An acknowledged entry stands with a majority of the voters. While the bad ones
// are a minority, one of those who hold it is sound, and the sound ones suffice to elect it. A set that
// may grow, or wander from machine to machine, would need a proof for each step that the last victim has
// everything again; a fixed one needs none. It is as large as a minority of the fewest voters the run
// may come to: none of one or two.
//
// Two more bounds keep it possible:
// - Voters that are gone stay voters until they are removed. A bad machine that lost its data and came
//   back under a new id has two voters, the old one among the dead. Were it hit again before the old id
//   is removed, the dead of a cluster of four would be two, and the other two could not even remove them.
//   So in the membership in force, in both halves of a joint one, unsound voters stay a minority,
//   whichever machine they were on.
// - Two faults in one folder between two recoveries may hide each other. Term and vote stand in two
//   slots, so that one bad slot shows nothing false: a misdirected write leaves one slot old, and a
//   flipped bit in the other one makes the old one count. That vote is forgotten and no one can know. So
//   a machine that was hit is not hit again before its node recovered, which writes both slots anew.
//
// Of one voter, or two, durable data that is destroyed may be lost for good: what the cluster must do is
// notice. It may stop for ever, it may not say anything false. That ends what can be asked of a run, so
// it is for the end of one.
import { assert, type Prng } from '../../base/index.ts';

const harmless = [
  'power cut',
  'kill -9',
  'failed read',
  'failed write',
  'failed sync',
  'full disk',
  'slow disk',
] as const;

const destroying = [
  'rot',
  'misdirected write',
  'lost name',
  'cut snapshot',
  'lost folder',
] as const;

export type HarmlessFault = (typeof harmless)[number];
export type DestroyingFault = (typeof destroying)[number];
export type DiskFault = HarmlessFault | DestroyingFault;

/** All of them, for a plan to choose from. */
export const diskFaults: readonly DiskFault[] = [...harmless, ...destroying];

export const isDestroying = (fault: DiskFault): fault is DestroyingFault =>
  (destroying as readonly DiskFault[]).includes(fault);

/**
 * `survive`: everything acknowledged stays, and the cluster goes on. `notice`: nothing false is said;
 * neither data nor progress is asked for afterwards. `spare`: this must not happen here and now.
 */
export type Verdict = 'survive' | 'notice' | 'spare';

/** How many machines may have bad disks in a run that never has fewer voters than this. */
export const badMachinesMax = (votersLeast: number): number => {
  assert(votersLeast >= 1, 'a cluster has a voter');
  return Math.floor((votersLeast - 1) / 2);
};

/** Chooses the bad machines of a run: any number up to what is possible, also none. */
export function chooseBad<Machine>(
  machines: readonly Machine[],
  votersLeast: number,
  chance: Prng,
): ReadonlySet<Machine> {
  const rest = [...machines];
  const bad = new Set<Machine>();
  const count = chance.below(badMachinesMax(votersLeast) + 1);
  while (bad.size < count && rest.length > 0)
    for (const machine of rest.splice(chance.below(rest.length), 1)) bad.add(machine);
  return bad;
}

/** A voter of the membership in force, also one that will never come back. */
export type VoterStanding<Machine> = {
  /** Where it stands, or stood. */
  readonly machine: Machine;
  /** It has everything it ever acknowledged: it was never hit, or recovered whole, or caught up since. */
  readonly isSound: boolean;
};

export type Standing<Machine> = {
  /** Chosen before the run. */
  readonly bad: ReadonlySet<Machine>;
  /** The voters in force: one list, or while membership is joint both. */
  readonly voters: readonly (readonly VoterStanding<Machine>[])[];
  /** Machines that were hit by a destroying fault and whose node did not recover since. */
  readonly hit: ReadonlySet<Machine>;
};

/** What may be asked of a cluster that meets this fault on this machine now. */
export function verdictOn<Machine>(
  fault: DiskFault,
  machine: Machine,
  standing: Standing<Machine>,
): Verdict {
  if (!isDestroying(fault)) return 'survive';
  const { bad, voters, hit } = standing;
  if (hit.has(machine)) return 'spare';
  if (bad.has(machine)) {
    return voters.every((half) => staysMinority(half, machine)) ? 'survive' : 'spare';
  }
  // The whole cluster is so small that every disk counts, and nothing else is wrong with it.
  const isSmall = bad.size === 0 && voters.length === 1 && voters.every((half) => half.length <= 2);
  const isFirst = hit.size === 0 && voters.every((half) => half.every(({ isSound }) => isSound));
  return isSmall && isFirst ? 'notice' : 'spare';
}

/** With all of this machine's voters unsound, would the sound ones still be a majority? */
function staysMinority<Machine>(
  voters: readonly VoterStanding<Machine>[],
  machine: Machine,
): boolean {
  const unsound = voters.filter((voter) => !voter.isSound || voter.machine === machine).length;
  // A machine that holds no voter risks nothing.
  if (!voters.some((voter) => voter.machine === machine)) return true;
  return unsound <= Math.floor((voters.length - 1) / 2);
}
