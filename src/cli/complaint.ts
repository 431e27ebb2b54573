import type { Effect } from '../base/index.ts';

/** How a command ends: doozer's exit statuses. */
export const status = {
  done: 0,
  /** The guard did not hold. */
  mismatch: 1,
  /** What was asked for is not there, or a transaction's compares did not hold. */
  not: 1,
  failed: 2,
  /** A lock or an office was lost while a program ran under it. */
  lost: 123,
  /** A program is there and cannot be run, as shells say it. */
  cannotRun: 126,
  /** There is no such program, as shells say it. */
  notFound: 127,
  /** No command, no such command, or a wrong number of arguments. */
  usage: 127,
  interrupted: 130,
} as const;

type ComplaintOptions = {
  /** What people are shown below the line. */
  readonly explanation?: string;
  /** Default `none`: whatever the command was to do, it certainly did not. */
  readonly effect?: Effect;
};

/** A line for the user and the status to end with, thrown from anywhere inside a command. */
export class Complaint extends Error {
  override readonly name = 'Complaint';
  readonly status: number;
  readonly explanation: string | null;
  readonly effect: Effect;

  constructor(line: string, exitStatus: number = status.failed, options: ComplaintOptions = {}) {
    super(line);
    this.status = exitStatus;
    this.explanation = options.explanation ?? null;
    this.effect = options.effect ?? 'none';
  }
}
