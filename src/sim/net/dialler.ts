import { limits, type NodeId, type Prng } from '../../base/index.ts';
import type { Timer } from '../../ports/index.ts';
import type { PeerHello } from '../../protocol/index.ts';
import type { Process } from '../process.ts';
import { type LinkEvents, SimLink } from './link.ts';
import type { Wires } from './wires.ts';

export type DiallerParts = {
  readonly wires: Wires;
  readonly peer: NodeId;
  readonly address: string;
  readonly process: Process;
  readonly chance: Prng;
  readonly hello: () => PeerHello;
  readonly events: LinkEvents;
};

/** A link that lasted this long was a good one: the next pause begins small again. */
const goodLinkMs = 1000;

/** Keeps one made-up link to one peer open, with the pauses of the real transport. */
export class SimDialler {
  readonly address: string;
  readonly #parts: DiallerParts;
  #link: SimLink | null = null;
  #timer: Timer | null = null;
  #pauseMs: number = limits.peerRedialMsMin;
  #upAtMs: number | null = null;
  #stopped = false;

  constructor(parts: DiallerParts) {
    this.#parts = parts;
    this.address = parts.address;
  }

  /** The link, when frames can be sent on it. */
  get link(): SimLink | null {
    return this.#link?.isUp === true ? this.#link : null;
  }

  get isIdle(): boolean {
    return this.#link === null;
  }

  start(): void {
    this.#dial();
  }

  beat(): void {
    this.#link?.beat();
  }

  /** The peer is heard from elsewhere, as boot `boot`. */
  heardOf(boot: number): void {
    if (this.#stopped) return;
    const theirs = this.#link?.peer ?? null;
    if (theirs !== null && theirs.boot < boot) this.#link?.cut('peer has restarted');
    this.#pauseMs = limits.peerRedialMsMin;
    if (this.#timer === null) return;
    this.#timer.cancel();
    this.#dial();
  }

  stop(code: number, reason: string): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#link?.close(code, reason, true);
  }

  /** Closes what is still open, without a word. */
  end(): void {
    this.#link?.cut('stopped');
  }

  #dial(): void {
    this.#timer = null;
    const { address, events, hello, peer, process, wires } = this.#parts;
    const link = new SimLink({
      process,
      hello,
      dialled: true,
      expect: (theirs) => (theirs.nodeId === peer ? null : 'node id'),
      events: {
        up: (opened) => {
          this.#upAtMs = process.now();
          events.up(opened);
        },
        frame: events.frame,
        down: (closed, reason, expected) => this.#onDown(closed, reason, expected),
      },
    });
    this.#link = link;
    const { handlers, opened } = link;
    link.over(wires.call({ process, to: address, kind: 'peer', handlers, opened }));
  }

  #onDown(link: SimLink, reason: string, expected: boolean): void {
    this.#link = null;
    const upAtMs = this.#upAtMs;
    this.#upAtMs = null;
    const { events, process } = this.#parts;
    if (upAtMs !== null && process.now() - upAtMs >= goodLinkMs) {
      this.#pauseMs = limits.peerRedialMsMin;
    }
    if (!this.#stopped) this.#again();
    events.down(link, reason, expected);
  }

  #again(): void {
    const half = this.#pauseMs / 2;
    const pauseMs = half + this.#parts.chance.below(half + 1);
    this.#pauseMs = Math.min(limits.peerRedialMsMax, this.#pauseMs * 2);
    this.#timer = this.#parts.process.after(pauseMs, () => this.#dial());
  }
}
