import { type StdioOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Complaint, status } from './complaint.ts';

/** A program that was started. */
export type Child = {
  /** Its exit status as shells give it: 128 and the signal's number when it died of one. */
  readonly ended: Promise<number>;
  /** Sends a signal to it and to everything it has started. */
  readonly signal: (name: NodeJS.Signals) => void;
};

export const statusOfSignal = (name: NodeJS.Signals): number => 128 + constants.signals[name];

/**
 * Starts a program in a session of its own, so that signals reach all of its processes and not only the
 * first: a shell that is killed leaves its children behind. It has no controlling terminal; its streams may
 * be one.
 *
 * @throws Complaint, with status 127 when there is no such program, 126 when it cannot be run.
 */
export function startChild(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  stdio: StdioOptions,
): Promise<Child> {
  const [program = '', ...args] = words;
  return new Promise((started, failed) => {
    const child = spawn(program, args, { env, stdio, detached: true });
    child.once('error', (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'ENOENT';
      const reason = isMissing ? 'no such program' : (error.code ?? error.message);
      const line = `doozer: cannot start "${program}": ${reason}`;
      failed(new Complaint(line, isMissing ? status.notFound : status.cannotRun));
    });
    const ended = new Promise<number>((over) => {
      child.once('exit', (code, signal) => {
        over(signal === null ? (code ?? status.failed) : statusOfSignal(signal));
      });
    });
    child.once('spawn', () => {
      const group = -(child.pid ?? 0);
      started({
        ended,
        signal: (name) => {
          try {
            process.kill(group, name);
          } catch {
            // None of them is left.
          }
        },
      });
    });
  });
}
