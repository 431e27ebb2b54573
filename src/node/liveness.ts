import type { NodeId } from '../base/index.ts';

type Moment = { readonly atMs: number; readonly stalledMs: number };

/** A lateness of the tick below this is noise of the event loop. */
const stallMsMin = 100;

/**
 * When each peer was last heard, and how long this node itself stood still. A stall of our own
 * counts against us and never against others: it is taken off every silence it lies in.
 */
export class Liveness {
  readonly #heard = new Map<NodeId, Moment>();
  readonly #tickMs: number;
  #stalledMs = 0;
  #tickAtMs: number;
  #leadingSince: Moment | null = null;
  #changeAt: Moment;

  /** @param tickMs  how often `ticked` is called, as long as nothing stands still. */
  constructor(nowMs: number, tickMs: number) {
    this.#tickMs = tickMs;
    this.#tickAtMs = nowMs;
    this.#changeAt = this.#at(nowMs);
  }

  ticked(nowMs: number): void {
    this.#stalledMs = this.#stalledBy(nowMs);
    this.#tickAtMs = nowMs;
  }

  /** Steady time this node was awake: `nowMs` without its stalls. */
  awakeMs(nowMs: number): number {
    return nowMs - this.#stalledBy(nowMs);
  }

  /**
   * These are peers. Silence of one that was never heard counts from here: a member that was added a
   * moment ago is not dead, and one that never comes is.
   */
  know(peers: Iterable<NodeId>, nowMs: number): void {
    for (const peer of peers) if (!this.#heard.has(peer)) this.#note(peer, nowMs);
  }

  /** Strangers are not noted: who they are and how many is theirs to choose. */
  heard(peer: NodeId, nowMs: number): void {
    if (this.#heard.has(peer)) this.#note(peer, nowMs);
  }

  forget(isPeer: (id: NodeId) => boolean): void {
    for (const id of this.#heard.keys()) if (!isPeer(id)) this.#heard.delete(id);
  }

  leading(yes: boolean, nowMs: number): void {
    if (!yes) this.#leadingSince = null;
    else this.#leadingSince ??= this.#at(nowMs);
  }

  votersChanged(nowMs: number): void {
    this.#changeAt = this.#at(nowMs);
  }

  /** Since it was heard, or since it became a peer if it never was; `null`: no peer of ours. */
  silentMs(peer: NodeId, nowMs: number): number | null {
    const heard = this.#heard.get(peer);
    return heard === undefined ? null : this.#since(heard, nowMs);
  }

  /** The same with our own stalls, in which the others went on: what we know is as old as that. */
  unheardMs(peer: NodeId, nowMs: number): number | null {
    const heard = this.#heard.get(peer);
    return heard === undefined ? null : Math.max(0, nowMs - heard.atMs);
  }

  leadingForMs(nowMs: number): number | null {
    return this.#leadingSince === null ? null : this.#since(this.#leadingSince, nowMs);
  }

  sinceChangeMs(nowMs: number): number {
    return this.#since(this.#changeAt, nowMs);
  }

  #note(peer: NodeId, nowMs: number): void {
    this.#heard.set(peer, this.#at(nowMs));
  }

  #at(nowMs: number): Moment {
    return { atMs: nowMs, stalledMs: this.#stalledBy(nowMs) };
  }

  /**
   * How long this node stood still in all. A tick that is overdue counts already: after a stall others
   * may ask before the ticker fires.
   */
  #stalledBy(nowMs: number): number {
    const lateMs = nowMs - this.#tickAtMs - this.#tickMs;
    return this.#stalledMs + (lateMs >= stallMsMin ? lateMs : 0);
  }

  #since(from: Moment, nowMs: number): number {
    return Math.max(0, nowMs - from.atMs - (this.#stalledBy(nowMs) - from.stalledMs));
  }
}
