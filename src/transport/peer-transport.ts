import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { NodeId } from '../base/index.ts';
import { assert, Guesses, limits } from '../base/index.ts';
import type { PeerEvents, PeerLinks, Timer } from '../ports/index.ts';
import type { PeerFrame, PeerHello } from '../protocol/index.ts';
import { decodePeerFrame, encodePeerFrame, splitPeerFrame } from '../protocol/index.ts';
import { peerNameRefusal, peerRefusal } from '../tls/index.ts';
import { Dialler } from './dialler.ts';
import { helloOf, proofKeyOf } from './greeting.ts';
import type { LinkEvents } from './link.ts';
import { closeCodes, Link } from './link.ts';
import { LinkNews } from './link-news.ts';
import type { PeerCounts, PeerTransportOptions } from './options.ts';

/** How long `stop` lets links close in order before it cuts them. */
const graceMs = 250;

/**
 * Links over WebSocket, on the node's one listening port. Each node dials each of its peers, so
 * between two there are usually two links; a node sends on the one it dialled, and on the other
 * only while that is missing.
 */
export class PeerTransport implements PeerLinks {
  readonly #options: PeerTransportOptions;
  readonly #hello: (nonce: Uint8Array) => PeerHello;
  readonly #proofKey: Uint8Array | null;
  readonly #guesses = new Guesses();
  readonly #news: LinkNews;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.frameBytesMax,
  });
  readonly #diallers = new Map<NodeId, Dialler>();
  /** Diallers whose link is still closing. */
  readonly #leaving = new Set<Dialler>();
  /** Links that were opened to us, with or without a hello. At most `limits.peerLinksMax`. */
  readonly #inbound = new Set<Link>();
  /** Of these the one that is up, for each peer. */
  readonly #inboundOf = new Map<NodeId, Link>();
  #events: PeerEvents | null = null;
  #beat: Timer | null = null;
  #stopped: Promise<void> | null = null;
  #idle: (() => void) | null = null;
  #framesSent = 0;
  #bytesSent = 0;
  #framesReceived = 0;
  #bytesReceived = 0;
  #framesDropped = 0;

  constructor(options: PeerTransportOptions) {
    this.#options = options;
    this.#news = new LinkNews(options.logger);
    this.#proofKey = proofKeyOf(options.secret, options.clusterName);
    this.#hello = (nonce) => helloOf(options, nonce);
  }

  start(events: PeerEvents): void {
    assert(this.#events === null, 'links are started once');
    this.#events = events;
    this.#scheduleBeat();
  }

  setPeers(addresses: ReadonlyMap<NodeId, string>): void {
    assert(this.#events !== null, 'links are started before they are given peers');
    if (this.#stopped !== null) return;
    for (const [peer, dialler] of this.#diallers) {
      if (addresses.get(peer) !== dialler.address) this.#drop(peer, dialler);
    }
    for (const [peer, address] of addresses) {
      if (peer !== this.#options.nodeId && !this.#diallers.has(peer)) this.#dial(peer, address);
    }
  }

  send(to: NodeId, frame: PeerFrame): void {
    const link = this.#linkTo(to);
    if (link === null || link.unsentBytes >= this.#unsentBytesMax()) {
      this.#framesDropped++;
      return;
    }
    const bytes = encodePeerFrame(frame);
    if (bytes.length <= limits.frameBytesMax) this.#sendBytes(link, bytes);
    else this.#sendInParts(to, link, frame);
  }

  unsentBytes(to: NodeId): number {
    return this.#linkTo(to)?.unsentBytes ?? 0;
  }

  /** Takes over a connection whose HTTP request asks for the path `/peer`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { clock } = this.#options;
    const from = request.socket.remoteAddress ?? 'somewhere';
    // Whoever guesses here is only slowed down: a peer may share its address, and must get in.
    const full = this.#inbound.size >= limits.peerLinksMax;
    if (this.#events === null || this.#stopped !== null || full) {
      socket.destroy();
      return;
    }
    const mutual = this.#options.tls?.mutual === true;
    const refusal = mutual ? peerRefusal(socket) : null;
    if (refusal !== null) {
      this.#news.down(null, refusal, from);
      socket.end(`HTTP/1.1 403 ${refusal}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const link = new Link({
        socket: webSocket,
        clock,
        hello: this.#hello,
        proofKey: this.#proofKey,
        wrongProof: () => this.#guesses.failed(from, clock.now()),
        dialled: false,
        expect: ({ address }) => (mutual ? peerNameRefusal(socket, address) : null),
        helloTimeoutMs: this.#options.peerHelloTimeoutMs ?? limits.peerHelloTimeoutMs,
        events: this.#inboundEvents(from),
      });
      this.#inbound.add(link);
      link.start();
    });
  }

  /** What the links did so far. */
  counts(): PeerCounts {
    return {
      framesSent: this.#framesSent,
      bytesSent: this.#bytesSent,
      framesReceived: this.#framesReceived,
      bytesReceived: this.#bytesReceived,
      framesDropped: this.#framesDropped,
    };
  }

  /** Peers to which frames would be sent now. */
  linked(): readonly NodeId[] {
    const peers = new Set([...this.#diallers.keys(), ...this.#inboundOf.keys()]);
    return [...peers].filter((peer) => this.#linkTo(peer) !== null).sort();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#beat?.cancel();
    for (const [peer, dialler] of this.#diallers) {
      dialler.stop(closeCodes.stopping, 'stopping');
      this.#diallers.delete(peer);
      if (!dialler.isIdle) this.#leaving.add(dialler);
    }
    for (const link of this.#inbound) link.close(closeCodes.stopping, 'stopping', true);
    if (this.#isIdle()) return;
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    const grace = this.#options.clock.after(graceMs, () => {
      for (const dialler of this.#leaving) dialler.end();
      for (const link of this.#inbound) link.end('stopped');
    });
    await idle;
    grace.cancel();
  }

  #isIdle(): boolean {
    return this.#inbound.size === 0 && this.#leaving.size === 0;
  }

  #linkTo(peer: NodeId): Link | null {
    const dialled = this.#diallers.get(peer)?.link ?? null;
    if (dialled !== null) return dialled;
    const inbound = this.#inboundOf.get(peer);
    return inbound?.isUp === true ? inbound : null;
  }

  #unsentBytesMax(): number {
    return this.#options.unsentPeerBytesMax ?? limits.unsentPeerBytesMax;
  }

  #sendBytes(link: Link, bytes: Uint8Array): void {
    link.send(bytes);
    this.#framesSent++;
    this.#bytesSent += bytes.length;
  }

  #sendInParts(to: NodeId, link: Link, frame: PeerFrame): void {
    for (const part of splitPeerFrame(frame, limits.frameBytesMax)) {
      const bytes = encodePeerFrame(part);
      if (bytes.length <= limits.frameBytesMax) this.#sendBytes(link, bytes);
      else {
        this.#framesDropped++;
        this.#options.logger.error({ peer: to, bytes: bytes.length }, 'message exceeds a frame');
      }
    }
  }

  #dial(peer: NodeId, address: string): void {
    const { clock, prng, peerHelloTimeoutMs } = this.#options;
    const dialler: Dialler = new Dialler({
      peer,
      address,
      clock,
      prng,
      hello: this.#hello,
      proofKey: this.#proofKey,
      tls: this.#options.tls ?? null,
      helloTimeoutMs: peerHelloTimeoutMs ?? limits.peerHelloTimeoutMs,
      events: {
        up: (link) => this.#onUp(peer, link),
        frame: (link, bytes) => this.#onFrame(peer, link, bytes),
        down: (link, reason, expected) => {
          this.#leaving.delete(dialler);
          this.#onDown(peer, link, reason, expected);
        },
      },
      unusable: (reason) => this.#news.down(peer, reason, address),
    });
    this.#diallers.set(peer, dialler);
    dialler.start();
  }

  #drop(peer: NodeId, dialler: Dialler): void {
    this.#diallers.delete(peer);
    dialler.stop(closeCodes.replaced, 'no longer dialled here');
    if (!dialler.isIdle) this.#leaving.add(dialler);
    this.#news.forget(peer);
  }

  #inboundEvents(from: string): LinkEvents {
    return {
      up: (link) => {
        const hello = link.peer;
        assert(hello !== null, 'a link that is up has heard a hello');
        // The peer opened another: whatever became of the older one, it is done with.
        this.#inboundOf.get(hello.nodeId)?.close(closeCodes.replaced, 'another link', true);
        this.#inboundOf.set(hello.nodeId, link);
        this.#diallers.get(hello.nodeId)?.heardOf(hello.boot);
        this.#onUp(hello.nodeId, link);
      },
      frame: (link, bytes) => {
        if (link.peer !== null) this.#onFrame(link.peer.nodeId, link, bytes);
      },
      down: (link, reason, expected) => {
        this.#inbound.delete(link);
        const peer = link.peer?.nodeId ?? null;
        if (peer !== null && this.#inboundOf.get(peer) === link) this.#inboundOf.delete(peer);
        this.#onDown(peer, link, reason, expected, from);
      },
    };
  }

  #onUp(peer: NodeId, link: Link): void {
    this.#news.up(peer, link.peer?.boot ?? 0, link.dialled);
  }

  #onFrame(peer: NodeId, link: Link, bytes: Uint8Array): void {
    if (this.#stopped !== null) return;
    this.#framesReceived++;
    this.#bytesReceived += bytes.length;
    const boot = link.peer?.boot;
    assert(boot !== undefined, 'a frame comes after a hello');
    let frame: PeerFrame;
    try {
      frame = decodePeerFrame(bytes);
    } catch (error) {
      link.close(closeCodes.badFrame, String(error), false);
      return;
    }
    this.#events?.frame(peer, boot, frame);
  }

  /** `peer` is `null` when a link that was opened to us ended before its hello. */
  #onDown(
    peer: NodeId | null,
    link: Link,
    reason: string,
    expected: boolean,
    from: string | null = null,
  ): void {
    if (this.#stopped !== null) {
      if (this.#isIdle()) this.#idle?.();
      return;
    }
    if (!expected) this.#news.down(peer, reason, from);
    if (peer === null || expected) return;
    // A link that was up is a sign in any case: of a killed peer both close, and the first counts.
    // One that could not be opened is a sign only when there is no other.
    if (link.peer !== null || this.#linkTo(peer) === null) this.#events?.closed(peer);
  }

  #scheduleBeat(): void {
    const everyMs = this.#options.peerQuietMs ?? limits.peerQuietMs;
    this.#beat = this.#options.clock.after(everyMs, () => {
      for (const dialler of this.#diallers.values()) dialler.beat();
      for (const link of this.#inbound) link.beat();
      this.#scheduleBeat();
    });
  }
}
