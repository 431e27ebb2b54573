import { describe, expect, it } from 'vitest';
import { isOn, lastGiven, parseGoBoolean, parseGoFlags } from '../../src/cli/go-flags.ts';

const kinds = {
  a: 'value',
  timeout: 'value',
  'min-voters': 'value',
  v: 'switch',
  h: 'switch',
} as const;

describe('parseGoFlags()', () => {
  it.each<[string[], [string, string][], string[]]>([
    [[], [], []],
    [['-a', 'x'], [['a', 'x']], []],
    [['--a', 'x'], [['a', 'x']], []],
    [['-a=x'], [['a', 'x']], []],
    [['--a=x'], [['a', 'x']], []],
    [['-a='], [['a', '']], []],
    [['-a=x=y'], [['a', 'x=y']], []],
    [['-timeout', '5', 'rest'], [['timeout', '5']], ['rest']],
    [['-min-voters=3'], [['min-voters', '3']], []],
    // A value may look like a flag.
    [['-a', '-v'], [['a', '-v']], []],
    [['-a', '--'], [['a', '--']], []],
    // Given twice: both stand.
    [
      ['-a', '1', '-a', '2'],
      [
        ['a', '1'],
        ['a', '2'],
      ],
      [],
    ],
    // A switch takes the next word for no value of its own.
    [['-v', 'false'], [['v', 'true']], ['false']],
    [['-v=false'], [['v', 'false']], []],
    [['-v=1'], [['v', 'true']], []],
    // The first word that is no flag ends them.
    [['set', '-a', 'x'], [], ['set', '-a', 'x']],
    [['/x', '-1'], [], ['/x', '-1']],
    [['-', '-a'], [], ['-', '-a']],
    [['', '-a'], [], ['', '-a']],
    // So does --, which is dropped, once.
    [['--', '-a'], [], ['-a']],
    [['-v', '--', '--', 'x'], [['v', 'true']], ['--', 'x']],
    [['/x', '--', '-1'], [], ['/x', '--', '-1']],
  ])('reads %j', (words, given, rest) => {
    expect(parseGoFlags(words, kinds)).toEqual({ kind: 'parsed', given, rest });
  });

  it.each([
    [['-x'], 'flag provided but not defined: -x'],
    [['--x=1'], 'flag provided but not defined: -x'],
    [['-1'], 'flag provided but not defined: -1'],
    [['-av'], 'flag provided but not defined: -av'],
    [['-constructor'], 'flag provided but not defined: -constructor'],
    [['-a'], 'flag needs an argument: -a'],
    [['-v', '-timeout'], 'flag needs an argument: -timeout'],
    [['---a'], 'bad flag syntax: ---a'],
    [['-=x'], 'bad flag syntax: -=x'],
    [['--=x'], 'bad flag syntax: --=x'],
    [['-v=maybe'], 'invalid boolean value "maybe" for -v'],
  ])('refuses %j', (words, reason) => {
    expect(parseGoFlags(words, kinds)).toMatchObject({ kind: 'bad', reason });
  });

  it('lets the last one count', () => {
    const flags = parseGoFlags(['-a', '1', '-a', '2', '-v', '-v=0'], kinds);
    if (flags.kind === 'bad') throw new Error(flags.reason);
    expect(lastGiven(flags, 'a')).toBe('2');
    expect(lastGiven(flags, 'timeout')).toBe(null);
    expect(isOn(flags, 'v')).toBe(false);
    expect(isOn(flags, 'h')).toBe(false);
  });

  it('knows the words Go takes for booleans', () => {
    expect(['1', 't', 'T', 'TRUE', 'true', 'True'].map(parseGoBoolean)).not.toContain(false);
    expect(['0', 'f', 'F', 'FALSE', 'false', 'False'].map(parseGoBoolean)).not.toContain(true);
    expect(['', 'yes', 'tRUE', '2', '127.0.0.1:80'].map(parseGoBoolean)).toEqual(
      Array(5).fill(null),
    );
  });
});
