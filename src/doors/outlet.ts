import type { Writable } from 'node:stream';
import { assert } from '../base/index.ts';

export type OutletParts<A> = {
  /** Where the bytes go in the end; asked how many wait there. */
  readonly socket: Writable;
  /**
   * Writes answers from the `first` on, each whole and in as few writes as can be, until `room`
   * bytes are passed or none is left. Returns how many it wrote: one or more.
   */
  readonly write: (answers: readonly A[], first: number, room: number) => number;
  /** Encoded bytes that may wait for the socket, and half of what may wait in all. */
  readonly unsentBytesMax: number;
  /** The client has read; there is room again. */
  readonly drained: () => void;
  /** The client does not read, and twice the bound is kept for it. */
  readonly overrun: () => void;
};

/**
 * The way out of a connection: what one turn of the event loop answers leaves together.
 *
 * Answers wait here as values and become bytes only when the socket has room for them. So a client
 * that asks for much and reads slowly costs the answers' bytes once, in the tree, and
 * `unsentBytesMax` of them a second time.
 */
export class Outlet<A> {
  readonly #parts: OutletParts<A>;
  #answers: A[] = [];
  /** Bytes that each waiting answer alone keeps in memory. */
  #pins: number[] = [];
  #pinned = 0;
  #first = 0;
  #scheduled = false;
  #stuck = false;
  #closed = false;

  constructor(parts: OutletParts<A>) {
    this.#parts = parts;
    parts.socket.on('drain', () => {
      this.#flush();
      if (!this.#closed && this.room) parts.drained();
    });
  }

  /**
   * `pinBytes`: what this answer alone keeps in memory. A file that was read is the tree's anyway;
   * an event that history forgets meanwhile would live on only here.
   */
  put(answer: A, pinBytes: number): void {
    if (this.#closed) return;
    this.#answers.push(answer);
    this.#pins.push(pinBytes);
    this.#pinned += pinBytes;
    if (this.#stuck) {
      this.#checkOverrun();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      // A microtask: after everything this turn answers, before the loop looks at another socket.
      queueMicrotask(this.#turnEnds);
    }
  }

  /** Nothing waits because of the client. What this turn answers does not count: it has had no chance. */
  get room(): boolean {
    return !this.#stuck && this.#unsent < this.#parts.unsentBytesMax;
  }

  /** Everything has left, as far as this process knows. */
  get empty(): boolean {
    return this.#waiting === 0 && this.#unsent === 0;
  }

  /** Nothing more leaves. */
  close(): void {
    this.#closed = true;
    this.#forget();
  }

  get #waiting(): number {
    return this.#answers.length - this.#first;
  }

  get #unsent(): number {
    return this.#parts.socket.writableLength;
  }

  readonly #turnEnds = (): void => {
    this.#scheduled = false;
    this.#flush();
    if (this.#stuck) this.#checkOverrun();
  };

  #flush(): void {
    const { socket, write, unsentBytesMax } = this.#parts;
    if (this.#closed || socket.destroyed) return;
    for (;;) {
      const room = unsentBytesMax - this.#unsent;
      if (this.#waiting === 0 || room <= 0) break;
      const count = write(this.#answers, this.#first, room);
      assert(count > 0, 'every write takes an answer with it');
      for (let i = 0; i < count; i++) this.#pinned -= this.#pins[this.#first + i] ?? 0;
      this.#first += count;
    }
    // Without room a `drain` is due: only a full socket leaves none.
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
