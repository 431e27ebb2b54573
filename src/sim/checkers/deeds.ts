import { noSession, textOf } from '../../base/index.ts';
import { type Command, type CommandEnvelope, describeReply, type Reply } from '../../tree/index.ts';
import { isOfTurns } from '../guests/turns.ts';
import type { Asked, History, Operation, Told, ToldResult } from '../history.ts';
import { Violation } from '../witness.ts';
import type { Step } from './replay.ts';
import { operationText } from './text.ts';

/** One request of a guest that ran. */
type Deed = { readonly step: Step; readonly reply: Reply };

/**
 * What ran of what guests asked for, told apart by marks: a body, a delta, the length of a lease.
 * `exactlyOnce`: nothing ran twice, in whatever session, and nothing that nobody asked for. `durable`:
 * what guests were told is what the log answered, and what was told to be without effect had none.
 * `linearizable`: it ran after all that ended before it began, and before it was told.
 */
export class Deeds {
  readonly #operations = new Map<string, Operation>();
  readonly #deeds = new Map<Operation, Deed>();
  /** Revisions of what is judged here, and by `Commands`, and nowhere else. */
  readonly #revisions = new Set<number>();

  constructor({ operations }: History) {
    for (const operation of operations) {
      const mark = markOf(operation.asked);
      if (mark !== null) this.#operations.set(mark, operation);
    }
  }

  /** A command ran, for the first time as far as its session knows. */
  ran(step: Step, envelope: CommandEnvelope, reply: Reply): void {
    const { command } = envelope;
    if (isOwn(command)) {
      for (let at = step.before + 1; at <= step.after; at++) {
        if (reply.kind !== 'refused') this.#revisions.add(at);
      }
    }
    const mark = markOfCommand(command);
    if (mark === null) return;
    const operation = this.#operations.get(mark);
    if (operation === undefined) {
      // A client that is closed lets its leases go by itself.
      if (!isOwn(command) || command.kind === 'revoke' || isOfTurns(command)) return;
      throw new Violation('exactlyOnce', `entry ${step.index} is ${mark}, which nobody asked for`);
    }
    // Nor is that the revoke which was refused before: what a client ends as it closes is in no session.
    const isFarewell = command.kind === 'revoke' && envelope.session === noSession;
    if (isFarewell && operation.told?.kind === 'refused') return;
    const before = this.#deeds.get(operation);
    // What the cluster was too full for may be asked for again, under another number.
    const isOver = before?.reply.kind === 'refused' && before.reply.code === 'ERR_OVERLOADED';
    if (before !== undefined && command.kind === 'revoke') return;
    if (before !== undefined && !isOver) {
      throw new Violation(
        'exactlyOnce',
        `it ran with entry ${before.step.index} (${describeReply(before.reply)}) and again with ${step.index} (${describeReply(reply)}): ${operationText(operation)}`,
      );
    }
    this.#deeds.set(operation, { step, reply });
  }

  /** Whether this revision is of a sequence name, a count, a transaction or the end of a lease. */
  isOwn(revision: number): boolean {
    return this.#revisions.has(revision);
  }

  /** The revision at which a write had its say, or `null` when that is not known. */
  placeOf(operation: Operation, floor: number): number | null {
    const { asked, told, ceiling } = operation;
    if (markOf(asked) === null || told === null || told.kind === 'unknown') return null;
    const deed = this.#deeds.get(operation);
    if (deed === undefined) {
      if (told.kind === 'refused') return null;
      throw new Violation(
        'durable',
        `acknowledged, and not in the log: ${operationText(operation)}`,
      );
    }
    const { step, reply } = deed;
    if (!isSaid(reply, told)) {
      throw new Violation(
        'durable',
        `entry ${step.index} came to ${describeReply(reply)}: ${operationText(operation)}`,
      );
    }
    if (asked.kind === 'grant' || asked.kind === 'revoke') return null;
    if (step.before < floor || step.after > ceiling) {
      throw new Violation(
        'linearizable',
        `it ran between revisions ${step.before} and ${step.after}, and it began after ${floor} and ended before anything beyond ${ceiling} was applied: ${operationText(operation)}`,
      );
    }
    return step.after;
  }
}

const isOwn = (command: Command): boolean => {
  switch (command.kind) {
    case 'create':
    case 'count':
    case 'transaction':
    case 'revoke':
    case 'expire':
      return true;
    case 'grant':
      return command.window === 0;
    default:
      return false;
  }
};

function markOf(asked: Asked): string | null {
  switch (asked.kind) {
    case 'set':
    case 'create':
      return `body ${asked.body}`;
    case 'count':
      return `count ${asked.path} ${asked.delta}`;
    case 'transact':
      return `transaction ${asked.mark}`;
    case 'grant':
      return `grant ${asked.lengthMs}`;
    case 'revoke':
      return `revoke ${asked.lease}`;
    default:
      return null;
  }
}

function markOfCommand(command: Command): string | null {
  switch (command.kind) {
    case 'set':
    case 'create':
      return `body ${textOf(command.body)}`;
    case 'count':
      return `count ${command.path} ${command.delta}`;
    case 'transaction':
      return `transaction ${command.compares[0]?.path}`;
    case 'grant':
      return command.window === 0 ? `grant ${command.lengthMs}` : null;
    case 'revoke':
      return `revoke ${command.lease}`;
    default:
      return null;
  }
}

/** Whether a guest was told what the log came to. */
function isSaid(reply: Reply, told: Told): boolean {
  switch (told.kind) {
    case 'wrote':
      return reply.kind === 'applied' && (told.revision ?? reply.revision) === reply.revision;
    case 'created':
      return (
        reply.kind === 'applied' &&
        told.revision === reply.revision &&
        told.path.endsWith(`${reply.revision}`.padStart(16, '0'))
      );
    case 'counted':
      return (
        reply.kind === 'counted' && told.value === reply.value && told.revision === reply.revision
      );
    case 'granted':
      return reply.kind === 'granted' && told.lease === reply.lease;
    case 'ended':
      return reply.kind === 'applied';
    case 'refused':
      return reply.kind === 'refused' && told.code === reply.code;
    case 'decided':
      return (
        reply.kind === 'decided' &&
        told.succeeded === reply.succeeded &&
        told.revision === reply.revision &&
        told.results.length === reply.results.length &&
        told.results.every((result, i) => isResult(reply.results[i], result))
      );
    default:
      return false;
  }
}

type Result = Extract<Reply, { kind: 'decided' }>['results'][number];

function isResult(result: Result | undefined, told: ToldResult): boolean {
  if (result?.kind !== told.kind) return false;
  if (result.kind !== 'read' || told.kind !== 'read') {
    if (result.kind === 'read' || told.kind === 'read') return false;
    if (result.revision !== told.revision) return false;
    return result.kind !== 'counted' || (told.kind === 'counted' && result.value === told.value);
  }
  const { file } = result;
  if (file === null || told.file === null) return file === told.file;
  return (
    file.changed === told.file.revision &&
    file.created === told.file.created &&
    file.lease === told.file.lease &&
    textOf(file.body) === told.file.body
  );
}
