import { assert } from '../base/index.ts';
import type { Clock, LogStore } from '../ports/index.ts';
import type { Input, Output } from '../raft/index.ts';

/** The deterministic core, as the loop sees it. */
export type Core = {
  readonly step: (input: Input) => void;
  /** What the steps so far ask for, or `null` when they ask for nothing. */
  readonly take: () => Output | null;
};

/** What a turn consists of besides the core and its log. None of it waits. */
export type TurnSteps = {
  /** Steps what has to be known before anything else: how far the tree is. */
  readonly prepare: () => void;
  /** Steps what gathered outside the inbox (proposals, reads) just before the core is asked. */
  readonly gather: () => void;
  /** Requests leave, receipts and results are told; runs before the disk is waited for. */
  readonly begin: (out: Output) => void;
  /** Runs while the disk is at work: applies a slice of what is committed. False: more waits. */
  readonly apply: () => boolean;
  /** `out.persist` is durable: promises may leave, a snapshot may take effect. */
  readonly durable: (out: Output) => void;
};

export type LoopParts = {
  readonly core: Core;
  readonly log: LogStore;
  readonly clock: Clock;
  readonly steps: TurnSteps;
  /** A failed save, or a broken invariant. The loop never turns again. */
  readonly failed: (error: unknown) => void;
};

/**
 * Runs the core one turn at a time: drain, step, take, send, save, report, promise; and applies in
 * slices while the disk works. What arrives during a turn waits for the next, so a turn is one
 * group commit: many proposals, one sync, one frame a peer.
 *
 * At most one tick a turn, after the messages that waited with it: after a stall of this process
 * what stood in the sockets is heard before time moves on, and time moves one beat.
 */
export class Loop {
  readonly #parts: LoopParts;
  #inbox: Input[] = [];
  #tickDue = false;
  #scheduled = false;
  #turning = false;
  /** Somebody woke the loop since the turn under way began. */
  #again = false;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  /** Inputs that wait for the next turn. */
  get waitingCount(): number {
    return this.#inbox.length;
  }

  offer(input: Input): void {
    if (this.#stopped) return;
    this.#inbox.push(input);
    this.wake();
  }

  tick(): void {
    this.#tickDue = true;
    this.wake();
  }

  /** Something waits, perhaps outside the inbox: there will be a turn that begins after this. */
  wake(): void {
    if (this.#turning) this.#again = true;
    if (this.#scheduled || this.#turning || this.#stopped) return;
    this.#scheduled = true;
    this.#parts.clock.soon(() => void this.#run());
  }

  /** Resolves once no turn is under way; none begins afterwards. May be called twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#inbox = [];
    if (this.#turning) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async #run(): Promise<void> {
    assert(!this.#turning, 'N1: turns never overlap');
    this.#scheduled = false;
    if (this.#stopped) return;
    this.#turning = true;
    try {
      while (!this.#stopped && (await this.#turn())) {
        // The next turn begins in a later turn of the event loop, so that sockets are read.
        await new Promise<void>((resolve) => this.#parts.clock.soon(resolve));
      }
    } catch (error) {
      this.#stopped = true;
      this.#parts.failed(error);
    }
    this.#turning = false;
    for (const resolve of this.#idle.splice(0)) resolve();
    // What came between the turn's last look and here.
    if (this.#again) this.wake();
  }

  /** One turn. True when something waits for another. */
  async #turn(): Promise<boolean> {
    const { core, log, steps } = this.#parts;
    this.#again = false;
    steps.prepare();
    const inputs = this.#inbox;
    this.#inbox = [];
    for (const input of inputs) core.step(input);
    steps.gather();
    if (this.#tickDue) {
      this.#tickDue = false;
      core.step({ kind: 'tick' });
    }
    for (let out = core.take(); out !== null; out = core.take()) {
      steps.begin(out);
      if (out.persist === null) {
        steps.apply();
      } else {
        const saving = log.save(out.persist);
        // If the tree breaks an assertion meanwhile, that is what is told, and not this as well.
        saving.catch(() => {});
        // The disk works while the tree does.
        steps.apply();
        await saving;
        // At once, before anything that arrived meanwhile: a truncation stepped in between would
        // make this report vouch for entries it replaced (etcd's async append ABA).
        core.step({ kind: 'persisted', through: out.persist.through });
      }
      steps.durable(out);
    }
    const done = steps.apply();
    return !done || this.#again;
  }
}
