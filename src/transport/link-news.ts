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
  readonly #said = new Map<string, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  up(peer: NodeId, boot: number, dialled: boolean): void {
    this.#said.delete(peer);
    this.#logger.info({ peer, boot, dialled }, 'link up');
  }

  /** `peer` is `null` for a caller that did not say who it is; `from` is then all there is. */
  down(peer: NodeId | null, reason: string, from: string | null): void {
    const key = peer ?? from ?? '';
    if (this.#said.get(key) === reason) return;
    if (this.#said.size >= remembered) this.#said.clear();
    this.#said.set(key, reason);
    this.#logger.info({ peer, from, reason }, 'link down');
  }

  forget(peer: NodeId): void {
    this.#said.delete(peer);
  }
}
