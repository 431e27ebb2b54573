import fc from 'fast-check';
import { doozerFlagTable } from '../../src/cli/doozer-program.ts';
import { doozerdFlags } from '../../src/cli/doozerd-program.ts';
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
  fc.constantFrom('-1', '0', '1', '-2', '+3', '1.5', '1e3', '0x10', '9007199254740993', '-', '1 '),
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
  '5',
  's',
  '1h1',
  '9999999h',
  '.s',
  '24h',
);
const flagValue = fc.oneof(number, duration, path, anything);

/** Where a cluster is: the one that is there, or nothing that can be read. Never one that is not ours. */
const uriArbitrary = (uri: string) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(uri) },
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

type FlagShape = { readonly name: string; readonly isSwitch: boolean };

/** A flag in one of its spellings, right or wrong. */
const flagArbitrary = (
  flags: readonly FlagShape[],
  valueFor: (name: string) => fc.Arbitrary<string>,
) =>
  fc
    .tuple(
      fc.constantFrom(...flags),
      fc.constantFrom('-', '--', '-', '---'),
      fc.constantFrom(' ', '=', 'none'),
    )
    .chain(([{ isSwitch, name }, dashes, form]) =>
      (isSwitch ? fc.constantFrom('true', 'false', '1', 'maybe') : valueFor(name)).map((value) => {
        const flag = `${dashes}${name}`;
        if (form === '=') return [`${flag}=${value}`];
        return isSwitch || form === 'none' ? [flag] : [flag, value];
      }),
    );

const some = (words: fc.Arbitrary<string[]>, maxLength: number): fc.Arbitrary<string[]> =>
  fc.array(words, { maxLength }).map((lists) => lists.flat());

/** As the system hands words over: text, without NUL. */
const asArgv = (words: readonly string[]): string[] =>
  words.map((word) => Buffer.from(word.replaceAll('\u0000', '')).toString());

/** Command lines of `doozer`, most of them nearly right. */
export function doozerLines(uri: string): fc.Arbitrary<string[]> {
  const where = uriArbitrary(uri);
  const flag = flagArbitrary(
    doozerFlagTable.map(({ name, value }) => ({ name, isSwitch: value === null })),
    (name) => (name === 'a' || name === 'b' ? where : flagValue),
  );
  const verb = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...verbs.map(({ name }) => name)) },
    anything,
  );
  const argument = fc.oneof(
    { weight: 4, arbitrary: path },
    { weight: 2, arbitrary: number },
    fc.constantFrom(
      'grant',
      'keep',
      'revoke',
      'show',
      'bash',
      'candidates',
      'doozer',
      '--',
      'true',
      'ls',
    ),
    duration,
    anything,
  );
  return fc
    .tuple(some(flag, 2), verb, some(flag, 2), fc.array(argument, { maxLength: 4 }))
    .map(([before, name, after, rest]) => asArgv([...before, name, ...after, ...rest]));
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
  const flags = Object.entries(doozerdFlags).map(([name, kind]) => ({
    name,
    isSwitch: kind === 'switch',
  }));
  const flag = flagArbitrary(flags, () => fc.oneof(address, flagValue));
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
