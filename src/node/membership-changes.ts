import { ClusterError, isJoint, type LogIndex, type Membership, type Term } from '../base/index.ts';
import type { Input, Position, Receipt } from '../raft/index.ts';

type Kind = 'change' | 'transfer';

type Waiting = {
  readonly kind: Kind;
  readonly deadlineMs: number;
  readonly resolve: () => void;
  readonly reject: (error: ClusterError) => void;
  /** What the core is to be asked; `null` once it was. Whoever gave up before that is never asked for. */
  input: Input | null;
  /** Where the change was appended, once the core said so. */
  at: { readonly first: LogIndex; readonly term: Term } | null;
  /** The core took the transfer on. */
  underWay: boolean;
};

/** Who waits for a change of members or a transfer. Few at a time. */
export class MembershipChanges {
  readonly #max: number;
  readonly #waiting = new Map<number, Waiting>();
  #ref = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get full(): boolean {
    return this.#waiting.size >= this.#max;
  }

  /** A new reference, and the promise of what becomes of it. */
  open(
    kind: Kind,
    deadlineMs: number,
    inputOf: (ref: number) => Input,
  ): { ref: number; done: Promise<void> } {
    // Proposals have the positive references.
    const ref = --this.#ref;
    const done = new Promise<void>((resolve, reject) => {
      const state = { input: inputOf(ref), at: null, underWay: false };
      this.#waiting.set(ref, { kind, deadlineMs, resolve, reject, ...state });
    });
    return { ref, done };
  }

  /** What the core has not been asked yet, in order. */
  take(): Input[] {
    const inputs: Input[] = [];
    for (const waiting of this.#waiting.values()) {
      if (waiting.input === null) continue;
      inputs.push(waiting.input);
      waiting.input = null;
    }
    return inputs;
  }

  receipt(
    receipt: Receipt,
    refusal: (receipt: Receipt & { kind: 'refused' }) => ClusterError,
  ): void {
    const waiting = this.#waiting.get(receipt.ref);
    if (waiting === undefined) return;
    if (receipt.kind === 'appended') {
      waiting.at = { first: receipt.first, term: receipt.term };
    } else if (receipt.kind === 'refused') {
      this.#waiting.delete(receipt.ref);
      waiting.reject(refusal(receipt));
    } else if (waiting.kind === 'transfer') {
      waiting.underWay = true;
    } else {
      this.#waiting.delete(receipt.ref);
      waiting.resolve();
    }
  }

  /** A membership took effect on this node's tree. */
  applied(membership: Membership, at: Position): void {
    if (isJoint(membership)) return;
    for (const [ref, { at: appended, resolve, reject }] of this.#waiting) {
      if (appended === null || at.index < appended.first) continue;
      this.#waiting.delete(ref);
      // Another leader's entry: it may have finished our change or replaced it.
      if (at.term === appended.term) resolve();
      else reject(unknownOutcome());
    }
  }

  /** This node's part in transfers: it leads no more, or the core gave the transfer up. */
  transfersEnded(led: 'on' | 'no more'): void {
    for (const [ref, { kind, underWay, resolve, reject }] of this.#waiting) {
      if (kind !== 'transfer' || !underWay) continue;
      this.#waiting.delete(ref);
      if (led === 'no more') resolve();
      else reject(new ClusterError('ERR_TIMEOUT', 'No voter took leadership over in time'));
    }
  }

  /**
   * The time is up. The core was never asked, if the disk held up the turn: then nothing is done, nor
   * will be. Else leadership went elsewhere, and what was appended may yet be committed or not.
   */
  expire(nowMs: number): void {
    this.#end(
      ({ deadlineMs }) => deadlineMs <= nowMs,
      new ClusterError('ERR_TIMEOUT', 'The change was not begun within its time'),
    );
  }

  /** `unbegun`: for what the core never saw. */
  failAll(unbegun: ClusterError): void {
    this.#end(() => true, unbegun);
  }

  #end(which: (waiting: Waiting) => boolean, unbegun: ClusterError): void {
    for (const [ref, waiting] of this.#waiting) {
      if (!which(waiting)) continue;
      this.#waiting.delete(ref);
      waiting.reject(waiting.input !== null ? unbegun : unknownOutcome());
    }
  }
}

const unknownOutcome = () =>
  new ClusterError(
    'ERR_OUTCOME_UNKNOWN',
    'The change of members was begun and its outcome is not known',
  );
