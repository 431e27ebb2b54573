/**
 * Flags as Go's `flag` package reads them, which commander does not: one dash or two mean the same,
 * names may be long behind one dash, a value stands behind `=` or in the next word, a switch takes a
 * value only behind `=`, and the first word that is no flag ends them all, so that `set /x -1` needs no
 * quoting. `--` ends them too and is dropped.
 *
 * @see https://pkg.go.dev/flag
 */

/** Which flags there are, and how each takes its value. */
export type FlagKinds = Readonly<Record<string, 'value' | 'switch'>>;

export type ParsedFlags = {
  readonly kind: 'parsed';
  /** In the order given; a flag given twice stands twice. A switch's value is `true` or `false`. */
  readonly given: readonly (readonly [name: string, value: string])[];
  /** The words after the flags. */
  readonly rest: readonly string[];
};
export type BadFlag = {
  readonly kind: 'bad';
  readonly reason: string;
  /** The flags before the one that is wrong. */
  readonly given: ParsedFlags['given'];
  /** The flag that stands last and has no value; `null`: something else is wrong. */
  readonly wants: string | null;
};
type Given = Pick<ParsedFlags, 'given'>;

const truths = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const untruths = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

/** What Go's strconv.ParseBool makes of `text`. */
export const parseGoBoolean = (text: string): boolean | null =>
  truths.includes(text) ? true : untruths.includes(text) ? false : null;

export function parseGoFlags(words: readonly string[], kinds: FlagKinds): ParsedFlags | BadFlag {
  const given: (readonly [string, string])[] = [];
  const bad = (reason: string): BadFlag => ({ kind: 'bad', reason, given, wants: null });
  let at = 0;
  while (at < words.length) {
    const word = words[at] ?? '';
    if (word.length < 2 || !word.startsWith('-')) break;
    at++;
    if (word === '--') break;
    const flag = splitFlag(word);
    if (flag === null) return bad(`bad flag syntax: ${word}`);
    const kind = Object.hasOwn(kinds, flag.name) ? kinds[flag.name] : undefined;
    if (kind === undefined) {
      return bad(`flag provided but not defined: -${flag.name}`);
    }
    if (kind === 'switch') {
      const on = flag.value === null ? true : parseGoBoolean(flag.value);
      if (on === null) {
        return bad(`invalid boolean value "${flag.value}" for -${flag.name}`);
      }
      given.push([flag.name, String(on)]);
      continue;
    }
    const value = flag.value ?? words[at++];
    if (value === undefined) {
      return { ...bad(`flag needs an argument: -${flag.name}`), wants: flag.name };
    }
    given.push([flag.name, value]);
  }
  return { kind: 'parsed', given, rest: words.slice(at) };
}

function splitFlag(word: string): { name: string; value: string | null } | null {
  const body = word.slice(word.startsWith('--') ? 2 : 1);
  if (body === '' || body.startsWith('-') || body.startsWith('=')) return null;
  const equals = body.indexOf('=');
  return equals < 0
    ? { name: body, value: null }
    : { name: body.slice(0, equals), value: body.slice(equals + 1) };
}

/** The last value given for `name`, or `null`. */
export const lastGiven = (flags: Given, name: string): string | null =>
  flags.given.findLast(([key]) => key === name)?.[1] ?? null;

/** Whether the switch `name` is on. */
export const isOn = (flags: Given, name: string): boolean => lastGiven(flags, name) === 'true';
