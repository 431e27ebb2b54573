import { doozerFlagTable } from '../doozer-program.ts';
import { folderCommands } from '../doozerd-folder.ts';
import { doozerdFlagTable } from '../doozerd-program.ts';
import { type Flag, kindsOf } from '../flag-table.ts';
import { type BadFlag, type ParsedFlags, parseGoFlags } from '../go-flags.ts';
import type { Verb } from '../verb.ts';

/** A word and what it means. */
type Candidate = readonly [word: string, text: string];

/** What may stand where the cursor is. */
export type Offer =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  /** Left to the shell. */
  | { readonly kind: 'files' | 'folders' | 'programs' }
  /** What the cluster holds below a path that begins so; `flags` say where the cluster is. */
  | { readonly kind: 'paths'; readonly prefix: string; readonly flags: ParsedFlags };

const nothing: Offer = { kind: 'words', words: [] };

/** @param words  those after the program's name; the last, perhaps empty, is the one that is typed. */
export function offerDoozer(words: readonly string[], verbs: readonly Verb[]): Offer {
  const typed = words.at(-1) ?? '';
  const before = parseGoFlags(words.slice(0, -1), kindsOf(doozerFlagTable));
  if (before.kind === 'bad') return offerValue(before, doozerFlagTable);
  const [name, ...rest] = before.rest;
  if (name === undefined) {
    return typed.startsWith('-')
      ? beginning(typed, flagWords(doozerFlagTable))
      : beginning(typed, verbWords(verbs));
  }
  const verb = verbs.find((known) => known.name === name);
  if (verb === undefined) return nothing;
  const after = parseGoFlags(rest, kindsOf(doozerFlagTable));
  if (after.kind === 'bad') return offerValue(after, doozerFlagTable);
  if (after.rest.length === 0 && typed.startsWith('-')) {
    const useful = doozerFlagTable.filter(({ verbs: users }) => users?.includes(name) ?? true);
    return beginning(typed, flagWords(useful));
  }
  const flags = { ...after, given: [...before.given, ...after.given] };
  return offerArgument(verb, after.rest.length, { flags, typed, verbs });
}

/** @param words  as for `offerDoozer`. */
export function offerDoozerd(words: readonly string[]): Offer {
  const typed = words.at(-1) ?? '';
  if (words.length > 1 && folderCommands.has(words[0] ?? '')) {
    return typed.startsWith('-')
      ? beginning(typed, [['--json', 'print JSON']])
      : { kind: 'folders' };
  }
  const before = parseGoFlags(words.slice(0, -1), kindsOf(doozerdFlagTable));
  if (before.kind === 'bad') return offerValue(before, doozerdFlagTable);
  if (typed.startsWith('-')) return beginning(typed, flagWords(doozerdFlagTable, '-'));
  const commands = [...folderCommands].map((name): Candidate => [name, 'a data folder']);
  return before.given.length === 0 ? beginning(typed, commands) : nothing;
}

/** The value of the flag that stands before the cursor. */
function offerValue({ wants }: BadFlag, table: readonly Flag[]): Offer {
  const flag = table.find(({ name }) => name === wants);
  if (flag?.value === 'file') return { kind: 'files' };
  return flag?.value === 'folder' ? { kind: 'folders' } : nothing;
}

type Place = {
  readonly typed: string;
  readonly flags: ParsedFlags;
  readonly verbs: readonly Verb[];
};

/** Argument number `at` of a command. What it is, its name says. */
function offerArgument(verb: Verb, at: number, { flags, typed, verbs }: Place): Offer {
  const last = verb.args.at(-1) ?? '';
  const given = verb.args[at] ?? (/\.\.\.\]?$/.test(last) ? last : '');
  const name = given.replace(/^\[|\.{3}\]?$|\]$/g, '');
  const choice = verb.words?.[name];
  if (choice !== undefined)
    return beginning(
      typed,
      choice.map((word): Candidate => [word, '']),
    );
  switch (name) {
    case 'path':
    case 'more':
    case 'glob':
      return { kind: 'paths', prefix: typed, flags };
    case 'command':
      return beginning(typed, verbWords(verbs));
    case 'program':
      return { kind: 'programs' };
    default:
      return nothing;
  }
}

const beginning = (typed: string, words: readonly Candidate[]): Offer => ({
  kind: 'words',
  words: words.filter(([word]) => word.startsWith(typed)),
});

const verbWords = (verbs: readonly Verb[]): Candidate[] =>
  verbs.map(({ name, summary }) => [name, summary]);

/** Flags as their help shows them. */
const flagWords = (table: readonly Flag[], dashesOfLong: '-' | '--' = '--'): Candidate[] =>
  table.map(({ name, text }) => [(name.length === 1 ? '-' : dashesOfLong) + name, text]);
