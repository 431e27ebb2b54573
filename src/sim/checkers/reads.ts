import { type ErrorCode, must } from '../../base/index.ts';
import { compileGlob } from '../../paths/index.ts';
import type { Event } from '../../tree/index.ts';
import type { Asked, Operation, Told } from '../history.ts';
import { Violation } from '../witness.ts';
import type { EventTable } from './events.ts';
import { type TreeModel, touches } from './model.ts';
import { operationText } from './text.ts';

type Of<K extends Asked['kind']> = Extract<Asked, { readonly kind: K }>;
type Looking = Of<'get' | 'stat' | 'list' | 'walk'>;
type Shown<K extends Told['kind']> = Extract<Told, { readonly kind: K }>;

export type ReadsParts = {
  readonly events: EventTable;
  readonly model: TreeModel;
  /** A revision at which some node's state stood, at or after this one: reads are answered there. */
  readonly endOfRange: (revision: number) => number;
  /** REV may have been answered without a quorum, after its time. */
  readonly mayBeStale: (operation: Operation) => boolean;
};

/** Refusals that say something of the state. */
const telling: readonly ErrorCode[] = ['ERR_IS_DIRECTORY', 'ERR_NOT_DIRECTORY', 'ERR_NO_ENTRY'];

/**
 * `linearizable`: what a read of the newest state was told fits a state between the newest that anybody
 * knew of when it began and the newest there was when it ended; a read at a revision is told that state;
 * nobody hears of the future. `wait`: the first event that matches, and none earlier.
 */
export class Reads {
  readonly #parts: ReadsParts;

  constructor(parts: ReadsParts) {
    this.#parts = parts;
  }

  /** The earliest revision that a read can have seen, or `null` when nothing tells. */
  placeOf(operation: Operation, floor: number): number | null {
    const { asked, told } = operation;
    if (told === null || told.kind === 'unknown') return null;
    switch (asked.kind) {
      case 'rev':
        return this.#rev(operation, told, floor);
      case 'wait':
        return this.#wait(operation, asked, told);
      case 'get':
      case 'stat':
      case 'list':
      case 'walk':
        return this.#look(operation, asked, told, floor);
      default:
        return null;
    }
  }

  #rev(operation: Operation, told: Told, floor: number): number | null {
    if (told.kind !== 'revision') return this.#notTold(operation, told);
    const { revision } = told;
    if (revision > operation.ceiling) {
      throw new Violation('linearizable', `it tells of the future: ${operationText(operation)}`);
    }
    if (revision >= floor) return revision;
    if (this.#parts.mayBeStale(operation)) return null;
    throw new Violation(
      'linearizable',
      `it is older than revision ${floor}, which was known: ${operationText(operation)}`,
    );
  }

  #wait(operation: Operation, { glob, from }: Of<'wait'>, told: Told): number | null {
    const { events } = this.#parts;
    const first = Math.max(1, from);
    if (told.kind !== 'event') {
      if (told.kind === 'refused' && told.code === 'ERR_COMPACTED' && first > operation.ceiling) {
        throw new Violation('wait', `the future is not forgotten: ${operationText(operation)}`);
      }
      return this.#notTold(operation, told);
    }
    const { revision } = told.event;
    if (revision > operation.ceiling) {
      throw new Violation('wait', `it tells of the future: ${operationText(operation)}`);
    }
    const matches = matcherOf(glob);
    const event = events.at(revision);
    const same =
      event !== undefined &&
      event.kind === told.event.kind &&
      event.path === told.event.path &&
      events.bodyAt(revision) === told.event.body;
    if (!same || revision < first || !matches(event)) {
      throw new Violation('wait', `there is no such event: ${operationText(operation)}`);
    }
    for (let at = first; at < revision; at++) {
      const missed = events.at(at);
      if (missed === undefined || !matches(missed)) continue;
      throw new Violation(
        glob === '/**' ? 'follower' : 'wait',
        `it missed ${missed.kind} ${missed.path} at ${at}: ${operationText(operation)}`,
      );
    }
    return revision;
  }

  #look(operation: Operation, asked: Looking, told: Told, floor: number): number | null {
    if (told.kind === 'refused' && !telling.includes(told.code)) {
      if (told.code === 'ERR_COMPACTED' && (asked.at ?? 0) > operation.ceiling) {
        throw new Violation(
          'linearizable',
          `the future is not forgotten: ${operationText(operation)}`,
        );
      }
      return null;
    }
    const fits = this.#fits(asked, told);
    if (fits === null) return this.#notTold(operation, told);
    const { ceiling } = operation;
    if (asked.at !== null) return this.#lookAt(operation, asked, fits);
    const state = stateOf(told);
    if (asked.least !== undefined) return this.#lookNear(operation, asked.least, fits, state);
    if (state !== null) return this.#lookOnce(operation, floor, fits, state);
    for (let revision = Math.max(floor, leastOf(told)); revision <= ceiling; revision++) {
      if (fits.state(revision)) return revision;
      // Up to the next event that could make a difference it stays as it is.
      while (revision < ceiling && !this.#matters(fits, revision + 1)) revision++;
    }
    throw new Violation(
      'linearizable',
      `no state from ${floor} to ${ceiling} is like this: ${operationText(operation)}`,
    );
  }

  /** It says which state it saw. */
  #lookOnce(operation: Operation, floor: number, fits: Fits, state: number): number {
    if (state >= floor && state <= operation.ceiling && fits.state(state)) return state;
    throw new Violation(
      'linearizable',
      `the state at ${state} was not like this, or does not lie between ${floor} and ${operation.ceiling}: ${operationText(operation)}`,
    );
  }

  /** What one node had, however old; only not before what was asked for. It binds nobody. */
  #lookNear(operation: Operation, least: number, fits: Fits, state: number | null): null {
    const { ceiling } = operation;
    if (state !== null) {
      if (state >= least && state <= ceiling && fits.state(state)) return null;
    } else {
      for (let revision = least; revision <= ceiling; revision++) {
        if (fits.state(revision)) return null;
      }
    }
    throw new Violation(
      'linearizable',
      `no state from ${least} to ${ceiling} is like this, or not that at ${state ?? '?'}: ${operationText(operation)}`,
    );
  }

  /** A read within a range of revisions that belong together is answered at the end of the range. */
  #lookAt(operation: Operation, asked: Looking, fits: Fits): number {
    const at = Math.max(1, asked.at ?? 1);
    const { endOfRange } = this.#parts;
    if (at > operation.ceiling) {
      throw new Violation('linearizable', `it tells of the future: ${operationText(operation)}`);
    }
    if (fits.state(endOfRange(at))) return at;
    throw new Violation(
      'linearizable',
      `the state at ${at} was not like this: ${operationText(operation)}`,
    );
  }

  #matters(fits: Fits, revision: number): boolean {
    const event = this.#parts.events.at(revision);
    return event !== undefined && fits.matters(event);
  }

  /** An answer that is no answer to this. */
  #notTold(operation: Operation, told: Told): null {
    if (told.kind === 'refused' || told.kind === 'unknown') return null;
    throw new Violation('linearizable', `that is no answer: ${operationText(operation)}`);
  }

  #fits(asked: Looking, told: Told): Fits | null {
    if (asked.kind === 'walk') return told.kind === 'files' ? this.#walked(asked.glob, told) : null;
    const { path } = asked;
    const matters = (event: Event): boolean => touches(event, path);
    const { model } = this.#parts;
    if (told.kind === 'refused') {
      return {
        matters,
        state: (revision) => this.#refusalAt(asked.kind, path, revision) === told.code,
      };
    }
    if (asked.kind === 'get' && told.kind === 'value') {
      return { matters, state: (revision) => this.#isValue(path, told, revision) };
    }
    if (asked.kind === 'stat' && told.kind === 'stat') {
      return { matters, state: (revision) => this.#isStat(path, told, revision) };
    }
    if (asked.kind === 'list' && told.kind === 'names') {
      return {
        matters,
        state: (revision) => {
          const names = model.namesAt(path, revision);
          return names !== null && sameTexts(names, told.names);
        },
      };
    }
    return null;
  }

  #refusalAt(kind: 'get' | 'stat' | 'list', path: string, revision: number): ErrorCode | null {
    const { model } = this.#parts;
    const isDirectory = model.isDirectory(path, revision);
    if (kind === 'get') return isDirectory ? 'ERR_IS_DIRECTORY' : null;
    if (kind === 'stat' || isDirectory) return null;
    return model.fileAt(path, revision) === null ? 'ERR_NO_ENTRY' : 'ERR_NOT_DIRECTORY';
  }

  #isValue(path: string, { file }: Shown<'value'>, revision: number): boolean {
    const { model, events } = this.#parts;
    const event = model.fileAt(path, revision);
    if (file === null) return event === null && !model.isDirectory(path, revision);
    if (file.created !== undefined && file.created !== model.createdAt(path, revision))
      return false;
    return event?.revision === file.revision && events.bodyAt(file.revision) === file.body;
  }

  #isStat(path: string, told: Shown<'stat'>, revision: number): boolean {
    const { model } = this.#parts;
    const event = model.fileAt(path, revision);
    if (event !== null) {
      const { what, revision: changed, count } = told;
      return what === 'file' && changed === event.revision && count === event.body.length;
    }
    if (!model.isDirectory(path, revision)) return told.what === 'missing';
    return told.what === 'directory' && model.namesAt(path, revision)?.length === told.count;
  }

  #walked(text: string, { files }: Shown<'files'>): Fits {
    const { model, events } = this.#parts;
    const glob = must(compileGlob(text), 'a walk was answered, so its glob is one');
    return {
      matters: (event) => event.kind !== 'nop' && glob.matches(event.path),
      state: (revision) => {
        const found = model.walkAt(glob, revision);
        return (
          found.length === files.length &&
          found.every((event, i) => {
            const file = files[i];
            return (
              file?.path === event.path &&
              file.revision === event.revision &&
              file.body === events.bodyAt(event.revision)
            );
          })
        );
      },
    };
  }
}

/** Whether an answer fits the state at a revision, and which events could change that. */
type Fits = {
  readonly state: (revision: number) => boolean;
  readonly matters: (event: Event) => boolean;
};

/** The revision of the state that was read, where it is told. */
export const stateOf = (told: Told): number | null =>
  told.kind === 'value' || told.kind === 'names' || told.kind === 'files'
    ? (told.state ?? null)
    : null;

/** A state in which this was read is at least of this revision. */
function leastOf(told: Told): number {
  if (told.kind === 'value') return told.file?.revision ?? 0;
  if (told.kind === 'stat') return told.what === 'file' ? told.revision : 0;
  if (told.kind !== 'files') return 0;
  return told.files.reduce((most, { revision }) => Math.max(most, revision), 0);
}

/** A nop matches what matches its path, `/`. */
export function matcherOf(text: string): (event: Event) => boolean {
  const glob = must(compileGlob(text), 'what was answered was a glob');
  return (event) => glob.matches(event.path);
}

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, i) => text === b[i]);
