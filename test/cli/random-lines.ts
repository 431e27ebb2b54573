import fc from 'fast-check';
import { doozerFlagTable } from '../../src/cli/doozer-program.ts';
import { doozerdFlagTable } from '../../src/cli/doozerd-program.ts';
import type { Flag } from '../../src/cli/flag-table.ts';
import type { Verb } from '../../src/cli/verb.ts';
import { verbs } from '../../src/cli/verbs.ts';

/** Whatever a keyboard, a script gone wrong, or malice may put in a word; systems end words at NUL. */
const anything = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', ' ', '-', '--', '---', '=', '-=', '--=x', '%', '*', '\n', '\t', '\u0000'),
  fc.constantFrom(
    'constructor',
    '__proto__',
    'toString',
    'null',
    'undefined',
    'NaN',
    'a'.repeat(5000),
  ),
);

const path = fc.oneof(
  fc.constantFrom(
    '/',
    '/a',
    '/d/b',
    '/d/c',
    '/d',
    '/none',
    '/a/b',
    '/**',
    '/*',
    '/d/?',
    '/x y',
    'a',
    '//',
    '/a/',
  ),
  fc.stringMatching(/^(\/[a-z.*?_-]{1,3}){1,3}$/),
);
const number = fc.oneof(
  fc.constantFrom('-1', '0', '1', '-2', '+3', '9007199254740993'),
  fc.integer().map(String),
  fc.maxSafeInteger().map(String),
);
const duration = fc.constantFrom(
  '0',
  '1ms',
  '10ms',
  '1s',
  '1m30s',
  '-5s',
  '9999999h',
  '24h',
  '.5s',
);
const wrong = fc.oneof(
  fc.constantFrom('1.5', '1e3', '0x10', '-', '1 ', '5', 's', '1h1', '.s'),
  path,
  anything,
);

const rights: Readonly<Record<string, fc.Arbitrary<string>>> = {
  rev: number,
  id: fc.nat(40).map(String),
  count: number,
  seconds: number,
  duration,
  text: anything,
};
/** What a flag takes, most of the time. */
const valueOfKind = (kind: string | null): fc.Arbitrary<string> =>
  fc.oneof({ weight: 9, arbitrary: rights[kind ?? ''] ?? anything }, wrong);

/** Where a cluster is: the one that is there, or nothing that can be read. Never one that is not ours. */
const uriArbitrary = (uri: string) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(uri) },
    fc.constantFrom(
      '',
      'doozer:',
      'doozer:?',
      'doozer:?ca=',
      'doozer:?cn=x',
      'doozer:?ca=a:b:c',
      'doozer:?ca=%zz',
    ),
  );

type Shape = Pick<Flag, 'name' | 'value'>;

/** A flag in one of its spellings, nearly always right. Help and version end a line early, and are rare. */
const flagArbitrary = (
  flags: readonly Shape[],
  valueFor: (flag: Shape) => fc.Arbitrary<string>,
) => {
  const ending = (flag: Shape): boolean => flag.name === 'h' || flag.name === 'v';
  return fc
    .tuple(
      fc.oneof(
        { weight: 30, arbitrary: fc.constantFrom(...flags.filter((flag) => !ending(flag))) },
        fc.constantFrom(...flags.filter(ending)),
      ),
      fc.oneof({ weight: 30, arbitrary: fc.constantFrom('-', '--') }, fc.constant('---')),
      fc.oneof({ weight: 30, arbitrary: fc.constantFrom(' ', '=') }, fc.constant('none')),
    )
    .chain(([flag, dashes, form]) => {
      const isSwitch = flag.value === null;
      const values = isSwitch ? fc.constantFrom('true', 'F', '1', '0', 'maybe') : valueFor(flag);
      return values.map((value) => {
        const word = `${dashes}${flag.name}`;
        if (form === '=') return [`${word}=${value}`];
        return isSwitch || form === 'none' ? [word] : [word, value];
      });
    });
};

const some = (words: fc.Arbitrary<string[]>, maxLength: number): fc.Arbitrary<string[]> =>
  fc.array(words, { maxLength }).map((lists) => lists.flat());

/** As the system hands words over: text, without NUL. */
const asArgv = (words: readonly string[]): string[] =>
  words.map((word) => Buffer.from(word.replaceAll('\u0000', '')).toString());

/** Command lines of `doozer`, most of them right or nearly so. */
export function doozerLines(uri: string): fc.Arbitrary<string[]> {
  const where = uriArbitrary(uri);
  const flag = flagArbitrary(doozerFlagTable, ({ value }) =>
    value === 'uri' ? where : valueOfKind(value),
  );
  const line = fc.constantFrom(...verbs).chain((verb) => {
    const given = fc.tuple(...verb.args.map((name) => argumentOf(verb, name)));
    const odd = fc.array(fc.oneof(path, number, duration, anything), { maxLength: 4 });
    return fc
      .tuple(some(flag, 2), some(flag, 2), fc.oneof({ weight: 9, arbitrary: given }, odd))
      .map(([before, after, rest]) => [...before, verb.name, ...after, ...rest]);
  });
  const nonsense = fc.array(anything, { maxLength: 4 });
  return fc.oneof({ weight: 15, arbitrary: line }, nonsense).map(asArgv);
}

/** An argument as its name says, most of the time. */
function argumentOf(verb: Verb, name: string): fc.Arbitrary<string> {
  const bare = name.replace(/^\[|\.{3}\]?$|\]$/g, '');
  // The node is in this process, and its log is the test's.
  const words = bare === 'level' ? ['error', 'loud'] : verb.words?.[bare];
  const right: Readonly<Record<string, fc.Arbitrary<string>>> = {
    path,
    glob: path,
    more: path,
    rev: number,
    name: fc.constantFrom('a', '/lock/b', '/d'),
    word: fc.oneof(duration, number),
    program: fc.constantFrom('--', 'true'),
    node: fc.constantFrom('nobody', '127.0.0.1:1'),
    command: fc.constantFrom(...verbs.map((known) => known.name)),
    words: fc.constantFrom('doozer', 'doozerd', 'get', '/'),
  };
  const known = words === undefined ? (right[bare] ?? anything) : fc.constantFrom(...words);
  return fc.oneof({ weight: 9, arbitrary: known }, anything, number);
}

/** Command lines of `doozerd`; folders are names in `folder`, which is empty. */
export function doozerdLines(folder: string): fc.Arbitrary<string[]> {
  const address = fc.constantFrom(
    '127.0.0.1:0',
    ':8046',
    'h',
    'h:1',
    '[::1]:1',
    'h:99999',
    'false',
    'a:1,b:2',
    ',',
  );
  const flag = flagArbitrary(doozerdFlagTable, ({ value }) =>
    value?.startsWith('addr') === true ? fc.oneof(address, anything) : valueOfKind(value),
  );
  const inFolder = fc.constantFrom('x', 'y/z', '.', 'a b').map((name) => `${folder}/${name}`);
  const folderCommand = fc
    .tuple(
      fc.constantFrom('check', 'accept-loss'),
      fc.array(fc.oneof(fc.constantFrom('-h', '--json', '-x', ''), inFolder), { maxLength: 3 }),
    )
    .map(([name, rest]) => [name, ...rest]);
  const line = fc
    .tuple(some(flag, 4), fc.array(anything, { maxLength: 1 }))
    .map(([given, rest]) => [...given, ...rest]);
  // A word of chance may name a command, and then a folder that is not ours.
  const isSafe = ([first = '']: readonly string[]): boolean =>
    first !== 'check' && first !== 'accept-loss';
  return fc.oneof({ weight: 4, arbitrary: line.filter(isSafe) }, folderCommand).map(asArgv);
}

/** Nothing of this may be told to anybody: a trace of a program that is wrong. */
export const traces =
  /\n\s+at \S.*:\d+:\d+|\bTypeError\b|\bReferenceError\b|AssertionError|\[object /;
