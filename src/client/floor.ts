/**
 * The highest revision this client has seen of its cluster. Another node may be behind the last one;
 * what a client is told must not go back when it changes over.
 */
export class RevisionFloor {
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  /** A reply or an event showed that the cluster has come to `revision`. */
  seen(revision: number): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  /** `revision`, or what was seen before if that is higher: an answer of a node that is behind. */
  raise(revision: number): number {
    this.seen(revision);
    return this.#revision;
  }

  /** The least revision that may be shown to whoever wants `revision`. */
  above(revision: number): number {
    return Math.max(revision, this.#revision);
  }
}
