import { WebSocket } from 'ws';
import type { NodeId, Prng } from '../base/index.ts';
import { limits } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import { connectionOptions } from '../tls/index.ts';
import type { LinkEvents, LinkParts } from './link.ts';
import { Link } from './link.ts';
import type { PeerTls } from './options.ts';

export type DiallerParts = {
  readonly peer: NodeId;
  readonly address: string;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly hello: LinkParts['hello'];
  readonly proofKey: Uint8Array | null;
  readonly tls: PeerTls | null;
  readonly helloTimeoutMs: number;
  readonly events: LinkEvents;
  /** The address makes no URL. */
  readonly unusable: (reason: string) => void;
};

/** Where peers' links are asked for. */
export const peerUrlPath = '/peer';

/** A link that lasted this long was a good one: the next pause begins small again. */
const goodLinkMs = 1000;

/** Keeps one link to one peer open: dials, and dials again with a pause that grows and jitters. */
export class Dialler {
  readonly address: string;
  readonly #parts: DiallerParts;
  #link: Link | null = null;
  #timer: Timer | null = null;
  #pauseMs: number = limits.peerRedialMsMin;
  #upAtMs: number | null = null;
  #stopped = false;

  constructor(parts: DiallerParts) {
    this.#parts = parts;
    this.address = parts.address;
  }

  /** The link, when frames can be sent on it. */
  get link(): Link | null {
    return this.#link?.isUp === true ? this.#link : null;
  }

  start(): void {
    this.#dial();
  }

  beat(): void {
    this.#link?.beat();
  }

  /**
   * The peer is heard from elsewhere, as boot `boot`: a link with an older life of it leads nowhere,
   * and a pause can end now.
   */
  heardOf(boot: number): void {
    if (this.#stopped) return;
    const theirs = this.#link?.peer ?? null;
    if (theirs !== null && theirs.boot < boot) this.#link?.end(`peer has restarted (boot ${boot})`);
    this.#pauseMs = limits.peerRedialMsMin;
    if (this.#timer !== null) {
      this.#timer.cancel();
      this.#dial();
    }
  }

  /** No more dialling; the link closes in order, and its `down` event comes. */
  stop(code: number, reason: string): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#link?.close(code, reason, true);
  }

  /** Closes what is still open, without a word. */
  end(): void {
    this.#link?.end('stopped');
  }

  get isIdle(): boolean {
    return this.#link === null;
  }

  #dial(): void {
    this.#timer = null;
    const { address, clock, hello, helloTimeoutMs, peer, proofKey, events } = this.#parts;
    const socket = dialSocket(address, this.#parts.tls);
    if (socket === null) {
      this.#again();
      this.#parts.unusable(`"${address}" is no address`);
      return;
    }
    const link = new Link({
      socket,
      clock,
      hello,
      proofKey,
      // Said at once: who is dialled cannot guess.
      wrongProof: () => 0,
      dialled: true,
      expect: (theirs) =>
        theirs.nodeId === peer ? null : `node id: ${address} is ${theirs.nodeId}, not ${peer}`,
      helloTimeoutMs,
      events: {
        up: (opened) => {
          this.#upAtMs = clock.now();
          events.up(opened);
        },
        frame: events.frame,
        down: (closed, reason, expected) => this.#onDown(closed, reason, expected),
      },
    });
    this.#link = link;
    link.start();
  }

  #onDown(link: Link, reason: string, expected: boolean): void {
    this.#link = null;
    const upAt = this.#upAtMs;
    this.#upAtMs = null;
    if (upAt !== null && this.#parts.clock.now() - upAt >= goodLinkMs) {
      this.#pauseMs = limits.peerRedialMsMin;
    }
    if (!this.#stopped) this.#again();
    this.#parts.events.down(link, reason, expected);
  }

  #again(): void {
    const { clock, prng } = this.#parts;
    // Half of the pause is fixed and half is chance, so that diallers do not fall into step.
    const half = this.#pauseMs / 2;
    const pauseMs = half + prng.below(half + 1);
    this.#pauseMs = Math.min(limits.peerRedialMsMax, this.#pauseMs * 2);
    this.#timer = clock.after(pauseMs, () => this.#dial());
  }
}

/** `null` when the address makes no URL: it stays wrong until `setPeers` brings another. */
function dialSocket(address: string, tls: PeerTls | null): WebSocket | null {
  try {
    return new WebSocket(`${tls === null ? 'ws' : 'wss'}://${address}${peerUrlPath}`, {
      ...(tls !== null && connectionOptions(tls.dialTexts())),
      perMessageDeflate: false,
      maxPayload: limits.frameBytesMax,
      followRedirects: false,
      // Masking keeps browsers from being used against proxies. There is neither between peers, and
      // a mask of zeros, which costs nothing, is a mask.
      generateMask: () => {},
    });
  } catch {
    return null;
  }
}
