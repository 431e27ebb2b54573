import { sameBytes } from '../../base/index.ts';
import {
  type CommandEnvelope,
  describeReply,
  type Event,
  type Reply,
  type View,
} from '../../tree/index.ts';
import { Violation } from '../witness.ts';
import type { Counts } from './counts.ts';
import type { Deeds } from './deeds.ts';
import { placeText } from './ledger.ts';
import { Book, type Expected } from './naive/book.ts';
import { sameReply } from './naive/same.ts';
import { sameEvents } from './naive/tree.ts';
import type { Step } from './replay.ts';

/** Which rule a command that does something else breaks. */
const ruleOf = {
  set: 'guard',
  delete: 'guard',
  nop: 'guard',
  create: 'sequence',
  count: 'counter',
  transaction: 'transaction',
  grant: 'lease',
  revoke: 'lease',
  expire: 'lease',
  found: 'guard',
  publish: 'guard',
  unreadable: 'guard',
} as const;

export type CommandsParts = {
  readonly counts: Counts;
  readonly deeds: Pick<Deeds, 'ran'>;
  /** What nodes hold in the end, by who they are. */
  readonly views: ReadonlyMap<string, View>;
};

/**
 * Every committed command, against a second tree that knows nothing of the first: the same events, the
 * same answer. `exactlyOnce`: a request of a session that was answered before is answered from the table
 * and does nothing; one that cannot be told from an old one never runs (S1, S2). `transaction`, `sequence`,
 * `counter`, `lease`, `guard`: it does what it has to, whole or not at all. `model`: what nodes hold of
 * leases and sessions is what the log makes of them (T4).
 */
export class Commands {
  readonly #parts: CommandsParts;
  readonly #book = new Book();
  readonly #viewsAt = new Map<number, { readonly id: string; readonly view: View }[]>();

  constructor(parts: CommandsParts) {
    this.#parts = parts;
    for (const [id, view] of parts.views) {
      const there = this.#viewsAt.get(view.appliedIndex);
      if (there === undefined) this.#viewsAt.set(view.appliedIndex, [{ id, view }]);
      else there.push({ id, view });
    }
  }

  take(step: Step): void {
    const { envelope, reply } = step;
    if (envelope === null || reply === null || isNodes(envelope)) this.#follow(step);
    else this.#judge(step, envelope, reply);
    for (const { id, view } of this.#viewsAt.get(step.index) ?? []) this.#compare(id, view);
  }

  /** What the cluster writes of itself is taken as it is. */
  #follow({ events }: Step): void {
    const { tree } = this.#book;
    tree.begin();
    for (const { kind, path, body } of events) {
      if (kind === 'set') tree.set(path, body, 0);
      else if (kind === 'delete') tree.delete(path);
      else tree.nop();
    }
  }

  #judge(step: Step, envelope: CommandEnvelope, reply: Reply): void {
    const { deeds } = this.#parts;
    const expected = this.#book.take(step, envelope, reply);
    const { events } = this.#book.tree;
    if (!sameEvents(events, step.events) || !sameReply(expected.reply, reply)) {
      const rule = expected.standing === 'new' ? ruleOf[envelope.command.kind] : 'exactlyOnce';
      throw new Violation(
        rule,
        `entry ${placeText(step)}, ${commandText(envelope)} (${expected.standing}), does ${eventsText(step.events)} and answers ${describeReply(reply)}; it had to do ${eventsText(events)} and to answer ${describeReply(expected.reply)}`,
      );
    }
    this.#count(envelope, expected);
    if (expected.standing === 'new') deeds.ran(step, envelope, expected.reply);
  }

  #count({ command }: CommandEnvelope, { standing, reply }: Expected): void {
    const { counts } = this.#parts;
    if (standing === 'answered') counts.answeredAgain++;
    else if (standing === 'lost') counts.sessionsLost++;
    else if (standing === 'number') counts.numbersRefused++;
    if (standing !== 'new' || reply.kind === 'refused') return;
    if (command.kind === 'grant') counts.leasesGranted++;
    else if (command.kind === 'revoke') counts.leasesRevoked++;
    else if (command.kind === 'expire') counts.leasesExpired += command.leases.length;
    else if (command.kind === 'create') counts.sequences++;
    else if (command.kind === 'count') counts.counts++;
    else if (reply.kind === 'decided') counts[reply.succeeded ? 'ifTrue' : 'ifFalse']++;
  }

  /** T4, S1, and all that is known of a file. */
  #compare(id: string, view: View): void {
    const { tree, leases } = this.#book;
    const fail = (what: string): never => {
      throw new Violation('model', `${id} at index ${view.appliedIndex}: ${what}`);
    };
    if (view.files.size !== tree.files.size) {
      fail(`it holds ${view.files.size} files, and the log makes ${tree.files.size}`);
    }
    for (const [path, file] of view.files.entries()) {
      const other = tree.files.get(path);
      const isSame =
        other !== undefined &&
        other.changed === file.changed &&
        other.created === file.created &&
        other.lease === file.lease &&
        sameBytes(other.body, file.body);
      if (!isSame) fail(`${path} of ${file.created}, ${file.changed}, lease ${file.lease} differs`);
    }
    if (view.leases.size !== leases.size) {
      fail(`it holds ${view.leases.size} leases, and the log makes ${leases.size}`);
    }
    for (const [, lease] of view.leases.entries()) {
      const other = leases.get(lease.id);
      if (other === undefined || other.lengthMs !== lease.lengthMs) {
        return fail(`lease ${lease.id} of ${lease.lengthMs} ms differs`);
      }
      const files = [...lease.files.entries()].map(([path]) => path);
      const wanted = tree.filesOf(lease.id);
      if (files.join(' ') !== wanted.join(' ')) {
        fail(`lease ${lease.id} holds ${files.join(' ')}, and the log makes ${wanted.join(' ')}`);
      }
      const { session } = lease;
      const numbers = session?.replies.map(({ seq }) => seq) ?? [];
      const known = [...other.answers.keys()].sort((a, b) => a - b);
      if (
        (session?.ackedBelow ?? 1) !== other.ackedBelow ||
        numbers.join(' ') !== known.join(' ') ||
        !(session?.replies ?? []).every(({ seq, reply }) => isSaved(other, seq, reply))
      ) {
        fail(
          `session ${lease.id} holds answers ${numbers.join(' ')}, and the log makes ${known.join(' ')}`,
        );
      }
    }
  }
}

const isSaved = (
  { answers }: { readonly answers: ReadonlyMap<number, { readonly reply: Reply }> },
  seq: number,
  reply: Reply,
): boolean => {
  const saved = answers.get(seq);
  return saved !== undefined && sameReply(saved.reply, reply);
};

/** What nodes write of themselves, and the founding. */
const isNodes = ({ command: { kind } }: CommandEnvelope): boolean =>
  kind === 'found' || kind === 'publish' || kind === 'unreadable';

const eventsText = (events: readonly Pick<Event, 'kind' | 'path' | 'revision'>[]): string =>
  events.length === 0
    ? 'nothing'
    : events.map(({ kind, path, revision }) => `${kind} ${path} @${revision}`).join(', ');

const commandText = ({ command, session, seq, ackedBelow }: CommandEnvelope): string =>
  session === 0 ? command.kind : `${command.kind} ${session}/${seq}, acknowledged ${ackedBelow}`;
