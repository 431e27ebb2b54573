import type { NodeId } from '../base/index.ts';
import type { Logger } from '../ports/index.ts';

/** Reasons remembered; beyond, all are forgotten and may be said once more. */
const remembered = 512;

/**
 * What the log hears about links: each peer's troubles once, not with each try, until it is
 * linked again or the reason changes.
 */
export class LinkNews {
  readonly #logger: Logger;
  /** Who was said to be linked, and in which of their lives. */
  readonly #linked = new Map<NodeId, number>();
  readonly #said = new Map<string, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  up(peer: NodeId, boot: number, dialled: boolean): void {
    this.#said.delete(peer);
    const fields = { peer, boot, dialled };
    // Two peers dial each other: the second link is no news.
    if (this.#linked.get(peer) === boot) this.#logger.debug(fields, 'link up');
    else this.#logger.info(fields, 'link up');
    this.#linked.set(peer, boot);
  }

  /** `peer` is `null` for a caller that did not say who it is; `from` is then all there is. */
  down(peer: NodeId | null, reason: string, from: string | null): void {
    const key = peer ?? from ?? '';
    const before = this.#said.get(key);
    if (before === reason) return;
    if (this.#said.size >= remembered) this.#said.clear();
    this.#said.set(key, reason);
    if (peer !== null) this.#linked.delete(peer);
    const fields = { peer, from, reason };
    // That nobody listens where a peer has just gone needs no second line.
    if (before !== undefined && reason.startsWith('connect ')) {
      this.#logger.debug(fields, 'link down');
    } else {
      this.#logger.info(fields, 'link down');
    }
  }

  forget(peer: NodeId): void {
    this.#said.delete(peer);
    this.#linked.delete(peer);
  }
}
