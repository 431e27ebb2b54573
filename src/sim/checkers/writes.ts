import type { ErrorCode } from '../../base/index.ts';
import { controlFolder, errorFile, isBelow, isInSlots, type Path } from '../../paths/index.ts';
import type { Asked, History, Operation } from '../history.ts';
import { Violation } from '../witness.ts';
import type { Counts } from './counts.ts';
import type { EventTable } from './events.ts';
import type { TreeModel } from './model.ts';
import { operationText } from './text.ts';

type Asking = Extract<Asked, { readonly kind: 'set' | 'delete' | 'nop' }>;

export type WritesParts = {
  readonly history: History;
  readonly events: EventTable;
  readonly model: TreeModel;
  readonly counts: Counts;
  /** Judged elsewhere: of a transaction, a count, a sequence name, the end of a lease. */
  readonly deeds: { readonly isOwn: (revision: number) => boolean };
  /** Written by whoever drives the run, without being in the history. */
  readonly isDrivers: (path: string) => boolean;
};

/** What /ctl/err says of each refusal that only the tree gives. */
const notes: Partial<Record<ErrorCode, string>> = {
  ERR_REV_MISMATCH: 'rev mismatch',
  ERR_NOT_DIRECTORY: 'not a directory',
  ERR_IS_DIRECTORY: 'is a directory',
  ERR_BAD_SLOT: 'bad slot',
};

/** Below here nodes write too. */
const isShared = (path: string): boolean =>
  path === controlFolder || isBelow(path as Path, controlFolder);

/**
 * What became of every write. `durable`: what was acknowledged is in the history, at the revision that was
 * told, and what was told to be without effect is not. `exactlyOnce`: nothing is there twice, and nothing
 * that nobody asked for. `guard`: what took effect was allowed by the state before it, what was refused was
 * not.
 */
export class Writes {
  readonly #history: History;
  readonly #events: EventTable;
  readonly #model: TreeModel;
  readonly #counts: Counts;
  readonly #deeds: WritesParts['deeds'];
  readonly #isDrivers: (path: string) => boolean;
  /** Where each body was written, by body. */
  readonly #writtenAt = new Map<string, number>();

  constructor({ history, events, model, counts, deeds, isDrivers }: WritesParts) {
    this.#deeds = deeds;
    this.#history = history;
    this.#events = events;
    this.#model = model;
    this.#counts = counts;
    this.#isDrivers = isDrivers;
  }

  /** Nothing is there twice, and nothing that was not asked for. */
  checkEvents(): void {
    const asked = new Map<string, Operation>();
    const deletes = new Map<string, number>();
    let nops = 0;
    for (const operation of this.#history.operations) {
      const { asked: what, told } = operation;
      const mayBe = told === null || told.kind === 'wrote' || told.kind === 'unknown';
      if (what.kind === 'set') asked.set(what.body, operation);
      else if (!mayBe) continue;
      else if (what.kind === 'delete') deletes.set(what.path, (deletes.get(what.path) ?? 0) + 1);
      else if (what.kind === 'nop') nops++;
    }
    for (let revision = 1; revision <= this.#model.revision; revision++) {
      const event = this.#events.at(revision);
      if (event === undefined || this.#deeds.isOwn(revision)) continue;
      switch (event.kind) {
        case 'set':
          this.#checkSet(event.path, revision, asked);
          break;
        case 'delete':
          if (!isShared(event.path) && !this.#isDrivers(event.path))
            this.#spend(deletes, event.path, revision);
          break;
        case 'nop':
          if (this.#isForcedNop(revision)) break;
          if (nops-- === 0) throw tooOften(revision, 'nops');
      }
    }
  }

  /**
   * The earliest revision at which a write can have had its say, or `null` when that is not known.
   *
   * @param floor  it came after this revision.
   */
  placeOf(operation: Operation, floor: number): number | null {
    const { asked, told, ceiling } = operation;
    if (asked.kind !== 'set' && asked.kind !== 'delete' && asked.kind !== 'nop') return null;
    if (told === null || told.kind === 'unknown') {
      this.#checkGuardOfUnknown(asked, operation);
      return null;
    }
    if (told.kind === 'wrote') {
      const revision = told.revision ?? this.#find(asked, floor, ceiling);
      this.#checkWrote(operation, asked, revision, floor);
      return revision;
    }
    if (told.kind === 'refused') return this.#checkRefused(operation, asked, told.code, floor);
    throw new Violation(
      'durable',
      `a write was answered with "${told.kind}": ${operationText(operation)}`,
    );
  }

  #checkSet(path: Path, revision: number, asked: ReadonlyMap<string, Operation>): void {
    // The tree writes notes, the cluster slots, nodes their own files; guests' bodies are told by their
    // marks, but those in slots have none.
    if (path === errorFile || isInSlots(path)) return;
    const body = this.#events.bodyAt(revision);
    const operation = asked.get(body);
    if (operation === undefined || !isOf(operation, path)) {
      if (isShared(path) || this.#isDrivers(path)) return;
      throw new Violation(
        'exactlyOnce',
        `revision ${revision} sets ${path} to "${body.slice(0, 80)}", which nobody asked for`,
      );
    }
    const before = this.#writtenAt.get(body);
    if (before !== undefined) {
      throw new Violation(
        'exactlyOnce',
        `set at revision ${before} and again at ${revision}: ${operationText(operation)}`,
      );
    }
    this.#writtenAt.set(body, revision);
  }

  #spend(left: Map<string, number>, path: string, revision: number): void {
    const count = left.get(path) ?? 0;
    if (count === 0) throw tooOften(revision, `deletes of ${path}`);
    left.set(path, count - 1);
  }

  /** A refusal whose note has no place is a nop. */
  #isForcedNop(revision: number): boolean {
    return !this.#model.hasPlace(errorFile, revision - 1);
  }

  #find(asked: Asking, floor: number, ceiling: number): number | null {
    for (let revision = floor + 1; revision <= ceiling; revision++) {
      if (!this.#isAt(asked, revision)) continue;
      if (asked.kind === 'nop' || this.#model.judge(pathed(asked), revision - 1) === null) {
        return revision;
      }
    }
    return null;
  }

  #isAt(asked: Asking, revision: number): boolean {
    const event = this.#events.at(revision);
    if (event === undefined || event.kind !== asked.kind) return false;
    if (asked.kind === 'nop') return true;
    if (event.path !== asked.path) return false;
    return asked.kind === 'delete' || this.#events.bodyAt(revision) === asked.body;
  }

  #checkWrote(operation: Operation, asked: Asking, revision: number | null, floor: number): void {
    if (revision === null) {
      throw new Violation(
        'durable',
        `acknowledged, and not in the history between ${floor} and ${operation.ceiling}: ${operationText(operation)}`,
      );
    }
    if (!this.#isAt(asked, revision)) {
      throw new Violation(
        'durable',
        `acknowledged, and not in the history at ${revision}: ${operationText(operation)}`,
      );
    }
    if (revision <= floor || revision > operation.ceiling) {
      throw new Violation(
        'linearizable',
        `it took revision ${revision}, and it began after ${floor} and ended before anything beyond ${operation.ceiling} was applied: ${operationText(operation)}`,
      );
    }
    if (asked.kind !== 'nop') this.#checkGuard(operation, asked, revision);
  }

  #checkGuard(operation: Operation, asked: Exclude<Asking, { kind: 'nop' }>, at: number): void {
    const code = this.#model.judge(pathed(asked), at - 1);
    if (code === null) return;
    throw new Violation(
      'guard',
      `it took effect at ${at}, and had to be refused with ${code}: ${operationText(operation)}`,
    );
  }

  /** Nobody was told; if its body is there all the same, its guard held. */
  #checkGuardOfUnknown(asked: Asking, operation: Operation): void {
    if (asked.kind !== 'set') return;
    const revision = this.#writtenAt.get(asked.body);
    if (revision !== undefined) this.#checkGuard(operation, asked, revision);
  }

  #checkRefused(
    operation: Operation,
    asked: Asking,
    code: ErrorCode,
    floor: number,
  ): number | null {
    this.#counts.refused++;
    if (asked.kind === 'set') {
      const revision = this.#writtenAt.get(asked.body);
      if (revision !== undefined && isOf(operation, this.#events.at(revision)?.path ?? '')) {
        throw new Violation(
          'durable',
          `refused with ${code}, and it is in the history at ${revision}: ${operationText(operation)}`,
        );
      }
    }
    const note = notes[code];
    if (note === undefined || asked.kind === 'nop') return null;
    this.#counts.refusedByTree++;
    for (let revision = floor + 1; revision <= operation.ceiling; revision++) {
      if (!this.#isNote(note, revision)) continue;
      if (code === 'ERR_BAD_SLOT' || this.#model.judge(pathed(asked), revision - 1) === code) {
        return revision;
      }
    }
    throw new Violation(
      'guard',
      `refused with ${code}, which no state between ${floor} and ${operation.ceiling} explains: ${operationText(operation)}`,
    );
  }

  #isNote(note: string, revision: number): boolean {
    const event = this.#events.at(revision);
    if (event?.kind === 'nop') return this.#isForcedNop(revision);
    return event?.path === errorFile && this.#events.bodyAt(revision) === note;
  }
}

const pathed = ({ kind, path, guard }: Exclude<Asking, { kind: 'nop' }>) => ({
  kind,
  path: path as Path,
  guard,
});

const isOf = ({ asked }: Operation, path: string): boolean =>
  asked.kind === 'set' && asked.path === path;

const tooOften = (revision: number, what: string): Violation =>
  new Violation(
    'exactlyOnce',
    `revision ${revision} is one more of the ${what} than guests asked for`,
  );
