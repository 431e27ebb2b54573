import type { BootNumber, NodeId } from '../../base/index.ts';
import type { HardState, Persist, Position, RaftView } from '../../raft/index.ts';
import type { View } from '../../tree/index.ts';
import { Violation } from '../witness.ts';
import { type Ledger, type Made, placeText } from './ledger.ts';

/** What one node has on its disk, over all its lives, as far as it can be told from outside. */
export class NodeLog {
  readonly id: NodeId;
  /** Its bit in `Made.holders`; 0 when there are too many nodes to tell them apart. */
  readonly bit: number;
  boot: BootNumber | null = null;
  alive = false;
  /** Highest term it is known to be in. */
  term = 0;
  /** What it led, as far as it said: `null` when it does not lead. */
  leadsIn: number | null = null;
  commit = 0;
  applied = 0;
  appliedRevision = 0;
  view: View | null = null;
  /** The revision of its next event; `null`: whichever comes first. */
  nextEvent: { readonly least: number; readonly most: number } | null = null;
  /** What it voted for, by term, for ever. */
  readonly votes = new Map<number, NodeId>();
  /** Durable; `vote` is 'any' when a crash left it open which of two it is. */
  durableTerm = 0;
  durableVote: NodeId | null | 'any' = null;
  /** The log it asked for, after `base`. */
  base: Made;
  readonly log: Made[] = [];
  /** The log is durable up to here, and as it is now. */
  durable: Made;
  /** The most that ever was durable. */
  everDurable = 0;
  /** Everything through here came in a snapshot. */
  installed = 0;
  #pending: Persist | null = null;

  constructor(id: NodeId, bit: number, root: Made) {
    this.id = id;
    this.bit = bit;
    this.base = root;
    this.durable = root;
  }

  get tip(): Made {
    return this.log.at(-1) ?? this.base;
  }

  /** What its log holds at `index`; `null`: nothing, or it is behind the beginning of the log. */
  at(index: number): Made | null {
    if (index === this.base.index) return this.base;
    return this.log[index - this.base.index - 1] ?? null;
  }

  holds(made: Made): boolean {
    return made.index <= this.base.index || this.at(made.index) === made;
  }

  held(made: Made): boolean {
    return this.bit === 0 || (made.holders & this.bit) !== 0 || made.index <= this.installed;
  }

  /** It asked its log for `batch`. @param appended  told of each entry. */
  save(
    batch: Persist,
    ledger: Ledger,
    appended: (made: Made, fresh: boolean) => void,
    truncated: (made: Made) => void,
  ): void {
    this.#pending = batch;
    const { snapshot, hardState, truncateFrom, entries } = batch;
    if (hardState !== null) this.#promiseTerm(hardState);
    if (snapshot !== null) this.#install(snapshot, ledger);
    else if (truncateFrom !== null) this.#truncate(truncateFrom, truncated);
    for (const entry of entries) {
      const { made, fresh } = ledger.add(entry, this.tip, this.id);
      this.log.push(made);
      appended(made, fresh);
    }
  }

  saved(): void {
    const batch = this.#pending;
    if (batch === null) return;
    this.#pending = null;
    if (batch.hardState !== null) {
      this.durableTerm = batch.hardState.term;
      this.durableVote = batch.hardState.votedFor;
    }
    if (batch.snapshot !== null) this.installed = Math.max(this.installed, batch.snapshot.index);
    this.durable = this.tip;
    this.everDurable = Math.max(this.everDurable, this.tip.index);
    this.#noteHeld();
  }

  #noteHeld(): void {
    for (let made: Made | null = this.tip; made !== null; made = made.previous) {
      if ((made.holders & this.bit) !== 0 || made.index <= this.installed) break;
      made.holders |= this.bit;
    }
  }

  /** It recovered. What was being saved when it ended may be there or not. */
  recover(raft: RaftView, ledger: Ledger, mayHaveLost: boolean): void {
    this.#recoverTerm(raft.term);
    const last = ledger.find(raft.last) ?? this.#found(raft, ledger);
    if (last === null) {
      throw new Violation(
        'logMatching',
        `${this.id} recovered a log that ends at ${placeText(raft.last)}, which nobody appended`,
      );
    }
    if (!mayHaveLost) this.#checkKept(last, raft.suspect);
    this.#rebuild(last, raft.firstIndex - 1);
    this.installed = Math.max(this.installed, raft.firstIndex - 1);
    this.#noteHeld();
    this.#pending = null;
    this.durable = last;
    this.commit = 0;
    this.leadsIn = null;
  }

  #promiseTerm({ term, votedFor }: HardState): void {
    if (term < this.durableTerm) {
      throw new Violation('vote', `${this.id} goes back from term ${this.durableTerm} to ${term}`);
    }
    if (term > this.term) this.term = term;
    const { durableVote } = this;
    if (term !== this.durableTerm || durableVote === null || durableVote === 'any') return;
    if (votedFor !== durableVote) {
      throw new Violation(
        'vote',
        `${this.id} votes in term ${term} for ${votedFor ?? 'nobody'}, and did for ${durableVote}`,
      );
    }
  }

  /** It told somebody of its vote. */
  vote(term: number, candidate: NodeId): void {
    const before = this.votes.get(term);
    if (before === undefined) this.votes.set(term, candidate);
    else if (before !== candidate) {
      throw new Violation(
        'vote',
        `${this.id} votes in term ${term} for ${candidate}, and did for ${before}`,
      );
    }
  }

  #install(at: Position, ledger: Ledger): void {
    const made = ledger.find(at);
    if (made === null) {
      throw new Violation(
        'logMatching',
        `${this.id} installs a snapshot at ${placeText(at)}, which nobody appended`,
      );
    }
    this.durable = this.base;
    this.base = made;
    this.log.length = 0;
  }

  #truncate(from: number, truncated: (made: Made) => void): void {
    if (from <= this.base.index) {
      throw new Violation(
        'durable',
        `${this.id} truncates from ${from}, behind the beginning of its log at ${this.base.index}`,
      );
    }
    if (from <= this.durable.index) this.durable = this.at(from - 1) ?? this.base;
    for (let index = from; index <= this.tip.index; index++) {
      const made = this.at(index);
      if (made !== null) truncated(made);
    }
    this.log.length = Math.min(this.log.length, from - this.base.index - 1);
  }

  #recoverTerm(term: number): void {
    if (term < this.durableTerm) {
      throw new Violation(
        'vote',
        `${this.id} recovered in term ${term}, and had made term ${this.durableTerm} durable`,
      );
    }
    const pending = this.#pending?.hardState ?? null;
    if (term > this.durableTerm) {
      this.durableVote = pending?.term === term ? pending.votedFor : 'any';
    } else if (pending?.term === term && pending.votedFor !== this.durableVote) {
      this.durableVote = 'any';
    }
    this.durableTerm = term;
    this.term = term;
  }

  /** The first entry of a cluster, or nothing at all. */
  #found({ last, membership }: RaftView, ledger: Ledger): Made | null {
    return last.index === 1 ? ledger.first(last, membership) : null;
  }

  /** What was durable is there again, or the node knows that something may be missing. */
  #checkKept(last: Made, suspect: Position | null): void {
    const { durable } = this;
    if (last.index >= durable.index && this.#reaches(last, durable)) return;
    const doubts =
      suspect !== null &&
      (suspect.term > durable.term ||
        (suspect.term === durable.term && suspect.index >= durable.index));
    if (doubts) return;
    throw new Violation(
      'durable',
      `${this.id} recovered a log that ends at ${placeText(last)} without any doubt (${suspect === null ? 'no suspect' : placeText(suspect)}), and had made ${placeText(durable)} durable`,
    );
  }

  /** Whether the log that ends at `last` holds `made`. */
  #reaches(last: Made, made: Made): boolean {
    let at: Made | null = last;
    // Most of it is the log that was there before.
    while (at !== null && at.index > made.index) {
      if (this.at(at.index) === at && this.at(made.index) === made) return true;
      at = at.previous;
    }
    return at === made;
  }

  #rebuild(last: Made, baseIndex: number): void {
    const fresh: Made[] = [];
    let at: Made | null = last;
    while (at !== null && at.index > baseIndex && this.at(at.index) !== at) {
      fresh.push(at);
      at = at.previous;
    }
    if (at === null || at.index <= baseIndex || at.index < this.base.index) {
      // Nothing of the log that was known is left.
      this.log.length = 0;
      this.base = at ?? last;
    } else {
      this.log.length = at.index - this.base.index;
    }
    for (const made of fresh.reverse()) this.log.push(made);
  }
}
