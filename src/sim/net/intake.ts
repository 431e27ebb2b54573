import { assert } from '../../base/index.ts';

export type IntakeParts<R> = {
  readonly handle: (request: R) => void;
  /** False: the session has enough to do, or the client does not read its answers. */
  readonly mayTake: () => boolean;
  readonly pause: () => void;
  readonly resume: () => void;
};

/** The way in of a connection, as the real doors have it: one chunk waits at most, then nothing is read. */
export class Intake<R> {
  readonly #parts: IntakeParts<R>;
  #waiting: readonly R[] = [];
  #first = 0;
  #paused = false;
  #scheduled = false;
  #closed = false;

  constructor(parts: IntakeParts<R>) {
    this.#parts = parts;
  }

  get closed(): boolean {
    return this.#closed;
  }

  offer(requests: readonly R[]): void {
    if (this.#closed) return;
    const left = this.#waiting.slice(this.#first);
    assert(left.length === 0 || this.#paused, 'requests wait only while the connection is paused');
    this.#waiting = left.length === 0 ? requests : [...left, ...requests];
    this.#first = 0;
    this.#work();
  }

  /** There may be room again. Goes on in a turn of its own. */
  goOn(): void {
    if (!this.#paused || this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    void Promise.resolve().then(() => {
      this.#scheduled = false;
      this.#work();
    });
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#first = 0;
  }

  #work(): void {
    while (!this.#closed && this.#first < this.#waiting.length) {
      if (!this.#parts.mayTake()) break;
      const request = this.#waiting[this.#first] as R;
      this.#first += 1;
      this.#parts.handle(request);
    }
    if (this.#closed) return;
    const wait = !this.#parts.mayTake() || this.#first < this.#waiting.length;
    if (wait === this.#paused) return;
    this.#paused = wait;
    if (wait) this.#parts.pause();
    else this.#parts.resume();
  }
}
