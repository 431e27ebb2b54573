import { assert, ClusterError, limits, type NodeId } from '../../base/index.ts';
import type { LinksOf } from '../../life/index.ts';
import type { PeerEvents, PeerLinks, Timer } from '../../ports/index.ts';
import {
  decodePeerFrame,
  encodePeerFrame,
  type PeerFrame,
  type PeerHello,
  splitPeerFrame,
} from '../../protocol/index.ts';
import type { Process } from '../process.ts';
import type { End } from './connection.ts';
import { SimDialler } from './dialler.ts';
import { helloOf } from './greeting.ts';
import { closeCodes, type LinkEvents, SimLink } from './link.ts';
import type { Wires } from './wires.ts';

export type SimLinksParts = {
  readonly wires: Wires;
  readonly of: LinksOf & { readonly process: Process };
  readonly handed: (to: NodeId, frame: PeerFrame) => void;
};

/** How long `stop` lets links close in order before it cuts them. */
const graceMs = 250;

/**
 * Links between made-up nodes, as the real transport keeps them: each node dials each of its peers and
 * sends on the link it dialled, and on the one the peer opened only while that is missing.
 */
export class SimLinks implements PeerLinks {
  readonly #parts: SimLinksParts;
  readonly #process: Process;
  readonly #hello: () => PeerHello;
  readonly #diallers = new Map<NodeId, SimDialler>();
  /** Diallers whose link is still closing. */
  readonly #leaving = new Set<SimDialler>();
  /** At most `limits.peerLinksMax`. */
  readonly #inbound = new Set<SimLink>();
  readonly #inboundOf = new Map<NodeId, SimLink>();
  #events: PeerEvents | null = null;
  #beat: Timer | null = null;
  #stopped: Promise<void> | null = null;
  #idle: (() => void) | null = null;

  constructor(parts: SimLinksParts) {
    this.#parts = parts;
    this.#process = parts.of.process;
    this.#hello = () => helloOf(parts.of);
  }

  get process(): Process {
    return this.#process;
  }

  start(events: PeerEvents): void {
    assert(this.#events === null, 'links are started once');
    this.#events = events;
    this.#scheduleBeat();
  }

  setPeers(addresses: ReadonlyMap<NodeId, string>): void {
    assert(this.#events !== null, 'links are started before they are given peers');
    if (this.#stopped !== null || this.#process.state === 'ended') return;
    for (const [peer, dialler] of this.#diallers) {
      if (addresses.get(peer) !== dialler.address) this.#drop(peer, dialler);
    }
    const self = this.#parts.of.nodeId;
    for (const [peer, address] of addresses) {
      if (peer !== self && !this.#diallers.has(peer)) this.#dial(peer, address);
    }
  }

  send(to: NodeId, frame: PeerFrame): void {
    // What a process that ended still does reaches nobody.
    if (this.#process.state === 'ended') return;
    this.#parts.handed(to, frame);
    const link = this.#linkTo(to);
    if (link === null || link.unsentBytes >= limits.unsentPeerBytesMax) {
      this.#parts.wires.weather.counts.dropped++;
      return;
    }
    const bytes = encodePeerFrame(frame);
    if (bytes.length <= limits.frameBytesMax) link.send(bytes);
    else this.#sendInParts(link, frame);
  }

  unsentBytes(to: NodeId): number {
    return this.#linkTo(to)?.unsentBytes ?? 0;
  }

  /** Takes a link that a peer opened; false: closed at once. */
  accept(end: End): boolean {
    const full = this.#inbound.size >= limits.peerLinksMax;
    if (this.#events === null || this.#stopped !== null || full) return false;
    const link = new SimLink({
      process: this.#process,
      hello: this.#hello,
      dialled: false,
      expect: () => null,
      events: this.#inboundEvents(),
    });
    this.#inbound.add(link);
    link.over(end);
    end.handle(link.handlers);
    return true;
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
    const grace = this.#process.after(graceMs, () => {
      for (const dialler of this.#leaving) dialler.end();
      for (const link of this.#inbound) link.cut('stopped');
    });
    await idle;
    grace.cancel();
  }

  #isIdle(): boolean {
    return this.#inbound.size === 0 && this.#leaving.size === 0;
  }

  #linkTo(peer: NodeId): SimLink | null {
    const dialled = this.#diallers.get(peer)?.link ?? null;
    if (dialled !== null) return dialled;
    const inbound = this.#inboundOf.get(peer);
    return inbound?.isUp === true ? inbound : null;
  }

  #sendInParts(link: SimLink, frame: PeerFrame): void {
    for (const part of splitPeerFrame(frame, limits.frameBytesMax)) {
      const bytes = encodePeerFrame(part);
      if (bytes.length <= limits.frameBytesMax) link.send(bytes);
      else this.#parts.wires.weather.counts.dropped++;
    }
  }

  #dial(peer: NodeId, address: string): void {
    const { wires } = this.#parts;
    const dialler: SimDialler = new SimDialler({
      wires,
      peer,
      address,
      process: this.#process,
      chance: wires.weather.chance,
      hello: this.#hello,
      events: {
        up: (link) => this.#onUp(peer, link),
        frame: (link, bytes) => this.#onFrame(peer, link, bytes),
        down: (link, reason, expected) => {
          this.#leaving.delete(dialler);
          this.#onDown(peer, link, reason, expected);
        },
      },
    });
    this.#diallers.set(peer, dialler);
    dialler.start();
  }

  #drop(peer: NodeId, dialler: SimDialler): void {
    this.#diallers.delete(peer);
    dialler.stop(closeCodes.replaced, 'no longer dialled here');
    if (!dialler.isIdle) this.#leaving.add(dialler);
  }

  #inboundEvents(): LinkEvents {
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
        this.#onDown(peer, link, reason, expected);
      },
    };
  }

  #onUp(peer: NodeId, link: SimLink): void {
    const { wires, of } = this.#parts;
    wires.weather.counts.linksUp++;
    const how = link.dialled ? 'dialled' : 'opened by it';
    wires.weather.world.say(() => `net ${of.address} link with ${peer} up, ${how}`);
  }

  #onFrame(peer: NodeId, link: SimLink, bytes: Uint8Array): void {
    if (this.#stopped !== null) return;
    const boot = link.peer?.boot;
    assert(boot !== undefined, 'a frame comes after a hello');
    let frame: PeerFrame;
    try {
      frame = decodePeerFrame(bytes);
    } catch (error) {
      // Nothing alters frames on the way: what does not decode was encoded wrongly.
      if (error instanceof ClusterError) assert(false, `frames decode: ${error.message}`);
      throw error;
    }
    this.#parts.wires.weather.counts.delivered++;
    this.#events?.frame(peer, boot, frame);
  }

  #onDown(peer: NodeId | null, link: SimLink, reason: string, expected: boolean): void {
    const { wires, of } = this.#parts;
    if (link.peer !== null) {
      wires.weather.world.say(() => `net ${of.address} link with ${peer} down: ${reason}`);
    }
    if (this.#stopped !== null) {
      if (this.#isIdle()) this.#idle?.();
      return;
    }
    if (peer === null || expected) return;
    // A link that was up is a sign in any case; one that could not be opened only without another.
    if (link.peer !== null || this.#linkTo(peer) === null) this.#events?.closed(peer);
  }

  #scheduleBeat(): void {
    this.#beat = this.#process.after(limits.peerQuietMs, () => {
      for (const dialler of this.#diallers.values()) dialler.beat();
      for (const link of this.#inbound) link.beat();
      this.#scheduleBeat();
    });
  }
}
