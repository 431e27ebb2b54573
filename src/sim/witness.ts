import type { BootNumber, NodeId } from '../base/index.ts';
import type { NodeStatus } from '../node/index.ts';
import type { PeerFrame } from '../protocol/index.ts';
import type { Persist } from '../raft/index.ts';
import type { Event, View } from '../tree/index.ts';

/** One start of one node, from its recovery to its end. */
export type LifeName = { readonly node: NodeId; readonly boot: BootNumber };

/**
 * What the nodes themselves do, as seen from outside, in the order in which it happens. Checkers
 * implement it; machines call it. A call must be cheap: there are thousands a run.
 */
export type Witness = {
  /** A node recovered and begins to turn. */
  readonly started: (life: LifeName, status: NodeStatus, view: View) => void;
  /** Its process ended, for whatever reason. */
  readonly ended: (life: LifeName) => void;
  /** It asked its log for this. */
  readonly saving: (life: LifeName, batch: Persist) => void;
  /** Its log says that the last `saving` is durable. */
  readonly saved: (life: LifeName) => void;
  /** It handed a frame to its links. */
  readonly sent: (life: LifeName, to: NodeId, frame: PeerFrame) => void;
  /** A frame of a peer reached it, at this moment of its own clock. */
  readonly heard: (life: LifeName, from: NodeId, localMs: number) => void;
  /** Its tree moved on. Called at most once a happening. */
  readonly applied: (life: LifeName, view: View) => void;
  /** One event of its tree, from the oldest revision it remembered when it started; each once. */
  readonly event: (life: LifeName, event: Event) => void;
  /** A snapshot from its leader took its tree to another place; events go on from `oldest`. */
  readonly jumped: (life: LifeName, oldest: number) => void;
  /** Its role, term or membership changed; also once when it started. */
  readonly status: (life: LifeName, status: NodeStatus) => void;
  /** It is about to set its data aside, since it believes that it was removed. */
  readonly setsAside: (life: LifeName) => void;
};

/** A rule that did not hold. Thrown by checkers; ends the run. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly checker: string;

  /** @param checker  short name: what the mutant table and the shrinker know it by. */
  constructor(checker: string, message: string) {
    super(`${checker}: ${message}`);
    this.checker = checker;
  }
}
