import { ClusterError, limits, type NodeId, parseNodeId, textOf, utf8 } from '../base/index.ts';
import type { NodeHandle, NodeStatus } from '../node/index.ts';
import { ancestorsOf, nodeFile, type Path, slotPath, slotsFolder } from '../paths/index.ts';
import type { Clock, Logger, Timer } from '../ports/index.ts';
import { type Command, children, fileAt, isDirectory, type View } from '../tree/index.ts';
import { decide } from './policy.ts';
import type { Decision, OtherMember, Slot, StewardOptions, StewardView } from './types.ts';

export type StewardParts = {
  readonly node: NodeHandle;
  readonly clock: Clock;
  readonly logger: Logger;
};

const lookEveryMs = 100;
/** A leader that was handed over and came back is not sent away again at once: it may be all there is. */
const handOverPauseMsMin = 5000;
const handOverPauseMsMax = 60_000;
/** How the steward's own mark begins. Guests may write the file too, and steer nothing by it. */
const downMark = 'down: ';

/**
 * Looks every tenth of a second, on the leader only, whether the members are what the slots want
 * and all of them are there, and takes one step if not. Keeps nothing that a new leader would miss.
 */
export class Steward {
  readonly #parts: StewardParts;
  readonly #options: StewardOptions;
  readonly #electionTimeoutTicks: number;
  /** Since when each learner has been keeping up. */
  readonly #keepsUpSince = new Map<NodeId, number>();
  /** Voters that are down and cannot be marked, since guests wrote something else there. */
  readonly #unmarkable = new Set<NodeId>();
  #timer: Timer | null = null;
  #acting = false;
  #handOverAtMs = Number.NEGATIVE_INFINITY;
  #handOverPauseMs = 0;
  #stopped = false;
  #lastRefusal = '';

  constructor(parts: StewardParts, options: StewardOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#electionTimeoutTicks = options.electionTimeoutTicks ?? limits.electionTimeoutTicks;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(lookEveryMs, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #look(): void {
    const { node, clock } = this.#parts;
    if (!node.leads()) {
      this.#keepsUpSince.clear();
      this.#unmarkable.clear();
      return;
    }
    const status = node.status();
    const view = node.view();
    this.#noteKeepingUp(status, clock.now());
    if (this.#acting || status.life !== 'ready' || view.lineage === null) return;
    if (!isSettled(status, view)) return;
    const decision = decide(this.#viewOf(status, view, clock.now()), this.#options);
    if (decision === null) return;
    if (decision.kind === 'transfer' && !this.#mayHandOver()) return;
    this.#act(decision, status);
  }

  /** Each time that comes soon after the last one is waited for twice as long. */
  #mayHandOver(): boolean {
    const sinceMs = this.#parts.clock.now() - this.#handOverAtMs;
    if (sinceMs < this.#handOverPauseMs) return false;
    if (sinceMs > 2 * handOverPauseMsMax) this.#handOverPauseMs = 0;
    return true;
  }

  #handedOver(): void {
    this.#handOverAtMs = this.#parts.clock.now();
    const twice = Math.max(handOverPauseMsMin, 2 * this.#handOverPauseMs);
    this.#handOverPauseMs = Math.min(twice, handOverPauseMsMax);
  }

  #noteKeepingUp(status: NodeStatus, nowMs: number): void {
    const keeping = new Set<NodeId>();
    for (const p of status.raft.progress) {
      if (!p.caughtUp || p.ticksQuiet >= this.#electionTimeoutTicks) continue;
      keeping.add(p.id);
      if (!this.#keepsUpSince.has(p.id)) this.#keepsUpSince.set(p.id, nowMs);
    }
    for (const id of this.#keepsUpSince.keys()) if (!keeping.has(id)) this.#keepsUpSince.delete(id);
  }

  #viewOf(status: NodeStatus, view: View, nowMs: number): StewardView {
    const { membership, progress } = status.raft;
    const others = new Map<NodeId, OtherMember>();
    for (const { id, silentMs } of status.peers) {
      const p = progress.find((candidate) => candidate.id === id);
      const since = this.#keepsUpSince.get(id);
      const acknowledges = p !== undefined && p.ticksQuiet < this.#electionTimeoutTicks;
      if (acknowledges) this.#unmarkable.delete(id);
      others.set(id, {
        id,
        silentMs,
        acknowledges,
        keepsUpMs: since === undefined ? 0 : nowMs - since,
      });
    }
    return {
      self: status.id,
      voters: membership.voters,
      learners: membership.learners,
      parked: membership.parked,
      others,
      slots: slotsOf(view),
      leadingForMs: status.leadingForMs ?? 0,
      sinceChangeMs: status.sinceChangeMs,
      markedDown: markedDown(view, [...membership.voters, ...membership.learners]),
    };
  }

  #act(decision: Decision, status: NodeStatus): void {
    this.#acting = true;
    this.#carryOut(decision, status)
      .then(
        () => {
          this.#lastRefusal = '';
        },
        (error: unknown) => this.#refused(decision, error),
      )
      .finally(() => {
        this.#acting = false;
      });
  }

  async #carryOut(decision: Decision, status: NodeStatus): Promise<void> {
    const { node, logger } = this.#parts;
    switch (decision.kind) {
      case 'change': {
        const { change, why } = decision;
        await node.changeMembership(change, status.raft.membershipAt);
        logger.info({ ...flat(change), why }, 'members changed');
        this.#warnIfSmaller(decision, status);
        return;
      }
      case 'transfer':
        await node.transferLeadership(decision.to);
        this.#handedOver();
        logger.info({ to: decision.to, why: decision.why }, 'leadership handed over');
        return;
      case 'markDown':
        if (this.#unmarkable.has(decision.id)) return;
        if (canHoldFile(node.view(), nodeFile(decision.id, 'state'))) {
          await this.#propose({
            kind: 'publish',
            node: decision.id,
            files: [{ name: 'state', body: utf8(downMark + decision.why) }],
          });
        } else this.#unmarkable.add(decision.id);
        logger.error(
          { voter: decision.id, why: decision.why },
          'voter is down and cannot be replaced: attach a spare',
        );
        return;
      case 'clearMark':
        await this.#propose({ kind: 'delete', path: nodeFile(decision.id, 'state'), guard: -1 });
        logger.info({ voter: decision.id, why: decision.why }, 'voter is back');
        return;
    }
  }

  /** Each shrink is an alarm: the next death may stop the cluster (consul #5922, #8118). */
  #warnIfSmaller({ change, why }: Decision & { kind: 'change' }, { raft }: NodeStatus): void {
    const { voters } = raft.membership;
    if (change.kind !== 'remove' || !voters.includes(change.id)) return;
    this.#parts.logger.error(
      { removed: change.id, voters: voters.length - 1, why },
      'the cluster is smaller: attach a spare',
    );
  }

  #propose(command: Command): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#parts.node.propose(command, { applied: () => resolve(), failed: reject });
    });
  }

  /** Refusals that repeat are said once. */
  #refused(decision: Decision, error: unknown): void {
    if (!(error instanceof ClusterError)) throw error;
    const text = `${decision.kind} ${decision.why} ${error.message}`;
    if (text === this.#lastRefusal) return;
    this.#lastRefusal = text;
    this.#parts.logger.debug(
      { decision: decision.kind, why: decision.why, error: error.message },
      'step refused',
    );
  }
}

function slotsOf(view: View): Slot[] {
  const slots: Slot[] = [];
  for (const name of children(view, slotsFolder)) {
    const file = fileAt(view, slotPath(name));
    if (file === null) continue;
    slots.push({ name, holder: parseNodeId(textOf(file.body)) });
  }
  return slots;
}

/**
 * Only what this leader's own term has made certain is acted upon, and slots are compared with the
 * membership they were settled by.
 */
function isSettled({ raft, appliedIndex }: NodeStatus, view: View): boolean {
  if (raft.role !== 'leader' || !raft.established || raft.changePending || raft.transferring) {
    return false;
  }
  return view.appliedTerm === raft.term && appliedIndex >= raft.membershipAt.index;
}

const canHoldFile = (view: View, path: Path): boolean =>
  !isDirectory(view, path) && ancestorsOf(path).every((above) => fileAt(view, above) === null);

function markedDown(view: View, members: readonly NodeId[]): ReadonlySet<NodeId> {
  const isMarked = (id: NodeId) => {
    const file = fileAt(view, nodeFile(id, 'state'));
    return file !== null && textOf(file.body).startsWith(downMark);
  };
  return new Set(members.filter(isMarked));
}

const flat = (change: object): Record<string, string | boolean> => ({
  ...(change as Record<string, string | boolean>),
});
