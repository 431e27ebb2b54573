import { assert, limits } from '../../base/index.ts';
import type { Timer } from '../../ports/index.ts';
import { decodePeerHello, encodePeerHello, type PeerHello } from '../../protocol/index.ts';
import type { Process } from '../process.ts';
import type { End, EndHandlers } from './connection.ts';
import { refusalOf } from './greeting.ts';
import type { Bye } from './lane.ts';

/** Why a link is closed on purpose, as its closing code; as in the real transport. */
export const closeCodes = {
  stopping: 1001,
  badFrame: 1002,
  refused: 4001,
  /** Another link takes its place, or the peer is no peer any more. No bad sign. */
  replaced: 4002,
} as const;

/** What a link tells its owner. Each is called at most once but `frame`. */
export type LinkEvents = {
  readonly up: (link: SimLink) => void;
  readonly frame: (link: SimLink, bytes: Uint8Array) => void;
  /** `expected`: nothing to be learnt from it. */
  readonly down: (link: SimLink, reason: string, expected: boolean) => void;
};

export type LinkParts = {
  readonly process: Process;
  readonly hello: () => PeerHello;
  /** We dialled: we say our hello first. */
  readonly dialled: boolean;
  /** Why this hello is not the one expected, beyond what always holds. */
  readonly expect: (theirs: PeerHello) => string | null;
  readonly events: LinkEvents;
};

/** One made-up connection to one peer: first a hello each way, then frames. */
export class SimLink {
  readonly dialled: boolean;
  readonly #parts: LinkParts;
  readonly #deadline: Timer;
  #end: End | null = null;
  #peer: PeerHello | null = null;
  #reason: string | null = null;
  #expected = false;
  #heard = true;
  #quietTimes = 0;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.dialled = parts.dialled;
    this.#deadline = parts.process.after(limits.peerHelloTimeoutMs, () => this.cut('no hello'));
  }

  /** What the connection under it calls. */
  readonly handlers: EndHandlers = {
    message: (bytes) => this.#onMessage(bytes),
    closed: (bye) => this.#onClosed(bye),
  };

  /** The connection under it, from its first moment on. */
  over(end: End): void {
    this.#end = end;
  }

  readonly opened = (): void => {
    this.#sayHello();
  };

  /** The other end's hello, once the link is up. */
  get peer(): PeerHello | null {
    return this.#peer;
  }

  get isUp(): boolean {
    return this.#peer !== null && this.#end?.isOpen === true;
  }

  get unsentBytes(): number {
    return this.#end?.bytesUnderWay ?? 0;
  }

  send(bytes: Uint8Array): void {
    assert(this.isUp, 'frames are sent on a link that is up');
    this.#end?.sendFrame(bytes);
  }

  /**
   * Called in even steps of time, as in the real transport. A ping and its pong are not sent: whether
   * they would come is looked up, which costs nothing.
   */
  beat(): void {
    if (this.#peer === null) return;
    this.#quietTimes = this.#heard ? 0 : this.#quietTimes + 1;
    this.#heard = false;
    if (this.#quietTimes >= limits.peerQuietTimesMax) this.cut('silent');
    else if (this.#quietTimes > 0) this.#heard = this.#end?.answersSigns() === true;
  }

  close(code: number, reason: string, expected: boolean): void {
    this.#reason ??= reason;
    this.#expected ||= expected;
    this.#end?.close(code, reason);
  }

  cut(reason: string): void {
    this.#reason ??= reason;
    this.#end?.cut(reason);
  }

  #sayHello(): void {
    this.#end?.send(encodePeerHello(this.#parts.hello()));
  }

  #onMessage(bytes: Uint8Array): void {
    this.#heard = true;
    if (this.#end?.isOpen !== true) return;
    if (this.#peer !== null) this.#parts.events.frame(this, bytes);
    else this.#onHello(bytes);
  }

  #onHello(bytes: Uint8Array): void {
    const theirs = decodePeerHello(bytes);
    const refusal = refusalOf(this.#parts.hello(), theirs) ?? this.#parts.expect(theirs);
    if (refusal !== null) {
      this.close(closeCodes.refused, refusal, false);
      return;
    }
    if (!this.dialled) this.#sayHello();
    this.#deadline.cancel();
    this.#peer = theirs;
    this.#parts.events.up(this);
  }

  #onClosed(bye: Bye): void {
    this.#deadline.cancel();
    const expected = this.#expected || bye.code === closeCodes.replaced;
    this.#parts.events.down(this, this.#reason ?? bye.reason, expected);
  }
}
