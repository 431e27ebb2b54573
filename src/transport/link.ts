import type { RawData, WebSocket } from 'ws';
import { assert, limits } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import type { PeerHello } from '../protocol/index.ts';
import {
  decodePeerHello,
  decodePeerProof,
  encodePeerHello,
  encodePeerProof,
} from '../protocol/index.ts';
import { handshakeReason } from '../tls/index.ts';
import { type Hellos, nonceFor, proofOf, refusalOf, sameProof } from './greeting.ts';

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
  /** Hellos were exchanged and fit, and the secret is proven. */
  readonly up: (link: Link) => void;
  readonly frame: (link: Link, bytes: Uint8Array) => void;
  /** `expected`: nothing to be learnt from it, since one of us closed it for a harmless reason. */
  readonly down: (link: Link, reason: string, expected: boolean) => void;
};

export type LinkParts = {
  readonly socket: WebSocket;
  readonly clock: Clock;
  readonly hello: (nonce: Uint8Array) => PeerHello;
  /** What the secret is proven with; `null`: there is none, and hellos are all. */
  readonly proofKey: Uint8Array | null;
  /** Who dialled has no proof; answers after how many ms that is said. */
  readonly wrongProof: () => number;
  /** We dialled: we say our hello first and are the one that must mask (with zeros). */
  readonly dialled: boolean;
  /** Why this hello is not the one expected, beyond what always holds; `null` when it is. */
  readonly expect: (theirs: PeerHello) => string | null;
  readonly helloTimeoutMs: number;
  readonly events: LinkEvents;
};

/**
 * One connection to one peer, from its opening to its end. First a hello each way; with a secret a proof each way,
 * the dialler's first, so that who does not know the secret hears nothing to guess it from; then frames. Whatever goes wrong ends it; its owner opens another.
 */
export class Link {
  readonly dialled: boolean;
  readonly #parts: LinkParts;
  readonly #socket: WebSocket;
  readonly #nonce: Uint8Array;
  /** The hellos, as sent and heard. */
  #mine: Uint8Array | null = null;
  #theirs: Uint8Array | null = null;
  /** Heard and fit, and still to be proven. */
  #unproven: PeerHello | null = null;
  #peer: PeerHello | null = null;
  #reason: string | null = null;
  #expected = false;
  #deadline: Timer | null = null;
  #refused = false;
  #heard = true;
  #quietTimes = 0;
  #closed = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#socket = parts.socket;
    this.dialled = parts.dialled;
    this.#nonce = nonceFor(parts.proofKey);
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
      this.#reason ??= handshakeReason(error) ?? error.message;
    });
    socket.on('unexpected-response', (_request, response) => {
      this.end(`refused: ${response.statusCode} ${response.statusMessage}`);
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
    this.#mine = encodePeerHello(this.#parts.hello(this.#nonce));
    this.#socket.send(this.#mine);
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
    else if (this.#unproven !== null) this.#onProof(bytes, this.#unproven);
    else this.#onHello(bytes);
  }

  /** `null`, and the link closed, when `decode` cannot read `bytes`. */
  #decoded<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T | null {
    try {
      return decode(bytes);
    } catch (error) {
      this.close(closeCodes.badFrame, String(error), false);
      return null;
    }
  }

  #onHello(bytes: Uint8Array): void {
    const theirs = this.#decoded(decodePeerHello, bytes);
    if (theirs === null) return;
    const refusal = refusalOf(this.#parts.hello(this.#nonce), theirs) ?? this.#parts.expect(theirs);
    if (refusal !== null) {
      this.close(closeCodes.refused, refusal, false);
      return;
    }
    this.#theirs = bytes.slice();
    if (!this.dialled) this.#sayHello();
    if (this.#parts.proofKey === null) {
      this.#up(theirs);
      return;
    }
    this.#unproven = theirs;
    if (this.dialled) this.#socket.send(encodePeerProof(this.#proof('dialler')));
  }

  #proof(by: keyof Hellos): Uint8Array {
    const { proofKey } = this.#parts;
    assert(proofKey !== null, 'proofs are made where there is a secret');
    const [mine, theirs] = [this.#mine, this.#theirs];
    assert(mine !== null && theirs !== null, 'proofs come after both hellos');
    const hellos = this.dialled
      ? { dialler: mine, listener: theirs }
      : { dialler: theirs, listener: mine };
    return proofOf(proofKey, by, hellos);
  }

  #onProof(bytes: Uint8Array, theirs: PeerHello): void {
    // Its one try was wrong, and what it says until it is told so is not heard.
    if (this.#refused) return;
    const proof = this.#decoded(decodePeerProof, bytes);
    if (proof === null) return;
    if (sameProof(proof, this.#proof(this.dialled ? 'listener' : 'dialler'))) {
      if (!this.dialled) this.#socket.send(encodePeerProof(this.#proof('listener')));
      this.#up(theirs);
      return;
    }
    this.#refused = true;
    this.#deadline?.cancel();
    const refuse = () => this.close(closeCodes.refused, 'secret: peer has another', false);
    if (this.dialled) refuse();
    else this.#deadline = this.#parts.clock.after(this.#parts.wrongProof(), refuse);
  }

  #up(theirs: PeerHello): void {
    this.#deadline?.cancel();
    this.#unproven = null;
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
