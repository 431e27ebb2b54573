// Sessions and leases as the page on the data model tells them, and what each command has to answer.
import { type ErrorCode, type Revision, unreachable } from '../../../base/index.ts';
import type { Command, CommandEnvelope, Reply } from '../../../tree/index.ts';
import { leaveNote, transact, write } from './commands.ts';
import { NaiveTree } from './tree.ts';

export type NaiveLease = {
  readonly id: number;
  readonly lengthMs: number;
  /** 0: a lease without answers. */
  readonly window: number;
  ackedBelow: number;
  /** By request number: what it was answered, and the entry that did. */
  readonly answers: Map<number, { readonly reply: Reply; readonly index: number }>;
};

/** How a command stood to its session. */
export type Standing = 'new' | 'answered' | 'lost' | 'number';

export type Expected = {
  readonly standing: Standing;
  readonly reply: Reply;
};

/** Refusals whose reasons are not judged here: sizes, slots, bounds of the cluster. */
const unjudged: readonly ErrorCode[] = [
  'ERR_TOO_LARGE',
  'ERR_BAD_SLOT',
  'ERR_UNKNOWN_VERB',
  'ERR_OVERLOADED',
];
/** Refusals that leave no note. */
const isQuiet = ({ kind }: Command): boolean =>
  kind === 'grant' || kind === 'revoke' || kind === 'expire';

type At = { readonly index: number; readonly term: number };

/** All leases of a cluster, and its naive tree. */
export class Book {
  readonly tree = new NaiveTree();
  readonly leases = new Map<number, NaiveLease>();
  readonly #hasLease = (id: number): boolean => this.leases.has(id);

  /**
   * Does to the tree what the command has to do, and says what it has to be answered.
   *
   * @param given  the answer of the code under test: it is believed where this book does not judge.
   */
  take(at: At, envelope: CommandEnvelope, given: Reply): Expected {
    this.tree.begin();
    const { session: id, seq, ackedBelow } = envelope;
    const session = id === 0 ? null : this.#session(id);
    if (id !== 0 && session === null) return this.#apart('lost', 'ERR_SESSION_LOST');
    const answer = session?.answers.get(seq);
    if (answer !== undefined) return { standing: 'answered', reply: answer.reply };
    if (session !== null && !isInWindow(session, seq, ackedBelow)) {
      return this.#apart('number', 'ERR_REQUEST_NUMBER');
    }
    const reply = this.#run(at, envelope.command, given);
    if (session !== null && this.leases.has(session.id)) {
      session.ackedBelow = Math.max(session.ackedBelow, ackedBelow);
      for (const known of session.answers.keys()) {
        if (known < session.ackedBelow) session.answers.delete(known);
      }
      session.answers.set(seq, { reply, index: at.index });
    }
    return { standing: 'new', reply };
  }

  #session(id: number): NaiveLease | null {
    const lease = this.leases.get(id);
    return lease === undefined || lease.window === 0 ? null : lease;
  }

  #apart(standing: Standing, code: ErrorCode): Expected {
    return { standing, reply: this.#refused(code) };
  }

  #refused(code: ErrorCode): Reply {
    return { kind: 'refused', code, detail: '', revision: this.#revision };
  }

  get #revision(): Revision {
    return this.tree.revision as Revision;
  }

  #applied(): Reply {
    return { kind: 'applied', revision: this.#revision };
  }

  #run(at: At, command: Command, given: Reply): Reply {
    if (given.kind === 'refused' && unjudged.includes(given.code)) {
      if (!isQuiet(command)) leaveNote(this.tree, given.code);
      return this.#refused(given.code);
    }
    switch (command.kind) {
      case 'set':
      case 'delete':
      case 'create':
      case 'count': {
        const outcome = write(this.tree, this.#hasLease, command);
        if (outcome.code !== null) return this.#refuse(outcome.code);
        const { value } = outcome;
        return value === null
          ? this.#applied()
          : { kind: 'counted', revision: this.#revision, value };
      }
      case 'nop':
        this.tree.nop();
        return this.#applied();
      case 'transaction': {
        const outcome = transact(this.tree, this.#hasLease, command);
        if (outcome.code !== null) return this.#refuse(outcome.code);
        const { succeeded, results } = outcome;
        return { kind: 'decided', revision: this.#revision, succeeded, results };
      }
      case 'grant':
        return this.#grant(at, command, given);
      case 'revoke':
        if (!this.leases.has(command.lease)) return this.#refused('ERR_NO_LEASE');
        this.#end(command.lease);
        return this.#applied();
      case 'expire':
        if (command.term !== at.term) return this.#refused('ERR_BAD_ARGUMENT');
        for (const id of command.leases) if (this.leases.has(id)) this.#end(id);
        return this.#applied();
      case 'found':
      case 'publish':
      case 'unreadable':
        // What nodes say of themselves is not judged.
        return given;
      default:
        return unreachable(command);
    }
  }

  #refuse(code: ErrorCode): Reply {
    this.tree.takeBack();
    leaveNote(this.tree, code);
    return this.#refused(code);
  }

  #grant(
    { index }: At,
    { lengthMs, window }: Extract<Command, { kind: 'grant' }>,
    given: Reply,
  ): Reply {
    if (given.kind === 'refused') return this.#refused(given.code);
    const answers = new Map();
    this.leases.set(index, { id: index, lengthMs, window, ackedBelow: 1, answers });
    return { kind: 'granted', revision: this.#revision, lease: index } as Reply;
  }

  #end(id: number): void {
    for (const path of this.tree.filesOf(id)) this.tree.delete(path);
    this.leases.delete(id);
  }
}

function isInWindow(session: NaiveLease, seq: number, ackedBelow: number): boolean {
  const { window, ackedBelow: known } = session;
  return seq >= known && seq >= ackedBelow && seq < Math.max(known, ackedBelow) + window;
}
