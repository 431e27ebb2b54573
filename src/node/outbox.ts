import type { NodeId } from '../base/index.ts';
import type { PeerLinks } from '../ports/index.ts';
import type { NodeMessage } from '../protocol/index.ts';
import type { Message } from '../raft/index.ts';

type Gathered = { messages: Message[]; nodeMessages: NodeMessage[] };

/** Gathers what one turn has for each peer, so that it leaves as one frame. */
export class Outbox {
  readonly #links: PeerLinks;
  readonly #besides: (to: NodeId) => NodeMessage | null;
  readonly #byPeer = new Map<NodeId, Gathered>();

  /** @param besides  what goes along when a frame leaves anyway. */
  constructor(links: PeerLinks, besides: (to: NodeId) => NodeMessage | null = () => null) {
    this.#links = links;
    this.#besides = besides;
  }

  add(to: NodeId, message: NodeMessage): void {
    this.#for(to).nodeMessages.push(message);
  }

  addCore(to: NodeId, message: Message): void {
    this.#for(to).messages.push(message);
  }

  flush(): void {
    if (this.#byPeer.size === 0) return;
    for (const [to, frame] of this.#byPeer) {
      const besides = this.#besides(to);
      if (besides !== null) frame.nodeMessages.push(besides);
      this.#links.send(to, frame);
    }
    this.#byPeer.clear();
  }

  #for(to: NodeId): Gathered {
    let gathered = this.#byPeer.get(to);
    if (gathered === undefined) {
      gathered = { messages: [], nodeMessages: [] };
      this.#byPeer.set(to, gathered);
    }
    return gathered;
  }
}
