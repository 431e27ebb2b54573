import type { Client } from '../client/index.ts';
import type { Terminal } from './terminal.ts';

/** How a command ends: doozer's exit statuses. */
export const status = {
  done: 0,
  /** The guard did not hold. */
  mismatch: 1,
  failed: 2,
  /** No command, no such command, or a wrong number of arguments. */
  usage: 127,
  interrupted: 130,
} as const;

/** What the options and the process give a command. */
export type VerbContext = {
  readonly terminal: Terminal;
  /** The connection, made at the first call; `signal` stops looking for a node. */
  readonly connect: (signal?: AbortSignal) => Promise<Client>;
  /** `-r`; `null`: the current revision. */
  readonly revision: number | null;
  /** `-t`; 0: for ever. */
  readonly timeoutMs: number;
  /** The help of the command called `name`. */
  readonly helpOf: (name: string) => string;
};

/** One command of `doozer`. */
export type Verb = {
  readonly name: string;
  /** Names of its arguments, all of them required. */
  readonly args: readonly string[];
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `doozer help` adds to usage and summary. */
  readonly help: string;
  /** Resolves with the exit status. */
  readonly run: (context: VerbContext, args: readonly string[]) => Promise<number>;
};

/** A line for the user and the status to end with, thrown from anywhere inside a command. */
export class Complaint extends Error {
  override readonly name = 'Complaint';
  readonly status: number;

  constructor(line: string, exitStatus: number = status.failed) {
    super(line);
    this.status = exitStatus;
  }
}

/** A revision as the user wrote it: decimal, with a sign where wanted. */
export function parseRevision(text: string): number | null {
  const n = /^[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(n) ? n : null;
}

/** The same for an argument. */
export function revisionArgument(text: string): number {
  const revision = parseRevision(text);
  if (revision === null) {
    throw new Complaint(
      `Error: invalid revision "${text}": a whole number is wanted, such as 41, 0 or -1`,
    );
  }
  return revision;
}
