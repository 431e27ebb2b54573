import type { Change, FinalState } from './types.ts';

/** A file at a revision. Revision 0: there is none. */
export type Version = { readonly revision: number; readonly body: string };

/** Files of the drills; nobody else writes here. */
export const drillFolder = '/drill/';

const missing: Version = { revision: 0, body: '' };

/** What a path held from revision `since` on. */
type Step = { readonly since: number; readonly version: Version };

/**
 * The files of every revision, from the one history of changes. Knows nothing before `oldest`: there the files
 * that were never written since are not to be judged.
 */
export class Model {
  readonly oldest: number;
  readonly newest: number;
  readonly changes: readonly Change[];
  readonly #whole: boolean;
  readonly #steps = new Map<string, Step[]>();

  constructor({ oldest, newest, changes, whole }: FinalState) {
    this.#whole = whole;
    this.oldest = oldest;
    this.newest = newest;
    this.changes = changes;
    for (const { kind, path, body, revision } of changes) {
      if (kind === 'nop') continue;
      const version = kind === 'set' ? { revision, body } : missing;
      const steps = this.#steps.get(path);
      if (steps === undefined) this.#steps.set(path, [{ since: revision, version }]);
      else steps.push({ since: revision, version });
    }
  }

  /** The change at `revision`; `null`: not remembered, or it never was. */
  change(revision: number): Change | null {
    return this.changes[revision - this.oldest] ?? null;
  }

  /** What `path` held at `revision`; `null`: cannot be said. */
  at(path: string, revision: number): Version | null {
    const steps = this.#steps.get(path) ?? [];
    const step = steps[place(steps, revision)];
    if (step !== undefined) return step.version;
    return this.#isKnown(path) ? missing : null;
  }

  /**
   * The spans of revisions in which `path` held what was found, of those that end at or after `floor`; the
   * first is the first that will do. `null`: cannot be said.
   */
  spanOf(
    path: string,
    found: Version,
    floor: number,
  ): { from: number; to: number } | null | 'never' {
    const steps = this.#steps.get(path) ?? [];
    const first = steps[0]?.since ?? this.newest + 1;
    const same = (version: Version) =>
      version.revision === found.revision && version.body === found.body;
    if (floor < first) {
      if (!this.#isKnown(path) && found.revision < first) return null;
      if (same(missing)) return { from: 0, to: first - 1 };
    }
    for (let i = Math.max(0, place(steps, floor)); i < steps.length; i++) {
      const step = steps[i];
      const to = (steps[i + 1]?.since ?? this.newest + 1) - 1;
      if (step !== undefined && same(step.version)) return { from: step.since, to };
    }
    return 'never';
  }

  /** The changes that a watch of `glob` has to tell, from one revision to another, both included. */
  *matching(glob: string, from: number, to: number): Generator<Change> {
    const pattern = patternOf(glob);
    const begin = Math.max(0, from - this.oldest);
    for (let i = begin; i < this.changes.length; i++) {
      const change = this.changes[i];
      if (change === undefined || change.revision > to) return;
      if (pattern.test(change.path)) yield change;
    }
  }

  #isKnown(path: string): boolean {
    return this.oldest <= 1 || (this.#whole && path.startsWith(drillFolder));
  }

  /** All paths that were ever written. */
  get paths(): IterableIterator<string> {
    return this.#steps.keys();
  }
}

/** A reading of globs of its own: the checker must not lean on what it checks. */
function patternOf(glob: string): RegExp {
  const parts = glob.split(/(\*\*|\*|\?)/).map((part) => {
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** The last step at or before `revision`, or -1. */
function place(steps: readonly Step[], revision: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle]?.since ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
