import { once } from 'node:events';
import { fstatSync, writeSync } from 'node:fs';
import { ClusterError } from '../base/index.ts';
import { type Child, startChild } from './child.ts';
import { Complaint, status } from './complaint.ts';
import { withoutSecrets } from './process-name.ts';
import type { EndingSignal, Signals } from './signals.ts';

/** What a command sees of the process it runs in. Tests hand in their own. */
export type Terminal = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Standard input to its end, as it is.
   *
   * @throws ERR_TOO_LARGE  it has more than `bytesMax`: its end, if it has one, is not waited for. Complaint: it
   *   cannot be read.
   */
  readonly readInput: (bytesMax: number) => Promise<Uint8Array>;
  /**
   * Writes to standard output; resolves when more may be written.
   *
   * @throws ClosedOutput  nobody reads any more; Complaint: it cannot be written.
   */
  readonly write: (output: string | Uint8Array) => Promise<void>;
  /** Writes a line to standard error. */
  readonly complain: (line: string) => void;
  /** Aborted when the user pressed Ctrl-C, unless somebody takes the signals. */
  readonly interrupted: AbortSignal;
  /** From now on signals that would end this process come to `taker` instead. Returns what ends that. */
  readonly takeSignals: (taker: (signal: EndingSignal) => void) => () => void;
  /**
   * Starts a program with this process's standard streams and `env` beside its environment.
   *
   * @throws Complaint  it cannot be started, with the status that shells end with then.
   */
  readonly start: (
    words: readonly string[],
    env: Readonly<Record<string, string>>,
  ) => Promise<Child>;
};

/** The reader of standard output went away, as `head` does: a reason to end, not an error. */
export class ClosedOutput extends Error {
  override readonly name = 'ClosedOutput';
}

/** The real one. */
export function processTerminal({ interrupted, take }: Signals): Terminal {
  let failure: Error | null = null;
  process.stdout.on('error', (error) => {
    failure ??= unwritten(error);
  });
  return {
    env: process.env,
    readInput: (bytesMax) => inputOf(process.stdin, bytesMax),
    write: async (output) => {
      if (failure !== null) throw failure;
      await new Promise<void>((done, failed) => {
        process.stdout.write(output, (error) => {
          if (error) failed(unwritten(error));
          else done();
        });
      });
    },
    complain: (line) => {
      try {
        writeSync(2, `${withoutSecrets(line)}\n`);
      } catch {
        // Without a standard error there is nobody to tell.
      }
    },
    interrupted,
    takeSignals: take,
    start: (words, env) => startChild(words, { ...process.env, ...env }, 'inherit'),
  };
}

async function inputOf(stream: AsyncIterable<unknown>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Node takes a directory for an empty input, and an empty body would be written.
    if (fstatSync(0).isDirectory()) throw new Error('it is a directory');
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > bytesMax) break;
    }
  } catch (error) {
    throw new Complaint(`Error: Cannot read standard input: ${(error as Error).message}`);
  }
  if (bytes <= bytesMax) return Buffer.concat(chunks);
  throw new ClusterError(
    'ERR_TOO_LARGE',
    `Cannot read the input: it has more than ${bytesMax} bytes`,
  );
}

/** Nobody reads any more, or a disk is full: the one is no error, the other must not pass for success. */
const unwritten = (error: NodeJS.ErrnoException): Error =>
  error.code === 'EPIPE'
    ? new ClosedOutput()
    : new Complaint(
        `Error: Cannot write to standard output: ${error.message}`,
        status.failed,
        // What was to be told of it may have been done.
        { effect: 'unknown' },
      );

/** Settles with `work`, or with `null` as soon as the user pressed Ctrl-C. */
export async function orInterrupted<T>(terminal: Terminal, work: Promise<T>): Promise<T | null> {
  if (terminal.interrupted.aborted) {
    // How it ends is of no interest any more, but somebody has to hear of it.
    work.catch(() => undefined);
    return null;
  }
  const settled = new AbortController();
  const interrupted = once(terminal.interrupted, 'abort', { signal: settled.signal }).then(
    () => null,
    () => null,
  );
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    settled.abort();
  }
}
