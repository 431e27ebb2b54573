import type { ClusterError } from '../base/index.ts';
import type { Client } from '../client/index.ts';
import { Complaint } from './complaint.ts';
import type { ParsedFlags } from './go-flags.ts';
import type { Json } from './output.ts';
import type { Terminal } from './terminal.ts';

/** What the options and the process give a command. */
export type VerbContext = {
  readonly terminal: Terminal;
  /**
   * The connection, made at the first call; `signal` stops looking for a node. `flags`: those that say where,
   * instead of this command's own.
   */
  readonly connect: (signal?: AbortSignal, flags?: ParsedFlags) => Promise<Client>;
  /** The node at `address`, and no other, within `timeoutMs`; to be closed by the caller. */
  readonly connectTo: (address: string, timeoutMs: number) => Promise<Client>;
  /** `-r`; `null`: the current revision. */
  readonly revision: number | null;
  /** `-t`; 0: for ever. */
  readonly timeoutMs: number;
  /** The URIs in use, as they were given; `null`: there is no boot cluster. */
  readonly uri: string;
  readonly bootUri: string | null;
  /** `-length` and `-grace`; `null`: not given. */
  readonly lengthMs: number | null;
  readonly graceMs: number | null;
  /** `-value`; `null`: not given. */
  readonly value: string | null;
  /** `-lease`; `null`: none. */
  readonly lease: number | null;
  /** `-force`. */
  readonly isForced: boolean;
  /** `-json`. */
  readonly isJson: boolean;
  /** Prints `plain` as it is, or, with -json, `value` on a line. @throws as `Terminal.write`. */
  readonly print: (plain: string | Uint8Array, value: Json) => Promise<void>;
  /** What is to be said on standard error and ends nothing: a line, or something that went wrong. */
  readonly note: (what: string | ClusterError) => void;
  /** Every command there is. */
  readonly verbs: readonly Verb[];
  /** The help of the command called `name`. */
  readonly helpOf: (name: string) => string;
};

/** One command of `doozer`. */
export type Verb = {
  readonly name: string;
  /** Names of its arguments. In brackets: optional; with dots at the end: as many as there are. */
  readonly args: readonly string[];
  /** How its arguments are shown, where their names alone would not say it. */
  readonly usage?: string;
  /** What an argument may be, by its name: for completion. Paths, globs and programs need no list. */
  readonly words?: Readonly<Record<string, readonly string[]>>;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `doozer help` adds to usage and summary. */
  readonly help: string;
  /** Resolves with the exit status. */
  readonly run: (context: VerbContext, args: readonly string[]) => Promise<number>;
};

/** Its arguments as they are shown. */
export const argumentsOf = ({ args, usage }: Verb): string =>
  usage ?? args.map(argumentForm).join(' ');

/** As commander takes it. */
export const argumentForm = (name: string): string => (name.startsWith('[') ? name : `<${name}>`);

/** A revision as the user wrote it: decimal, with a sign where wanted. */
export function parseRevision(text: string): number | null {
  const n = /^[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(n) ? n : null;
}

/** A lease as the user wrote it: above 0, decimal. */
export function parseLease(text: string): number | null {
  const n = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(n) && n > 0 ? n : null;
}

/** A revision as an argument. */
export function revisionArgument(text: string): number {
  const revision = parseRevision(text);
  if (revision === null) {
    throw new Complaint(
      `Error: invalid revision "${text}": a whole number is wanted, such as 41, 0 or -1`,
    );
  }
  return revision;
}
