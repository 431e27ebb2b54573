import { ClusterError, limits, type NodeId } from '../base/index.ts';
import { isSlot } from '../paths/index.ts';
import type { Clock, Logger, LogStore, Room } from '../ports/index.ts';
import type { RaftView } from '../raft/index.ts';
import type { Command } from '../tree/index.ts';

export type SpaceParts = {
  readonly id: NodeId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: LogStore;
  readonly view: () => RaftView;
  /** @throws when the other node did not take over. */
  readonly transfer: (to: NodeId) => Promise<void>;
  /** A snapshot now, so that the log gets shorter; and the one that something rotten waits for. */
  readonly shorten: () => void;
  readonly tend: () => void;
  readonly diskFailed: (error: unknown) => void;
};

/** Log bytes since the last snapshot that are worth another one when the disk is full. */
const worthBytes = 1024 * 1024;

/** Does this make the tree, or only the log, larger? Operators must be able to change slots. */
export function grows(command: Command): boolean {
  switch (command.kind) {
    case 'set':
      return !isSlot(command.path);
    case 'create':
    case 'count':
    case 'grant':
      return true;
    case 'transaction':
      return [...command.ifTrue, ...command.ifFalse].some(
        (operation) => operation.kind !== 'get' && grows(operation),
      );
    default:
      return false;
  }
}

/** A write that a leader without room does not take. */
export const diskFull = (): ClusterError =>
  new ClusterError(
    'ERR_DISK_FULL',
    "disk full: the leader's disk has no room and no other voter took over; deletes are taken",
  );

/**
 * Knows whether this node's disk is full, from looking at it now and then. A leader with a full disk
 * hands over to a voter with room, if one takes it; if none does it refuses what grows, and takes
 * deletes. A full node is nobody's successor.
 */
export class Space {
  readonly #parts: SpaceParts;
  #room: Room = { isFull: false, freeBytes: null };
  #looking: Promise<void> | null = null;
  #lookAtMs: number;
  #handOverAtMs = 0;
  #handingOver = false;
  #stopped = false;

  constructor(parts: SpaceParts) {
    this.#parts = parts;
    this.#lookAtMs = parts.clock.now() + limits.diskLookMs;
  }

  get isFull(): boolean {
    return this.#room.isFull || (this.#parts.log.upkeep?.isFull() ?? false);
  }

  tick(nowMs: number): void {
    const { upkeep } = this.#parts.log;
    if (upkeep === undefined || this.#stopped) return;
    if (nowMs < this.#lookAtMs || this.#looking !== null) return;
    this.#lookAtMs = nowMs + limits.diskLookMs;
    this.#looking = upkeep
      .look()
      .then((room) => this.#found(room))
      .catch((error: unknown) => {
        if (!this.#stopped) this.#parts.diskFailed(error);
      })
      .finally(() => {
        this.#looking = null;
      });
  }

  /** Resolves when nothing is looked at any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#looking;
  }

  #found(room: Room): void {
    if (this.#stopped) return;
    const { logger, log, clock, view } = this.#parts;
    const wasFull = this.#room.isFull;
    this.#room = room;
    const { isFull, freeBytes } = room;
    if (isFull && !wasFull) {
      const advice =
        'sets are refused while this node leads and nobody else can; make room on the disk, or delete files';
      logger.error({ freeBytes, lowBytes: limits.diskLowBytes, advice }, 'disk is full');
    } else if (wasFull && !isFull) {
      logger.info({ freeBytes }, 'disk has room again');
      this.#handOverAtMs = 0;
    }
    this.#parts.tend();
    if (!isFull) return;
    if (log.bytesSinceSnapshot() >= worthBytes) this.#parts.shorten();
    if (view().role !== 'leader' || clock.now() < this.#handOverAtMs || this.#handingOver) return;
    this.#handOverAtMs = clock.now() + limits.diskTransferMs;
    this.#handingOver = true;
    void this.#handOver().finally(() => {
      this.#handingOver = false;
    });
  }

  /** One voter after the other is asked; one that has no room either does not answer. */
  async #handOver(): Promise<void> {
    const { id, logger, view, transfer } = this.#parts;
    for (const to of view().membership.voters) {
      if (to === id || this.#stopped || !this.isFull || view().role !== 'leader') continue;
      try {
        await transfer(to);
        logger.info({ to }, 'leadership was handed over: the disk here is full');
        return;
      } catch (error) {
        logger.debug({ to, error: String(error) }, 'leadership was not taken over');
      }
    }
  }
}
