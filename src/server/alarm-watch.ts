import { type Alarm, limits } from '../base/index.ts';
import type { NodeHandle, NodeStatus } from '../node/index.ts';
import type { Clock, Host, Timer } from '../ports/index.ts';
import type { View } from '../tree/index.ts';
import { slotsOf } from './health.ts';

/** An alarm that counts once it has been so for `patienceMs`. */
type Concern = Alarm & { readonly patienceMs: number };

/** What a look at one node can find. Alarms of other names are raised by who finds them. */
export const nodeAlarmNames = [
  'condemned',
  'disk-full',
  'no-leader',
  'slot-empty',
  'state-differs',
  'state-dispute',
  'suspect',
  'voter-silent',
] as const;

type NodeAlarmName = (typeof nodeAlarmNames)[number];

const lookEveryMs = 1000;
/** Elections, and a spare that takes an empty slot, are over before that. */
const leaderlessMs = 5000;
const slotEmptyMs = 15_000;

export type AlarmWatchParts = {
  readonly node: NodeHandle;
  readonly clock: Clock;
  readonly host: Host;
};

/** Looks once a second at what is the matter with this node, and keeps the host's alarms so. */
export class AlarmWatch {
  readonly #parts: AlarmWatchParts;
  readonly #since = new Map<string, number>();
  #timer: Timer | null = null;
  #stopped = false;

  constructor(parts: AlarmWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(lookEveryMs, () => {
      this.look();
      this.start();
    });
  }

  look(): void {
    const { node, clock, host } = this.#parts;
    const nowMs = clock.now();
    const concerns = concernsOf(node.status(), node.view());
    const names = new Set(concerns.map(({ name }) => name));
    for (const name of this.#since.keys()) if (!names.has(name)) this.#since.delete(name);
    const due = concerns.filter(({ name, patienceMs }) => {
      const since = this.#since.get(name) ?? nowMs;
      this.#since.set(name, since);
      return nowMs - since >= patienceMs;
    });
    host.alarms.settle(nodeAlarmNames, due);
  }

  /** What this node found ends with it. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#parts.host.alarms.settle(nodeAlarmNames, []);
  }
}

const concern = (
  name: NodeAlarmName,
  cause: string,
  next: string,
  patienceMs = 0,
): readonly Concern[] => [{ name, cause, next, patienceMs }];

function concernsOf(status: NodeStatus, view: View): readonly Concern[] {
  return [
    ...digestConcerns(status),
    ...ownConcerns(status),
    ...(status.raft.role === 'leader' ? leaderConcerns(status, view) : []),
  ];
}

function digestConcerns({ digests }: NodeStatus): readonly Concern[] {
  const { condemned, outvoted, dispute } = digests;
  return [
    ...(condemned === null
      ? []
      : concern(
          'condemned',
          `this node held another state at index ${condemned.index} than a majority`,
          'nothing, if it ends within a minute: it takes the right state by itself. If it comes again, replace the machine',
        )),
    ...(outvoted.length === 0
      ? []
      : concern(
          'state-differs',
          `the state of ${outvoted.join(', ')} differs from that of a majority`,
          'look at the alarms there: it replaces its state by itself',
        )),
    ...(dispute === null
      ? []
      : concern(
          'state-dispute',
          `voters differ at index ${dispute.index} and no majority agrees: ${[...dispute.groups].map(([digest, ids]) => `${ids.join(' ')} hold ${digest.slice(0, 8)}`).join(', ')}`,
          'start the voters that are missing; else docs/operating.md, "Nodes that differ"',
        )),
  ];
}

function ownConcerns({ raft, diskFull }: NodeStatus): readonly Concern[] {
  const { suspect, leader } = raft;
  return [
    ...(diskFull
      ? concern(
          'disk-full',
          `less than ${limits.diskLowBytes} bytes are free, or the next segment finds no room`,
          'make room on the disk of the data folder, or delete files: doozer del PATH -1',
        )
      : []),
    ...(suspect === null
      ? []
      : concern(
          'suspect',
          `what was promised up to index ${suspect.index} of term ${suspect.term} cannot be read any more`,
          'start the other voters: it is brought up to date by them. Then look at this disk: doozerd check DIR',
        )),
    ...(leader === null
      ? concern(
          'no-leader',
          'this node knows of no leader: there is no majority of voters, or it is cut off',
          'start the voters that are missing: doozer status. If their folders are lost: docs/operating.md, "Loss of the quorum"',
          leaderlessMs,
        )
      : []),
  ];
}

/** What only the leader knows. */
function leaderConcerns({ raft, peers }: NodeStatus, view: View): readonly Concern[] {
  const { voters } = raft.membership;
  const silent = peers.filter(
    ({ id, silentMs }) => voters.includes(id) && (silentMs ?? 0) >= limits.memberQuietMs,
  );
  const { empty } = slotsOf(view);
  return [
    ...(silent.length === 0
      ? []
      : concern(
          'voter-silent',
          `voter ${silent.map(({ id, address }) => `${id} at ${address}`).join(', ')} is silent`,
          'start it again; if it is gone for good, start a new node with -a, and it is replaced',
        )),
    ...(empty.length === 0
      ? []
      : concern(
          'slot-empty',
          `slot ${empty.join(', ')} is empty: ${voters.length} vote, ${voters.length + empty.length} are wanted`,
          'start a node with -a, or promote a parked one: doozer promote ID; or want fewer: doozer del /ctl/cal/SLOT -1',
          slotEmptyMs,
        )),
  ];
}
