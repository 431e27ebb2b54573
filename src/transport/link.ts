import type { RawData, WebSocket } from 'ws';
import { assert, limits } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import type { PeerHello } from '../protocol/index.ts';
import { decodePeerHello, encodePeerHello } from '../protocol/index.ts';
import { refusalOf } from './greeting.ts';

/** Why a link was closed on purpose, as its close code. */
export const closeCodes = {
  /** The node stops: whoever hears it knows at once that this peer is gone. */
  stopping: 1001,
  /** What came cannot be read. */
  badFrame: 1002,
  /** Hellos do not fit together; the reason says how. */
  refused: 4001,
  /** Another link takes its place, or the peer is no peer any more. No bad sign. */
  replaced: 4002,
} as const;

/** What a link tells its owner. Each is called at most once but `frame`. */
export type LinkEvents = {
  /** Hellos were exchanged and fit. */
  readonly up: (link: Link) => void;
  readonly frame: (link: Link, bytes: Uint8Array) => void;
  /** `expected`: nothing to be learnt from it, since one of us closed it for a harmless reason. */
  readonly down: (link: Link, reason: string, expected: boolean) => void;
};

export type LinkParts = {
  readonly socket: WebSocket;
  readonly clock: Clock;
  readonly hello: () => PeerHello;
  /** We dialled: we say our hello first and are the one that must mask (with zeros). */
  readonly dialled: boolean;
  /** Why this hello is not the one expected, beyond what always holds; `null` when it is. */
  readonly expect: (theirs: PeerHello) => string | null;
  readonly helloTimeoutMs: number;
  readonly events: LinkEvents;
};

/**
 * One connection to one peer, from its opening to its end. First a hello each way, then frames.
 * Whatever goes wrong ends it; its owner opens another.
 */
export class Link {
  readonly dialled: boolean;
  readonly #parts: LinkParts;
  readonly #socket: WebSocket;
  #peer: PeerHello | null = null;
  #reason: string | null = null;
  #expected = false;
  #deadline: Timer | null = null;
  #heard = true;
  #quietTimes = 0;
  #closed = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#socket = parts.socket;
    this.dialled = parts.dialled;
  }

  /** Takes over the socket's events and begins the exchange of hellos. */
  start(): void {
    const { clock, helloTimeoutMs } = this.#parts;
    const socket = this.#socket;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('ping', () => this.#sign());
    socket.on('pong', () => this.#sign());
    socket.on('error', (error) => {
      this.#reason ??= error.message;
    });
    socket.on('close', (code, reason) => this.#onClose(code, reason.toString()));
    if (this.dialled) socket.on('open', () => this.#sayHello());
    this.#deadline = clock.after(helloTimeoutMs, () =>
      this.end(`no hello within ${helloTimeoutMs} ms`),
    );
  }

  /** The other end's hello, once the link is up. */
  get peer(): PeerHello | null {
    return this.#peer;
  }

  /** Frames may be sent. */
  get isUp(): boolean {
    return this.#peer !== null && this.#socket.readyState === this.#socket.OPEN;
  }

  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** One frame as one message, in one write. The bytes may not change any more. */
  send(bytes: Uint8Array): void {
    assert(this.isUp, 'frames are sent on a link that is up');
    this.#socket.send(bytes, { binary: true, compress: false, fin: true });
  }

  /**
   * Called in even steps of time. A peer that stays silent through several of them although it was
   * asked for a sign of life is taken for gone. Steps are counted, not milliseconds: a process
   * that was stopped for an hour and goes on has missed one step, not all its peers.
   */
  beat(): void {
    if (this.#peer === null) return;
    this.#quietTimes = this.#heard ? 0 : this.#quietTimes + 1;
    this.#heard = false;
    if (this.#quietTimes >= limits.peerQuietTimesMax) {
      this.end(`silent through ${this.#quietTimes} signs of life asked for`);
    } else if (this.#quietTimes > 0) this.#socket.ping();
  }

  /** Tells the other end why, and closes in the order of things; `expected` as in `LinkEvents.down`. */
  close(code: number, reason: string, expected: boolean): void {
    this.#reason ??= reason;
    this.#expected ||= expected;
    // A reason on the wire has at most 123 bytes.
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.close(code, cut(reason));
    else this.#socket.terminate();
  }

  /** Closes at once, without a word. */
  end(reason: string): void {
    this.#reason ??= reason;
    this.#socket.terminate();
  }

  #sayHello(): void {
    this.#socket.send(encodePeerHello(this.#parts.hello()));
  }

  #sign(): void {
    this.#heard = true;
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    this.#heard = true;
    // What comes after we closed is not heard any more.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (!isBinary || !Buffer.isBuffer(data)) {
      this.close(closeCodes.badFrame, 'a text message', false);
      return;
    }
    // A plain view: no Buffer, whose slices share what they should not, enters the rooms below.
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
    if (this.#peer !== null) this.#parts.events.frame(this, bytes);
    else this.#onHello(bytes);
  }

  #onHello(bytes: Uint8Array): void {
    let theirs: PeerHello;
    try {
      theirs = decodePeerHello(bytes);
    } catch (error) {
      this.close(closeCodes.badFrame, String(error), false);
      return;
    }
    const refusal = refusalOf(this.#parts.hello(), theirs) ?? this.#parts.expect(theirs);
    if (refusal !== null) {
      this.close(closeCodes.refused, refusal, false);
      return;
    }
    if (!this.dialled) this.#sayHello();
    this.#deadline?.cancel();
    this.#peer = theirs;
    this.#parts.events.up(this);
  }

  #onClose(code: number, theirReason: string): void {
    assert(!this.#closed, 'a link closes once');
    this.#closed = true;
    this.#deadline?.cancel();
    const said = theirReason === '' ? `closed (${code})` : `closed by peer: ${theirReason}`;
    const expected = this.#expected || code === closeCodes.replaced;
    this.#parts.events.down(this, this.#reason ?? said, expected);
  }
}

/** At most 123 bytes of text: what a close frame holds. */
function cut(reason: string): string {
  let text = reason;
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text;
}
