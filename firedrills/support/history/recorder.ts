import { ClusterError } from '../../../src/connect/index.ts';
import { nowMs } from '../wait.ts';
import type { Change, Failure, Operation, Read, Rev, Stream, Write } from './types.ts';

/** A failure that a client met and that says what became of the write. */
export class Told extends Error {
  readonly outcome: Failure | { readonly kind: 'mismatch' };

  constructor(outcome: Told['outcome']) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

/** Keeps what clients asked and were told. All in one process, so all by one clock. */
export class Recorder {
  readonly operations: Operation[] = [];
  readonly streams: Stream[] = [];
  #lastSuccessMs = nowMs();

  /** The last time anything that needs a majority succeeded. */
  get lastSuccessMs(): number {
    return this.#lastSuccessMs;
  }

  async write(
    asked: Pick<Write, 'client' | 'what' | 'path' | 'body' | 'guard'>,
    ask: () => Promise<number>,
  ): Promise<Write> {
    const write: Write = { ...asked, startMs: nowMs(), endMs: null, outcome: null };
    this.operations.push(write);
    try {
      const revision = await ask();
      write.outcome = { kind: 'done', revision };
      this.#lastSuccessMs = nowMs();
    } catch (error) {
      write.outcome = outcomeOf(error);
    }
    write.endMs = nowMs();
    return write;
  }

  async read(
    asked: Pick<Read, 'client' | 'path' | 'at'>,
    ask: () => Promise<{ readonly revision: number; readonly body: string }>,
  ): Promise<Read> {
    const read: Read = { ...asked, what: 'get', startMs: nowMs(), endMs: null, outcome: null };
    this.operations.push(read);
    try {
      read.outcome = { kind: 'done', ...(await ask()) };
      if (asked.at === null) this.#lastSuccessMs = nowMs();
    } catch (error) {
      read.outcome = failureOf(error);
    }
    read.endMs = nowMs();
    return read;
  }

  async rev(client: string, ask: () => Promise<number>): Promise<Rev> {
    const rev: Rev = { client, what: 'rev', startMs: nowMs(), endMs: null, outcome: null };
    this.operations.push(rev);
    try {
      rev.outcome = { kind: 'done', revision: await ask() };
    } catch (error) {
      rev.outcome = failureOf(error);
    }
    rev.endMs = nowMs();
    return rev;
  }

  stream(client: string, glob: string, from: number): Stream {
    const stream: Stream = { client, glob, from, seen: [], end: 'open' };
    this.streams.push(stream);
    return stream;
  }

  told(stream: Stream, change: Change): void {
    stream.seen.push({ ...change, atMs: nowMs() });
  }
}

/** @throws what is no answer of a cluster: a mistake of the drill or of the library. */
function outcomeOf(error: unknown): Told['outcome'] {
  if (error instanceof Told) return error.outcome;
  if (!(error instanceof ClusterError)) throw error;
  if (error.code === 'ERR_REV_MISMATCH') return { kind: 'mismatch' };
  return { kind: error.effect, code: error.code };
}

function failureOf(error: unknown): Failure {
  const outcome = outcomeOf(error);
  return outcome.kind === 'mismatch' ? { kind: 'none', code: 'ERR_REV_MISMATCH' } : outcome;
}
