import { assert } from '../../base/index.ts';
import type { End } from './connection.ts';

export type OutletParts<A> = {
  readonly end: End;
  /** Writes answers from the `first` on, until `room` bytes are passed; returns how many: one or more. */
  readonly write: (answers: readonly A[], first: number, room: number) => number;
  readonly unsentBytesMax: number;
  readonly drained: () => void;
  /** The client does not read, and twice the bound is kept for it. */
  readonly overrun: () => void;
};

/** The way out of a connection, as the real doors have it: what one turn answers leaves together. */
export class Outlet<A> {
  readonly #parts: OutletParts<A>;
  #answers: A[] = [];
  #pins: number[] = [];
  #pinned = 0;
  #first = 0;
  #scheduled = false;
  #stuck = false;
  #closed = false;

  constructor(parts: OutletParts<A>) {
    this.#parts = parts;
  }

  put(answer: A, pinBytes: number): void {
    if (this.#closed) return;
    this.#answers.push(answer);
    this.#pins.push(pinBytes);
    this.#pinned += pinBytes;
    if (this.#stuck) {
      this.#checkOverrun();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      void Promise.resolve().then(this.#turnEnds);
    }
  }

  /** The connection has room again. */
  drained(): void {
    this.#flush();
    if (!this.#closed && this.room) this.#parts.drained();
  }

  get room(): boolean {
    return !this.#stuck && this.#unsent < this.#parts.unsentBytesMax;
  }

  get empty(): boolean {
    return this.#waiting === 0 && this.#unsent === 0;
  }

  close(): void {
    this.#closed = true;
    this.#forget();
  }

  get #waiting(): number {
    return this.#answers.length - this.#first;
  }

  get #unsent(): number {
    return this.#parts.end.unsentBytes;
  }

  readonly #turnEnds = (): void => {
    this.#scheduled = false;
    this.#flush();
    if (this.#stuck) this.#checkOverrun();
  };

  #flush(): void {
    const { end, write, unsentBytesMax } = this.#parts;
    if (this.#closed || end.isClosed) return;
    for (;;) {
      const room = unsentBytesMax - this.#unsent;
      if (this.#waiting === 0 || room <= 0) break;
      const count = write(this.#answers, this.#first, room);
      assert(count > 0, 'every write takes an answer with it');
      for (let i = 0; i < count; i++) this.#pinned -= this.#pins[this.#first + i] ?? 0;
      this.#first += count;
    }
    this.#stuck = this.#waiting > 0;
    if (!this.#stuck) this.#forget();
  }

  #checkOverrun(): void {
    if (this.#pinned + this.#unsent <= 2 * this.#parts.unsentBytesMax) return;
    this.close();
    this.#parts.overrun();
  }

  #forget(): void {
    this.#answers = [];
    this.#pins = [];
    this.#pinned = 0;
    this.#first = 0;
  }
}
