import type { LeaseId } from '../base/index.ts';

/** Leases whose ends lie in the same so many ms are looked at together. */
const bucketMs = 50;

/**
 * Which leases may end next. Each stands in one bucket, of the end it had when it was put there: one that
 * was renewed since is put farther back when its bucket comes, so that a renewal costs nothing here.
 */
export class LeaseQueue {
  readonly #buckets = new Map<number, LeaseId[]>();
  /** All buckets before this one were looked at. */
  #next = 0;

  constructor(nowMs: number) {
    this.#next = Math.floor(nowMs / bucketMs);
  }

  add(id: LeaseId, endMs: number): void {
    const at = Math.max(this.#next, Math.floor(endMs / bucketMs) + 1);
    const there = this.#buckets.get(at);
    if (there === undefined) this.#buckets.set(at, [id]);
    else there.push(id);
  }

  /** Takes out everything whose end, as it was when it was added, is past. */
  due(nowMs: number): LeaseId[] {
    const upto = Math.floor(nowMs / bucketMs);
    const due: LeaseId[] = [];
    // A clock that jumps far may not cost a walk through all the time it jumped over.
    if (upto - this.#next > this.#buckets.size) {
      for (const at of [...this.#buckets.keys()].sort((a, b) => a - b)) {
        if (at <= upto) this.#take(at, due);
      }
    } else {
      for (let at = this.#next; at <= upto; at++) this.#take(at, due);
    }
    this.#next = Math.max(this.#next, upto + 1);
    return due;
  }

  #take(at: number, due: LeaseId[]): void {
    const ids = this.#buckets.get(at);
    if (ids === undefined) return;
    this.#buckets.delete(at);
    for (const id of ids) due.push(id);
  }
}
