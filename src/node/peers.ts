import type { NodeId } from '../base/index.ts';
import type { PeerLinks } from '../ports/index.ts';

/** Whom this node dials: all other members, and for a while those that left. */
export class Peers {
  readonly #self: NodeId;
  readonly #links: PeerLinks;
  readonly #farewellMs: number;
  #members: ReadonlyMap<NodeId, string> = new Map();
  readonly #farewells = new Map<NodeId, { readonly address: string; readonly untilMs: number }>();

  /** @param farewellMs  a removed member's link stays open so long, so that it hears of the commit. */
  constructor(self: NodeId, links: PeerLinks, farewellMs: number) {
    this.#self = self;
    this.#farewellMs = farewellMs;
    this.#links = links;
  }

  /** The members as of now; also those of an entry that is not committed yet (R10). */
  set(addresses: ReadonlyMap<NodeId, string>, nowMs: number): void {
    for (const [id, address] of this.#members) {
      if (!addresses.has(id))
        this.#farewells.set(id, { address, untilMs: nowMs + this.#farewellMs });
    }
    const members = new Map(addresses);
    members.delete(this.#self);
    for (const id of members.keys()) this.#farewells.delete(id);
    this.#members = members;
    this.#dial();
  }

  ids(): Iterable<NodeId> {
    return this.#members.keys();
  }

  isPeer(id: NodeId): boolean {
    return this.#members.has(id);
  }

  expire(nowMs: number): void {
    let ended = false;
    for (const [id, { untilMs }] of this.#farewells) {
      if (untilMs > nowMs) continue;
      this.#farewells.delete(id);
      ended = true;
    }
    if (ended) this.#dial();
  }

  #dial(): void {
    const dialled = new Map(this.#members);
    for (const [id, { address }] of this.#farewells) dialled.set(id, address);
    this.#links.setPeers(dialled);
  }
}
