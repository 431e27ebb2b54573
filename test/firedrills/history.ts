import type {
  Change,
  FinalState,
  Operation,
  Read,
  Recorded,
  Rev,
  Stream,
  Write,
} from '../../firedrills/support/history/types.ts';

/** Writes a small history by hand, so that one thing in it can be made wrong. */
export class MadeHistory {
  readonly changes: Change[] = [];
  readonly operations: Operation[] = [];
  readonly streams: Stream[] = [];

  get newest(): number {
    return this.changes.length;
  }

  set(path: string, body: string): number {
    this.changes.push({ kind: 'set', path, body, revision: this.newest + 1 });
    return this.newest;
  }

  delete(path: string): number {
    this.changes.push({ kind: 'delete', path, body: '', revision: this.newest + 1 });
    return this.newest;
  }

  /** `span`: from when to when it was under way. */
  write(
    span: readonly [number, number],
    path: string,
    body: string,
    guard: number,
    outcome: Write['outcome'],
  ): Write {
    return this.#add({ ...timed(span), what: 'set', path, body, guard, outcome });
  }

  remove(
    span: readonly [number, number],
    path: string,
    guard: number,
    outcome: Write['outcome'],
  ): Write {
    return this.#add({ ...timed(span), what: 'delete', path, body: '', guard, outcome });
  }

  read(
    span: readonly [number, number],
    path: string,
    revision: number,
    body: string,
    at: number | null = null,
  ): Read {
    const outcome = { kind: 'done', revision, body } as const;
    return this.#add({ ...timed(span), what: 'get', path, at, outcome });
  }

  rev(span: readonly [number, number], revision: number, client = 'lib-0'): Rev {
    const outcome = { kind: 'done', revision } as const;
    return this.#add({ ...timed(span), client, what: 'rev', outcome });
  }

  watch(
    glob: string,
    from: number,
    changes: readonly (Change | undefined)[],
    atMs: number,
  ): Stream {
    const seen = changes.flatMap((change) => (change === undefined ? [] : [{ ...change, atMs }]));
    const stream: Stream = { client: 'watch-0', glob, from, seen, end: 'open' };
    this.streams.push(stream);
    return stream;
  }

  /** As a node remembers it that began at `oldest`. */
  final(node = 'a', oldest = 1): FinalState {
    const files = new Map<string, Change>();
    for (const change of this.changes) {
      if (change.kind === 'delete') files.delete(change.path);
      else files.set(change.path, change);
    }
    const changes = this.changes.slice(oldest - 1);
    const { newest } = this;
    return { node, oldest, newest, changes, files: [...files.values()], whole: oldest <= 1 };
  }

  recorded(...finals: FinalState[]): Recorded {
    const { operations, streams } = this;
    return { operations, streams, finals: finals.length > 0 ? finals : [this.final()] };
  }

  #add<T extends Operation>(operation: T): T {
    this.operations.push(operation);
    return operation;
  }
}

const timed = ([startMs, endMs]: readonly [number, number]) => ({
  client: 'lib-0',
  startMs,
  endMs,
});

export const done = (revision: number) => ({ kind: 'done', revision }) as const;
export const unknown = { kind: 'unknown', code: 'ERR_OUTCOME_UNKNOWN' } as const;
export const notDone = { kind: 'none', code: 'ERR_NO_LEADER' } as const;
export const mismatch = { kind: 'mismatch' } as const;
