import { type BootNumber, limits, type NodeId } from '../base/index.ts';
import type { Clock } from '../ports/index.ts';
import type { PeerFrame } from '../protocol/index.ts';
import type { CaughtUp } from './age.ts';
import type { Digests } from './digests.ts';
import type { KeepAlives } from './keep-alives.ts';
import type { Liveness } from './liveness.ts';
import type { Loop } from './loop.ts';
import type { Snapshots } from './snapshots.ts';
import type { Writes } from './writes.ts';

export type InboundParts = {
  readonly clock: Clock;
  readonly loop: Loop;
  readonly liveness: Liveness;
  readonly caughtUp: CaughtUp;
  readonly writes: Writes;
  readonly snapshots: Snapshots;
  readonly digests: Digests;
  readonly keepAlives: KeepAlives;
  /** This node's disk has no room: it does not take over. */
  readonly isFull: () => boolean;
};

/** What peers send goes to whom it concerns. Nothing is decided here, only put where it waits. */
export class Inbound {
  readonly #parts: InboundParts;

  constructor(parts: InboundParts) {
    this.#parts = parts;
  }

  frame(from: NodeId, boot: BootNumber, frame: PeerFrame): void {
    const { clock, loop, liveness, caughtUp, snapshots } = this.#parts;
    const nowMs = clock.now();
    liveness.heard(from, nowMs);
    // Also what there is no room for: it says how far the leader is.
    for (const message of frame.messages) caughtUp.heard(message, nowMs);
    // Only while this node's disk stands still. Cores ask again for what they miss.
    if (loop.waitingCount >= limits.inboxMessagesMax) return;
    for (const message of frame.messages) {
      // Whoever hands over does so for want of room, or will find another successor.
      if (message.kind === 'timeoutNow' && this.#parts.isFull()) continue;
      if (message.kind !== 'snapshot') loop.offer({ kind: 'message', from, boot, message });
      else void snapshots.arrived(from, boot, message);
    }
    for (const message of frame.nodeMessages) this.#nodeMessage(from, boot, message);
  }

  #nodeMessage(from: NodeId, boot: BootNumber, message: PeerFrame['nodeMessages'][number]): void {
    const { clock, loop, writes, snapshots, digests, keepAlives } = this.#parts;
    switch (message.kind) {
      case 'forward':
        writes.arrived(from, boot, message);
        loop.wake();
        break;
      case 'forwardRefused':
        writes.refused(message.batch, message.reason, clock.now());
        loop.wake();
        break;
      case 'snapshotPiece':
        snapshots.piece(from, message);
        break;
      case 'snapshotAck':
        snapshots.acked(from, message);
        break;
      case 'digest':
        digests.arrived(message);
        break;
      case 'snapshotWanted':
        snapshots.wanted(from, message.index);
        break;
      case 'keepAlive':
        keepAlives.arrived(from, message);
        break;
      case 'keptAlive':
        keepAlives.answered(message);
        break;
    }
  }
}
